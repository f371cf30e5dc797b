import CDevices
public import ScanCodec

/// How a scanner's serial line is set, and how its bytes are cut into scans.
///
/// A USB CDC scanner ignores all but the framing.
public struct SerialSettings: Equatable, Sendable {
    /// How damaged bytes are noticed.
    public enum Parity: UInt8, Sendable {
        /// Not at all.
        case none = 0
        /// An odd count of ones.
        case odd = 1
        /// An even count of ones.
        case even = 2
    }

    /// How the scanner is asked to pause.
    public enum FlowControl: UInt8, Sendable {
        /// It is not.
        case none = 0
        /// By the RTS and CTS lines.
        case hardware = 1
        /// By the bytes XON and XOFF.
        case software = 2
    }

    /// Bits per second: one of `baudRates`.
    public var baud: Int
    /// Bits in a byte, 7 or 8.
    public var dataBits: Int
    /// Bits after a byte, 1 or 2.
    public var stopBits: Int
    /// How damaged bytes are noticed.
    public var parity: Parity
    /// How the scanner is asked to pause.
    public var flowControl: FlowControl
    /// What ends a scan.
    public var ending: FrameSettings.Ending
    /// Whether a scan without end mark is void instead of being taken after a silence.
    public var isEndingRequired: Bool
    /// The silence that ends a scan without end mark; `nil` fits the line's rate.
    public var silenceMax: Duration?
    /// When the first three bytes of a scan are its AIM identifier.
    public var aimPrefix: AIMIdentifier.PrefixMode

    /// The rates a line can have.
    public static let baudRates = [
        1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600,
    ]

    /// Creates settings; the defaults are most scanners' own: 9600 8N1.
    public init(
        baud: Int = 9600,
        dataBits: Int = 8,
        stopBits: Int = 1,
        parity: Parity = .none,
        flowControl: FlowControl = .none,
        ending: FrameSettings.Ending = .line,
        isEndingRequired: Bool = false,
        silenceMax: Duration? = nil,
        aimPrefix: AIMIdentifier.PrefixMode = .known
    ) {
        self.baud = baud
        self.dataBits = dataBits
        self.stopBits = stopBits
        self.parity = parity
        self.flowControl = flowControl
        self.ending = ending
        self.isEndingRequired = isEndingRequired
        self.silenceMax = silenceMax
        self.aimPrefix = aimPrefix
    }

    /// How the codec cuts the bytes of a node.
    ///
    /// - Parameter nodePath: A `/dev/ttyACM*` is USB CDC, where the rate means nothing.
    /// - Returns: The codec's settings.
    func frame(nodePath: String) -> FrameSettings {
        var frame = nodePath.hasPrefix("/dev/ttyACM") ? .cdc : FrameSettings.serial(baud: baud)
        frame.ending = ending
        frame.isEndingRequired = isEndingRequired
        frame.isParityMarked = parity != .none
        frame.aimPrefix = aimPrefix
        if let silenceMax { frame.silenceMax = silenceMax }
        return frame
    }

    /// The form that the shim takes; a rate out of range becomes one that it refuses.
    var line: cdevices_tty_settings {
        cdevices_tty_settings(
            baud: UInt32(clamping: baud),
            data_bits: UInt8(clamping: dataBits),
            stop_bits: UInt8(clamping: stopBits),
            parity: parity.rawValue,
            flow: flowControl.rawValue
        )
    }
}
