/// The way to the listener: bounded, and never silent about a loss.
///
/// When the listener falls behind by `eventCountMax` events, the newest are dropped: it has not
/// answered hundreds of scans, so nobody at the till was promised anything for those that follow.
/// As soon as there is room it hears how many were dropped.
struct EventOutbox {
    /// Most events that wait for the listener.
    static let eventCountMax = 256

    /// How long to wait before the loss is reported again.
    private static let retryPause: Duration = .seconds(1)

    private let continuation: AsyncStream<ScannerEvent>.Continuation
    private var lostCount = 0

    init(_ continuation: AsyncStream<ScannerEvent>.Continuation) {
        self.continuation = continuation
    }

    /// When to call `retry()`, if nothing is sent before; `nil` while nothing was lost.
    private(set) var deadline: Duration?

    /// Hands an event to the listener.
    mutating func send(_ event: ScannerEvent, at now: Duration) {
        retry(at: now)
        guard lostCount == 0, accepts(event) else {
            lostCount += 1
            deadline = deadline ?? now + Self.retryPause
            return
        }
    }

    /// Reports a loss, if there is room now.
    mutating func retry(at now: Duration) {
        guard lostCount > 0 else { return }
        if accepts(.problem(.eventsLost(count: lostCount))) {
            lostCount = 0
            deadline = nil
        } else {
            deadline = now + Self.retryPause
        }
    }

    private func accepts(_ event: ScannerEvent) -> Bool {
        guard case .dropped = continuation.yield(event) else { return true }
        return false
    }
}
