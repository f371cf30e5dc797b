import ArgumentParser
import DaemonKit
import Documents
import Logging
import LoyaltyCore
import ScannerIO
import ServiceLifecycle
import StampAgent
import StampHQ
import SyncWire
import UnixSignals

/// `stampd demo`: an HQ, a till with a scanner on a pseudo-terminal, and three scans.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a scan's way from the scanner to the display and to HQ.",
        discussion: """
            Starts an HQ and an agent on this machine, types three scans into a virtual scanner, \
            and stays up so that 'stampctl scan TEXT' types more. Ctrl-C ends all of it. Nothing \
            is kept: everything lies in one directory that the next demo empties.
            """
    )

    @Option(help: "The port of the display's page; 0 lets the kernel choose one.")
    var port = 8737

    func run() async throws {
        let directory = try DemoDirectory()
        defer { directory.remove() }
        let logger = makeLogger(level: .warning)
        var settings = HQSettings(dataDirectory: directory.hqPath)
        settings.port = 0
        settings.readProgramme = {
            try ProgrammeDocument.programme(from: $0, file: "HQ's programme")
        }
        let hq = try buildHQ(settings, logger: logger)
        let store = DemoStore(directory: directory, hq: hq, port: port, logger: logger)
        var configuration = ServiceGroupConfiguration(
            services: [hq, store],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
        print("demo ended")
    }
}

/// The demo's store: the agent as it ships, with a scanner that is a pseudo-terminal.
struct DemoStore: Service {
    let directory: DemoDirectory
    let hq: HQ
    let port: Int
    let logger: Logger

    func run() async throws {
        guard let hqPort = await hq.port() else { return }
        let scanner = try VirtualScanner()
        let configuration = try makeConfiguration(scanner, hqPort: hqPort)
        let device = try DeviceKey.load(from: configuration.statePath, clock: wallClockNow())
        try await hq.store.addDevice(device.identity, label: configuration.store)
        // HQ decides every entry again, by the same document.
        let document = String(decoding: PackageResources.programme_yaml, as: UTF8.self)
        try await hq.store.publish(
            try ProgrammeDocument.programme(from: document, file: "the demo's programme"),
            yaml: document
        )

        let steps = DemoSteps()
        let agent = try buildAgent(configuration, logger: logger) {
            steps.say("scanned", "by the reader of \(scanner.nodePath)")
        } onListening: { port in
            steps.listens(on: port)
        }
        let script = DemoScript(
            scanner: scanner,
            keyboard: directory.scannerPath,
            counter: agent.counter,
            steps: steps
        )
        let group = ServiceGroup(
            services: agent.services + [HealthService(agent), script],
            logger: logger
        )
        try await group.run()
    }

    private func makeConfiguration(
        _ scanner: VirtualScanner,
        hqPort: Int
    ) throws -> AgentConfiguration {
        try DurableFile.write(
            PackageResources.programme_yaml,
            to: directory.programmePath,
            mode: 0o644
        )
        return AgentConfiguration(
            store: "demo",
            storeTitle: LocalText(zhHant: "青田咖啡　示範店", en: "Qingtian Coffee, demo store"),
            statePath: directory.statePath,
            programmePath: directory.programmePath,
            listen: .init(port: port, socketPath: directory.socketPath),
            hq: .init(url: "http://127.0.0.1:\(hqPort)", publicKey: hq.publicKey.bytes),
            adoptsKnownScanners: false,
            scanners: [
                .init(match: scanner.nodePath, transport: .serial, label: "virtual scanner")
            ]
        )
    }
}

extension HealthService {
    /// Housekeeping without systemd.
    init(_ agent: Agent) {
        self.init(
            counter: agent.counter,
            ledger: agent.ledger,
            exchange: agent.exchange,
            notifier: ServiceNotifier(address: nil),
            watchdog: nil,
            logger: agent.logger
        )
    }
}
