import Synchronization

/// The last numbers that a callback was given.
final class Heard: Sendable {
    private let numbers = Mutex<[Int64]>([])

    var last: [Int64] { numbers.withLock(\.self) }

    func note(_ numbers: Int64...) {
        self.numbers.withLock { $0 = numbers }
    }
}
