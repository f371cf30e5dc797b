import Glibc

/// How often systemd wants to hear that the program still works.
///
/// Send `ServiceState.watchdog` from where the work is done, after a probe of it: a timer of its
/// own would go on ticking while the work stands still.
///
/// Source: sd_watchdog_enabled(3).
public struct WatchdogInterval: Equatable, Sendable {
    /// After this much silence systemd kills the program (SIGABRT) and starts it again.
    public let timeout: Duration

    /// How often to send: half the time-out, as sd_watchdog_enabled(3) advises.
    public var sendEvery: Duration { timeout / 2 }

    /// Reads systemd's variables; nil when the watchdog is off or meant for another process.
    ///
    /// - Parameters:
    ///   - microseconds: The value of `WATCHDOG_USEC`, a positive decimal number.
    ///   - processID: The value of `WATCHDOG_PID`; nil means any process.
    ///   - ownProcessID: This process.
    public init?(microseconds: String?, processID: String?, ownProcessID: Int32) {
        guard let count = microseconds.flatMap({ Int64($0) }), count > 0 else { return nil }
        guard processID == nil || processID.flatMap({ Int32($0) }) == ownProcessID else {
            return nil
        }
        timeout = .microseconds(count)
    }

    /// The interval that the service manager set for this process, if any.
    public static func fromEnvironment() -> WatchdogInterval? {
        WatchdogInterval(
            microseconds: environmentValue("WATCHDOG_USEC"),
            processID: environmentValue("WATCHDOG_PID"),
            ownProcessID: getpid()
        )
    }
}
