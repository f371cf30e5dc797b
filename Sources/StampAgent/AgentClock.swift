import Glibc
public import LoyaltyCore
import Synchronization

/// The store's clocks, as values that everything above asks for.
public struct AgentClock: Sendable {
    /// What the clocks say now.
    public let reading: @Sendable () -> ClockReading
    /// Time on the kernel's monotonic clock, the one that stamps key events.
    public let uptime: @Sendable () -> Duration

    /// Creates a clock; tests give closures over values they hold.
    public init(
        reading: @escaping @Sendable () -> ClockReading,
        uptime: @escaping @Sendable () -> Duration
    ) {
        self.reading = reading
        self.uptime = uptime
    }

    /// The machine's own clocks.
    ///
    /// - Parameters:
    ///   - floor: Times known to have passed; raised when HQ signs a time.
    ///   - isSynchronised: Whether NTP keeps the wall clock, by the kernel's word.
    /// - Returns: A clock that reads the kernel's clocks.
    public static func system(
        floor: TimeFloor,
        isSynchronised: @escaping @Sendable () -> Bool
    ) -> Self {
        Self(
            reading: {
                let sinceBootMs = milliseconds(of: CLOCK_BOOTTIME)
                let judged = floor.judge(
                    WallTime(unixMs: milliseconds(of: CLOCK_REALTIME)),
                    sinceBootMs: sinceBootMs,
                    isSynchronised: isSynchronised()
                )
                return ClockReading(
                    wall: judged.wall,
                    quality: judged.quality,
                    sinceBootMs: sinceBootMs
                )
            },
            uptime: { duration(of: CLOCK_MONOTONIC) }
        )
    }

    private static func milliseconds(of clock: clockid_t) -> Int64 {
        let time = read(clock)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static func duration(of clock: clockid_t) -> Duration {
        let time = read(clock)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // Cannot fail for the three clocks that are asked here (clock_gettime(2)).
        clock_gettime(clock, &time)
        return time
    }
}

/// What is known of the time beside the wall clock, against batteries that died.
///
/// A time that HQ signed, or that NTP kept, has certainly passed. Once HQ's time has come in this
/// boot, the boot clock tells the time from there on, whatever the wall clock says.
public final class TimeFloor: Sendable {
    /// Before this no store ran an agent; clocks of dead batteries start in 1970, 2000 or 2020.
    public static let firstStoreAt = WallTime(unixMs: 1_735_689_600_000)  // 2025-01-01
    /// How far behind a known time a clock may run without being wrong about the day.
    ///
    /// Source: our own bound, that of a signature's age.
    static let toleranceMs: Int64 = 300_000
    /// How far after the last known time a clock is believed that nothing vouches for.
    ///
    /// Source: SYNC.md section 3.11, 400 days; a clock that jumped ahead must not take the log's
    /// times with it.
    static let leapMaxMs: Int64 = 400 * 86_400_000

    private struct State: Sendable {
        var floor = TimeFloor.firstStoreAt
        var isKnown = false
        var anchor: (server: WallTime, sinceBootMs: Int64)?
    }

    private let state = Mutex(State())

    /// Creates a floor that knows of nothing but the first store.
    public init() {}

    /// Raises the floor to a time that has passed: the ledger's, of an earlier run.
    public func raise(to known: WallTime) {
        state.withLock { state in
            state.floor = max(state.floor, known)
            state.isKnown = true
        }
    }

    /// Tells the time from now on by a time that HQ signed in this boot.
    ///
    /// - Parameters:
    ///   - serverTime: What HQ signed.
    ///   - sinceBootMs: The boot clock when it arrived, in milliseconds.
    public func anchor(_ serverTime: WallTime, sinceBootMs: Int64) {
        raise(to: serverTime)
        state.withLock { $0.anchor = (serverTime, sinceBootMs) }
    }

    /// How far a wall-clock time can be trusted, and the time to use.
    ///
    /// - Parameters:
    ///   - wall: What the wall clock says.
    ///   - sinceBootMs: What the boot clock says, in milliseconds.
    ///   - isSynchronised: Whether NTP keeps the wall clock.
    /// - Returns: The floor itself for a clock that stands before it or far beyond it.
    package func judge(
        _ wall: WallTime,
        sinceBootMs: Int64,
        isSynchronised: Bool
    ) -> (wall: WallTime, quality: ClockQuality) {
        let known = state.withLock { $0 }
        let isBehind = wall.unixMs < known.floor.unixMs - Self.toleranceMs
        if isSynchronised, !isBehind { return (wall, .ntp) }
        if let anchor = known.anchor {
            let elapsedMs = max(0, sinceBootMs - anchor.sinceBootMs)
            return (WallTime(unixMs: anchor.server.unixMs + elapsedMs), .anchor)
        }
        let isAhead = known.isKnown && wall.unixMs > known.floor.unixMs + Self.leapMaxMs
        return isBehind || isAhead ? (known.floor, .floor) : (wall, .rtc)
    }
}
