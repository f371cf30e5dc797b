import Documents
import Logging
import LoyaltyCore
import ScanCodec
import ScannerIO
import ServiceLifecycle
import StampAgent

/// Reads the scanners, takes their scans to the counter, and keeps the status of each.
func makeScanners(
    _ configuration: AgentConfiguration,
    counter: Counter,
    board: StatusBoard,
    logger: Logger,
    onScan: @escaping @Sendable () -> Void = {}
) throws -> [any Service] {
    let monitor = try ScannerMonitor(
        settings: ScannerSettings(configuration),
        logger: logger
    )
    let desk = ScannerDesk(
        configuration: configuration,
        board: board,
        logger: logger,
        onScan: onScan
    )
    let reports = monitor.events.compactMap { event in await desk.take(event) }
    return [
        ScanService(reports: reports, counter: counter),
        ScannerService(monitor: monitor),
    ]
}

/// Runs the thread that reads the scanners.
struct ScannerService: Service {
    let monitor: ScannerMonitor

    /// Reads until a graceful shutdown or a cancellation.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await monitor.run() }
        } catch is CancellationError {
            // The readers have let go of their scanners by then.
        }
    }
}

/// Keeps the list of scanners for the status while it sorts their events.
actor ScannerDesk {
    private let board: StatusBoard
    private let logger: Logger
    private let onScan: @Sendable () -> Void
    private var scanners: [String: ScannerStatus] = [:]

    init(
        configuration: AgentConfiguration,
        board: StatusBoard,
        logger: Logger,
        onScan: @escaping @Sendable () -> Void
    ) {
        self.board = board
        self.logger = logger
        self.onScan = onScan
        for scanner in configuration.scanners {
            scanners[scanner.match] = ScannerStatus(
                identity: scanner.match,
                label: scanner.label ?? scanner.match,
                transport: scanner.transport?.rawValue ?? "",
                till: scanner.till,
                isAttached: false
            )
        }
        let known = Self.sorted(scanners)
        board.update { $0.scanners = known }
    }

    /// Notes what an event says of a scanner.
    ///
    /// - Returns: What the till has to know of it, if anything.
    func take(_ event: ScannerEvent) -> ScanReport? {
        switch event {
        case .scan(let scan, let till):
            onScan()
            return .scan(scan, till: till)
        case .voided(let scanner, .damaged(let reason)):
            return .voided(reason, till: scanner.till)
        case .voided(let scanner, _): return .voided(.stalled, till: scanner.till)
        case .attached(let scanner):
            logger.notice("scanner attached", metadata: ["scanner": "\(scanner.key)"])
            note(scanner, isAttached: true)
        case .detached(let scanner, let reason):
            logger.notice(
                "scanner detached",
                metadata: ["scanner": "\(scanner.key)", "reason": "\(reason)"]
            )
            note(scanner, isAttached: false)
        case .problem(let problem):
            logger.warning("scanner problem", metadata: ["problem": "\(problem)"])
            note(problem)
        }
        return nil
    }

    private func note(_ scanner: ScannerInfo, isAttached: Bool) {
        let configured = scanners.keys.first { scanner.isNamed(by: $0) } ?? scanner.key
        scanners[configured] = ScannerStatus(
            identity: scanner.key,
            label: scanner.label ?? scanner.name,
            transport: scanner.transport.rawValue,
            till: scanner.till,
            isAttached: isAttached
        )
        publish()
    }

    private func note(_ problem: ScannerProblem) {
        guard let key = problem.key else { return }
        scanners[
            key,
            default: ScannerStatus(
                identity: key,
                label: key,
                transport: "",
                till: "",
                isAttached: false
            )
        ]
        .problem = "\(problem)"
        publish()
    }

    private func publish() {
        let known = Self.sorted(scanners)
        board.update { $0.scanners = known }
    }

    private static func sorted(_ scanners: [String: ScannerStatus]) -> [ScannerStatus] {
        scanners.values.sorted { ($0.till, $0.identity) < ($1.till, $1.identity) }
    }
}

extension ScannerInfo {
    /// Whether this is the scanner that a configuration names.
    fileprivate func isNamed(by text: String) -> Bool {
        switch text {
        case key, nodePath: true
        case port: true
        default: false
        }
    }
}

extension ScannerProblem {
    /// The scanner that the problem is about, if it is about one.
    fileprivate var key: String? {
        switch self {
        case .heldByAnotherProcess(let key, _), .permissionDenied(let key, _),
            .failed(let key, _), .notAScanner(let key, _), .twinsShareSerial(let key, _),
            .vanished(let key, _), .keyStuck(let key):
            key
        case .reconfigured(let port, _, _): port
        case .eventsLost, .noHotPlug: nil
        }
    }
}

extension ScannerSettings {
    /// The scanners that the store's file adopts.
    init(_ configuration: AgentConfiguration) throws(ScannerMatchError) {
        var adopted: [AdoptedScanner] = []
        for scanner in configuration.scanners { adopted.append(try AdoptedScanner(scanner)) }
        self.init(
            adopted: adopted,
            adoptsByProperty: configuration.adoptsKnownScanners,
            defaultTill: configuration.tills.first ?? "1"
        )
    }
}

extension AdoptedScanner {
    fileprivate init(_ scanner: AgentConfiguration.Scanner) throws(ScannerMatchError) {
        self.init(
            match: try ScannerMatch(scanner.match),
            transport: scanner.transport.flatMap { ScannerTransport(rawValue: $0.rawValue) },
            till: scanner.till,
            label: scanner.label,
            serial: SerialSettings(
                baud: scanner.serial.baud,
                dataBits: scanner.serial.dataBits,
                stopBits: scanner.serial.stopBits,
                parity: SerialSettings.Parity(scanner.serial.parity),
                flowControl: SerialSettings.FlowControl(scanner.serial.flowControl)
            ),
            keyboard: KeySettings(altNumpad: scanner.altNumpad == .byte ? .byte : .unicode)
        )
    }
}

extension SerialSettings.Parity {
    fileprivate init(_ parity: AgentConfiguration.Parity) {
        switch parity {
        case .none: self = .none
        case .odd: self = .odd
        case .even: self = .even
        }
    }
}

extension SerialSettings.FlowControl {
    fileprivate init(_ control: AgentConfiguration.FlowControl) {
        switch control {
        case .none: self = .none
        case .hardware: self = .hardware
        case .software: self = .software
        }
    }
}
