/// How the ledger does, for status pages and for deciding what the till may offer.
public struct LedgerHealth: Hashable, Sendable {
    /// What the ledger can do now.
    public let mode: Mode
    /// How much room is left, as a level.
    public let space: Space
    /// Bytes that the file system would still give to this process.
    public let freeByteCount: Int64
    /// Size of the write-ahead log; above `walByteCountMax` something keeps it from shrinking.
    public let walByteCount: Int64
    /// Whether the ballast is there to be dropped when the disk fills.
    public let hasBallast: Bool

    /// Size of the write-ahead log above which an operator should look.
    ///
    /// Source: FAULTS.md section 2.1.
    public static let walByteCountMax: Int64 = 16 << 20

    /// What the ledger can do.
    public enum Mode: Hashable, Sendable {
        /// All is well.
        case writing
        /// The disk is full: awards are refused, acknowledgements and reading go on.
        case full
        /// The file system takes no writes: only reading goes on.
        case readOnly(String)
        /// A write failed: the file is closed and the next call opens and verifies it again.
        case failed(String)
        /// The file contradicts itself: awards are refused until the next start has salvaged it.
        case damaged(String)
        /// The ledger was closed.
        case closed
    }

    /// How much room is left.
    public enum Space: Hashable, Sendable {
        /// Enough.
        case ample
        /// Time to prune.
        case low
        /// Time to ask HQ what may be pruned.
        case scarce
        /// Nothing is redeemed; call HQ.
        case critical
    }
}

extension SpaceLimits {
    func level(freeByteCount: Int64) -> LedgerHealth.Space {
        if freeByteCount < criticalByteCount { return .critical }
        if freeByteCount < scarceByteCount { return .scarce }
        return freeByteCount < lowByteCount ? .low : .ample
    }
}
