/// How one serial scanner is set up.
public struct FrameSettings: Equatable, Sendable {
    /// What ends a scan.
    public enum Ending: Equatable, Sendable {
        /// CR, LF or CRLF; neither can be inside a scan.
        case line
        /// CR or CRLF; a LF elsewhere is content, as in a card with several lines.
        case carriageReturn
        /// STX starts a scan and ETX ends it; everything between is content.
        case stxETX
    }

    /// What ends a scan.
    public var ending: Ending

    /// The silence that ends a scan which has no end mark.
    public var silenceMax: Duration

    /// Whether a scan without end mark is void instead of being emitted after a silence.
    public var isEndingRequired: Bool

    /// Whether the terminal marks parity errors (`PARMRK`): `FF 00 x` a bad byte, `FF FF` an FF.
    public var isParityMarked: Bool

    /// When the first three bytes of a scan are its AIM identifier.
    public var aimPrefix: AIMIdentifier.PrefixMode

    /// Settings for a scanner on USB CDC, where bytes come in blocks and the rate means nothing.
    public static let cdc = Self(silenceMax: .milliseconds(30), isParityMarked: false)

    /// Settings for a scanner on a real line.
    ///
    /// The silence is 20 characters of ten bits, 50 ms at least.
    ///
    /// - Parameter baud: Bits per second; 9600 on most scanners. Below 1 counts as 1.
    /// - Returns: Settings with parity marks on.
    public static func serial(baud: Int) -> Self {
        let characters = Duration.seconds(200) / max(baud, 1)
        return Self(silenceMax: max(.milliseconds(50), characters), isParityMarked: true)
    }

    /// Creates settings.
    ///
    /// - Parameters:
    ///   - ending: What ends a scan.
    ///   - silenceMax: The silence that ends a scan without end mark.
    ///   - isEndingRequired: Whether a scan without end mark is void.
    ///   - isParityMarked: Whether the terminal marks parity errors.
    ///   - aimPrefix: When the first three bytes are an AIM identifier.
    public init(
        ending: Ending = .line,
        silenceMax: Duration,
        isEndingRequired: Bool = false,
        isParityMarked: Bool,
        aimPrefix: AIMIdentifier.PrefixMode = .known
    ) {
        self.ending = ending
        self.silenceMax = silenceMax
        self.isEndingRequired = isEndingRequired
        self.isParityMarked = isParityMarked
        self.aimPrefix = aimPrefix
    }
}
