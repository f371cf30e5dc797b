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
                let wall = WallTime(unixMs: milliseconds(of: CLOCK_REALTIME))
                let judged = floor.judge(wall, isSynchronised: isSynchronised())
                return ClockReading(
                    wall: judged.wall,
                    quality: judged.quality,
                    sinceBootMs: milliseconds(of: CLOCK_BOOTTIME)
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

/// A time that has certainly passed, against batteries that died.
public final class TimeFloor: Sendable {
    /// Before this no store ran an agent; clocks of dead batteries start in 1970, 2000 or 2020.
    public static let firstStoreAt = WallTime(unixMs: 1_735_689_600_000)  // 2025-01-01

    private struct State: Sendable {
        var floor: WallTime
        var isAnchored = false
    }

    private let state: Mutex<State>

    /// Creates a floor.
    ///
    /// - Parameter known: A time that HQ signed in an earlier run, if there is one.
    public init(known: WallTime? = nil) {
        state = Mutex(State(floor: max(Self.firstStoreAt, known ?? Self.firstStoreAt)))
    }

    /// Raises the floor to a time that HQ signed just now.
    public func raise(to serverTime: WallTime) {
        state.withLock { state in
            state.floor = max(state.floor, serverTime)
            state.isAnchored = true
        }
    }

    /// How far a wall-clock time can be trusted, and the time to use.
    ///
    /// - Parameters:
    ///   - wall: What the wall clock says.
    ///   - isSynchronised: Whether NTP keeps it.
    /// - Returns: The floor itself for a clock that stands before it.
    func judge(
        _ wall: WallTime,
        isSynchronised: Bool
    ) -> (wall: WallTime, quality: ClockQuality) {
        let (floor, isAnchored) = state.withLock { ($0.floor, $0.isAnchored) }
        // A clock may run some minutes behind HQ's without being wrong about the day.
        let toleranceMs: Int64 = 300_000
        guard wall.unixMs >= floor.unixMs - toleranceMs else { return (floor, .floor) }
        if isSynchronised { return (wall, .ntp) }
        return (wall, isAnchored ? .anchor : .rtc)
    }
}
