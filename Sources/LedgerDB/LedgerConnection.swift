import CLedger
import GRDB
import Glibc

/// The one connection to the ledger's file, opened such that what it commits survives a power cut.
///
/// Not Sendable: it belongs to the `Ledger`.
final class LedgerConnection {
    private let queue: DatabaseQueue
    private let frameCount: UnsafeMutablePointer<Int32>

    /// Bytes of a page.
    ///
    /// A quarter of SQLite's default: an award changes five pages of some hundred bytes each, and
    /// whole pages go to the log. Measured at the block layer: docs/performance.md.
    static let pageByteCount = 1_024
    /// Pages kept in memory: 2 MiB.
    static let cachePageCount = 2_048
    /// To which size a checkpoint cuts the write-ahead log.
    ///
    /// Source: above `Ledger.walFrameCountMax` frames, so that in daily use the log is written in
    /// place and its size, an ext4 journal entry each time, does not change.
    static let walByteCountKept = 8 << 20

    /// Opens the file; creates it if there is none.
    ///
    /// - Throws: `DatabaseError`, `LedgerError.notOurs`, `.laterVersion` or
    ///   `.synchronousNotFull`. A file that is not ours is not changed.
    init(_ settings: Ledger.Settings) throws {
        let count = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        count.initialize(to: 0)
        frameCount = count
        do {
            if Volume.byteCount(settings.path) == 0 {
                // For this user only; SQLite would let everyone read, and its -wal follows suit.
                _ = try Descriptor(opening: settings.path, O_RDWR | O_CREAT)
            }
            queue = try DatabaseQueue(
                path: settings.path,
                configuration: Self.configuration(settings)
            )
            try queue.writeWithoutTransaction { db in
                cledger_watch_wal(db.sqliteConnection, count)
                try Self.assertDurable(db, settings)
            }
        } catch {
            count.deallocate()
            throw error
        }
    }

    deinit {
        // Allowed: the file was synced at the last commit; a failed close loses nothing.
        try? queue.close()
        frameCount.deallocate()
    }

    /// Frames in the write-ahead log after the last commit.
    var walFrameCount: Int { Int(frameCount.pointee) }

    /// Runs a body on the connection.
    func access<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try queue.writeWithoutTransaction(body)
    }

    /// Brings the schema up to date.
    func migrate() throws {
        try Schema.migrator.migrate(queue)
    }

    /// Copies the write-ahead log's pages into the file and syncs both.
    ///
    /// - Parameter truncating: Whether the log's file is cut to nothing as well.
    /// - Throws: `DatabaseError`; the log then keeps what it holds.
    func checkpoint(truncating: Bool = false) throws {
        try access { db in
            let mode = truncating ? "TRUNCATE" : "PASSIVE"
            try db.each("PRAGMA wal_checkpoint(\(mode))") { _ in false }
        }
        frameCount.pointee = 0
    }

    private static func configuration(_ settings: Ledger.Settings) -> Configuration {
        var configuration = Configuration()
        configuration.label = "stampd.ledger"
        configuration.busyMode = .immediateError
        configuration.prepareDatabase { db in
            guard cledger_harden(db.sqliteConnection) == SQLITE_OK
            else { throw LedgerError.unexpected("sqlite3_db_config") }
            // Before anything else: no -shm file, and so no SIGBUS on a full disk.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            let isNew = try isNew(db, path: settings.path)
            try db.execute(
                sql: """
                    PRAGMA page_size = \(pageByteCount);
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = \(settings.synchronous.rawValue);
                    PRAGMA wal_autocheckpoint = 0;
                    PRAGMA journal_size_limit = \(walByteCountKept);
                    PRAGMA cache_size = \(cachePageCount);
                    PRAGMA mmap_size = 0;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA cell_size_check = ON;
                    PRAGMA trusted_schema = OFF;
                    """
            )
            // Before the first table: a process killed in between leaves a file that is ours.
            if isNew { try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)") }
        }
        return configuration
    }

    /// Whether the file is empty; throws if it is some other program's, or a later version's.
    private static func isNew(_ db: Database, path: String) throws -> Bool {
        let id = try db.first("PRAGMA application_id") { $0.integer(0) } ?? 0
        let version = try db.first("PRAGMA user_version") { $0.integer(0) } ?? 0
        let tableCount = try db.first("SELECT count(*) FROM sqlite_schema") { $0.integer(0) } ?? 0
        if id == 0, version == 0, tableCount == 0 { return true }
        guard id == Schema.applicationID else { throw LedgerError.notOurs(path: path) }
        guard version <= Schema.version else { throw LedgerError.laterVersion(path: path) }
        return false
    }

    /// Throws unless SQLite says that it syncs each commit.
    ///
    /// GRDB has set `synchronous` by itself before, after our own setting (FAULTS.md, finding 1).
    static func assertDurable(_ db: Database, _ settings: Ledger.Settings) throws {
        let synchronous = try db.first("PRAGMA synchronous") { $0.integer(0) } ?? -1
        guard synchronous == settings.synchronous.rawValue
        else { throw LedgerError.synchronousNotFull(synchronous) }
        let journal = try db.first("PRAGMA journal_mode") { $0.text(0) }
        let locking = try db.first("PRAGMA locking_mode") { $0.text(0) }
        guard journal == "wal", locking == "exclusive" else {
            throw LedgerError.unexpected("journal \(journal ?? ""), locking \(locking ?? "")")
        }
    }
}
