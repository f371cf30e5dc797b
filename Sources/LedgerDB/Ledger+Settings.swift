extension Ledger {
    /// Where the ledger lies and how it deals with room on the disk.
    public struct Settings: Sendable {
        /// The database file; `-wal`, `.lock` and `.ballast` files lie beside it.
        public var path: String
        /// Bytes kept allocated so that a full disk leaves room for acknowledgements; 0 for none.
        ///
        /// Source: SYNC.md section 2.10 (64 MiB), after otel-collector issue 7198: a queue on a
        /// full disk cannot even record what may be deleted.
        public var ballastByteCount: Int64 = 64 << 20
        /// Below which free space the ledger asks for what.
        public var space = SpaceLimits()
        /// Most entries whose chain is verified before the ledger opens; `verifyChain` does more.
        ///
        /// Source: our own bound; the agent must scan within a second of its start, with a million
        /// entries queued.
        public var startVerifyCountMax: Int64 = 10_000
        /// Largest file that is checked whole by `PRAGMA quick_check` before the ledger opens.
        ///
        /// Source: our own bound, for the same second.
        public var startCheckByteCountMax: Int64 = 32 << 20

        /// What `PRAGMA synchronous` must read.
        package var synchronous = Synchronous.full

        /// Creates settings for a file.
        public init(path: String) {
            self.path = path
        }
    }
}

extension Ledger.Settings {
    /// How hard a commit is pressed onto the disk.
    ///
    /// Only tests open a ledger with less than `full`: they show that a test of power cuts can
    /// fail.
    package enum Synchronous: Int64, Sendable {
        case off = 0
        case normal = 1
        case full = 2
    }
}

/// Free bytes below which something happens.
///
/// Source: SYNC.md section 2.10.
public struct SpaceLimits: Hashable, Sendable {
    /// Below this, what HQ holds for good is pruned.
    public var lowByteCount: Int64 = 1_000_000_000
    /// Below this, HQ is asked for a new `prunable` at once.
    public var scarceByteCount: Int64 = 300_000_000
    /// Below this, nothing is redeemed; awards go on.
    public var criticalByteCount: Int64 = 100_000_000
    /// Room beside the ballast that a disk which was full must have before awards go on.
    ///
    /// Source: our own bound; four times the write-ahead log's usual size.
    public var resumeByteCount: Int64 = 16 << 20

    /// Creates the usual limits.
    public init() {}
}
