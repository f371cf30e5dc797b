import CounterAPI
import DaemonKit
import Documents
import LedgerDB
import Logging
import LoyaltyCore
import NIOPosix
import ScanCodec
import ScannerIO
import ServiceLifecycle
import StampAgent
import SyncWire
import UnixSignals

/// Every part of the agent, tied together.
struct Agent {
    /// The counter, whose hub tells what happens.
    let counter: Counter
    /// The ledger.
    let ledger: Ledger
    /// What leaves the store of its log.
    let exchange: LogExchange
    /// The services, in start order; they stop in reverse, so that no scan can arrive after the
    /// ledger's last push.
    let services: [any Service]
    /// The log.
    let logger: Logger

    /// The services as one, ended by SIGTERM or SIGINT.
    ///
    /// - Parameter notifier: Who is told that the agent is ready, well, and stopping.
    /// - Returns: The group; `run()` returns once all of them have ended.
    func serviceGroup(notifier: ServiceNotifier) -> ServiceGroup {
        let health = HealthService(
            counter: counter,
            ledger: ledger,
            exchange: exchange,
            notifier: notifier,
            watchdog: .fromEnvironment(),
            logger: logger
        )
        var configuration = ServiceGroupConfiguration(
            services: services + [health],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        // The last push may take its whole time-out; systemd waits 20 s.
        configuration.maximumGracefulShutdownDuration = .seconds(15)
        return ServiceGroup(configuration: configuration)
    }
}

/// Builds every part of the agent; this is the only place that knows them all.
///
/// - Parameters:
///   - configuration: What the store's file says.
///   - logger: The log.
///   - onScan: Called for each scan as the reader hands it over.
///   - onListening: Called with the TCP port once the display's page is served.
/// - Returns: The agent, its ledger open and its programme loaded.
/// - Throws: `LedgerError`, `DocumentError`, `SecretFileError` and the like; each says what to do.
func buildAgent(
    _ configuration: AgentConfiguration,
    logger: Logger,
    onScan: @escaping @Sendable () -> Void = {},
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
) throws -> Agent {
    let (place, enrolment, hqProblem) = hqPlace(configuration)
    let floor = TimeFloor()
    if let enrolment { floor.raise(to: enrolment.issuedAt) }
    let clock = AgentClock.system(floor: floor, isSynchronised: KernelClock.isSynchronised)
    let device = try DeviceKey.load(from: configuration.statePath, clock: clock.reading().wall)
    let ledger = try openLedger(configuration, device, at: clock.reading())
    floor.learn(from: ledger)
    let file = ProgrammeFile(configuration)
    let loaded = try file.load(replacing: nil)
    let board = StatusBoard(hqURL: place?.url ?? configuration.hq?.url)
    board.update { ($0.programmeProblem, $0.hq.problem) = (loaded.problem, hqProblem) }
    let counter = Counter(
        ledger: ledger,
        programme: loaded.programme,
        clock: clock,
        settings: CounterSettings(configuration, logger),
        board: board,
        hub: EventHub(),
        logger: logger
    )
    let scanners = try makeScanners(
        configuration,
        counter: counter,
        board: board,
        logger: logger,
        onScan: onScan
    )
    let keys = DeviceKeys(device.keys, from: device.origin)
    let exchange = LogExchange(
        counter: counter,
        keys: keys,
        hqKey: place?.publicKey,
        floor: floor
    )
    let services: [any Service] =
        try syncServices(place, keys, counter, clock, floor, logger)
        + pullServices(configuration, exchange, clock, logger)
        + [
            TillService(counter: counter, logger: logger),
            ReloadService(file: file, counter: counter, board: board, logger: logger),
            makeCounterService(configuration, counter, exchange, logger, onListening),
            EpochService(ledger: ledger),
            // Stops before the pages' service, which waits for the events to end.
            HubService(hub: counter.hub),
        ] + scanners
    return Agent(
        counter: counter,
        ledger: ledger,
        exchange: exchange,
        services: services,
        logger: logger
    )
}

extension CounterSettings {
    /// What the store's file says of its counter, and the secrets that it names.
    fileprivate init(_ configuration: AgentConfiguration, _ logger: Logger) {
        self.init(
            store: configuration.store,
            tills: configuration.tills,
            invoiceKeys: configuration.invoiceKeys.compactMap { EInvoiceKey(hex: Hex.text($0)) },
            version: agentVersion,
            managers: ManagerSecrets.load(configuration, logger: logger)
        )
    }
}

private func openLedger(
    _ configuration: AgentConfiguration,
    _ device: DeviceKey,
    at reading: ClockReading
) throws -> Ledger {
    try Ledger.open(
        Ledger.Settings(path: "\(configuration.statePath)/ledger.sqlite"),
        identity: device.identity,
        // A machine that hides its boot looks like a new one at each start: nothing then relies
        // on its boot clock.
        boot: BootFact(
            bootID: BootID.current() ?? Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) }),
            version: agentVersion
        ),
        at: reading
    )
}

extension TimeFloor {
    /// Takes over what the ledger knows of the time, so that a restart forgets nothing.
    fileprivate func learn(from ledger: Ledger) {
        if let known = ledger.knownTimeAtOpening { raise(to: known) }
        guard let last = ledger.anchorOfBoot else { return }
        anchor(WallTime(unixMs: last.fact.serverMs), sinceBootMs: last.sinceBootMs)
    }
}

/// Where HQ is, and why it is not known if it should be: the store works all the same.
private func hqPlace(
    _ configuration: AgentConfiguration
) -> (place: HQPlace?, enrolment: Enrolment?, problem: String?) {
    do {
        let enrolment = try EnrolmentFile.read(from: configuration.statePath)
        do {
            return (try HQPlace(configuration.hq, enrolment), enrolment, nil)
        } catch {
            return (nil, enrolment, "\(error)")
        }
    } catch {
        // Allowed: without the file's help, what the configuration says must do.
        return (try? HQPlace(configuration.hq, nil), nil, "\(error)")
    }
}

private func syncServices(
    _ hq: HQPlace?,
    _ keys: DeviceKeys,
    _ counter: Counter,
    _ clock: AgentClock,
    _ floor: TimeFloor,
    _ logger: Logger
) -> [any Service] {
    guard let hq else { return [] }
    let link = HTTPLink(url: hq.url, trustRootsPath: hq.trustRootsPath, clock: clock)
    let keys = SyncKeys(device: keys, hq: hq.publicKey)
    return [
        link,
        DownService(
            counter: counter,
            link: link,
            keys: keys,
            floor: floor,
            logger: logger,
            readProgramme: { try ProgrammeDocument.programme(from: $0, file: "HQ's programme") }
        ),
        SyncService(
            counter: counter,
            link: link,
            keys: keys,
            floor: floor,
            logger: logger
        ),
    ]
}

private func pullServices(
    _ configuration: AgentConfiguration,
    _ exchange: LogExchange,
    _ clock: AgentClock,
    _ logger: Logger
) throws -> [any Service] {
    guard let pull = configuration.pull, let hqKey = exchange.hqKey else { return [] }
    return [
        try PullService(
            exchange: exchange,
            hqKey: hqKey,
            nowMs: { clock.reading().wall.unixMs },
            settings: PullService.Settings(
                address: pull.address,
                port: pull.port,
                certificatePath: pull.certificatePath,
                keyPath: pull.keyPath
            ),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger
        )
    ]
}

private func makeCounterService(
    _ configuration: AgentConfiguration,
    _ counter: Counter,
    _ exchange: LogExchange,
    _ logger: Logger,
    _ onListening: @escaping @Sendable (Int) async -> Void
) -> CounterService {
    CounterService(
        counter: counter,
        exchange: exchange,
        settings: CounterService.Settings(
            address: CounterService.LoopbackAddress(rawValue: configuration.listen.address)
                ?? .ipv4,
            port: configuration.listen.port,
            socketPath: configuration.listen.socketPath
        ),
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        logger: logger,
        onListening: onListening
    )
}
