import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

@testable import StampAgent

/// What leaves the log and what comes back for it, over a real ledger.
struct LogExchangeTests {
    private let hq = SigningKey()

    @Test func `batches follow each other to the end of the log and hold together`() async throws {
        let store = try await TestStore()
        for _ in 0..<3 {
            await store.scan(store.card)
            await store.scan(store.otherCard)
        }
        let exchange = makeExchange(store)

        var place = store.ledger.identity.start
        var sequences: [Int64] = []
        while let batch = try await exchange.batch(after: place.sequence, countMax: 3) {
            let lines = try batch.verify(after: place, key: store.key.publicKey)
            sequences += lines.map(\.sequence)
            place = batch.checkpoint.position
        }
        #expect(sequences == Array(1...7))
        #expect(try await exchange.head() == place)
    }

    @Test func `a place beyond the log's end is told, not answered with nothing`() async throws {
        let exchange = makeExchange(try await TestStore())

        await #expect(throws: LogExchangeError.ahead(head: 1)) {
            try await exchange.batch(after: 2)
        }
        #expect(try await exchange.batch(after: 1) == nil)
    }

    @Test func `an acknowledgement that is handed in twice changes nothing`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        let exchange = makeExchange(store)
        let ack = try await ack(of: exchange, quarantined: [2])

        try await exchange.acknowledge(ack)
        let notes = store.counter.board.notes.hq
        let watermarks = await store.ledger.watermarks()
        try await exchange.acknowledge(ack)

        #expect(watermarks == Watermarks(received: 2, posted: 2, prunable: 0))
        #expect(await store.ledger.watermarks() == watermarks)
        #expect(notes.quarantinedCount == 1)
        #expect(store.counter.board.notes.hq.quarantinedCount == 1)
        #expect(await exchange.received() == 2)
    }

    @Test func `an older acknowledgement is refused and takes nothing back`() async throws {
        let store = try await TestStore()
        let exchange = makeExchange(store)
        let old = try await ack(of: exchange)
        await store.scan(store.card)
        try await exchange.acknowledge(try await ack(of: exchange))

        await #expect(throws: LogExchangeError.behind(1)) { try await exchange.acknowledge(old) }
        #expect(await exchange.received() == 2)
    }

    /// The copy was made before it was called safe, so the HQ in it does not know that it is.
    @Test func `an HQ restored from a backup is believed, and releases nothing again`()
        async throws
    {
        let store = try await TestStore()
        let exchange = makeExchange(store)
        await store.scan(store.card)
        try await exchange.acknowledge(try await ack(of: exchange, prunable: 2))
        await store.scan(store.otherCard)

        try await exchange.acknowledge(try await ack(of: exchange, prunable: 0))

        let watermarks = await store.ledger.watermarks()
        #expect(watermarks == Watermarks(received: 3, posted: 3, prunable: 2))
    }

    @Test func `what HQ did not sign for this log is not believed`() async throws {
        let store = try await TestStore()
        let exchange = makeExchange(store)
        let forged = try await ack(of: exchange, signedBy: SigningKey())
        let foreign = try await ack(of: exchange, epoch: 2)
        let ahead = try await ack(of: exchange, ahead: 1)

        for bytes in [forged, foreign, ahead, Array("<html>".utf8)] {
            await #expect(throws: LogExchangeError.self) { try await exchange.acknowledge(bytes) }
        }
        #expect(await exchange.received() == 0)
    }

    @Test func `a store without an HQ hands its log out and takes no acknowledgement`() async throws
    {
        let store = try await TestStore()
        let exchange = LogExchange(
            counter: store.counter,
            deviceKey: store.key,
            hqKey: nil,
            floor: TimeFloor()
        )

        #expect(try await exchange.batch(after: 0)?.bodies.count == 1)
        let ack = try await ack(of: exchange)
        await #expect(throws: LogExchangeError.noHQ) { try await exchange.acknowledge(ack) }
    }

    private func makeExchange(_ store: TestStore) -> LogExchange {
        LogExchange(
            counter: store.counter,
            deviceKey: store.key,
            hqKey: hq.publicKey,
            floor: TimeFloor()
        )
    }

    /// HQ's acknowledgement of the whole log.
    private func ack(
        of exchange: LogExchange,
        epoch: Int64 = 1,
        ahead: Int64 = 0,
        prunable: Int64 = 0,
        quarantined: [Int64] = [],
        signedBy other: SigningKey? = nil
    ) async throws -> [UInt8] {
        let head = try await exchange.head()
        return AckV1(
            device: exchange.identity.device,
            epoch: epoch,
            received: LogPosition(sequence: head.sequence + ahead, hash: head.hash),
            posted: head.sequence,
            prunable: prunable,
            serverMs: 1_795_320_000_000,
            hqEpoch: 1,
            credit: .init(entryCount: 500, byteCount: 262_144, afterMs: 0),
            duplicateCount: 0,
            quarantined: quarantined.map { .init(sequence: $0, code: "unreadable") },
            hasChanges: false
        ).bytes(signedBy: other ?? hq)
    }
}
