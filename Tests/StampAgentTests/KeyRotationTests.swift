import LedgerDB
import LoyaltyCore
import Synchronization
import SyncWire
import Testing

@testable import StampAgent

/// A device that changes its key inside its log, against an HQ that follows it (SYNC.md 2.9).
struct KeyRotationTests {
    @Test func `a batch ends with the entry that brings a key, and each is signed by its key`()
        async throws
    {
        let (store, ring, _, sync) = try await makeStore()
        _ = await sync.pushOnce()
        await store.scan(store.card)
        let change = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        await store.scan(store.otherCard)
        let exchange = makeExchange(store, ring)

        let first = try #require(try await exchange.batch(after: 0))
        let second = try #require(try await exchange.batch(after: change.sequence))

        #expect(change.sequence == 3)
        #expect(first.bodies.count == 3)
        #expect(first.checkpoint.isSigned(by: store.key.publicKey))
        #expect(second.bodies.count == 1)
        let next = try #require(PublicKey(change.publicKey))
        #expect(second.checkpoint.isSigned(by: next))
        #expect(try await exchange.batch(after: 1, countMax: 1)?.bodies.count == 1)
    }

    @Test func `an HQ that follows gets everything once, and knows the new key`() async throws {
        let (store, ring, hq, sync) = try await makeStore()
        _ = await sync.pushOnce()
        await store.scan(store.card)
        let change = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        await store.scan(store.otherCard)

        await drain(sync)

        #expect(hq.received == 4)
        #expect(hq.refusals == [])
        #expect(hq.requesters.last == KeyID(of: change.publicKey))
        #expect(try await ring.keys.requester(of: store.ledger).publicKey.bytes == change.publicKey)
    }

    @Test
    func `requests are the old key's until HQ acknowledged the entry that brings the new one`()
        async throws
    {
        let (store, ring, hq, sync) = try await makeStore()
        _ = await sync.pushOnce()
        let old = try await ring.keys.requester(of: store.ledger)
        let change = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        #expect(try await ring.keys.requester(of: store.ledger).keyID == old.keyID)

        hq.losesReplies = true
        _ = await sync.pushOnce()
        // HQ has followed, and the agent does not know it yet: HQ takes the old key too.
        #expect(hq.received == change.sequence)
        #expect(try await ring.keys.requester(of: store.ledger).keyID == old.keyID)

        hq.losesReplies = false
        _ = await sync.pushOnce()
        #expect(
            try await ring.keys.requester(of: store.ledger).keyID == KeyID(of: change.publicKey)
        )
        #expect(hq.refusals == [])
    }

    @Test func `an HQ that was restored to before a rotation gets the entries again`() async throws
    {
        let (store, ring, hq, sync) = try await makeStore()
        _ = await sync.pushOnce()
        for _ in 0..<2 {
            await store.scan(store.card)
            _ = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
            await drain(sync)
        }
        #expect(hq.received == 4)

        hq.restore(through: 1)
        await store.scan(store.otherCard)
        await drain(sync)

        #expect(hq.received == 5)
        #expect(try await store.ledger.queue().pendingCount == 0)
        #expect(await store.counter.status().hq.problem == nil)
    }

    @Test func `an HQ that refuses every key is an alarm, and not asked again at once`()
        async throws
    {
        let (store, ring, hq, sync) = try await makeStore()
        _ = await sync.pushOnce()
        _ = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        await drain(sync)

        hq.refusesAll = true
        await store.scan(store.card)
        #expect(await sync.pushOnce() == .zero)
        #expect(await sync.pushOnce() == PushPlan.slowPause)

        hq.refusesAll = false
        #expect(await sync.pushOnce() == .zero)
        #expect(hq.received == 3)
    }

    @Test func `a key that HQ did not follow is not tried for ever`() async throws {
        let (store, ring, hq, sync) = try await makeStore()
        _ = await sync.pushOnce()
        hq.followsNoKey = true
        _ = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        await store.scan(store.card)

        var pauses: [Duration?] = []
        for _ in 0..<6 where pauses.last != .some(PushPlan.slowPause) {
            pauses.append(await sync.pushOnce())
        }
        #expect(pauses.last == .some(PushPlan.slowPause), "\(pauses)")
    }

    // MARK: The way, and what cuts it short

    @Test func `the new key is on the disk before its entry is`() async throws {
        let store = try await TestStore()
        try await acknowledgeAll(store)
        let ring = TestRing(store.key)
        ring.onKeep = { throw TestRing.DiskFull() }

        await #expect(throws: TestRing.DiskFull.self) {
            try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        }
        #expect(await store.ledger.keyChanges() == [])
        #expect(try await store.ledger.head().sequence == 1)
        #expect(try await ring.keys.requester(of: store.ledger).keyID == store.key.keyID)
    }

    @Test func `a key that was made and not brought is brought by the next call`() async throws {
        let store = try await TestStore()
        try await acknowledgeAll(store)
        // Ended after the ring was written and before the entry was.
        let made = SigningKey()
        let ring = TestRing(store.key, made)

        let change = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)

        #expect(change.publicKey == made.publicKey.bytes)
        #expect(ring.kept == [])
    }

    @Test func `an agent that ends after the entry goes on with both keys`() async throws {
        let (store, ring, hq, first) = try await makeStore()
        _ = await first.pushOnce()
        let change = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        await store.scan(store.card)

        let again = TestRing(ring.onDisk)
        let sync = makeSync(store, again, hq)
        await drain(sync)

        #expect(hq.refusals == [])
        #expect(hq.received == 3)
        #expect(try await again.keys.rotate(in: store.ledger, at: store.time.reading) != change)
    }

    @Test func `asking again before HQ knows of the last change makes no other key`() async throws {
        let store = try await TestStore()
        try await acknowledgeAll(store)
        let ring = TestRing(store.key)

        async let first = ring.keys.rotate(in: store.ledger, at: store.time.reading)
        async let second = ring.keys.rotate(in: store.ledger, at: store.time.reading)
        let third = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)

        #expect(try await [first, second] == [third, third])
        #expect(try await store.ledger.head().sequence == 2)
        #expect(ring.kept.count == 1)
    }

    @Test func `a device that HQ has acknowledged nothing of keeps its key`() async throws {
        let store = try await TestStore()
        await #expect(throws: DeviceKeysError.unknownToHQ) {
            try await TestRing(store.key).keys.rotate(in: store.ledger, at: store.time.reading)
        }
    }

    @Test func `a device takes no more keys than its limit`() async throws {
        let store = try await TestStore()
        let ring = TestRing(store.key)
        for _ in 1..<DeviceKeys.countMax {
            try await acknowledgeAll(store)
            _ = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        }
        try await acknowledgeAll(store)

        await #expect(throws: DeviceKeysError.tooMany) {
            try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        }
        #expect(ring.onDisk.count == DeviceKeys.countMax)
    }

    @Test func `a key of systemd's is followed only by one that systemd hands over`() async throws {
        let store = try await TestStore()
        try await acknowledgeAll(store)
        let kept = Mutex(0)
        let origin = DeviceKeys.Origin.credentials { kept.withLock { $0 += 1 } }

        let alone = DeviceKeys([store.key], from: origin)
        await #expect(throws: DeviceKeysError.handedOver) {
            try await alone.rotate(in: store.ledger, at: store.time.reading)
        }
        #expect(kept.withLock { $0 } == 0)
        let next = SigningKey()
        let both = DeviceKeys([store.key, next], from: origin)
        let change = try await both.rotate(in: store.ledger, at: store.time.reading)

        #expect(change.publicKey == next.publicKey.bytes)
        #expect(kept.withLock { $0 } == 1)
        #expect(try await both.retire(in: store.ledger) == 0)
    }

    @Test(arguments: [(ms: Int64(-1), isDue: false), (ms: 0, isDue: true)])
    func `a key is followed by itself after a year, if the time is known`(
        ms: Int64,
        isDue: Bool
    ) async throws {
        let store = try await TestStore()
        try await acknowledgeAll(store)
        let ring = TestRing(store.key)
        let madeAt = store.ledger.identity.device.madeAt
        #expect(madeAt == WallTime(unixMs: 1))
        let yearMs = DeviceKeys.lifeDaysMax * 86_400_000
        func reading(_ quality: ClockQuality) -> ClockReading {
            ClockReading(
                wall: WallTime(unixMs: madeAt.unixMs + yearMs + ms),
                quality: quality,
                sinceBootMs: 5
            )
        }

        for quality in [ClockQuality.rtc, .floor] {
            let change = try await ring.keys.rotateIfDue(in: store.ledger, at: reading(quality))
            #expect(change == nil)
        }
        let change = try await ring.keys.rotateIfDue(in: store.ledger, at: reading(.ntp))
        #expect((change != nil) == isDue)
        try await acknowledgeAll(store)
        #expect(try await ring.keys.rotateIfDue(in: store.ledger, at: reading(.ntp)) == nil)
    }

    @Test func `a key is kept until the log holds nothing that only it can sign for`() async throws
    {
        let store = try await TestStore()
        let ring = TestRing(store.key)
        try await acknowledgeAll(store)
        let change = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        for _ in 0..<2 { await store.scan(store.card) }
        try await acknowledgeAll(store)
        #expect(try await ring.keys.retire(in: store.ledger) == 0)

        store.time.pass(.seconds(31 * 86_400))
        _ = try await store.ledger.prune(at: store.time.reading, countMax: change.sequence - 2)
        #expect(await store.ledger.firstSequence() == 1)
        #expect(try await ring.keys.retire(in: store.ledger) == 0)
        _ = try await store.ledger.prune(at: store.time.reading, countMax: 1)
        #expect(await store.ledger.firstSequence() == change.sequence)
        #expect(try await ring.keys.retire(in: store.ledger) == 1)

        #expect(ring.onDisk.map(\.publicKey.bytes) == [change.publicKey])
        let exchange = makeExchange(store, ring)
        #expect(try await exchange.batch(after: change.sequence) != nil)
        await #expect(throws: LogExchangeError.pruned(firstAvailable: change.sequence + 1)) {
            try await exchange.batch(after: change.sequence - 1)
        }
    }

    @Test func `an agent without the key that it needs says which, and goes on recording`()
        async throws
    {
        let store = try await TestStore()
        let sync = makeSync(store, TestRing(SigningKey()), StrictHQ(store.ledger.identity))

        #expect(await sync.pushOnce() != nil)
        await store.scan(store.card)

        let problem = try #require(await store.counter.status().hq.problem)
        #expect(problem.contains("need the device's key \(store.key.keyID.text)"), "\(problem)")
        #expect(try await store.ledger.head().sequence == 2)
    }

    /// Pushes until nothing is left, without a pause.
    private func drain(_ sync: SyncService<StrictHQ>) async {
        var pauses: [Duration?] = []
        while pauses.last != .some(nil), pauses.count < 20 { pauses.append(await sync.pushOnce()) }
        #expect(pauses.last == .some(nil), "\(pauses)")
        #expect(pauses.dropLast().allSatisfy { $0 == .zero }, "\(pauses)")
    }

    private func makeStore() async throws -> (
        TestStore, TestRing, StrictHQ, SyncService<StrictHQ>
    ) {
        let store = try await TestStore()
        let ring = TestRing(store.key)
        let hq = StrictHQ(store.ledger.identity)
        return (store, ring, hq, makeSync(store, ring, hq))
    }

    private func makeExchange(_ store: TestStore, _ ring: TestRing) -> LogExchange {
        LogExchange(
            counter: store.counter,
            keys: ring.keys,
            hqKey: FakeHQ.key.publicKey,
            floor: TimeFloor()
        )
    }

    private func acknowledgeAll(_ store: TestStore) async throws {
        let head = try await store.ledger.head().sequence
        try await store.ledger.acknowledge(
            Watermarks(received: head, posted: head, prunable: head)
        )
    }
}

/// A device's keys and the disk that keeps them.
final class TestRing: Sendable {
    struct DiskFull: Error {}

    private let disk: Mutex<[[SigningKey]]>
    private let hook = Mutex<@Sendable () throws -> Void>({})
    private let ring = Mutex<DeviceKeys?>(nil)

    convenience init(_ keys: SigningKey...) {
        self.init(keys)
    }

    init(_ keys: [SigningKey]) {
        disk = Mutex([keys])
        let made = DeviceKeys(
            keys,
            from: .disk { [weak self] keys in
                guard let self else { return }
                try hook.withLock { $0 }()
                disk.withLock { $0.append(keys) }
            }
        )
        ring.withLock { $0 = made }
    }

    var keys: DeviceKeys {
        guard let keys = ring.withLock({ $0 }) else { preconditionFailure("it was made") }
        return keys
    }

    var onKeep: @Sendable () throws -> Void {
        get { hook.withLock { $0 } }
        set { hook.withLock { $0 = newValue } }
    }

    /// What was written, each time all of it.
    var kept: [[SeedText]] { disk.withLock { $0.dropFirst().map { $0.map(SeedText.init) } } }

    /// What a restart finds.
    var onDisk: [SigningKey] { disk.withLock { $0.last ?? [] } }

    struct SeedText: Equatable {
        let text: String

        init(_ key: SigningKey) {
            text = Hex.text(key.seed)
        }
    }
}

/// An HQ that verifies all it is sent, and follows a device's keys.
final class StrictHQ: HQLink, Sendable {
    private struct State {
        var lines: [LogLine] = []
        var keys: [(after: Int64, key: PublicKey)] = []
        var refusals: [String] = []
        var requesters: [KeyID] = []
        var losesReplies = false
        var refusesAll = false
        var followsNoKey = false
    }

    let authority = "hq.test"
    private let identity: LogIdentity
    private let state: Mutex<State>

    /// An HQ that knows the device by its first key, or by a later one.
    init(_ identity: LogIdentity, knowing key: PublicKey? = nil) {
        self.identity = identity
        var state = State()
        if let key = key ?? PublicKey(identity.publicKey) { state.keys = [(0, key)] }
        self.state = Mutex(state)
    }

    var received: Int64 { state.withLock { $0.lines.last?.sequence ?? 0 } }
    var refusals: [String] { state.withLock { $0.refusals } }
    var requesters: [KeyID] { state.withLock { $0.requesters } }
    var losesReplies: Bool {
        get { state.withLock { $0.losesReplies } }
        set { state.withLock { $0.losesReplies = newValue } }
    }
    var refusesAll: Bool {
        get { state.withLock { $0.refusesAll } }
        set { state.withLock { $0.refusesAll = newValue } }
    }
    var followsNoKey: Bool {
        get { state.withLock { $0.followsNoKey } }
        set { state.withLock { $0.followsNoKey = newValue } }
    }

    /// Forgets what came later, as a restored HQ has.
    func restore(through sequence: Int64) {
        state.withLock { state in
            state.lines.removeAll { $0.sequence > sequence }
            state.keys.removeAll { $0.after > sequence }
        }
    }

    func push(_ request: PushRequestV1) async throws -> PushReply {
        let batch = try BatchV1(parsing: try Gzip.decompress(request.content))
        let value = { name in request.fields.first { $0.name == name }?.value ?? "" }
        let signature = try RequestSignature(
            inputValue: value(RequestSignature.inputFieldName),
            value: value(RequestSignature.fieldName)
        )
        return try state.withLock { state in
            let problem = take(batch, signature.keyID, &state)
            if state.losesReplies { throw FakeHQ.Nobody() }
            if let problem {
                state.refusals.append(problem.type.rawValue)
                return reply(problem.type.status, Problem.mediaType, problem.bytes)
            }
            return reply(200, "application/json", ack(state).bytes(signedBy: FakeHQ.key))
        }
    }

    private func take(_ batch: BatchV1, _ requester: KeyID, _ state: inout State) -> Problem? {
        let end = batch.checkpoint.position.sequence
        guard !state.refusesAll, state.keys.contains(where: { $0.key.keyID == requester }),
            let key = state.keys.last(where: { $0.after < end })?.key
        else { return Problem(.signatureInvalid, "no key of the device's") }
        state.requesters.append(requester)
        let head = state.lines.last?.sequence ?? 0
        guard batch.header.first <= head + 1 else {
            return Problem(
                .logGap,
                "send entry \(head + 1) next",
                extras: [.init("expected", .integer(head + 1))]
            )
        }
        do {
            for line in try batch.verify(after: batch.header.start, key: key)
            where line.sequence > head {
                state.lines.append(line)
                guard case .keyRotate(let fact) = try EntryLineV1.entry(from: line.body).fact,
                    fact.isProven(of: identity), !state.followsNoKey,
                    let next = PublicKey(fact.publicKey)
                else { continue }
                state.keys.append((line.sequence, next))
            }
            return nil
        } catch {
            return Problem(.signatureInvalid, "\(error)")
        }
    }

    private func ack(_ state: State) -> AckV1 {
        let head = state.lines.last?.position ?? identity.start
        return AckV1(
            device: identity.device,
            epoch: identity.epoch,
            received: head,
            posted: head.sequence,
            prunable: 0,
            serverMs: FakeHQ.serverMs,
            hqEpoch: 1,
            credit: .init(entryCount: 500, byteCount: 262_144, afterMs: 0),
            duplicateCount: 0,
            quarantined: [],
            hasChanges: false
        )
    }

    private func reply(_ status: Int, _ type: String, _ content: [UInt8]) -> PushReply {
        PushReply(status: status, mediaType: type, retryAfterS: nil, content: content)
    }
}
