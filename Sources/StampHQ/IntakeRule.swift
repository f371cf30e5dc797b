import LoyaltyCore
import SyncWire

/// Decides what HQ takes of a batch, from what it holds of the log (SYNC.md 2.2).
///
/// Pure: `HQStore.ingest` asks it inside the transaction, and the fleet model of `FleetTests` asks
/// it a million times. Chain and signature were checked before; device and epoch are right.
struct IntakeRule {
    /// A batch, as far as its place in the log goes.
    struct Claim {
        /// The place before its first entry.
        let start: LogPosition
        /// The place after each of its entries.
        let ends: [LogPosition]
        /// The last entry that the device had when it cut the batch.
        let deviceHead: Int64
        /// Which of its entries bring a new key, by index.
        let keyIndices: [Int]
    }

    /// What HQ does with a batch.
    enum Verdict: Equatable {
        /// It stores and books the entries from this index on; it holds those before.
        case take(from: Int)
        /// It takes nothing.
        case refuse(Refusal)
    }

    /// Why HQ takes nothing of a batch.
    enum Refusal: Equatable {
        /// It misses what comes before the batch.
        case gap
        /// The log hangs from another key or nonce than the device's.
        case anotherStart
        /// The device signed another history; HQ's own ends in this place.
        case fork(LogPosition)
        /// The device's log ends before what HQ holds.
        case regressed
        /// An entry that brings a key does not end its batch; its index.
        case misplacedKey(index: Int)
    }

    /// The end of the log as HQ holds it.
    let head: LogPosition
    /// The log's hash before the first entry.
    let genesis: ChainHash
    /// How the batch came.
    let delivery: Delivery

    /// Judges a batch.
    ///
    /// - Parameters:
    ///   - claim: Where the batch says it belongs.
    ///   - hash: Looks up the log's hash at an entry that HQ holds, between the first and the one
    ///     before `head`.
    /// - Returns: What to do with it.
    /// - Throws: What the look-up throws.
    func verdict(
        on claim: Claim,
        hash: (Int64) throws -> ChainHash
    ) rethrows -> Verdict {
        guard claim.start.sequence <= head.sequence else { return .refuse(.gap) }
        if claim.start.sequence == 0, claim.start.hash != genesis { return .refuse(.anotherStart) }
        let heldCount = min(Int(head.sequence - claim.start.sequence), claim.ends.count)
        let held = [claim.start] + claim.ends.prefix(heldCount)
        if let fork = try fork(in: held, hash) { return .refuse(.fork(fork)) }
        // An old batch tells where the log ended when it was cut, which is no reason to alarm.
        guard delivery == .carried || claim.deviceHead >= head.sequence else {
            return .refuse(.regressed)
        }
        // An entry that brings a key ends its batch: only so has the old key signed for it.
        let misplaced = claim.keyIndices.first { $0 >= heldCount && $0 < claim.ends.count - 1 }
        if let misplaced { return .refuse(.misplacedKey(index: misplaced)) }
        return .take(from: heldCount)
    }

    /// HQ's own place where the device's history first differs from it.
    private func fork(
        in held: [LogPosition],
        _ hash: (Int64) throws -> ChainHash
    ) rethrows -> LogPosition? {
        // One hash vouches for all before it, so that the usual batch costs one look-up.
        guard let last = held.last, try ours(last.sequence, hash) != last.hash
        else { return nil }
        for place in held {
            let ours = try ours(place.sequence, hash)
            if ours != place.hash { return LogPosition(sequence: place.sequence, hash: ours) }
        }
        return nil
    }

    /// HQ's hash up to an entry that it holds.
    func ours(
        _ sequence: Int64,
        _ hash: (Int64) throws -> ChainHash
    ) rethrows -> ChainHash {
        if sequence == head.sequence { return head.hash }
        return sequence == 0 ? genesis : try hash(sequence)
    }
}
