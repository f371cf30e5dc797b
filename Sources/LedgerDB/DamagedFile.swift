import CLedger
import GRDB
import Glibc
import LoyaltyCore
import SyncWire

/// A ledger's file that may be damaged: it is only read, and whatever can be read is.
///
/// A connection of its own, for GRDB gives up where a part of the schema is unreadable. Its
/// write-ahead log is read too, and stays.
final class DamagedFile {
    private let db: OpaquePointer
    /// A copy with a mended header, if the file's own was damaged.
    private let copyPath: String?

    /// Bytes of the header whose values are the same in every ledger.
    private static let header: [(offset: Int, bytes: [UInt8])] = [
        (0, Array("SQLite format 3\0".utf8)),
        (16, [UInt8(LedgerConnection.pageByteCount >> 8), 0, 2, 2, 0, 64, 32, 32]),
        (44, [0, 0, 0, 4]),
        (56, [0, 0, 0, 1]),
    ]

    /// Opens a file.
    ///
    /// - Throws: `LedgerError.damaged` if nothing of it can be read.
    init(_ path: String) throws {
        if let db = Self.open(path) {
            (self.db, copyPath) = (db, nil)
            return
        }
        let copy = path + ".mended"
        try Self.copy(path, to: copy)
        guard let db = Self.open(copy) else {
            for suffix in ["", "-wal"] { try SmallFile.remove(copy + suffix) }
            throw LedgerError.damaged("not even its header can be read")
        }
        (self.db, copyPath) = (db, copy)
    }

    deinit {
        sqlite3_close_v2(db)
        guard let copyPath else { return }
        for suffix in ["", "-wal"] { unlink(copyPath + suffix) }
    }

    /// Opens a file if its schema can be read at all.
    private static func open(_ path: String) -> OpaquePointer? {
        var db: OpaquePointer?
        guard sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK, let db
        else { return nil }
        let commands: [String] = [
            "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA query_only = ON",
            // A damaged line of the schema then hides no other.
            "PRAGMA writable_schema = ON", "SELECT count(*) FROM sqlite_schema",
        ]
        let isOpen =
            cledger_keep_wal(db) == SQLITE_OK
            && commands.allSatisfy { (sql: String) in
                sqlite3_exec(db, sql, nil, nil, nil) == SQLITE_OK
            }
        if isOpen { return db }
        sqlite3_close_v2(db)
        return nil
    }

    /// Copies a file and its log, the header's constants set right.
    private static func copy(_ path: String, to copy: String) throws {
        for suffix in ["-wal", ""] {
            let target = try Descriptor(opening: copy + suffix, O_WRONLY | O_CREAT | O_TRUNC)
            guard SmallFile.exists(path + suffix) else { continue }
            let source = try Descriptor(opening: path + suffix, O_RDONLY)
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = Glibc.read(source.number, &piece, piece.count)
                if count <= 0 { break }
                guard Glibc.write(target.number, piece, count) == count
                else { throw LedgerError.diskFull }
            }
            guard suffix.isEmpty else { continue }
            for part in header {
                pwrite(target.number, part.bytes, part.bytes.count, off_t(part.offset))
            }
        }
    }

    /// Visits the rows of a statement.
    ///
    /// - Throws: `Unreadable` where SQLite cannot go on.
    func each(
        _ sql: String,
        _ values: [SQLValue] = [],
        visit: (SQLRow) throws -> Void
    ) throws {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(db, sql, -1, &statement, nil) == SQLITE_OK, let statement
        else { throw Unreadable() }
        defer { sqlite3_finalize(statement) }
        for (index, value) in values.enumerated() {
            _ = Database.bind(value, at: Int32(index + 1), of: statement)
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: try visit(SQLRow(statement: statement))
            case SQLITE_DONE: return
            default: throw Unreadable()
            }
        }
    }

    /// The first row, or nil if there is none or it cannot be read.
    func first<Value>(
        _ sql: String,
        _ values: SQLValue...,
        read: (SQLRow) -> Value?
    ) -> Value? {
        var value: Value?
        do {
            try each("\(sql) LIMIT 1", values) { row in value = value ?? read(row) }
        } catch {
            return value
        }
        return value
    }

    /// Visits the rows of a table in the order of a whole-number key, passing over what is damaged.
    ///
    /// - Parameters:
    ///   - table: The table, and what follows its name up to the condition.
    ///   - columns: What to read; the key comes first.
    ///   - key: The key's column; several rows may have the same.
    ///   - range: Keys to look at.
    ///   - visit: Called for each row; an error that is not `Unreadable` ends the visit.
    /// - Returns: The keys whose rows could not all be read.
    /// - Throws: What the visitor throws.
    func eachReadable(
        _ table: String,
        columns: String,
        key: String,
        in range: ClosedRange<Int64>,
        visit: (SQLRow) throws -> Void
    ) throws -> [ClosedRange<Int64>] {
        var failed: [ClosedRange<Int64>] = []
        var start = range.lowerBound
        let rows = "SELECT \(columns) FROM \(table) WHERE \(key) BETWEEN ? AND ? ORDER BY \(key)"
        while start <= range.upperBound {
            var last = start
            do {
                try each(rows, [.integer(start), .integer(range.upperBound)]) { row in
                    last = row.integer(0)
                    try visit(row)
                }
                return failed
            } catch is Unreadable {
                let next = nextReadable(rows, after: last, through: range.upperBound)
                // The key at which it broke may have rows that were not seen.
                failed.append(last...(next.map { $0 - 1 } ?? range.upperBound))
                guard let next else { return failed }
                start = next
            }
        }
        return failed
    }

    /// The first key from which on rows can be read again; nil if there is none.
    private func nextReadable(
        _ rows: String,
        after last: Int64,
        through end: Int64
    ) -> Int64? {
        var (bad, step): (Int64, Int64) = (last, 1)
        while true {
            let (probe, overflow) = last.addingReportingOverflow(step)
            guard !overflow, probe <= end else { return nil }
            if canRead(rows, from: probe, through: end) {
                var good = probe
                while good - bad > 1 {
                    let middle = bad + (good - bad) / 2
                    if canRead(rows, from: middle, through: end) {
                        good = middle
                    } else {
                        bad = middle
                    }
                }
                return good
            }
            bad = probe
            step = step.multipliedReportingOverflow(by: 2).partialValue
            if step <= 0 { return nil }
        }
    }

    /// Whether the first of these rows can be read: of these very columns, for the schema may have
    /// lost one of them.
    private func canRead(_ rows: String, from start: Int64, through end: Int64) -> Bool {
        do {
            try each("\(rows) LIMIT 1", [.integer(start), .integer(end)]) { _ in }
            return true
        } catch {
            return false
        }
    }

    /// SQLite cannot read on.
    struct Unreadable: Error {}
}
