import CDevices
import Glibc

/// The clock that scans are timed with, the same one the kernel stamps key events with.
enum MonotonicTime {
    /// Time since start-up, not counting sleep.
    static func now() -> Duration {
        .nanoseconds(cdevices_clock_ns(CLOCK_MONOTONIC))
    }

    /// How long the machine has slept since start-up.
    static func slept() -> Duration {
        .nanoseconds(cdevices_clock_ns(CLOCK_BOOTTIME) - cdevices_clock_ns(CLOCK_MONOTONIC))
    }
}
