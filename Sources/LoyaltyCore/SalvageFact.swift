/// The log begins anew: what the last entry was that it has in common with the one before.
///
/// Everything up to that entry stands under the old epoch; what came after it was recorded again
/// behind this entry, or is lost.
public struct SalvageFact: Hashable, Sendable {
    /// The epoch that ended.
    public let epoch: Int64
    /// Its last entry that counts; 0 for none.
    public let last: Int64
    /// The old log's hash there, 32 bytes.
    public let hash: [UInt8]
    /// Why a new log was begun.
    public let reason: SalvageReason

    /// Creates a fact.
    public init(epoch: Int64, last: Int64, hash: [UInt8], reason: SalvageReason) {
        self.epoch = epoch
        self.last = last
        self.hash = hash
        self.reason = reason
    }
}

/// Why a log was begun anew.
///
/// The raw value is the name on the wire.
public enum SalvageReason: String, CaseIterable, Hashable, Sendable {
    /// The file contradicted itself.
    case damaged
    /// The log ended before the mark beside it: an old image was restored.
    case rolledBack = "rolled-back"
    /// HQ held more of the log than the store.
    case regressed
    /// HQ held another history than the store.
    case forked
    /// HQ's operator authorised a new epoch.
    case authorised
}

/// Entries of an earlier epoch that the store no longer has; HQ may have them.
public struct LostFact: Hashable, Sendable {
    /// Of which epoch.
    public let epoch: Int64
    /// The first of them.
    public let from: Int64
    /// The last of them that is known to have been.
    public let to: Int64

    /// Creates a fact.
    public init(epoch: Int64, from: Int64, to: Int64) {
        self.epoch = epoch
        self.from = from
        self.to = to
    }
}
