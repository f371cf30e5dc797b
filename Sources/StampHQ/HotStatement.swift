import CLedger
import GRDB

/// A statement that each entry of a batch runs, bound without GRDB's boxes.
///
/// An award runs six: what GRDB allocates for their arguments and cursors was more than a third of
/// the time for which a batch holds the database (ADR 0026).
struct HotStatement {
    /// A value to bind.
    enum Value {
        case integer(Int64)
        case text(String)
        case blob([UInt8])
    }

    private let db: Database
    private let statement: OpaquePointer
    private let sql: String

    /// Prepares a statement, or takes the one that was prepared before.
    ///
    /// - Throws: `DatabaseError` for SQL that does not fit the tables.
    init(_ db: Database, sql: String) throws {
        self.db = db
        self.sql = sql
        statement = try db.cachedStatement(sql: sql).sqliteStatement
    }

    /// Runs a statement that gives no rows.
    ///
    /// - Throws: `DatabaseError`; the transaction must then end without a commit.
    func run(_ values: Value...) throws {
        defer { reset() }
        try bind(values)
        try check(sqlite3_step(statement), wanted: SQLITE_DONE)
    }

    /// The first column of the first row, or nil without a row.
    ///
    /// - Throws: `DatabaseError`.
    func integer(_ values: Value...) throws -> Int64? {
        defer { reset() }
        try bind(values)
        let code = sqlite3_step(statement)
        if code == SQLITE_DONE { return nil }
        try check(code, wanted: SQLITE_ROW)
        return sqlite3_column_int64(statement, 0)
    }

    private func bind(_ values: [Value]) throws {
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            let code =
                switch value {
                case .integer(let number): sqlite3_bind_int64(statement, place, number)
                case .text(let text):
                    cledger_bind_text(statement, place, text, Int32(clamping: text.utf8.count))
                case .blob(let bytes):
                    cledger_bind_blob(statement, place, bytes, Int32(clamping: bytes.count))
                }
            try check(code, wanted: SQLITE_OK)
        }
    }

    /// Nothing stays bound: the statement is cached, and may be GRDB's next.
    private func reset() {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    private func check(_ code: Int32, wanted: Int32) throws {
        guard code != wanted else { return }
        throw DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(db.sqliteConnection)),
            message: sqlite3_errmsg(db.sqliteConnection).map { String(cString: $0) },
            sql: sql
        )
    }
}
