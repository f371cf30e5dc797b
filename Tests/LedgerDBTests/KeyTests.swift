import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

/// A device's later keys, as entries of its log.
struct KeyTests {
    private let next: SigningKey

    init() throws {
        next = try #require(SigningKey(seed: Array(repeating: 9, count: 32)))
    }

    private var fact: KeyRotateFact { KeyRotateFact(to: next, of: Bench.identity) }

    @Test func `a new key is an entry, and is remembered with its place`() async throws {
        let bench = try Bench()
        let ledger = try bench.open()
        #expect(await ledger.keyChanges() == [])

        let change = try await ledger.rotateKey(fact, at: .noon)

        #expect(change.sequence == 2)
        #expect(change.at == ClockReading.noon.wall)
        #expect(try await ledger.entry(2)?.fact == .keyRotate(fact))
        await ledger.close()
        #expect(await (try bench.open()).keyChanges() == [change])
    }

    @Test func `a key that the log has is not brought again`() async throws {
        let ledger = try Bench().open()
        let first = try await ledger.rotateKey(fact, at: .noon)

        let again = try await ledger.rotateKey(fact, at: .noon(plusMs: 1))

        #expect(again == first)
        #expect(try await ledger.head().sequence == 2)
    }

    @Test func `a key stays known when its entry is forgotten`() async throws {
        let bench = try Bench()
        let ledger = try bench.open()
        let change = try await ledger.rotateKey(fact, at: .noon)
        for number in 0..<2 {
            _ = try await ledger.record(
                try .pos("K/\(number)"),
                of: try .test(1),
                at: .noon,
                under: try .latte()
            )
        }
        try await ledger.acknowledge(Watermarks(received: 4, posted: 4, prunable: 4))

        try await ledger.prune(at: .noon(plusMs: 31 * PruneTests.dayMs))

        #expect(await ledger.firstSequence() == 4)
        await ledger.close()
        #expect(await (try bench.open()).keyChanges() == [change])
    }
}
