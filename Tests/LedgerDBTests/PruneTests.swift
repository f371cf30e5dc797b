import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

struct PruneTests {
    static let dayMs: Int64 = 86_400_000
    let bench: Bench
    let ledger: Ledger

    /// Ten awards, one a day; HQ has released the first eight entries.
    init() async throws {
        bench = try Bench()
        ledger = try bench.open()
        for day in 0..<10 {
            _ = try await ledger.record(
                try .pos("F/\(day)", dayOffset: day),
                of: try .test(1),
                at: .noon(plusMs: Int64(day) * Self.dayMs),
                under: try .latte()
            )
        }
        try await ledger.acknowledge(Watermarks(received: 10, posted: 10, prunable: 8))
    }

    /// The boot and day 0 were made at noon of day 0.
    @Test(arguments: [
        (days: Int64(29), count: Int64(0), first: Int64(1)),
        (30, 0, 1),
        (31, 2, 3),
        (33, 4, 5),
        (400, 7, 8),
    ])
    func `only what HQ has released and what is old enough goes`(
        days: Int64,
        count: Int64,
        first: Int64
    ) async throws {
        let reading = ClockReading.noon(plusMs: days * Self.dayMs)
        #expect(try await ledger.prune(at: reading) == count)

        let kept = try await ledger.slice(after: first - 1, countMax: 99, byteCountMax: 99_999)
        #expect(kept.map(\.sequence) == Array(first...11))
        try await ledger.verifyChain()
        await ledger.close()
        let again = try bench.open()
        try await again.verifyChain()
        #expect(try await again.answer(to: Sale.pos("F/0").key)?.sequence == 2)
        #expect(try await again.member(.test(1)).standing.balance(of: .points) == 100)
    }

    @Test func `one call forgets no more than it was asked to`() async throws {
        let reading = ClockReading.noon(plusMs: 400 * Self.dayMs)
        #expect(try await ledger.prune(at: reading, countMax: 3) == 3)
        #expect(try await ledger.prune(at: reading, countMax: 3) == 3)
        #expect(try await ledger.prune(at: reading, countMax: 3) == 1)
        #expect(try await ledger.prune(at: reading, countMax: 3) == 0)
    }

    @Test func `a clock that stands on its floor makes nothing old`() async throws {
        let reading = ClockReading(
            wall: ClockReading.noon(plusMs: 400 * Self.dayMs).wall,
            quality: .floor,
            sinceBootMs: 0
        )
        #expect(try await ledger.prune(at: reading) == 0)
    }
}
