import CDevices

/// What the kernel knows of its own wall clock.
public enum KernelClock {
    /// Whether a daemon such as timesyncd keeps the wall clock by NTP.
    ///
    /// Source: adjtimex(2): the clock's state is no error and STA_UNSYNC is clear.
    public static func isSynchronised() -> Bool {
        cdevices_clock_is_synchronised() == 1
    }
}
