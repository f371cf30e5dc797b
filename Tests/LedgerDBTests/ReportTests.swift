import LoyaltyCore
import Testing

@testable import LedgerDB

/// What a day of trade came to, told from the log.
struct ReportTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test func `a day that fills more than one slice is counted whole, and no other day`()
        async throws
    {
        let ledger = try bench.open()
        let count = Ledger.reportSliceCount + 1
        for index in 0..<count {
            _ = try await sell("today/\(index)", 0, ledger)
            if index.isMultiple(of: 500) { _ = try await sell("before/\(index)", -1, ledger) }
        }

        let day = try #require(BusinessDate("2026-11-22"))
        let today = try await ledger.report(on: day, calendar: .taipei)
        #expect(today.sales.count == count && today.sales.amount == count * 350)
        let before = try await ledger.report(on: day.adding(days: -1), calendar: .taipei)
        #expect(before.sales.count == 3)
        let other = try await ledger.report(on: day, till: "till-2", calendar: .taipei)
        #expect(other.sales.count == 0)
    }

    private func sell(_ key: String, _ dayOffset: Int, _ ledger: Ledger) async throws -> Recorded {
        try await ledger.record(
            try .pos(key, dayOffset: dayOffset),
            of: try .test(1),
            at: .noon,
            under: try .latte()
        )
    }
}
