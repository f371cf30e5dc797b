import ScanCodec

/// What came of one turn of a reader.
enum ReadOutcome {
    /// The node is ours and quiet: what comes now counts.
    case ready
    /// A whole scan.
    case scan(bytes: [UInt8], aim: AIMIdentifier?, at: Duration)
    /// A scan that was dropped.
    case voided(VoidReason)
    /// A key is stuck.
    case keyStuck
}

/// Reads one open node of a scanner.
///
/// It never waits: the scanner thread gives it a turn when the node has input and when its
/// deadline has passed. Closing is letting go of it. Host commands, such as a beep after the award
/// is on disk, would be one more method here that writes to `fd`.
protocol NodeReader: AnyObject {
    /// The descriptor to watch.
    var fd: CInt { get }

    /// Whether no other program gets the node's data.
    var isGrabbed: Bool { get }

    /// When it wants a turn even if nothing can be read; `nil` while nothing is going on.
    var deadline: Duration? { get }

    /// Begins to settle: the first turn.
    func start(at now: Duration) throws(DeviceError) -> [ReadOutcome]

    /// Takes the node's input.
    func readable(at now: Duration) throws(DeviceError) -> [ReadOutcome]

    /// Its deadline has passed.
    func elapsed(at now: Duration) throws(DeviceError) -> [ReadOutcome]

    /// Forgets what it holds, as after a sleep or before the node is closed.
    ///
    /// - Returns: Whether that was the beginning of a scan.
    func abandon(at now: Duration) -> Bool
}
