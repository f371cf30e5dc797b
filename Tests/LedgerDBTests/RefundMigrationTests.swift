import Foundation
import GRDB
import LoyaltyCore
import Testing

@testable import LedgerDB

/// A ledger that an earlier version wrote, which knew whole voids only.
struct RefundMigrationTests {
    let bench: Bench
    let member: MemberNumber

    init() throws {
        bench = try Bench()
        member = try .test(42)
    }

    @Test func `a file of version 8 keeps its sales, and they can be refunded`() async throws {
        let before = try bench.open()
        for key in ["P1/1", "P1/2"] { _ = try await sell(key, before) }
        _ = try await before.void(try #require(SaleKey("P1/2")), at: .noon)
        await before.close()
        try makeOld()

        let ledger = try bench.open()
        #expect(try await ledger.pragma("user_version") == "\(Schema.version)")
        #expect(try await ledger.member(member).standing.balance(of: .points) == 10)
        #expect(try await sell("P1/1", ledger).isRepeat)
        let half = try await refund("R/1", "P1/1", ledger)
        guard case .refunded(let award) = half else { return #expect(Bool(false), "\(half)") }
        #expect(award.postings == [Posting(.points, .never, -5)])
        #expect(try await refund("R/2", "P1/2", ledger) == .refused(.saleVoided))
        await ledger.close()
        let again = try bench.open()
        #expect(
            try await again.answer(toRefund: try #require(SaleKey("R/1")))?.sequence
                == award.sequence
        )
    }

    /// Makes the file one that version 8 wrote.
    private func makeOld() throws {
        let queue = try DatabaseQueue(path: bench.settings.path)
        try queue.write { db in
            let trigger = try #require(
                try String.fetchOne(
                    db,
                    sql: "SELECT sql FROM sqlite_schema WHERE name = 'sale_isFirstAnswer'"
                )
            )
            try db.execute(
                sql: """
                    DROP TABLE refund;
                    DROP TABLE grantSeen;
                    DELETE FROM grdb_migrations
                        WHERE identifier IN ('9 refunds', '10 grants of rights');
                    PRAGMA user_version = 8;
                    DROP TRIGGER sale_isFirstAnswer;
                    UPDATE sale SET answer =
                        CAST(replace(CAST(answer AS TEXT), ',"settled":350', '') AS BLOB);
                    """
            )
            #expect(try Self.settledCount(db) == 0)
            try db.execute(sql: trigger)
        }
        try queue.close()
    }

    private static func settledCount(_ db: Database) throws -> Int? {
        try Int.fetchOne(
            db,
            sql: "SELECT count(*) FROM sale WHERE CAST(answer AS TEXT) LIKE '%settled%'"
        )
    }

    private func sell(_ key: String, _ ledger: Ledger) async throws -> Recorded {
        try await ledger.record(try .pos(key), of: member, at: .noon, under: try .latte())
    }

    private func refund(_ key: String, _ sale: String, _ ledger: Ledger) async throws
        -> RefundOutcome
    {
        let request = RefundRequest(
            key: try #require(SaleKey(key)),
            of: try #require(SaleKey(sale)),
            amount: 175
        )
        return try await ledger.refund(request, at: .noon, under: try .latte())
    }
}
