public import LoyaltyCore
public import SyncWire

/// The end of the log.
public struct LogHead: Hashable, Sendable {
    /// The incarnation of the database.
    public let epoch: Int64
    /// The last entry's number; 0 if there is none.
    public let sequence: Int64
    /// The log's hash; the identity's genesis if there is no entry.
    public let hash: ChainHash
    /// When the oldest entry was made that HQ has not received; nil if it has all.
    public let oldestUnacknowledged: Moment?

    /// Creates a head.
    public init(epoch: Int64, sequence: Int64, hash: ChainHash, oldestUnacknowledged: Moment?) {
        self.epoch = epoch
        self.sequence = sequence
        self.hash = hash
        self.oldestUnacknowledged = oldestUnacknowledged
    }
}

/// How far HQ has come with the log (SYNC.md section 2.4).
public struct Watermarks: Hashable, Sendable {
    /// HQ holds every entry up to this one.
    public let received: Int64
    /// HQ has applied every entry up to this one.
    public let posted: Int64
    /// HQ holds every entry up to this one in a backup; the store may forget them.
    public let prunable: Int64

    /// Nothing received yet.
    public static let none = Self(received: 0, posted: 0, prunable: 0)

    /// Creates watermarks.
    public init(received: Int64, posted: Int64, prunable: Int64) {
        self.received = received
        self.posted = posted
        self.prunable = prunable
    }
}

extension Watermarks {
    /// Why other watermarks cannot follow these.
    ///
    /// - Parameters:
    ///   - new: What is to be kept instead.
    ///   - head: The last entry of the log.
    /// - Returns: The reason, or nil if they can.
    func refusal(of new: Self, head: Int64) -> String? {
        guard new.received >= received, new.posted >= posted, new.prunable >= prunable
        else { return "it goes back behind \(self)" }
        guard new.received <= head
        else { return "HQ holds \(new.received) entries, the log has \(head)" }
        guard new.posted <= new.received, new.prunable <= new.received
        else { return "\(new) contradict each other" }
        return nil
    }

    /// The last entry that the store may forget; it has to be old, too.
    ///
    /// The last entry always stays, and so does the one before the first kept: its hash is where
    /// verification starts.
    ///
    /// - Parameters:
    ///   - head: The last entry of the log.
    ///   - quality: What the clock is worth; by one that stood still nothing is old.
    /// - Returns: The entry, or 0 for none.
    func lastPrunable(head: Int64, quality: ClockQuality) -> Int64 {
        quality == .floor ? 0 : max(0, min(prunable, head) - 1)
    }
}

/// The entries that HQ has not received.
public struct QueueState: Hashable, Sendable {
    /// How many they are.
    public let pendingCount: Int64
    /// When the oldest was made; nil if there is none.
    public let oldest: Moment?

    /// Creates a state.
    public init(pendingCount: Int64, oldest: Moment?) {
        self.pendingCount = pendingCount
        self.oldest = oldest
    }
}

/// The log's end as the ledger keeps it in memory between transactions.
struct LogTail {
    var sequence: Int64
    var hash: ChainHash
    var hybridTime: HybridTime
}
