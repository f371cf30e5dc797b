import LedgerDB
import Logging
import LoyaltyCore
import Synchronization
import SyncWire
import Testing

@testable import StampAgent

/// What HQ sends down, over a real ledger, from an HQ that answers as each test says.
struct DownServiceTests {
    // MARK: Members

    @Test func `a new store loads a snapshot and then hears of each change`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...12)
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        #expect(try await store.ledger.member(.test(12)).maskedName == "王○12")
        #expect(await store.ledger.memberCount() == 12)
        #expect(try await store.ledger.place(in: .changes)?.text == "1.12")

        try hq.put(3, name: "改○名")
        try hq.remove(4)
        _ = await down.fetchOnce()
        #expect(try await store.ledger.member(.test(3)).maskedName == "改○名")
        #expect(try await !store.ledger.member(.test(4)).isKnown)
        let status = await store.counter.status().down
        #expect(status.place == "1.14")
        #expect(status.problem == nil && status.alarm == nil && status.loading == nil)
    }

    @Test func `what a member earned here stays through a snapshot`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        let earned = try await store.ledger.member(store.member).standing
        #expect(earned.balance(of: .stamps(ofCard: "latte")) == 1)
        let hq = try FakeDown(members: 1...200)
        _ = await makeDown(store, hq).fetchOnce()

        let record = try await store.ledger.member(store.member)
        #expect(record.maskedName == "王○123")
        #expect(record.standing == earned)
        #expect(await store.ledger.memberCount() == 200)
    }

    @Test func `pages take effect only at the end of HQ's transaction`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...4)
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        hq.update { $0.pageCount = 2 }
        for number in Int64(5)...9 { try hq.put(number) }
        hq.update { $0.failing = .afterChanges(2) }
        _ = await down.fetchOnce()
        #expect(await store.ledger.memberCount() == 4)
        #expect(try await store.ledger.place(in: .changes)?.text == "1.4")

        hq.update { $0.failing = nil }
        _ = await down.fetchOnce()
        #expect(await store.ledger.memberCount() == 9)
    }

    @Test func `a barred member is refused at once, whatever the snapshot still says`()
        async throws
    {
        let store = try await TestStore()
        let hq = try FakeDown(members: 100...130)
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        hq.revoke(.member(store.member))
        _ = await down.fetchOnce()
        await store.scan(store.card)
        #expect(await store.phase == .refused(code: "member-blocked", detail: [:]))

        hq.restore(.member(store.member))
        _ = await down.fetchOnce()
        #expect(try await !store.ledger.member(store.member).standing.isBlocked)
    }

    @Test func `a store that was away too long takes all revocations anew`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        let down = makeDown(store, hq)
        hq.revoke(.member(try .test(1)))
        _ = await down.fetchOnce()
        #expect(try await store.ledger.member(.test(1)).standing.isBlocked)

        hq.forgetRevocations(leaving: [.member(try .test(2))])
        _ = await down.fetchOnce()
        #expect(try await !store.ledger.member(.test(1)).standing.isBlocked)
        #expect(try await store.ledger.member(.test(2)).standing.isBlocked)
    }

    // MARK: Cuts

    /// Ends the agent after each step that is on the disk and starts it again: it must end in HQ's
    /// state, and fetch no part twice but the one that was cut.
    @Test(arguments: 0..<30)
    func `an agent killed at any step ends in HQ's state`(kill: Int) async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        let hq = try FakeDown(members: 1...25)
        hq.revoke(.member(try .test(7)))
        try hq.publish(try TestStore.programme(version: 2), from: "2026-11-01")
        let countdown = Countdown(kill)
        _ = await makeDown(store, hq, onStep: { try countdown.step() }).fetchOnce()
        if kill == 3 { #expect(try await store.ledger.load() != nil) }
        _ = try hq.put(26)

        // A fresh service knows nothing but what the ledger holds.
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        #expect(await store.counter.status().down.problem == nil)
        #expect(try await store.digest() == hq.digest)
        #expect(try await store.ledger.place(in: .changes) == hq.head)
        #expect(try await store.ledger.member(.test(7)).standing.isBlocked)
        #expect(try await store.ledger.load() == nil)
        #expect(await store.counter.programme.version == 2)
        #expect(hq.partRequests.count <= hq.partCount + 1)
        let standing = try await store.ledger.member(store.member).standing
        #expect(standing.balance(of: .stamps(ofCard: "latte")) == 1)
    }

    @Test func `a part that is not the one listed is not used, and fetched again`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...25)
        hq.update { $0.failing = .damagedPart }
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        #expect(await store.ledger.memberCount() == 0)
        #expect(await store.counter.status().down.problem?.contains("part") == true)
        hq.update { $0.failing = nil }
        _ = await down.fetchOnce()
        #expect(await store.ledger.memberCount() == 25)
    }

    @Test func `a snapshot whose parts HQ forgot is begun anew`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...25)
        let countdown = Countdown(2)
        _ = await makeDown(store, hq, onStep: { try countdown.step() }).fetchOnce()
        #expect(try await store.ledger.load() != nil)
        hq.update { $0.failing = .partsGone }
        _ = await makeDown(store, hq).fetchOnce()
        hq.update { $0.failing = nil }
        _ = await makeDown(store, hq).fetchOnce()
        #expect(await store.ledger.memberCount() == 25)
    }

    // MARK: Faults

    @Test(arguments: FakeDown.Failure.lies)
    func `whatever else answers changes nothing, and the status says so`(
        failure: FakeDown.Failure
    ) async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...3)
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        let before = try await store.digest()
        try hq.put(4)
        hq.update { $0.failing = failure }
        let pause = await down.fetchOnce()
        #expect(try await store.digest() == before)
        let status = await store.counter.status()
        #expect(status.down.problem != nil)
        #expect(status.advice.contains { $0.code == "down-alarm" } == failure.isAlarming)
        #expect(!failure.isAlarming || pause == PushPlan.slowPause)

        hq.update { $0.failing = nil }
        _ = await down.fetchOnce()
        #expect(try await store.digest() == hq.digest)
        #expect(await store.counter.status().down.problem == nil)
    }

    @Test func `an older place than ours is an alarm and changes nothing`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...9)
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        let cursor = try #require(FeedCursor("1.3"))
        await #expect(throws: LedgerError.self) {
            try await store.ledger.apply([], of: .changes, upTo: cursor)
        }
        let restored = try FakeDown(members: 1...3)
        restored.update { $0.failing = .newDevice }
        _ = await makeDown(store, restored).fetchOnce()
        #expect(await store.ledger.memberCount() == 9)
        #expect(await store.counter.status().down.alarm?.contains("older") == true)
    }

    @Test func `members that differ from HQ's are found within the hour and replaced`()
        async throws
    {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...9)
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        let wrong = MemberRow(number: try .test(5), maskedName: "錯○", isBlocked: false)
        try await store.ledger.importMembers([try #require(wrong)])
        _ = await down.fetchOnce()
        #expect(try await store.ledger.member(.test(5)).maskedName == "錯○")

        let (wrongDigest, place) = (try await store.digest(), try #require(hq.head).text)

        store.time.pass(.seconds(3_600))
        _ = await down.fetchOnce()
        #expect(hq.snapshotQueries == [nil, "since=\(place)&mismatch=\(wrongDigest.scopedText)"])
        #expect(try await store.ledger.member(.test(5)).maskedName == "王○5")
        #expect(await store.counter.status().down.mismatchCount == 1)
        #expect(try await store.digest() == hq.digest)
    }

    // MARK: Programmes

    @Test func `an edition comes into force on its day, and a restart offline has it`()
        async throws
    {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        try hq.publish(try TestStore.programme(version: 2), from: "2026-11-23")
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        #expect(await store.counter.programme.version == 1)
        hq.update { $0.failing = .away }
        store.time.pass(.seconds(12 * 3_600))  // from noon to the day's end
        try await down.activate()
        #expect(await store.counter.programme.version == 2)

        await store.counter.replaceProgramme(try TestStore.programme(version: 1))
        try await makeDown(store, hq).activate()
        #expect(await store.counter.programme.version == 2)
    }

    @Test func `programmes only roll forward, and the last three stay`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        let down = makeDown(store, hq)
        for version in Int64(2)...7 {
            try hq.publish(try TestStore.programme(version: version), from: "2026-11-01")
            _ = await down.fetchOnce()
            #expect(await store.counter.programme.version == version)
        }
        let kept = try await store.ledger.editions(of: "test").map(\.edition.reference.version)
        #expect(kept.suffix(3) == [5, 6, 7])
        #expect(kept.count <= 4)

        hq.publishUnchecked(try TestStore.programme(version: 3, per: 1), from: "2026-11-01")
        _ = await down.fetchOnce()
        #expect(await store.counter.programme.version == 7)
        #expect(await store.counter.status().down.alarm?.contains("went back") == true)
    }

    @Test func `a document that is not the one signed stays out of force, and members go on`()
        async throws
    {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        try hq.publish(try TestStore.programme(version: 2), from: "2026-11-01")
        hq.update { $0.failing = .otherDocument }
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        #expect(await store.counter.programme.version == 1)
        #expect(await store.counter.status().down.alarm?.contains("version 2") == true)
        #expect(await store.ledger.memberCount() == 2)
        hq.update { $0.failing = nil }
        _ = await down.fetchOnce()
        #expect(await store.counter.programme.version == 2)
        #expect(await store.counter.status().down.alarm == nil)
    }

    // MARK: Commands

    @Test func `what HQ's operator wants is done once and confirmed`() async throws {
        let store = try await TestStore()
        try await store.ledger.acknowledge(Watermarks(received: 1, posted: 1, prunable: 0))
        let hq = try FakeDown(members: 1...2)
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()
        #expect(await store.ledger.keyChanges() == [])

        hq.update { state in
            state.commands = [.init(id: 3, action: .pull), .init(id: 4, action: .rotateKey)]
        }
        _ = await down.fetchOnce()

        try await store.counter.pulls.wait()
        #expect(await store.ledger.keyChanges().count == 1)
        #expect(hq.commandCount == 0)
        _ = await down.fetchOnce()
        #expect(await store.ledger.keyChanges().count == 1)
    }

    @Test func `a key that cannot be changed is told, and the wish is taken all the same`()
        async throws
    {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        hq.update { $0.commands = [.init(id: 3, action: .rotateKey)] }
        let down = makeDown(store, hq)

        for _ in 0..<2 { _ = await down.fetchOnce() }

        #expect(hq.commandCount == 0)
        let advice = await store.counter.status().advice.first { $0.code == "key-old" }
        #expect(advice?.text.contains("HQ has acknowledged nothing of this log") == true)
    }

    // MARK: Grants

    @Test func `an agent takes its grants as it starts, and each once however often it hears`()
        async throws
    {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        let grants = try (1...5).map { try grant($0, store) }
        hq.update { $0.grants = grants }
        let down = makeDown(store, hq)
        _ = await down.fetchOnce()

        #expect(try await points(store) == 15)
        #expect(
            try await store.ledger.recent(5).reversed().map(\.fact)
                == grants.map { .grant($0.fact) }
        )
        hq.update { $0.commands = [.init(id: 3, action: .takeGrants)] }
        _ = await down.fetchOnce()
        _ = await makeDown(store, hq).fetchOnce()
        #expect(hq.commandCount == 0)
        #expect(try await points(store) == 15)
        #expect(try await store.ledger.head().sequence == 6)
    }

    @Test func `a settled agent asks for grants only when it is told to`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        let down = makeDown(store, hq)
        for _ in 0..<3 { _ = await down.fetchOnce() }
        #expect(hq.grantQueries == [nil])

        let grants = [try grant(1, store)]
        hq.update { state in
            state.grants = grants
            state.commands = [.init(id: 3, action: .takeGrants)]
        }
        _ = await down.fetchOnce()
        #expect(hq.grantQueries == [nil, nil, "after=1.1"])
        #expect(try await points(store) == 1)
    }

    @Test func `an agent that ends between the commit and its word takes nothing twice`()
        async throws
    {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        _ = await makeDown(store, hq).fetchOnce()
        let grants = try (1...3).map { try grant($0, store) }
        hq.update { state in
            state.grants = grants
            state.commands = [.init(id: 3, action: .takeGrants)]
        }
        // Behind each of the three commits, and then behind all and before the word.
        for taken in [1, 3, 6, 6] as [Int64] {
            _ = await makeDown(store, hq, onStep: Countdown(0).step).fetchOnce()
            #expect(try await points(store) == taken)
        }
        #expect(hq.commandCount == 1)
        _ = await makeDown(store, hq).fetchOnce()
        #expect(hq.commandCount == 0)
        #expect(try await points(store) == 6)
        #expect(try await store.ledger.head().sequence == 4)
    }

    @Test func `an HQ of an earlier version has no grants, and that is no trouble`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        hq.update { $0.grants = nil }
        _ = await makeDown(store, hq).fetchOnce()
        #expect(await store.ledger.memberCount() == 2)
        #expect(await store.counter.status().down.problem == nil)
    }

    @Test func `another device's grants are not taken, nor those of another key`() async throws {
        let store = try await TestStore()
        let hq = try FakeDown(members: 1...2)
        let other = DeviceID(at: WallTime(unixMs: 9), random: [9])
        let foreign = [try grant(1, store, on: other)]
        let forged = [try grant(1, store, signedBy: SigningKey())]
        for grants in [foreign, forged] {
            hq.update { $0.grants = grants }
            _ = await makeDown(store, hq).fetchOnce()
            #expect(await store.counter.status().down.alarm != nil)
        }
        #expect(try await points(store) == 0)
        #expect(try await store.ledger.head().sequence == 1)
    }

    private func points(_ store: TestStore) async throws -> Int64 {
        try await store.ledger.member(.test(7)).standing.balance(of: .points)
    }

    private func grant(
        _ number: Int64,
        _ store: TestStore,
        on device: DeviceID? = nil,
        signedBy key: SigningKey = FakeDown.key
    ) throws -> GrantV1 {
        GrantV1(
            try #require(GrantID(hqEpoch: 1, number: number)),
            on: device ?? store.ledger.identity.device,
            of: try .test(7),
            [Posting(.points, .never, number)],
            reason: "gift",
            signedBy: key
        )
    }

    private func makeDown(
        _ store: TestStore,
        _ hq: FakeDown,
        onStep: @escaping @Sendable () throws -> Void = {}
    ) -> DownService<FakeDown> {
        DownService(
            counter: store.counter,
            link: hq,
            keys: SyncKeys(device: store.key, hq: FakeDown.key.publicKey),
            floor: TimeFloor(),
            logger: Logger(label: "test") { [log = store.log] _ in log },
            readProgramme: FakeDown.readProgramme,
            onStep: onStep
        )
    }
}

/// Ends an agent after so many steps.
private final class Countdown: Sendable {
    private let rest: Mutex<Int>

    init(_ steps: Int) {
        rest = Mutex(steps)
    }

    func step() throws {
        try rest.withLock { rest in
            rest -= 1
            if rest < 0 { throw CancellationError() }
        }
    }
}

extension TestStore {
    /// What the members here add up to.
    fileprivate func digest() async throws -> StateDigest {
        var digest = StateDigest(.members)
        for member in try await ledger.members(after: nil, countMax: 10_000) {
            digest.add(member.line)
        }
        return digest
    }
}
