import GRDB

@testable import StampHQ

extension HQStore {
    /// Lets the database grow by some pages and no more, as a full disk would.
    func limitPages(extra: Int) async throws {
        try await queue.writeWithoutTransaction { db in
            let count = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(count + extra)")
        }
    }
}
