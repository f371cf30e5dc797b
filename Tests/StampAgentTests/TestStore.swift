import Foundation
import LedgerDB
import Logging
import LoyaltyCore
import ScanCodec
import StampAgent
import Synchronization
import SyncWire

/// A store with a real ledger in a directory of its own, and a clock that the test moves.
final class TestStore: Sendable {
    let counter: Counter
    let ledger: Ledger
    let key: SigningKey
    let time = TestTime()
    let log = LogLines()
    let member: MemberNumber
    let directory: String
    private let isKept: Bool

    /// The printed card of the member: kind 4, member 123.
    let card = "40000000000012363"
    let otherCard = "42026112200000116"
    /// A receipt of 2026-11-22 over 215.
    let receipt =
        "AB1234565011511221234000000cd000000d70000000004595257YzbKZNZ7gR3bGVGMCxeW6w=="

    /// Opens a store; one that is kept leaves its directory to the next, which names it.
    init(
        in given: String? = nil,
        isKept: Bool = false,
        programme: Programme? = nil
    ) async throws {
        guard let member = MemberNumber(value: 123), let key = SigningKey(seed: (0..<32).map { $0 })
        else { preconditionFailure("the constants are well formed") }
        self.member = member
        self.key = key
        directory = given ?? NSTemporaryDirectory() + "stampd-test-\(UUID().uuidString)"
        self.isKept = isKept
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
        let clock = AgentClock(
            reading: { [time] in time.reading },
            uptime: { [time] in time.uptime }
        )
        var settings = Ledger.Settings(path: directory + "/ledger.sqlite")
        settings.ballastByteCount = 0
        ledger = try Ledger.open(
            settings,
            identity: LogIdentity(
                device: DeviceID(at: WallTime(unixMs: 1), random: []),
                epoch: 1,
                publicKey: key.publicKey.bytes,
                nonce: [UInt8](repeating: 1, count: 16)
            ),
            boot: BootFact(bootID: String(repeating: "a", count: 32), version: "test"),
            at: time.reading
        )
        let log = log
        counter = Counter(
            ledger: ledger,
            programme: try programme ?? Self.programme(version: 1),
            clock: clock,
            settings: CounterSettings(
                store: "test",
                tills: ["1"],
                invoiceKeys: [],
                version: "test"
            ),
            board: StatusBoard(hqURL: nil),
            hub: EventHub(),
            logger: Logger(label: "test") { _ in log }
        )
    }

    deinit {
        guard !isKept else { return }
        // Allowed: a directory that stays behind in /tmp fails no test.
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// What the agent logged so far.
    var logged: String { log.text }

    /// What till 1 shows.
    var phase: TillView.Phase? {
        get async { await counter.view(of: "1")?.phase }
    }

    func scan(_ text: String) async {
        let scan = Scan(
            bytes: Array(text.utf8),
            aim: nil,
            scanner: "test",
            completedAt: time.uptime
        )
        await counter.handle(scan, till: "1")
    }

    func firstAward(in events: AsyncStream<CounterEvent>) async -> TillView? {
        for await case .till(let view) in events where view.phase == .award { return view }
        return nil
    }

    func posSale(
        _ number: String,
        amount: Int64,
        member: String?,
        till: String = "1"
    ) throws -> PosSale {
        guard let key = SaleKey("pos/\(number)") else { preconditionFailure("it is a key") }
        return PosSale(key: key, memberCode: member, amount: amount, till: till)
    }

    static func programme(
        version: Int64,
        per: Int64 = 35,
        rewards: [Reward] = []
    ) throws -> Programme {
        try Programme(
            name: "test",
            version: version,
            title: LocalText(zhHant: "測試", en: "Test"),
            currency: "TWD",
            calendar: .taipei,
            firstDate: BusinessDate(dayNumber: 20_000),
            lastDate: BusinessDate(dayNumber: 30_000),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: []),
            cards: [
                StampCard(
                    id: "latte",
                    title: LocalText(zhHant: "拿鐵", en: "Latte"),
                    reward: LocalText(zhHant: "一杯", en: "one cup"),
                    size: 10,
                    stampsPerVisit: 1,
                    needsSale: false,
                    doubleGrantGuard: .none
                )
            ],
            rules: [Rule(id: "base", per: per, give: 1)],
            rewards: rewards
        )
    }
}

/// A clock that stands until the test moves it: 2026-11-22, noon in Taipei.
final class TestTime: Sendable {
    private let passed = Mutex(Duration.zero)
    private let quality = Mutex(ClockQuality.ntp)

    var uptime: Duration { passed.withLock { $0 } }

    var reading: ClockReading {
        let ms = Int64(uptime / .milliseconds(1))
        return ClockReading(
            wall: WallTime(unixMs: 1_795_320_000_000 + ms),
            quality: quality.withLock { $0 },
            sinceBootMs: 1_000_000 + ms
        )
    }

    func setQuality(_ new: ClockQuality) {
        quality.withLock { $0 = new }
    }

    func pass(_ duration: Duration) {
        passed.withLock { $0 += duration }
    }
}

/// A log in memory.
final class LogLines: LogHandler, Sendable {
    private let lines = Mutex("")

    var text: String { lines.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lines.withLock { $0 += "\(event.message) \(event.metadata ?? [:])\n" }
    }
}

/// The sync loop of a store with one key, against an HQ that signs with `FakeHQ.key`.
func makeSync<Link: HQLink>(_ store: TestStore, _ hq: Link) -> SyncService<Link> {
    makeSync(store, TestRing(store.key), hq)
}

/// The sync loop of a store whose keys are those of a ring.
func makeSync<Link: HQLink>(
    _ store: TestStore,
    _ ring: TestRing,
    _ hq: Link
) -> SyncService<Link> {
    SyncService(
        counter: store.counter,
        link: hq,
        keys: SyncKeys(device: ring.keys, hq: FakeHQ.key.publicKey),
        floor: TimeFloor(),
        logger: .init(label: "test") { _ in LogLines() }
    )
}
