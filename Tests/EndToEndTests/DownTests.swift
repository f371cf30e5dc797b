import Documents
import Foundation
import LedgerDB
import Logging
import LoyaltyCore
import ScanCodec
import ServiceLifecycle
import StampHQ
import SyncWire
import Testing

@testable import StampAgent

/// What an operator changes at HQ, over real HTTP, until a till shows it.
@Suite(.timeLimit(.minutes(2)))
struct DownTests {
    @Test func `an imported member shows at the till, and a barred one is refused`()
        async throws
    {
        try await Store.run { store in
            _ = try await store.hq.store.putMembers([
                Member(
                    number: store.member,
                    maskedName: "王○明",
                    mobileBarcode: "/ABC+123",
                    isBlocked: false
                )
            ])
            await store.fetch()
            await store.scan("40000000000012363")
            let view = try #require(await store.counter.view(of: "1"))
            #expect(view.phase == .award)
            #expect(view.member?.maskedName == "王○明")
            #expect(try await store.ledger.member(mobileBarcode: "/ABC+123") != nil)

            // The store waits at HQ meanwhile.
            async let news: Void = store.fetch()
            _ = try await store.hq.store.putMembers([
                Member(
                    number: store.member,
                    maskedName: "王○明",
                    mobileBarcode: nil,
                    isBlocked: true
                )
            ])
            await news
            await store.counter.cancel(till: "1")
            await store.scan("40000000000012363")
            let refused = await store.counter.view(of: "1")?.phase
            #expect(refused == .refused(code: "member-blocked", detail: [:]))
            #expect(await store.counter.status().down.problem == nil)
        }
    }

    @Test func `a published programme comes into force, and stays over a restart offline`()
        async throws
    {
        try await Store.run { store in
            await store.fetch()
            let text = try Store.document().replacingOccurrences(
                of: "version: 1\n",
                with: "version: 2\n"
            )
            let programme = try Store.read(text)
            #expect(programme.version == 2)
            try await store.hq.store.publish(programme, yaml: text)
            await store.fetch()
            #expect(await store.counter.programme == programme)
            #expect(await store.counter.status().programme == ProgrammeReference(programme))

            await store.counter.replaceProgramme(try Store.read(try Store.document()))
            try await store.restarted().activate()
            #expect(await store.counter.programme == programme)
        }
    }

    @Test func `a store that starts with 3,000 members has them all, and HQ's digest`()
        async throws
    {
        try await Store.run { store in
            let members = try (0..<3_000).map { index in
                Member(
                    number: try #require(MemberNumber(value: index)),
                    maskedName: "王○\(index)",
                    mobileBarcode: nil,
                    isBlocked: index.isMultiple(of: 100)
                )
            }
            _ = try await store.hq.store.putMembers(members)
            await store.fetch()
            #expect(await store.ledger.memberCount() == 3_000)
            #expect(await store.counter.status().down.place == "1.3000")
            await store.scan("40000000000012363")
            #expect(await store.counter.view(of: "1")?.member?.maskedName == "王○123")
        }
    }
}

/// A store and its HQ, joined by loopback.
private struct Store {
    let hq: HQ
    let ledger: Ledger
    let counter: Counter
    let key: SigningKey
    let member: MemberNumber
    let url: String
    let link: HTTPLink
    let down: DownService<HTTPLink>

    static func run(_ test: (Self) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "stampd-down-\(UUID().uuidString)"
        // Allowed: a directory that stays behind in /tmp fails no test.
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var settings = HQSettings(dataDirectory: "\(path)/hq")
        settings.port = 0
        let hq = try buildHQ(settings, logger: logger)
        let group = ServiceGroup(services: [hq], logger: logger)
        async let service: Void = group.run()
        let url = "http://127.0.0.1:\(try #require(await hq.port()))"
        let link = HTTPLink(
            url: url,
            trustRootsPath: nil,
            clock: .system(floor: TimeFloor(), isSynchronised: { true })
        )
        let links = ServiceGroup(services: [link], logger: logger)
        async let line: Void = links.run()

        let outcome: Result<Void, any Error>
        do {
            let store = try Self(path: path, hq: hq, url: url, link: link)
            try await hq.store.addDevice(store.ledger.identity, label: "test")
            try await test(store)
            await store.ledger.close()
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await links.triggerGracefulShutdown()
        try await line
        await group.triggerGracefulShutdown()
        try await service
        try outcome.get()
    }

    private init(path: String, hq: HQ, url: String, link: HTTPLink) throws {
        self.hq = hq
        self.url = url
        self.link = link
        key = SigningKey()
        member = try #require(MemberNumber(value: 123))
        let clock = AgentClock.system(floor: TimeFloor()) { true }
        var settings = Ledger.Settings(path: "\(path)/ledger.sqlite")
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
            at: clock.reading()
        )
        counter = Counter(
            ledger: ledger,
            programme: try Self.read(try Self.document()),
            clock: clock,
            settings: CounterSettings(
                store: "test",
                tills: ["1"],
                invoiceKeys: [],
                version: "test"
            ),
            board: StatusBoard(hqURL: url),
            hub: EventHub(),
            logger: Logger(label: "test")
        )
        down = Self.makeDown(counter, link, key, hq)
    }

    func fetch() async {
        _ = await down.fetchOnce()
    }

    func scan(_ text: String) async {
        let scan = Scan(
            bytes: Array(text.utf8),
            aim: nil,
            scanner: "test",
            completedAt: counter.clock.uptime()
        )
        await counter.handle(scan, till: "1")
    }

    /// A service as after a restart, which has not yet asked HQ anything.
    func restarted() -> DownService<HTTPLink> {
        Self.makeDown(counter, link, key, hq)
    }

    private static func makeDown(
        _ counter: Counter,
        _ link: HTTPLink,
        _ key: SigningKey,
        _ hq: HQ
    ) -> DownService<HTTPLink> {
        DownService(
            counter: counter,
            link: link,
            keys: SyncKeys(device: key, hq: hq.publicKey),
            floor: TimeFloor(),
            logger: Logger(label: "test"),
            readProgramme: read
        )
    }

    /// The demo's programme, which holds on any day.
    static func document() throws -> String {
        let file = URL(filePath: #filePath).appending(path: "../../../programmes/demo.yaml")
        return try String(contentsOf: file.standardized, encoding: .utf8)
    }

    @Sendable static func read(_ text: String) throws -> Programme {
        try ProgrammeDocument.programme(from: text, file: "demo.yaml")
    }
}
