public import ScanCodec
public import ServiceLifecycle

/// What a scanner hands to its till.
public enum ScanReport: Sendable {
    /// A whole scan.
    case scan(Scan, till: String)
    /// A scan that was voided before it was whole; the cashier should scan again.
    case voided(ScanVoid, till: String)
}

/// Takes scans to the counter, one at a time, in the order scanned.
public struct ScanService<Reports: AsyncSequence & Sendable>: Service
where Reports.Element == ScanReport, Reports.Failure == Never {
    private let reports: Reports
    private let counter: Counter

    /// Creates the service; `run()` starts it.
    public init(reports: Reports, counter: Counter) {
        self.reports = reports
        self.counter = counter
    }

    /// Handles scans until the scanners end or a graceful shutdown.
    public func run() async throws {
        for await report in reports.cancelOnGracefulShutdown() {
            switch report {
            case .scan(let scan, let till): await counter.handle(scan, till: till)
            case .voided(let reason, let till): await counter.scanVoided(reason, till: till)
            }
        }
        // The scanners stop first at a shutdown; to end before being told would be a failure.
        // Allowed: a cancellation ends the wait just as the shutdown does.
        try? await gracefulShutdown()
    }
}
