/// A moment in UTC, to the millisecond.
///
/// Wall-clock time is for records and for people. The store's clock can step when NTP first
/// answers, so never time anything by subtracting two of these: use `Moment.elapsed(since:)`.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
    public let unixMs: Int64

    /// Creates a moment from POSIX milliseconds.
    public init(unixMs: Int64) {
        self.unixMs = unixMs
    }

    /// Whether the first moment comes before the second.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.unixMs < rhs.unixMs
    }
}
