import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

struct LogTests {
    let bench: Bench
    let ledger: Ledger

    init() throws {
        bench = try Bench()
        ledger = try bench.open()
    }

    @Test func `an empty book begins with the boot, chained to the genesis`() async throws {
        let lines = try await ledger.slice(after: 0, countMax: 10, byteCountMax: 100_000)
        let head = try await ledger.head()

        #expect(lines.count == 1)
        #expect(lines[0].hash == Bench.identity.genesis.extended(by: 1, lines[0].body))
        #expect(head.epoch == 1 && head.sequence == 1 && head.hash == lines[0].hash)
        #expect(try lines[0].entry().fact == .boot(Bench.boot))
    }

    @Test func `the chain is what the wire computes from the bodies`() async throws {
        try await fill(50)
        var hash = Bench.identity.genesis
        for line in try await ledger.slice(after: 0, countMax: 100, byteCountMax: 1_000_000) {
            hash = hash.extended(by: line.sequence, line.body)
            #expect(hash == line.hash)
            let entry = try line.entry()
            #expect(entry.sequence == line.sequence)
            #expect(EntryLineV1.bytes(of: entry) == line.body)
        }
        #expect(try await ledger.head().hash == hash)
    }

    @Test func `entries are ordered even when the clock goes back`() async throws {
        try await fill(3)
        _ = try await ledger.record(
            try .pos("B/1"),
            of: try .test(1),
            at: .noon(plusMs: -9_000_000_000),
            under: try .latte()
        )
        let entries = try await ledger.recent(10)

        #expect(entries.map(\.sequence) == [5, 4, 3, 2, 1])
        #expect(entries.map(\.hybridTime) == entries.map(\.hybridTime).sorted(by: >))
    }

    @Test func `refusals and errors leave no gap`() async throws {
        try await fill(2)
        _ = try await ledger.record(
            try .pos("R/1", amount: -1),
            of: try .test(1),
            at: .noon,
            under: try .latte()
        )
        await #expect(throws: LedgerError.self) {
            try await ledger.acknowledge(Watermarks(received: 99, posted: 0, prunable: 0))
        }
        try await fill(2, prefix: "again")

        let lines = try await ledger.slice(after: 0, countMax: 100, byteCountMax: 1_000_000)
        #expect(lines.map(\.sequence) == [1, 2, 3, 4, 5])
    }

    @Test func `a slice keeps to its limits but always gives a line`() async throws {
        try await fill(9)
        let byteCount = try await ledger.slice(after: 1, countMax: 1, byteCountMax: 1)[0]
            .body.count

        #expect(try await sequences(after: 3, 4, 1_000_000) == [4, 5, 6, 7])
        #expect(try await sequences(after: 1, 9, 1) == [2])
        #expect(try await sequences(after: 1, 9, 2 * byteCount - 1) == [2])
        #expect(try await sequences(after: 10, 9, 1_000_000).isEmpty)
        #expect(try await sequences(after: 99, 9, 1_000_000).isEmpty)
        #expect(try await sequences(after: 0, 0, 1_000_000).isEmpty)
        #expect(try await sequences(after: -5, 1, 1_000_000) == [1])
    }

    @Test func `acknowledging moves the queue, not the log`() async throws {
        try await fill(9)
        #expect(try await ledger.queue().pendingCount == 10)
        #expect(try await ledger.queue().oldest == ledger.entry(1)?.at)
        let marks = Watermarks(received: 4, posted: 3, prunable: 2)
        try await ledger.acknowledge(marks)
        try await ledger.acknowledge(marks)

        #expect(await ledger.watermarks() == marks)
        #expect(try await ledger.queue().pendingCount == 6)
        #expect(try await ledger.queue().oldest == ledger.entry(5)?.at)
        #expect(try await ledger.head().oldestUnacknowledged == ledger.entry(5)?.at)
        try await ledger.acknowledge(Watermarks(received: 10, posted: 10, prunable: 2))
        #expect(try await ledger.queue() == QueueState(pendingCount: 0, oldest: nil))
        #expect(try await ledger.slice(after: 0, countMax: 99, byteCountMax: 99_999).count == 10)
    }

    @Test(arguments: [
        Watermarks(received: 3, posted: 3, prunable: 2),
        Watermarks(received: 4, posted: 2, prunable: 2),
        Watermarks(received: 4, posted: 3, prunable: 1),
        Watermarks(received: 11, posted: 3, prunable: 2),
        Watermarks(received: 4, posted: 5, prunable: 2),
        Watermarks(received: 4, posted: 3, prunable: 5),
        Watermarks(received: .max, posted: .max, prunable: .max),
    ])
    func `watermarks that cannot be are refused and change nothing`(marks: Watermarks)
        async throws
    {
        try await fill(9)
        let before = Watermarks(received: 4, posted: 3, prunable: 2)
        try await ledger.acknowledge(before)

        await #expect(throws: LedgerError.self) { try await ledger.acknowledge(marks) }
        #expect(await ledger.watermarks() == before)
        #expect(ledger.health.mode == .writing)
    }

    @Test func `everything outlives a restart`() async throws {
        try await fill(9)
        try await ledger.acknowledge(Watermarks(received: 4, posted: 3, prunable: 2))
        let head = try await ledger.head()
        await ledger.close()
        await #expect(throws: LedgerError.closed) { try await ledger.head() }

        let again = try bench.open()
        #expect(try await again.head() == head)
        #expect(await again.watermarks() == Watermarks(received: 4, posted: 3, prunable: 2))
        try await again.verifyChain()
    }

    @Test func `a restart of the agent is no boot; a restart of the machine is one`()
        async throws
    {
        await ledger.close()
        let restarted = try bench.open()
        #expect(try await restarted.head().sequence == 1)
        await restarted.close()

        let rebooted = try bench.open(
            boot: BootFact(bootID: "00000000000000000000000000000002", version: "0.1.0")
        )
        #expect(try await rebooted.head().sequence == 2)
        #expect(try await rebooted.entry(2)?.at.boot == 2)
    }

    @Test func `HQ's time is an entry with the watermarks, and a restart knows it`() async throws {
        try await fill(3)
        let fact = AnchorFact(serverMs: 1_795_320_009_000, roundTripMs: 40)
        try await ledger.acknowledge(
            Watermarks(received: 4, posted: 4, prunable: 0),
            at: (fact, .noon(plusMs: 8_000))
        )
        #expect(try await ledger.queue().pendingCount == 1)
        #expect(try await ledger.entry(5)?.fact == .anchor(fact))
        await ledger.close()

        let restarted = try bench.open()
        #expect(restarted.anchorOfBoot?.fact == fact)
        #expect(restarted.anchorOfBoot?.sinceBootMs == 3_608_000)
        #expect(restarted.knownTimeAtOpening == WallTime(unixMs: fact.serverMs))
        await restarted.close()

        let rebooted = try bench.open(
            boot: BootFact(bootID: "00000000000000000000000000000002", version: "0.1.0")
        )
        #expect(rebooted.anchorOfBoot == nil)
        #expect(await rebooted.lastAnchor()?.fact == fact)
        #expect(rebooted.knownTimeAtOpening == WallTime(unixMs: fact.serverMs))
    }

    @Test func `watermarks that are refused leave no anchor`() async throws {
        try await fill(3)

        await #expect(throws: LedgerError.self) {
            try await ledger.acknowledge(
                Watermarks(received: 99, posted: 0, prunable: 0),
                at: (AnchorFact(serverMs: 1, roundTripMs: 1), .noon)
            )
        }
        #expect(try await ledger.head().sequence == 4)
        #expect(await ledger.lastAnchor() == nil)
    }

    @Test func `verifying the chain tells how far it is`() async throws {
        try await fill(20)
        let heard = Heard()
        try await ledger.verifyChain { verifiedCount, totalCount in
            heard.note(verifiedCount, totalCount)
        }
        #expect(heard.last == [21, 21])
    }

    private func fill(_ count: Int, prefix: String = "F") async throws {
        let programme = try Programme.latte()
        for index in 0..<count {
            _ = try await ledger.record(
                try .pos("\(prefix)/\(index)"),
                of: try .test(1),
                at: .noon(plusMs: Int64(index)),
                under: programme
            )
        }
    }

    private func sequences(
        after sequence: Int64,
        _ countMax: Int,
        _ byteCountMax: Int
    ) async throws -> [Int64] {
        try await ledger.slice(
            after: sequence,
            countMax: countMax,
            byteCountMax: byteCountMax
        ).map(\.sequence)
    }
}

extension LogLine {
    /// The entry that the line is.
    func entry() throws -> Entry { try EntryLineV1.entry(from: body) }
}
