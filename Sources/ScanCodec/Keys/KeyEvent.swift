/// One input event of the kernel, as evdev delivers it.
///
/// The numbers are those of `linux/input-event-codes.h`.
public struct KeyEvent: Equatable, Sendable {
    /// The event's type, such as `EV_KEY`.
    public var type: UInt16
    /// The key, or the kind of synchronisation.
    public var code: UInt16
    /// For a key: 0 up, 1 down, 2 repeated.
    public var value: Int32
    /// The kernel's `CLOCK_MONOTONIC` time of the event.
    public var at: Duration

    /// Creates an event.
    ///
    /// - Parameters:
    ///   - type: The event's type.
    ///   - code: The key, or the kind of synchronisation.
    ///   - value: 0 up, 1 down, 2 repeated.
    ///   - at: Kernel time.
    public init(type: UInt16, code: UInt16, value: Int32, at: Duration) {
        self.type = type
        self.code = code
        self.value = value
        self.at = at
    }

    /// `EV_SYN`: the end of a report, or the loss of some.
    public static let synType: UInt16 = 0
    /// `EV_KEY`: a key went down, up, or repeats.
    public static let keyType: UInt16 = 1
    /// `SYN_REPORT`: what came since the last one happened at once.
    public static let synReport: UInt16 = 0
    /// `SYN_DROPPED`: the kernel threw unread events away.
    public static let synDropped: UInt16 = 3
}
