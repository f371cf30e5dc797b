/// One complete reading from a scanner.
///
/// `ScanCodec` turns key presses, serial bytes and HID reports into scans, and scans into typed
/// codes. It reads no clock and opens nothing: each time comes in with the event it belongs to.
public struct Scan: Equatable, Sendable {
    /// Most bytes one scan may have: what a version 40-L QR code holds in numeric mode.
    ///
    /// The numeric capacity is the largest of the three: 7,089 digits, against 4,296 alphanumeric
    /// characters and 2,953 bytes. Source: ISO/IEC 18004:2015, table 7.
    public static let byteCountMax = 7_089

    /// What the symbol holds, without the scanner's line ending and without the AIM identifier.
    public let bytes: [UInt8]

    /// Which kind of symbol it was, if the scanner says so.
    public let aim: AIMIdentifier?

    /// The identity key of the scanner: `vid:pid:serial`, or `vid:pid@path` without a serial.
    public let scanner: String

    /// When the last key or byte came, on the kernel's `CLOCK_MONOTONIC`.
    public let completedAt: Duration

    /// Creates a scan from what a reader has put together.
    ///
    /// - Parameters:
    ///   - bytes: The symbol's content.
    ///   - aim: The AIM identifier, if one was sent.
    ///   - scanner: The scanner's identity key.
    ///   - completedAt: Kernel time of the last key or byte.
    public init(bytes: [UInt8], aim: AIMIdentifier?, scanner: String, completedAt: Duration) {
        self.bytes = bytes
        self.aim = aim
        self.scanner = scanner
        self.completedAt = completedAt
    }

    /// Creates a scan from a decoder's bytes, and takes the AIM identifier off their front.
    ///
    /// - Parameters:
    ///   - raw: What `ScanAction.emit` holds.
    ///   - aimPrefix: When the first three bytes are an AIM identifier.
    ///   - scanner: The scanner's identity key.
    ///   - completedAt: Kernel time of the last key or byte.
    public init(
        raw: [UInt8],
        aimPrefix: AIMIdentifier.PrefixMode = .known,
        scanner: String,
        completedAt: Duration
    ) {
        let (aim, content) = AIMIdentifier.split(raw, mode: aimPrefix)
        self.init(bytes: content, aim: aim, scanner: scanner, completedAt: completedAt)
    }
}

extension Scan: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The scan's size, and nothing of its text: a card's text is personal data.
    public var description: String { "scan of \(bytes.count) bytes" }

    /// The same as `description`, so that a debugger's or a test's print leaks no more.
    public var debugDescription: String { description }

    /// A mirror without children, so that `dump` shows no text either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
