import GRDB
import SyncWire

/// HQ's database: what devices pushed, what members hold, and what operators decided.
///
/// One process, one connection, locked exclusively: Debian's SQLite 3.40 can corrupt a database
/// whose log two connections reset at once (sqlite.org/wal.html, "The WAL-Reset Bug").
public struct HQStore: Sendable {
    let queue: DatabaseQueue
    /// HQ's clock, in POSIX milliseconds.
    let nowMs: @Sendable () -> Int64
    /// When HQ started, in POSIX milliseconds.
    let listeningSinceMs: Int64
    /// HQ's own key, by which it knows the grants it gave; nil where none are looked at.
    var publicKey: PublicKey?
    /// Rung after each commit that put something into a feed.
    let bell = FeedBell()
    /// Rung after each commit that may give entries to decide again.
    let checkWake = Wake()

    /// Opens the database, and makes it if it is missing.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - onUpdate: Called before a database of an earlier version is brought to this one, which
    ///     may read all that is in it; stopped in between, it begins again.
    ///   - nowMs: The clock, in POSIX milliseconds.
    /// - Throws: `HQError` if another process has it or if it is not durable; `DatabaseError`.
    init(
        path: String,
        onUpdate: () -> Void = {},
        nowMs: @escaping @Sendable () -> Int64
    ) throws {
        do {
            queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            self.nowMs = nowMs
            listeningSinceMs = nowMs()
            try queue.inDatabase(Self.assertDurable)
            let (isNew, isCurrent) = try queue.read { db in
                let migrator = Self.migrator
                return (
                    try migrator.appliedIdentifiers(db).isEmpty,
                    try migrator.hasCompletedMigrations(db)
                )
            }
            if !isNew, !isCurrent { onUpdate() }
            try Self.migrator.migrate(queue)
            try queue.inDatabase(Self.settle)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            throw HQError.inUse(path: path)
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "hq"
        configuration.prepareDatabase { db in
            // Before the first access: then there is no shared-memory file, and no SIGBUS when
            // the disk is full.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
            try db.execute(sql: "PRAGMA cell_size_check = ON")
            // The kernel keeps the file's pages too: with 64 MiB an entry takes no less time.
            try db.execute(sql: "PRAGMA cache_size = -8192")  // KiB
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")  // pages, 16 MB
        }
        return configuration
    }

    /// Refuses a database that would acknowledge before its data is on the disk.
    static func assertDurable(_ db: Database) throws {
        let expected = [
            ("synchronous", "2"), ("journal_mode", "wal"), ("locking_mode", "exclusive"),
        ]
        for (pragma, wanted) in expected {
            let value = try String.fetchOne(db, sql: "PRAGMA \(pragma)") ?? "nothing"
            guard value == wanted else { throw HQError.notDurable(pragma: pragma, value: value) }
        }
    }

    /// Has the disk hold what was found.
    ///
    /// A process that was killed before a sync leaves commits in the kernel's memory. They read
    /// like any other, and a push that comes again would be acknowledged from them.
    private static func settle(_ db: Database) throws {
        try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// How often HQ was restored from a backup, plus one.
    func hqEpoch(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT value FROM setting WHERE name = 'hqEpoch'") ?? 1
    }
}
