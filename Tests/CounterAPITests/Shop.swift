import CounterAPI
import Foundation
import LedgerDB
import Logging
import LoyaltyCore
import NIOCore
import NIOPosix
import ServiceLifecycle
import ServiceLifecycleTestKit
import StampAgent
import SyncWire
import Synchronization

/// A store's counter behind its real service: a real ledger, a real port, a real Unix socket.
struct Shop {
    let counter: Counter
    let ledger: Ledger
    let board: StatusBoard
    let exchange: LogExchange
    let port: Int
    let socketPath: String
    /// Shuts the service down as a stop of the agent does.
    let shutDown: @Sendable () -> Void

    /// The HQ's key that the store pins.
    static let hqKey = SigningKey()

    /// A member whom HQ has named.
    static let member = "00000000000123"
    /// The same member's printed card: kind 4, the number, two check digits.
    static let card = "40000000000012363"

    /// The client that calls over the loopback interface.
    var client: RawClient {
        get throws { RawClient(address: try SocketAddress(ipAddress: "127.0.0.1", port: port)) }
    }

    /// The client that calls over the Unix socket.
    var socketClient: RawClient {
        get throws { RawClient(address: try SocketAddress(unixDomainSocketPath: socketPath)) }
    }
}

/// Runs a test against a store that serves, and ends the store.
///
/// - Parameters:
///   - tills: The store's tills.
///   - heartbeat: Longest silence of an event stream.
///   - programme: The rules in force; a stamp a day and a point for each 35 unless told otherwise.
///   - managers: Who may allow a compensation.
///   - store: The store's name.
///   - body: The test.
/// - Throws: What the test throws, or what the store failed with.
func withShop(
    tills: [String] = ["1"],
    heartbeat: Duration = .seconds(600),
    programme: Programme = makeProgramme(),
    managers: [Manager] = [],
    store: String = "yongkang",
    _ body: @Sendable (Shop) async throws -> Void
) async throws {
    let directory = FileManager.default.temporaryDirectory
        .appending(path: "counter-\(UUID().uuidString.prefix(8))").path()
    try FileManager.default.createDirectory(
        atPath: directory,
        withIntermediateDirectories: true
    )
    // Allowed: a directory that stays behind in the system's temporary place harms no test.
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let board = StatusBoard(hqURL: nil)
    let key = SigningKey()
    let ledger = try makeLedger(path: directory + "/ledger.db", key.publicKey)
    let settings = CounterSettings(
        store: store,
        tills: tills,
        invoiceKeys: [],
        version: "test",
        managers: managers
    )
    let counter = makeCounter(ledger, programme, settings, board: board)
    let exchange = LogExchange(
        counter: counter,
        deviceKey: key,
        hqKey: Shop.hqKey.publicKey,
        floor: TimeFloor()
    )
    if let number = MemberNumber(Shop.member),
        let row = MemberRow(number: number, maskedName: "王○明")
    {
        try await ledger.importMembers([row])
    }
    let socketPath = directory + "/counter.sock"
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let service = CounterService(
        counter: counter,
        exchange: exchange,
        settings: .init(port: 0, socketPath: socketPath, heartbeat: heartbeat),
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        onListening: { continuation.yield($0) }
    )
    try await testGracefulShutdown { trigger in
        try await withThrowingTaskGroup { group in
            group.addTask { try await service.run() }
            var iterator = ports.makeAsyncIterator()
            if let port = await iterator.next() {
                let shop = Shop(
                    counter: counter,
                    ledger: ledger,
                    board: board,
                    exchange: exchange,
                    port: port,
                    socketPath: socketPath,
                    shutDown: { trigger.triggerGracefulShutdown() }
                )
                try await body(shop)
            }
            trigger.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }
    await ledger.close()
}

/// What the store's clock says at first; each reading is a second later.
let clockReading = ClockReading(
    wall: WallTime(unixMs: 1_795_329_120_000),  // 2026-11-22T06:32:00Z
    quality: .ntp,
    sinceBootMs: 60_000
)

private func makeLedger(path: String, _ publicKey: PublicKey) throws -> Ledger {
    var settings = Ledger.Settings(path: path)
    settings.ballastByteCount = 0
    let identity = LogIdentity(
        device: DeviceID(at: clockReading.wall, random: [1]),
        epoch: 1,
        publicKey: publicKey.bytes,
        nonce: Array(repeating: 0, count: 16)
    )
    return try Ledger.open(
        settings,
        identity: identity,
        boot: BootFact(bootID: String(repeating: "0", count: 32), version: "test"),
        at: clockReading
    )
}

private func makeCounter(
    _ ledger: Ledger,
    _ programme: Programme,
    _ settings: CounterSettings,
    board: StatusBoard
) -> Counter {
    let seconds = Mutex(0)
    return Counter(
        ledger: ledger,
        programme: programme,
        clock: AgentClock(
            // Each reading is a second later, so that made keys differ.
            reading: {
                let later = seconds.withLock { seconds in
                    seconds += 1
                    return Int64(seconds) * 1_000
                }
                return ClockReading(
                    wall: WallTime(unixMs: clockReading.wall.unixMs + later),
                    quality: .ntp,
                    sinceBootMs: clockReading.sinceBootMs + later
                )
            },
            uptime: { .seconds(60) }
        ),
        settings: settings,
        board: board,
        hub: EventHub(),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    )
}

/// A stamp a business day, a point for each 35 spent, sales up to 100,000.
func makeProgramme() -> Programme {
    do {
        return try Programme(
            name: "cafe",
            version: 1,
            title: LocalText(zhHant: "青田咖啡", en: "Qingtian Coffee"),
            currency: "TWD",
            calendar: .taipei,
            firstDate: BusinessDate(dayNumber: 0),
            lastDate: BusinessDate(dayNumber: 100_000),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 7, sellerIDs: []),
            cards: [
                StampCard(
                    id: "latte",
                    title: LocalText(zhHant: "拿鐵集點卡", en: "Latte card"),
                    reward: LocalText(zhHant: "一杯拿鐵", en: "a latte"),
                    size: 10,
                    stampsPerVisit: 1,
                    needsSale: false,
                    doubleGrantGuard: .businessDay
                )
            ],
            rules: [Rule(id: "base", per: 35, give: 1)],
            rewards: [
                Reward(
                    id: "off",
                    title: LocalText(zhHant: "折 20 元", en: "20 off"),
                    benefit: .amountOff(20),
                    cost: Reward.Cost(4, .points)
                )
            ]
        )
    } catch {
        preconditionFailure("the programme above fits together: \(error)")
    }
}
