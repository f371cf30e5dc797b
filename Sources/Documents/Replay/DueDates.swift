import LoyaltyCore

/// Which member's time has come first: a heap of days.
///
/// A member may stand in it more than once; whoever takes one out asks what is due then.
struct DueDates {
    /// A day, and the member for whom something is due on it.
    struct Due {
        let date: BusinessDate
        let member: Int
    }

    private var heap: [Due] = []

    /// Takes out the earliest, if it lies on a date or before it.
    mutating func next(through date: BusinessDate) -> Due? {
        guard let first = heap.first, first.date <= date else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first
    }

    mutating func insert(_ date: BusinessDate, member: Int) {
        heap.append(Due(date: date, member: member))
        var index = heap.count - 1
        while index > 0, isBefore(index, (index - 1) / 2) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func sink() {
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if isBefore(child, least) { least = child }
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }

    private func isBefore(_ first: Int, _ second: Int) -> Bool {
        (heap[first].date, heap[first].member) < (heap[second].date, heap[second].member)
    }
}
