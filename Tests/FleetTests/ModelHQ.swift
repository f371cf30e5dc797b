import LoyaltyCore
import SyncWire

@testable import StampHQ

/// A log as HQ's disk has it.
struct HeldLog {
    var lines: [LogLine] = []
    /// When HQ took each entry in.
    var receivedAtMs: [Int64] = []
    /// How often each entry was booked.
    var bookedCounts: [Int] = []
    var prunable: Int64 = 0

    func head(_ genesis: ChainHash) -> LogPosition {
        lines.last?.position ?? .init(sequence: 0, hash: genesis)
    }

    mutating func book(_ sequence: Int64) {
        while bookedCounts.count < Int(sequence) { bookedCounts.append(0) }
        bookedCounts[Int(sequence) - 1] += 1
    }
}

/// A batch on its way.
struct ModelRequest {
    let device: Int
    let number: Int
    let start: LogPosition
    let lines: [LogLine]
    let deviceHead: Int64
    let createdS: Int64
    /// It came before, or by a relay or a stick: no signature of the request is looked at.
    var isCarried = false
    /// The device sends it now, so it also tells where its log ends.
    var isLive = true
    /// The network made it: nobody waits for its answer.
    var isCopy = false
}

/// HQ: its disk, the copies of it, and what a power cut takes.
struct ModelHQ {
    /// A transaction; its commit is a `sync` event later.
    struct Write {
        let request: ModelRequest
        let heldCount: Int
    }

    /// A copy of the database somewhere else.
    struct Copy {
        let logs: [HeldLog]
        let number: Int
    }

    // On the disk.
    var logs: [HeldLog]

    // Elsewhere.
    var copies: [Copy] = []
    /// The newest copy that the operator calls safe.
    var confirmedNumber: Int?
    var copyCount = 0

    // In memory.
    var isUp = true
    var write: Write?
    var writeToken = 0
    var nonces = NonceMemory(countMax: 1_000)

    init(deviceCount: Int) {
        logs = Array(repeating: HeldLog(), count: deviceCount)
    }

    mutating func copy() {
        copies.append(Copy(logs: logs, number: copyCount))
        copyCount += 1
        if copies.count > 4, copies[0].number != confirmedNumber { copies.removeFirst() }
    }

    /// Believes that the newest copy is safe, as `HQStore.confirmBackup` does.
    mutating func confirm() {
        guard let last = copies.last else { return }
        confirmedNumber = last.number
        for index in logs.indices {
            logs[index].prunable = max(logs[index].prunable, Int64(last.logs[index].lines.count))
        }
        copies.removeAll { $0.number < last.number }
    }

    /// Comes back from a copy: the newest that is safe, or a later one.
    ///
    /// - Returns: False if there is none.
    mutating func restore(_ generator: inout SeededGenerator) -> Bool {
        let usable = copies.filter { $0.number >= (confirmedNumber ?? .max) }
        guard !usable.isEmpty else { return false }
        let copy = usable[generator.below(usable.count)]
        logs = copy.logs
        copies.removeAll { $0.number > copy.number }
        return true
    }

    mutating func stop() {
        isUp = false
        write = nil
        writeToken += 1
        nonces = NonceMemory(countMax: 1_000)
    }
}
