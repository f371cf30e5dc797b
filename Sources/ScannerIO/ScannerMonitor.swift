import Glibc
public import Logging
import Synchronization

/// Finds the store's scanners, reads them, and says what they scanned.
///
/// All of it happens on one thread of its own, which sleeps unless a scanner or udev has
/// something. `run()` lives as long as that thread; it ends on `shutdown()` and when its task is
/// cancelled, and the nodes are given back.
///
/// `events` has one listener. It holds `eventCountMax` events; what a listener that has fallen
/// this far behind misses is counted and reported as `ScannerProblem.eventsLost`.
public final class ScannerMonitor: Sendable {
    /// Most events that wait for the listener.
    public static let eventCountMax = EventOutbox.eventCountMax

    /// What happens, in order; it ends when `run()` does.
    public let events: AsyncStream<ScannerEvent>

    private let settings: ScannerSettings
    private let logger: Logger
    private let continuation: AsyncStream<ScannerEvent>.Continuation
    private let wakeup: Wakeup
    private let roster = Roster()

    /// Creates a monitor; nothing is opened before `run()`.
    ///
    /// - Parameters:
    ///   - settings: Which scanners to take.
    ///   - logger: For debugging; what an operator should know is an event.
    /// - Throws: `DeviceError` if the process has no descriptor left.
    public init(settings: ScannerSettings, logger: Logger) throws(DeviceError) {
        self.settings = settings
        self.logger = logger
        wakeup = try Wakeup()
        (events, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.eventCountMax)
        )
    }

    /// The scanners that are being read now, by key.
    public var scanners: [ScannerInfo] { roster.scanners }

    /// Reads scanners until the shutdown, or until the task is cancelled.
    ///
    /// Call it once: `events` ends with it.
    ///
    /// - Throws: `DeviceError` if the thread cannot be started or cannot wait.
    public func run() async throws {
        defer { continuation.finish() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { done in
                startThread { [self] in
                    done.resume(with: Result { try self.readScanners() })
                } orFail: {
                    done.resume(throwing: $0)
                }
            }
        } onCancel: {
            wakeup.ring()
        }
    }

    /// Ends `run()`; safe from any thread, before `run()` too, and twice.
    public func shutdown() {
        wakeup.ring()
    }

    private func readScanners() throws(DeviceError) {
        let loop = try ScannerLoop(
            settings: settings,
            wakeup: wakeup,
            roster: roster,
            outbox: EventOutbox(continuation),
            logger: logger
        )
        try loop.run()
    }
}

/// The scanners that are being read, for whoever asks.
final class Roster: Sendable {
    private let state = Mutex<[ScannerInfo]>([])

    var scanners: [ScannerInfo] { state.withLock(\.self) }

    func update(_ scanners: some Collection<ScannerInfo>) {
        let sorted = scanners.sorted { $0.key < $1.key }
        state.withLock { $0 = sorted }
    }
}
