/// How far the wall clock of a moment can be trusted.
///
/// The wire's letters are the raw values.
public enum ClockQuality: String, CaseIterable, Sendable {
    /// The kernel says that NTP keeps the clock.
    case ntp
    /// HQ's signed time was seen in this boot.
    case anchor
    /// Only the battery-backed clock vouches for it.
    case rtc
    /// The clock stood before a time known to have passed; that floor is used instead.
    case floor

    /// How far the wall clock may be off, in milliseconds; nil where nobody knows.
    ///
    /// Source: for NTP the kernel, which calls a clock unsynchronised once its error may exceed
    /// 16 s (kernel/time/ntp.c, NTP_PHASE_LIMIT); for HQ's time a day's drift of 500 parts in a
    /// million (SYNC.md 3.11) and the longest round trip; for a battery's clock our own bound.
    public var errorMaxMs: Int64? {
        switch self {
        case .ntp: 16_000
        case .anchor: 43_200 + AnchorFact.roundTripMsMax
        case .rtc: 300_000
        case .floor: nil
        }
    }
}

/// What a machine's clocks say now; the ledger adds the number of the boot to make a `Moment`.
public struct ClockReading: Hashable, Sendable {
    /// The wall clock, in UTC.
    public let wall: WallTime
    /// How far `wall` can be trusted.
    public let quality: ClockQuality
    /// Time since the boot, suspended time included, in milliseconds (CLOCK_BOOTTIME).
    public let sinceBootMs: Int64

    /// Creates a reading.
    public init(wall: WallTime, quality: ClockQuality, sinceBootMs: Int64) {
        self.wall = wall
        self.quality = quality
        self.sinceBootMs = sinceBootMs
    }
}

/// When something happened, by every clock that the store has.
///
/// Time is data: each entry keeps what the clocks said, and a clock that jumped neither costs a
/// customer a stamp nor makes a balance wrong.
public struct Moment: Hashable, Sendable {
    /// The wall clock, in UTC.
    public let wall: WallTime
    /// How far `wall` can be trusted.
    public let quality: ClockQuality
    /// Which boot of this device it was, counted by the ledger from 1.
    public let boot: Int64
    /// Time since that boot, suspended time included, in milliseconds (CLOCK_BOOTTIME).
    public let sinceBootMs: Int64

    /// Creates a moment from what the clocks say.
    public init(wall: WallTime, quality: ClockQuality, boot: Int64, sinceBootMs: Int64) {
        self.wall = wall
        self.quality = quality
        self.boot = boot
        self.sinceBootMs = sinceBootMs
    }

    /// Creates a moment from a reading of the clocks in a numbered boot.
    public init(_ reading: ClockReading, boot: Int64) {
        self.init(
            wall: reading.wall,
            quality: reading.quality,
            boot: boot,
            sinceBootMs: reading.sinceBootMs
        )
    }

    /// The time that passed since an earlier moment, in milliseconds.
    ///
    /// Within one boot the boot clock answers, and no wall clock that was set in between can spoil
    /// it. Across boots only the wall clock is left.
    ///
    /// - Parameter earlier: The moment to count from.
    /// - Returns: The time in between, or nil if the clocks contradict each other (a wall clock
    ///   that went back).
    public func elapsedMs(since earlier: Self) -> Int64? {
        let (elapsed, overflow) =
            boot == earlier.boot
            ? sinceBootMs.subtractingReportingOverflow(earlier.sinceBootMs)
            : wall.unixMs.subtractingReportingOverflow(earlier.wall.unixMs)
        return overflow || elapsed < 0 ? nil : elapsed
    }
}

/// A hybrid logical clock: follows the wall clock, never goes back, and tells moments apart.
///
/// For showing and for windows of rules only; no balance depends on it. Source: Kulkarni, Demirbas
/// et al., "Logical Physical Clocks", OPODIS 2014.
public struct HybridTime: Hashable, Comparable, Sendable {
    /// The highest wall-clock time seen, in POSIX milliseconds.
    public let wallMs: Int64
    /// Counts entries made while `wallMs` stood still.
    public let count: Int64

    /// Creates a time from its parts.
    public init(wallMs: Int64, count: Int64) {
        self.wallMs = wallMs
        self.count = count
    }

    /// The time of the next entry.
    ///
    /// - Parameter wall: What the wall clock says now.
    /// - Returns: A time later than this one.
    public func next(at wall: WallTime) -> Self {
        wall.unixMs > wallMs
            ? Self(wallMs: wall.unixMs, count: 0) : Self(wallMs: wallMs, count: count + 1)
    }

    /// Whether the first comes before the second.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.wallMs, lhs.count) < (rhs.wallMs, rhs.count)
    }
}
