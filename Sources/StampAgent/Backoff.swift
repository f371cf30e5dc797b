/// How long to wait after each failure in a row: doubling, with a ceiling, and jittered.
///
/// Pure, so that its whole schedule fits in one test: the caller gives the randomness. There is no
/// last try: an offline week is normal.
struct Backoff: Equatable, Sendable {
    /// The longest wait after the first failure.
    ///
    /// Source: SYNC.md section 2.2.
    static let firstMax: Duration = .seconds(1)
    /// The longest wait after any failure.
    ///
    /// Source: SYNC.md section 2.2.
    static let pauseMax: Duration = .seconds(300)

    /// Failures since the last success.
    private(set) var failureCount = 0

    /// Counts one failure.
    ///
    /// - Parameter jitter: A random share from 0 to 1 of the wait that the schedule allows, so that
    ///   a thousand stores do not come back in the same second ("full jitter").
    /// - Returns: How long to wait before the next try.
    mutating func fail(jitter: Double) -> Duration {
        defer { failureCount += 1 }
        // By 2^9 the ceiling has been reached; going on would overflow the shift.
        let ceiling = min(Self.firstMax * (1 << min(failureCount, 9)), Self.pauseMax)
        return ceiling * min(max(jitter, 0), 1)
    }

    /// Forgets past failures.
    mutating func succeed() {
        failureCount = 0
    }
}
