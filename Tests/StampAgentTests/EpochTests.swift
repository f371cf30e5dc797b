import Foundation
import LedgerDB
import LoyaltyCore
import Synchronization
import SyncWire
import Testing

@testable import StampAgent

/// What the sync loop makes of logs that ended, and of an HQ that holds another history.
struct EpochTests {
    @Test func `the old log goes first, then the new one, each entry once`() async throws {
        let store = try await salvagedStore()
        let hq = ScriptedHQ()
        let sync = makeSync(store, hq)
        #expect(try await store.ledger.queue().pendingCount == 4)
        while await sync.pushOnce() != nil {}

        #expect(hq.batches.map(\.header.epoch) == [1, 2])
        #expect(hq.batches.map(\.bodies.count) == [3, 1])
        for batch in hq.batches {
            let start = store.ledger.identity.with(epoch: batch.header.epoch).start
            _ = try batch.verify(after: start, key: store.key.publicKey)
        }
        #expect(try await store.ledger.queue().pendingCount == 0)
        #expect(await store.ledger.earlierLogs().map(\.received) == [3])
    }

    @Test func `an old log that HQ has all of is passed over, and HQ's word for it is signed`()
        async throws
    {
        let store = try await salvagedStore()
        let hq = ScriptedHQ { batch in
            batch.header.epoch == 1
                ? Problem(.logRegressed, "", extras: [.init("received", 90)]) : nil
        }
        let sync = makeSync(store, hq)
        #expect(await sync.pushOnce() == .zero)
        #expect(try await store.ledger.queue().pendingCount == 4)
        #expect(await sync.pushOnce() == .zero)
        #expect(await sync.pushOnce() == nil)

        #expect(hq.batches.map(\.header.epoch) == [1, 2])
        #expect(try await store.ledger.queue().pendingCount == 0)
        let logs = try await LogExchange(store).logs()
        #expect(logs.map(\.received) == [3, 1])
    }

    @Test func `HQ goes back to an old epoch and gets it again`() async throws {
        let store = try await salvagedStore()
        let isBehind = Mutex(false)
        let hq = ScriptedHQ { batch in
            isBehind.withLock { $0 } && batch.header.epoch == 2
                ? Problem(.logGap, "", extras: [.init("expected", 2), .init("epoch", 1)]) : nil
        }
        let sync = makeSync(store, hq)
        while await sync.pushOnce() != nil {}
        isBehind.withLock { $0 = true }
        await store.scan(store.card)
        _ = await sync.pushOnce()
        isBehind.withLock { $0 = false }
        _ = await sync.pushOnce()
        #expect(hq.batches.last?.header.epoch == 1)
        #expect(hq.batches.last?.header.first == 2)
    }

    @Test func `a fork has the next start begin a new epoch behind what is common`() async throws {
        let store = try await TestStore(isKept: true)
        await store.scan(store.card)
        await store.scan(store.otherCard)
        let hq = ScriptedHQ { _ in Self.fork(at: 2) }
        #expect(await makeSync(store, hq).pushOnce() == PushPlan.slowPause)
        var requests = store.ledger.requests.makeAsyncIterator()
        #expect(await requests.next() == .forked)
        await store.ledger.close()

        let next = try await TestStore(in: store.directory)
        #expect(next.ledger.identity.epoch == 2)
        #expect(await next.ledger.earlierLogs().map(\.end.sequence) == [1])
        #expect(try await next.ledger.head().sequence == 3)
        #expect(await next.counter.status().advice.contains { $0.code == "frozen" })

        // The same word again, before HQ has signed for what it brought about.
        let again = makeSync(next, ScriptedHQ { $0.header.epoch == 2 ? Self.fork(at: 2) : nil })
        _ = await again.pushOnce()
        #expect(await again.pushOnce() == PushPlan.slowPause)
        #expect(!FileManager.default.fileExists(atPath: next.directory + "/ledger.sqlite.request"))
        #expect(await next.counter.status().hq.problem?.contains("not signed for it") == true)
    }

    @Test func `a fork or a longer history that the log itself denies is not believed`()
        async throws
    {
        let store = try await TestStore()
        await store.scan(store.card)
        let ours = try #require(try await store.ledger.position(of: 2)).hash
        for problem in [
            Self.fork(at: 2, hash: ours), Self.fork(at: 9),
            Problem(.logRegressed, "", extras: [.init("received", 2)]),
        ] {
            let sync = makeSync(store, ScriptedHQ { _ in problem })
            #expect(await sync.pushOnce() == PushPlan.slowPause)
            #expect(await store.counter.status().hq.problem?.contains("cannot be true") == true)
        }
        #expect(!FileManager.default.fileExists(atPath: store.directory + "/ledger.sqlite.request"))
    }

    @Test func `a copy whose epoch another machine has followed earns on and says what to do`()
        async throws
    {
        let store = try await TestStore()
        let old = Problem(.epochOld, "", extras: [.init("epoch", 2), .init("received", 7)])
        let sync = makeSync(store, ScriptedHQ { _ in old })
        for _ in 0..<3 { #expect(await sync.pushOnce() == PushPlan.slowPause) }

        await store.scan(store.card)
        #expect(await store.phase == .award)
        #expect(try await store.ledger.queue().pendingCount == 2)
        let status = await store.counter.status()
        #expect(status.advice.contains { $0.code == "superseded" && $0.text.contains("anew") })
        #expect(status.freeze?.reason == .superseded)
        #expect(!FileManager.default.fileExists(atPath: store.directory + "/ledger.sqlite.request"))
    }

    @Test func `the freeze ends with HQ's signed word, and comes back with it`() async throws {
        let store = try await salvagedStore()
        let isFrozen = Mutex(true)
        let sync = makeSync(store, ScriptedHQ(isFrozen: { isFrozen.withLock { $0 } }))
        for _ in 0..<2 { _ = await sync.pushOnce() }
        #expect(await store.ledger.freeze()?.reason == .salvage(.regressed))

        isFrozen.withLock { $0 = false }
        await store.scan(store.card)
        _ = await sync.pushOnce()
        #expect(await store.ledger.freeze() == nil)
        isFrozen.withLock { $0 = true }
        await store.scan(store.otherCard)
        _ = await sync.pushOnce()
        #expect(await store.ledger.freeze()?.reason == .hq)
    }

    /// A store whose log of three entries ended, with one entry of the next epoch.
    private func salvagedStore() async throws -> TestStore {
        let store = try await TestStore(isKept: true)
        await store.scan(store.card)
        await store.scan(store.otherCard)
        try await store.ledger.begin(SalvageRequest(epoch: 1, reason: .regressed))
        await store.ledger.close()
        let next = try await TestStore(in: store.directory)
        // Keys of visits are made of the time.
        next.time.pass(.seconds(60))
        return next
    }

    private static func fork(at sequence: Int64, hash: ChainHash? = nil) -> Problem {
        let bytes = hash?.bytes ?? Array(repeating: 5, count: 32)
        let extras: [CanonicalJSON.Member] = [
            .init("seq", .integer(sequence)), .init("h", .string(Base64.text(bytes))),
        ]
        return Problem(.logFork, "", extras: extras)
    }
}

extension LogExchange {
    fileprivate init(_ store: TestStore) {
        self.init(
            counter: store.counter,
            deviceKey: store.key,
            hqKey: ScriptedHQ.key.publicKey,
            floor: TimeFloor()
        )
    }
}

/// An HQ that acknowledges what it does not refuse.
private final class ScriptedHQ: HQLink {
    static let key = FakeHQ.key
    let authority = "hq.test"
    private let refusal: @Sendable (BatchV1) -> Problem?
    private let isFrozen: @Sendable () -> Bool
    private let state = Mutex<[BatchV1]>([])

    init(
        _ refusal: @escaping @Sendable (BatchV1) -> Problem? = { _ in nil },
        isFrozen: @escaping @Sendable () -> Bool = { false }
    ) {
        self.isFrozen = isFrozen
        self.refusal = refusal
    }

    var batches: [BatchV1] { state.withLock { $0 } }

    func push(_ request: PushRequestV1) async throws -> PushReply {
        let batch = try BatchV1(parsing: try Gzip.decompress(request.content))
        state.withLock { $0.append(batch) }
        if let problem = refusal(batch) {
            return PushReply(
                status: problem.type.status,
                mediaType: Problem.mediaType,
                retryAfterS: nil,
                content: problem.bytes
            )
        }
        let end = batch.checkpoint.position
        let ack = AckV1(
            device: batch.header.device,
            epoch: batch.header.epoch,
            received: end,
            posted: end.sequence,
            prunable: 0,
            serverMs: 1_795_320_000_000,
            hqEpoch: 1,
            credit: .init(entryCount: 500, byteCount: 262_144, afterMs: 0),
            duplicateCount: 0,
            quarantined: [],
            hasChanges: false,
            isFrozen: isFrozen()
        )
        return PushReply(
            status: 200,
            mediaType: "application/json",
            retryAfterS: nil,
            content: ack.bytes(signedBy: Self.key)
        )
    }
}
