import CLedger
import LoyaltyCore
import SyncWire

/// What one award writes, as values for plain statements.
struct AwardRow {
    let line: LogLine
    let award: AwardFact
    let at: Moment
    /// The first answer, as the ledger wrote it.
    let answer: [UInt8]

    /// About how many bytes of the write-ahead log the award takes: seven frames of 1,048.
    var byteCount: Int { 7 * 1_048 }
}

/// The rows of a closed ledger's awards.
enum AwardRows {
    static func read(from path: String) throws -> [AwardRow] {
        let database = try PlainDatabase(path)
        let statement = try database.prepare(
            """
            SELECT log.sequence, log.body, log.hash, sale.answer
            FROM log JOIN sale USING (sequence) ORDER BY sequence
            """
        )
        var rows: [AwardRow] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            let body = bytes(statement, 1)
            let entry = try EntryLineV1.entry(from: body)
            guard case .award(let award) = entry.fact, let hash = ChainHash(bytes(statement, 2))
            else { throw BenchError("entry \(entry.sequence) is no award") }
            rows.append(
                AwardRow(
                    line: LogLine(sequence: entry.sequence, body: body, hash: hash),
                    award: award,
                    at: entry.at,
                    answer: bytes(statement, 3)
                )
            )
        }
        return rows
    }

    private static func bytes(_ statement: OpaquePointer, _ column: Int32) -> [UInt8] {
        let count = Int(sqlite3_column_bytes(statement, column))
        return Array(
            UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, column), count: count)
        )
    }
}

/// The ledger's schema and pragmas, written by nothing but SQLite's C interface.
///
/// It decides nothing, reads nothing and hashes nothing: the rows come from a ledger.
final class PlainLedger {
    private let database: PlainDatabase
    private let begin: OpaquePointer
    private let commit: OpaquePointer
    private let log: OpaquePointer
    private let sale: OpaquePointer
    private let holding: OpaquePointer
    private let visit: OpaquePointer

    init(_ path: String) throws {
        database = try PlainDatabase(path)
        try database.run(
            """
            PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 8388608;
            PRAGMA cache_size = 2048; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;
            PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;
            """
        )
        begin = try database.prepare("BEGIN IMMEDIATE")
        commit = try database.prepare("COMMIT")
        log = try database.prepare("INSERT INTO log (sequence, body, hash) VALUES (?, ?, ?)")
        sale = try database.prepare(
            "INSERT INTO sale (sequence, key, member, till, answer) VALUES (?, ?, ?, ?, ?)"
        )
        holding = try database.prepare(
            """
            INSERT INTO holding (member, asset, bucket, amount) VALUES (?, ?, ?, ?)
            ON CONFLICT (member, asset, bucket) DO UPDATE SET amount = amount + excluded.amount
            """
        )
        visit = try database.prepare(
            """
            INSERT INTO visit
                (member, card, sequence, businessDay, wallMs, quality, boot, sinceBootMs)
            VALUES (?, 'latte', ?, ?, ?, ?, ?, ?)
            ON CONFLICT (member, card) DO UPDATE SET
                sequence = excluded.sequence, businessDay = excluded.businessDay,
                wallMs = excluded.wallMs, quality = excluded.quality,
                boot = excluded.boot, sinceBootMs = excluded.sinceBootMs
            """
        )
    }

    /// Writes one award's rows in one transaction.
    func write(_ row: AwardRow) throws {
        let number = row.award.member.value
        try database.step(begin)
        sqlite3_bind_int64(log, 1, row.line.sequence)
        bind(log, 2, row.line.body)
        bind(log, 3, row.line.hash.bytes)
        try database.step(log)
        for posting in row.award.postings {
            sqlite3_bind_int64(holding, 1, number)
            bind(holding, 2, posting.asset.name)
            bind(holding, 3, posting.bucket.description)
            sqlite3_bind_int64(holding, 4, posting.amount)
            try database.step(holding)
        }
        sqlite3_bind_int64(visit, 1, number)
        sqlite3_bind_int64(visit, 2, row.line.sequence)
        sqlite3_bind_int64(visit, 3, Int64(row.award.sale.businessDate.dayNumber))
        sqlite3_bind_int64(visit, 4, row.at.wall.unixMs)
        bind(visit, 5, row.at.quality.rawValue)
        sqlite3_bind_int64(visit, 6, row.at.boot)
        sqlite3_bind_int64(visit, 7, row.at.sinceBootMs)
        try database.step(visit)
        sqlite3_bind_int64(sale, 1, row.line.sequence)
        bind(sale, 2, row.award.sale.key.text)
        sqlite3_bind_int64(sale, 3, number)
        bind(sale, 4, row.award.sale.till)
        bind(sale, 5, row.answer)
        try database.step(sale)
        try database.step(commit)
    }

    private func bind(_ statement: OpaquePointer, _ index: Int32, _ text: String) {
        cledger_bind_text(statement, index, text, Int32(text.utf8.count))
    }

    private func bind(_ statement: OpaquePointer, _ index: Int32, _ bytes: [UInt8]) {
        cledger_bind_blob(statement, index, bytes, Int32(bytes.count))
    }
}

/// A connection of SQLite's C interface that throws what goes wrong.
final class PlainDatabase {
    private let connection: OpaquePointer
    private var statements: [OpaquePointer] = []

    init(_ path: String) throws {
        var connection: OpaquePointer?
        guard sqlite3_open(path, &connection) == SQLITE_OK, let connection
        else { throw BenchError("\(path) cannot be opened") }
        self.connection = connection
    }

    deinit {
        for statement in statements { sqlite3_finalize(statement) }
        sqlite3_close(connection)
    }

    /// Runs statements that give no rows.
    func run(_ sql: String) throws {
        guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else { throw failure }
    }

    func prepare(_ sql: String) throws -> OpaquePointer {
        var statement: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        guard sqlite3_prepare_v3(connection, sql, -1, flags, &statement, nil) == SQLITE_OK,
            let statement
        else { throw failure }
        statements.append(statement)
        return statement
    }

    /// Runs a statement to its end.
    func step(_ statement: OpaquePointer) throws {
        let code = sqlite3_step(statement)
        sqlite3_reset(statement)
        guard code == SQLITE_DONE else { throw failure }
    }

    private var failure: BenchError { BenchError(String(cString: sqlite3_errmsg(connection))) }
}
