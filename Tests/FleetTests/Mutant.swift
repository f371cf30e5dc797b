/// A mistake that the model makes on purpose, to show that its checks would find it.
///
/// The code of the product has no switch for any of them: the model changes what the product's
/// rules answered, or does at the edge what the product's edge must not do.
enum Mutant: CaseIterable {
    /// HQ books a batch's entries whether it holds them or not.
    case noDedup
    /// HQ takes a batch that does not follow what it holds.
    case acceptsGap
    /// HQ answers before its disk has the batch.
    case acksBeforeCommit
    /// HQ books entries in a transaction of their own.
    case booksApart
    /// The store forgets what HQ received, not what HQ released.
    case prunesAtReceived
    /// An entry happened when the store's wall clock says.
    case trustsTheClock
    /// The store believes an HQ that acknowledges less than before.
    case cursorGoesBack
    /// The store believes acknowledgements of what it does not have.
    case believesAnyAck
    /// The till beeps before its disk has the entry.
    case beepsBeforeCommit
    /// The store stops trying after a day of failures.
    case givesUp
    /// The store takes HQ's time for its signatures once, and then only after a success.
    case correctsClockOnce
    /// An HQ restored from a backup is not believed until it has made another.
    case doubtsRestoredHQ

    /// The promises one of which has to be found broken.
    var broken: Set<Promise> {
        switch self {
        case .noDedup: [.bookedOnce]
        case .acceptsGap: [.contiguous, .sameBytes]
        case .acksBeforeCommit: [.receivedIsDurable]
        case .booksApart: [.bookedOnce]
        case .prunesAtReceived: [.prunedWhenReleased]
        case .trustsTheClock: [.trueTime]
        case .cursorGoesBack: [.watermarksRise]
        case .believesAnyAck: [.receivedIsDurable]
        case .beepsBeforeCommit: [.nothingLost, .sameBytes]
        case .givesUp, .correctsClockOnce, .doubtsRestoredHQ: [.drains]
        }
    }
}

/// What must hold whatever happens.
enum Promise: Hashable {
    /// What was beeped reaches HQ.
    case nothingLost
    /// No entry has its effect twice.
    case bookedOnce
    /// The store never takes for received what is not on HQ's disk.
    case receivedIsDurable
    /// HQ holds the store's bytes.
    case sameBytes
    /// HQ's log has no hole.
    case contiguous
    /// The store forgets only what HQ released.
    case prunedWhenReleased
    /// What HQ acknowledged is never less than before.
    case watermarksRise
    /// When the faults end, HQ has everything soon.
    case drains
    /// The interval that HQ reckons for an entry holds its true time.
    case trueTime
    /// An honest store is never called a fork or a regression.
    case noFalseAlarm
}

/// A promise that was broken, and where.
struct Violation: Error, CustomStringConvertible {
    let promise: Promise
    let seed: UInt64
    let step: Int
    let detail: String

    var description: String { "seed \(seed), step \(step): \(promise): \(detail)" }
}
