import LoyaltyCore
import Synchronization
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

    @Test func `a scan that comes while the counter asks for a report need not wait for its end`()
        async throws
    {
        let ledger = try bench.open()
        for index in 0...1 { _ = try await sell("today/\(index)", 0, ledger) }

        #expect(try await order(on: ledger) == ["scan", "report"])
    }

    /// What is done first by a caller on the ledger's thread, as the counter is one.
    private func order(on ledger: isolated Ledger) async throws -> [String] {
        let day = try #require(BusinessDate("2026-11-22"))
        let sale = try Sale.pos("today/2")
        let (member, programme) = (try MemberNumber.test(1), try Programme.latte())
        let done = Mutex<[String]>([])
        // Allowed: it must wait on the ledger's own queue before the report begins.
        let scan = Task {
            _ = try ledger.record(sale, of: member, at: .noon, under: programme)
            done.withLock { $0.append("scan") }
        }
        _ = try await ledger.report(on: day, calendar: .taipei)
        done.withLock { $0.append("report") }
        try await scan.value
        return done.withLock { $0 }
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
