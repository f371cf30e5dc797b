public import ScanCodec

/// What the monitor tells its listener, in the order it happened.
public enum ScannerEvent: Sendable {
    /// A scanner is being read: what it scans from now on counts.
    case attached(ScannerInfo)
    /// A scanner is no longer read.
    case detached(ScannerInfo, DetachReason)
    /// A scanner read a code.
    case scan(Scan, till: String)
    /// A scan came in damaged and was dropped: the cashier must scan again.
    case voided(ScannerInfo, VoidReason)
    /// Something an operator should know.
    case problem(ScannerProblem)
}

/// Why a scanner is no longer read.
public enum DetachReason: Equatable, Sendable {
    /// It was unplugged, or its port lost power.
    case unplugged
    /// Another node of it is read now, or its settings changed.
    case replaced
    /// A call on its node failed.
    case failed(DeviceError)
    /// The monitor stops.
    case shutdown
}

/// Why a scan was dropped.
public enum VoidReason: Equatable, Sendable {
    /// It came damaged, cut short, or from before the scanner was opened.
    case damaged(ScanVoid)
    /// The scanner was unplugged or let go in the middle of it.
    case unplugged
    /// The machine slept in the middle of it.
    case suspended
}

/// Something about a scanner that an operator should know.
public enum ScannerProblem: Equatable, Sendable {
    /// Another program reads the scanner; the monitor keeps trying.
    case heldByAnotherProcess(key: String, nodePath: String)
    /// The node's permissions keep the agent out; the monitor keeps trying.
    case permissionDenied(key: String, nodePath: String)
    /// A call on the node failed; the monitor keeps trying.
    case failed(key: String, DeviceError)
    /// The node's settings are not possible, such as an odd baud rate.
    case notAScanner(key: String, nodePath: String)
    /// Several scanners claim one serial number, so each is known by its port.
    case twinsShareSerial(key: String, portKeys: [String])
    /// A scanner came back on its port with another product number: its mode was changed.
    case reconfigured(port: String, from: ModelID, to: ModelID)
    /// A scanner went within a second of being opened.
    case vanished(key: String, nodePath: String)
    /// A key was down when a keyboard scanner was opened, and stayed down.
    case keyStuck(key: String)
    /// The listener fell behind and this many events, scans among them, were dropped.
    case eventsLost(count: Int)
    /// udev cannot be reached: only scanners named by their node are found.
    case noHotPlug(DeviceError)
}

extension ScannerProblem: CustomStringConvertible {
    /// What is wrong and what to do, for a log and for `stampctl status`.
    public var description: String {
        switch self {
        case .heldByAnotherProcess(let key, let node):
            "\(key): \(node) is held by another program; 'fuser -v \(node)' names it"
        case .permissionDenied(let key, let node):
            """
            \(key): no permission for \(node); mark it for udev as \
            /usr/lib/udev/hwdb.d/61-stampd.hwdb shows
            """
        case .failed(let key, let error):
            "\(key): \(error); unplug the scanner and plug it in again"
        case .notAScanner(let key, let node):
            "\(key): \(node) has no scanner's reports; set its transport or adopt another node"
        case .twinsShareSerial(let key, let ports):
            "several scanners claim \(key); adopt them as \(ports.joined(separator: " and "))"
        case .reconfigured(let port, let from, let to):
            """
            the scanner on \(port) changed its mode (\(from) is now \(to)); scan its set-up code \
            again or adopt it as it is
            """
        case .vanished(let key, let node):
            """
            \(key): \(node) went as soon as it came; look for brltty or another program that \
            takes it, a weak hub, or a loose cable
            """
        case .keyStuck(let key):
            "\(key): a key is held down; check the scanner's trigger and cable"
        case .eventsLost(let count):
            "\(count) scanner events were dropped because nobody took them; scan again"
        case .noHotPlug(let error):
            "\(error); only scanners named by their node are read, and 'udevd' must run for others"
        }
    }
}
