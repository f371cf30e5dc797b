/// How long to wait before a node is tried again: doubling, with a ceiling.
struct Backoff: Equatable {
    static let first: Duration = .milliseconds(250)
    static let ceiling: Duration = .seconds(30)

    private var failures = 0

    /// Counts one failure.
    ///
    /// - Returns: How long to wait before the next try.
    mutating func fail() -> Duration {
        defer { failures += 1 }
        // By 2^16 the ceiling has long been reached; going on would overflow the shift.
        return min(Self.first * (1 << min(failures, 16)), Self.ceiling)
    }

    /// Forgets past failures.
    mutating func succeed() {
        failures = 0
    }
}
