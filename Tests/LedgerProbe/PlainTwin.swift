import CLedger
import LedgerDB
import LoyaltyCore
import SyncWire

/// Writes a ledger's rows into a copy of its schema by plain sqlite3 calls, one commit each, with
/// the same pragmas: what the ledger is measured against.
final class PlainTwin {
    private var target: OpaquePointer?
    private var log: OpaquePointer?
    private var sale: OpaquePointer?
    private var holding: OpaquePointer?
    private var visit: OpaquePointer?
    private let rows: [(line: LogLine, award: AwardFact, answer: [UInt8])]

    /// Copies the schema, triggers and all, of a ledger that is closed.
    init(_ path: String, _ lines: [LogLine]) throws {
        var source: OpaquePointer?
        sqlite3_open(path, &source)
        sqlite3_open(path + "-plain", &target)
        let answers = Self.blobs(source, "SELECT sequence, answer FROM sale")
        rows = try lines.enumerated().compactMap { index, line in
            guard case .award(let award) = try EntryLineV1.entry(from: line.body).fact
            else { return nil }
            let moved = LogLine(sequence: Int64(index + 1), body: line.body, hash: line.hash)
            return (moved, award, answers[line.sequence] ?? [])
        }
        run(
            """
            PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 1024; PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096; PRAGMA mmap_size = 0;
            PRAGMA journal_size_limit = 8388608; PRAGMA cache_size = 2048;
            """
        )
        let schema = Self.texts(
            source,
            """
            SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'grdb%'
            ORDER BY type = 'trigger', rowid
            """
        )
        for sql in schema { run(sql) }
        run("PRAGMA foreign_keys = OFF")
        sqlite3_close_v2(source)
        prepare()
    }

    deinit {
        for statement in [log, sale, holding, visit] { sqlite3_finalize(statement) }
        sqlite3_close_v2(target)
    }

    /// Writes some of the rows.
    ///
    /// - Returns: How long each commit took.
    func write(_ range: Range<Int>) -> [Duration] {
        let clock = ContinuousClock()
        return rows[range.clamped(to: rows.indices)].map { row in
            clock.measure { write(row.line, row.award, row.answer) }
        }
    }

    private func write(_ line: LogLine, _ award: AwardFact, _ answer: [UInt8]) {
        run("BEGIN IMMEDIATE")
        sqlite3_bind_int64(log, 1, line.sequence)
        bind(log, 2, line.body)
        bind(log, 3, line.hash.bytes)
        step(log)
        sqlite3_bind_int64(sale, 1, line.sequence)
        bind(sale, 2, text: award.sale.key.text)
        sqlite3_bind_int64(sale, 3, award.member.value)
        bind(sale, 4, answer)
        step(sale)
        for posting in award.postings {
            sqlite3_bind_int64(holding, 1, award.member.value)
            bind(holding, 2, text: posting.asset.name)
            sqlite3_bind_int64(holding, 3, posting.amount)
            step(holding)
            if posting.asset == .points { continue }
            sqlite3_bind_int64(visit, 1, award.member.value)
            sqlite3_bind_int64(visit, 2, line.sequence)
            step(visit)
        }
        run("COMMIT")
    }

    private func prepare() {
        log = prepare("INSERT INTO log VALUES (?, ?, ?)")
        sale = prepare(
            "INSERT INTO sale (sequence, key, member, till, answer) VALUES (?, ?, ?, 'till-1', ?)"
        )
        holding = prepare(
            """
            INSERT INTO holding VALUES (?, ?, 'never', ?) ON CONFLICT (member, asset, bucket)
            DO UPDATE SET amount = amount + excluded.amount
            """
        )
        visit = prepare(
            """
            INSERT INTO visit VALUES (?, 'latte', ?, 20779, 1795320000000, 'ntp', 1, 5)
            ON CONFLICT (member, card) DO UPDATE SET sequence = excluded.sequence
            """
        )
    }

    private func prepare(_ sql: String) -> OpaquePointer? {
        var statement: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        check(sqlite3_prepare_v3(target, sql, -1, flags, &statement, nil), SQLITE_OK)
        return statement
    }

    private func run(_ sql: String) {
        check(sqlite3_exec(target, sql, nil, nil, nil), SQLITE_OK)
    }

    private func step(_ statement: OpaquePointer?) {
        check(sqlite3_step(statement), SQLITE_DONE)
        sqlite3_reset(statement)
    }

    /// A comparison with rows that were not written would be a lie.
    private func check(_ code: Int32, _ expected: Int32) {
        precondition(code == expected, String(cString: sqlite3_errmsg(target)))
    }

    private func bind(_ statement: OpaquePointer?, _ index: Int32, _ bytes: [UInt8]) {
        cledger_bind_blob(statement, index, bytes, Int32(bytes.count))
    }

    private func bind(_ statement: OpaquePointer?, _ index: Int32, text: String) {
        cledger_bind_text(statement, index, text, Int32(text.utf8.count))
    }

    private static func blobs(_ db: OpaquePointer?, _ sql: String) -> [Int64: [UInt8]] {
        var rows: [Int64: [UInt8]] = [:]
        var statement: OpaquePointer?
        sqlite3_prepare_v2(db, sql, -1, &statement, nil)
        while sqlite3_step(statement) == SQLITE_ROW {
            let count = Int(sqlite3_column_bytes(statement, 1))
            rows[sqlite3_column_int64(statement, 0)] = Array(
                UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, 1), count: count)
            )
        }
        sqlite3_finalize(statement)
        return rows
    }

    private static func texts(_ db: OpaquePointer?, _ sql: String) -> [String] {
        var rows: [String] = []
        var statement: OpaquePointer?
        sqlite3_prepare_v2(db, sql, -1, &statement, nil)
        while sqlite3_step(statement) == SQLITE_ROW {
            rows.append(String(cString: sqlite3_column_text(statement, 0)))
        }
        sqlite3_finalize(statement)
        return rows
    }
}
