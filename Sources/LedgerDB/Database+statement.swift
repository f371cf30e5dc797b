import CLedger
import GRDB

/// A value bound to a statement.
enum SQLValue {
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    case null
}

/// The row on which a statement stands.
struct SQLRow {
    let statement: OpaquePointer

    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(statement, column) == SQLITE_NULL
    }

    func integer(_ column: Int32) -> Int64 {
        sqlite3_column_int64(statement, column)
    }

    /// A column as it is stored; nil for a number with a fraction, of which a ledger has none.
    func value(_ column: Int32) -> SQLValue? {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: .integer(integer(column))
        case SQLITE_TEXT: .text(text(column))
        case SQLITE_BLOB: .blob(bytes(column))
        case SQLITE_NULL: .null
        default: nil
        }
    }

    func text(_ column: Int32) -> String {
        String(decoding: bytes(column), as: UTF8.self)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        let count = Int(sqlite3_column_bytes(statement, column))
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}

/// Statements prepared once and bound by position, without the allocations of GRDB's own rows.
///
/// An award runs eight of them between two fsyncs; see docs/performance.md.
extension Database {
    /// Runs a statement that gives no rows.
    func run(_ sql: String, _ values: SQLValue...) throws {
        _ = try step(sql, values) { _ in false }
    }

    /// Runs a statement with as many values as it has places.
    func run(_ sql: String, values: [SQLValue]) throws {
        _ = try step(sql, values) { _ in false }
    }

    /// Reads the first row, or gives nil if there is none.
    func first<Value>(
        _ sql: String,
        _ values: SQLValue...,
        read: (SQLRow) throws -> Value
    ) throws -> Value? {
        var value: Value?
        try step(sql, values) { row in
            value = try read(row)
            return false
        }
        return value
    }

    /// Reads every row.
    func all<Value>(
        _ sql: String,
        _ values: SQLValue...,
        read: (SQLRow) throws -> Value
    ) throws -> [Value] {
        var rows: [Value] = []
        try step(sql, values) { row in
            rows.append(try read(row))
            return true
        }
        return rows
    }

    /// Visits rows until the visitor has seen enough.
    func each(_ sql: String, _ values: [SQLValue] = [], visit: (SQLRow) throws -> Bool) throws {
        try step(sql, values, visit: visit)
    }

    /// Runs a body in one immediate transaction; returns once SQLite has synced the commit.
    func immediately<Value>(_ body: () throws -> Value) throws -> Value {
        try run("BEGIN IMMEDIATE")
        do {
            let value = try body()
            try run("COMMIT")
            return value
        } catch {
            // Allowed: SQLite may have rolled back by itself; the first error is the one to tell.
            if isInsideTransaction { try? rollback() }
            throw error
        }
    }

    private func step(
        _ sql: String,
        _ values: [SQLValue],
        visit: (SQLRow) throws -> Bool
    ) throws {
        let statement = try cachedStatement(sql: sql).sqliteStatement
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            try check(Self.bind(value, at: Int32(index + 1), of: statement), sql)
        }
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { return try check(code, sql) }
            guard try visit(SQLRow(statement: statement)) else { return }
        }
    }

    static func bind(
        _ value: SQLValue,
        at index: Int32,
        of statement: OpaquePointer
    ) -> Int32 {
        switch value {
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .text(let text):
            cledger_bind_text(statement, index, text, Int32(clamping: text.utf8.count))
        case .blob(let bytes):
            cledger_bind_blob(statement, index, bytes, Int32(clamping: bytes.count))
        case .null: sqlite3_bind_null(statement, index)
        }
    }

    private func check(_ code: Int32, _ sql: String) throws {
        guard code != SQLITE_OK else { return }
        throw DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(sqliteConnection)),
            message: sqlite3_errmsg(sqliteConnection).map { String(cString: $0) },
            sql: sql
        )
    }
}
