import LedgerDB
import Logging
import LoyaltyCore
import Synchronization
import SyncWire
import Testing

@testable import StampAgent

/// The sync loop over a real ledger, against an HQ that answers as each test says.
struct SyncServiceTests {
    @Test func `what HQ signed for is acknowledged, and nothing else`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        let hq = FakeHQ()

        let sync = makeSync(store, hq)
        #expect(await sync.pushOnce() == .zero)
        #expect(try await store.ledger.queue().pendingCount == 0)
        #expect(hq.batches.map(\.bodies.count) == [2])
        #expect(await sync.pushOnce() == nil)
    }

    @Test func `the batch that HQ gets holds together`() async throws {
        let store = try await TestStore()
        for _ in 0..<3 {
            await store.scan(store.card)
            await store.scan(store.otherCard)
        }
        let hq = FakeHQ()

        _ = await makeSync(store, hq).pushOnce()
        let batch = try #require(hq.batches.first)
        let lines = try batch.verify(after: store.ledger.identity.start, key: store.key.publicKey)
        #expect(lines.map(\.sequence) == Array(1...7))
    }

    @Test(arguments: FakeHQ.Mood.failures)
    func `entries stay in the ledger whatever goes wrong, and the board says why`(
        mood: FakeHQ.Mood
    ) async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        let hq = FakeHQ(mood: mood)

        let pause = await makeSync(store, hq).pushOnce()
        #expect(pause != nil)
        #expect(try await store.ledger.queue().pendingCount == 2)
        let status = await store.counter.status()
        #expect(status.hq.problem?.contains(mood.words) == true, "\(status.hq.problem ?? "none")")
        #expect(status.hq.isOnline == false)
        #expect(status.advice.contains { $0.code == "hq-away" })
    }

    @Test func `an HQ that comes back gets everything once`() async throws {
        let store = try await TestStore()
        let hq = FakeHQ(mood: .away)
        let sync = makeSync(store, hq)
        await store.scan(store.card)
        _ = await sync.pushOnce()
        await store.scan(store.otherCard)
        _ = await sync.pushOnce()

        hq.setMood(.well)
        #expect(await sync.pushOnce() == .zero)
        #expect(hq.acceptedCount == 3)
        #expect(try await store.ledger.queue().pendingCount == 0)
        #expect(await store.counter.status().hq.isOnline == true)
    }

    @Test func `after HQ's time the boot clock tells the time, whatever the wall clock says`()
        async throws
    {
        let store = try await TestStore()
        let floor = TimeFloor()
        let sync = SyncService(
            counter: store.counter,
            link: FakeHQ(),
            keys: SyncKeys(device: store.key, hq: FakeHQ.key.publicKey),
            floor: floor,
            logger: .init(label: "test")
        )
        let sinceBootMs = store.time.reading.sinceBootMs

        _ = await sync.pushOnce()
        for wallMs in [0, FakeHQ.serverMs, 4_000_000_000_000] {
            let told = floor.judge(
                WallTime(unixMs: wallMs),
                sinceBootMs: sinceBootMs + 60_000,
                isSynchronised: false
            )
            #expect(told.quality == .anchor)
            #expect(told.wall == WallTime(unixMs: FakeHQ.serverMs + 60_000))
        }
    }

    @Test func `HQ's time is an entry once a boot and every six hours, but not under NTP`()
        async throws
    {
        let store = try await TestStore()
        let sync = makeSync(store, FakeHQ())
        func anchorCount() async throws -> Int {
            try await store.ledger.recent(100).count {
                if case .anchor = $0.fact { true } else { false }
            }
        }

        _ = await sync.pushOnce()
        #expect(try await anchorCount() == 0)

        store.time.setQuality(.rtc)
        await store.scan(store.card)
        for _ in 0..<3 { _ = await sync.pushOnce() }
        #expect(try await anchorCount() == 1)
        #expect(try await store.ledger.queue().pendingCount == 0)

        store.time.pass(.milliseconds(6 * 3_600_000 - 1))
        await store.scan(store.otherCard)
        for _ in 0..<3 { _ = await sync.pushOnce() }
        #expect(try await anchorCount() == 1)

        store.time.pass(.milliseconds(1))
        await store.scan(store.card)
        for _ in 0..<3 { _ = await sync.pushOnce() }
        #expect(try await anchorCount() == 2)
        #expect(await store.ledger.lastAnchor()?.fact.serverMs == FakeHQ.serverMs)
    }

    @Test(arguments: [(ageMs: 60_000, isAnchored: true), (ageMs: 60_001, isAnchored: false)])
    func `an acknowledgement that may be old raises the floor and tells no time`(
        ageMs: Int,
        isAnchored: Bool
    ) async throws {
        let store = try await TestStore()
        store.time.setQuality(.floor)
        let floor = TimeFloor()
        let sync = SyncService(
            counter: store.counter,
            link: FakeHQ(),
            keys: SyncKeys(device: store.key, hq: FakeHQ.key.publicKey),
            floor: floor,
            logger: .init(label: "test")
        )
        store.time.pass(.milliseconds(ageMs))

        _ = await sync.pushOnce()
        #expect((await store.ledger.lastAnchor() != nil) == isAnchored)
        let told = floor.judge(
            WallTime(unixMs: 0),
            sinceBootMs: store.time.reading.sinceBootMs,
            isSynchronised: false
        )
        #expect(told.quality == (isAnchored ? .anchor : .floor))
        #expect(told.wall == WallTime(unixMs: FakeHQ.serverMs))
    }

    @Test func `a clock that starts with a dead battery is not believed`() {
        let floor = TimeFloor()

        for unixMs in [Int64(0), 946_684_800_000, 1_577_836_800_000] {  // 1970, 2000, 2020
            let dead = judge(floor, unixMs)
            #expect(dead.quality == .floor)
            #expect(dead.wall == TimeFloor.firstStoreAt)
        }
        let livingMs: Int64 = 1_795_305_600_000
        #expect(judge(floor, livingMs).quality == .rtc)
        #expect(judge(floor, livingMs, isSynchronised: true).quality == .ntp)
    }

    @Test(arguments: [
        (offMs: Int64(-300_001), quality: ClockQuality.floor), (offMs: -300_000, quality: .rtc),
        (offMs: 400 * 86_400_000, quality: .rtc), (offMs: 400 * 86_400_000 + 1, quality: .floor),
    ])
    func `a clock that nothing vouches for is believed near the last known time only`(
        offMs: Int64,
        quality: ClockQuality
    ) {
        let floor = TimeFloor()
        let known = WallTime(unixMs: 1_795_320_000_000)
        floor.raise(to: known)

        let judged = judge(floor, known.unixMs + offMs)
        #expect(judged.quality == quality)
        if quality == .floor { #expect(judged.wall == known) }
        let ahead = judge(floor, known.unixMs + 500 * 86_400_000, isSynchronised: true)
        #expect(ahead.quality == .ntp)
    }

    private func judge(
        _ floor: TimeFloor,
        _ unixMs: Int64,
        isSynchronised: Bool = false
    ) -> (wall: WallTime, quality: ClockQuality) {
        floor.judge(WallTime(unixMs: unixMs), sinceBootMs: 5, isSynchronised: isSynchronised)
    }

    @Test func `what a relay keeps stays queued, is no trouble, and is not sent at once again`()
        async throws
    {
        let store = try await TestStore()
        await store.scan(store.card)
        let relay = FakeHQ(mood: .keeping)
        let sync = makeSync(store, relay)

        #expect(await sync.pushOnce() == PushPlan.keptPause)
        #expect(try await store.ledger.queue().pendingCount == 2)
        let status = await store.counter.status()
        #expect(status.hq.problem == nil)
        #expect(status.hq.isOnline == true)

        await store.scan(store.otherCard)
        #expect(await sync.pushOnce() == PushPlan.keptPause)
        #expect(relay.batches.map(\.header.first) == [1, 3])
        // Nothing new: the relay is asked with what HQ lacks.
        #expect(await sync.pushOnce() == PushPlan.keptPause)
        #expect(relay.batches.map(\.header.first) == [1, 3, 1])
        relay.setMood(.well)
        #expect(await sync.pushOnce() == .zero)
        #expect(try await store.ledger.queue().pendingCount == 0)
    }

    @Test func `HQ's older word from a relay is taken, and the batch counts as kept`() async throws
    {
        let store = try await TestStore()
        await store.scan(store.card)
        let relay = FakeHQ(mood: .handingOn)

        #expect(await makeSync(store, relay).pushOnce() == PushPlan.keptPause)
        #expect(try await store.ledger.queue().pendingCount == 2)
        #expect(await store.counter.status().hq.problem == nil)
        #expect(await store.counter.status().hq.lastAckAt != nil)
    }
}

/// An HQ in memory, well or in one of the moods that real ones have.
final class FakeHQ: HQLink, Sendable {
    enum Mood: Sendable, CaseIterable {
        case well, away, portal, forged, ahead, otherLog, half, failing, refusing
        case keeping, handingOn
        /// Something on the way lets gzip through, and nothing else.
        case narrow

        static let failures = allCases.filter {
            ![.well, .keeping, .handingOn, .narrow].contains($0)
        }

        /// What the operator must read.
        var words: String {
            switch self {
            case .well, .keeping, .handingOn, .narrow: ""
            case .away: "cannot be reached"
            case .portal: "something other than HQ answered"
            case .forged: "not signed by HQ's key"
            case .ahead: "does not have"
            case .otherLog: "another log"
            case .half: "not from HQ"
            case .failing: "HTTP status 502"
            case .refusing: "device-unknown"
            }
        }
    }

    struct Nobody: Error {}

    static let key = SigningKey()
    static let serverMs: Int64 = 1_795_400_000_000
    let authority = "hq.test"
    private let takesDelta: Bool
    private let state: Mutex<(mood: Mood, batches: [BatchV1], encodings: [String])>

    init(mood: Mood = .well, takesDelta: Bool = false) {
        self.takesDelta = takesDelta
        state = Mutex((mood, [], []))
    }

    var batches: [BatchV1] { state.withLock { $0.batches } }
    var acceptedCount: Int { batches.reduce(0) { $0 + $1.bodies.count } }
    /// How the pushes were coded, in order.
    var encodings: [String] { state.withLock { $0.encodings } }

    /// Forgets everything, as an HQ that was restored.
    func forget() {
        state.withLock { $0.batches = [] }
    }

    func setMood(_ mood: Mood) {
        state.withLock { $0.mood = mood }
    }

    func push(_ request: PushRequestV1) async throws -> PushReply {
        state.withLock { $0.encodings.append(request.encoding) }
        guard let batch = try batch(of: request) else {
            return reply(415, Problem.mediaType, Problem(.encoding, "as gzip").bytes)
        }
        let mood = state.withLock { state in
            let isTaken = [.well, .keeping, .handingOn].contains(state.mood)
            let isGzip = state.mood == .narrow && request.encoding == Gzip.name
            if isTaken || isGzip { state.batches.append(batch) }
            return state.mood
        }
        switch mood {
        case .away: throw Nobody()
        case .narrow where request.encoding == Gzip.name:
            return reply(200, "application/json", ack(batch).bytes(signedBy: Self.key))
        case .portal, .narrow:
            return reply(302, "text/html", Array("<html>Welcome to free wifi".utf8))
        case .failing: return reply(502, "text/html", Array("bad gateway".utf8))
        case .refusing:
            return reply(404, Problem.mediaType, Problem(.deviceUnknown, "add it").bytes)
        case .half:
            return reply(
                200,
                "application/json",
                Array(ack(batch).bytes(signedBy: Self.key)[..<40])
            )
        case .forged:
            return reply(200, "application/json", ack(batch).bytes(signedBy: SigningKey()))
        case .ahead:
            return reply(
                200,
                "application/json",
                ack(batch, ahead: 1).bytes(signedBy: Self.key)
            )
        case .otherLog:
            return reply(200, "application/json", ack(batch, epoch: 2).bytes(signedBy: Self.key))
        case .keeping:
            return PushReply(
                status: 202,
                mediaType: "application/json",
                retryAfterS: nil,
                keptSequence: batch.checkpoint.position.sequence,
                content: []
            )
        case .handingOn:
            return PushReply(
                status: 200,
                mediaType: "application/json",
                retryAfterS: nil,
                keptSequence: batch.checkpoint.position.sequence,
                content: ack(batch, at: batch.header.start).bytes(signedBy: Self.key)
            )
        case .well: return reply(200, "application/json", ack(batch).bytes(signedBy: Self.key))
        }
    }

    /// The batch of a push; nil if it is coded against an entry that is not here.
    private func batch(of request: PushRequestV1) throws -> BatchV1? {
        guard request.encoding == DeltaCoding.name
        else { return try BatchV1(parsing: try Gzip.decompress(request.content)) }
        let first = request.fields.first { $0.name == "log-first" }.flatMap { Int64($0.value) }
        guard
            let held = batches.last(where: { $0.checkpoint.position.sequence + 1 == first }),
            let line = try held.lines(after: held.header.start).last
        else { return nil }
        return try DeltaCoding(device: held.header.device, epoch: held.header.epoch, after: line)
            .batch(from: request.content, signedBy: held.checkpoint.keyID)
    }

    private func reply(_ status: Int, _ type: String, _ content: [UInt8]) -> PushReply {
        PushReply(
            status: status,
            mediaType: type,
            retryAfterS: nil,
            takesDelta: takesDelta,
            content: content
        )
    }

    private func ack(
        _ batch: BatchV1,
        at place: LogPosition? = nil,
        ahead: Int64 = 0,
        epoch: Int64 = 1
    ) -> AckV1 {
        let position = place ?? batch.checkpoint.position
        return AckV1(
            device: batch.header.device,
            epoch: epoch,
            received: LogPosition(
                sequence: position.sequence + ahead,
                hash: position.hash
            ),
            posted: position.sequence,
            prunable: 0,
            serverMs: Self.serverMs,
            hqEpoch: 1,
            credit: .init(entryCount: 500, byteCount: 262_144, afterMs: 0),
            duplicateCount: 0,
            quarantined: [],
            hasChanges: false
        )
    }
}
