/// An AIM symbology identifier: `]`, a letter for the symbology, and a modifier.
///
/// Source: ISO/IEC 15424. Vendors' manuals disagree on many modifiers, so code may only branch on
/// the ones named here.
public struct AIMIdentifier: Hashable, Sendable {
    /// When a scan's first three bytes are taken for an identifier.
    public enum PrefixMode: Equatable, Sendable {
        /// Never: the scan starts with content.
        case never
        /// When they are an identifier that ISO/IEC 15424 defines.
        ///
        /// A QR code may legally start with `]C1` as text. No code that the till acts on starts
        /// with `]`, so taking such text for an identifier never turns a good code into a bad one.
        case known
        /// Whenever they have an identifier's shape: the scanner is set to send one each time.
        case always
    }

    /// How many bytes an identifier has.
    public static let byteCount = 3

    /// The symbology's letter, as ASCII.
    public let symbology: UInt8

    /// The modifier, as ASCII.
    public let modifier: UInt8

    /// Reads an identifier that ISO/IEC 15424 defines.
    ///
    /// - Parameter bytes: `]`, letter, modifier; nil comes back for anything else.
    public init?(_ bytes: some Collection<UInt8>) {
        self.init(shape: bytes)
        guard Self.modifiers(of: symbology).contains(modifier) else { return nil }
    }

    /// Reads an identifier from text such as `]Q1`.
    ///
    /// - Parameter text: Three ASCII characters.
    public init?(_ text: String) {
        self.init(text.utf8)
    }

    /// Reads whatever has an identifier's shape: `]`, a letter, and a digit or letter.
    private init?(shape bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount, bytes.first == UInt8(ascii: "]") else { return nil }
        let parts = Array(bytes)
        guard parts[1].isLetter else { return nil }
        guard parts[2].isDigit || parts[2].isLetter else { return nil }
        symbology = parts[1]
        modifier = parts[2]
    }

    /// Takes an identifier off the front of a scan.
    ///
    /// - Parameters:
    ///   - bytes: The scan as it came.
    ///   - mode: When the first three bytes are an identifier.
    /// - Returns: The identifier, if there is one, and the rest.
    public static func split(
        _ bytes: [UInt8],
        mode: PrefixMode = .known
    ) -> (aim: AIMIdentifier?, content: [UInt8]) {
        let head = bytes.prefix(byteCount)
        let aim: AIMIdentifier? =
            switch mode {
            case .never: nil
            case .known: AIMIdentifier(head)
            case .always: AIMIdentifier(shape: head)
            }
        return aim == nil ? (nil, bytes) : (aim, Array(bytes.dropFirst(byteCount)))
    }

    /// The modifiers in use for a symbology; empty if there is no such symbology.
    private static func modifiers(of symbology: UInt8) -> some Collection<UInt8> {
        let text: StaticString =
            switch symbology {
            case UInt8(ascii: "A"): "0123457"
            case UInt8(ascii: "B"), UInt8(ascii: "C"), UInt8(ascii: "K"): "0124"
            case UInt8(ascii: "D"), UInt8(ascii: "Q"), UInt8(ascii: "d"): "0123456"
            case UInt8(ascii: "E"), UInt8(ascii: "F"): "01234"
            case UInt8(ascii: "G"), UInt8(ascii: "N"), UInt8(ascii: "P"): "0"
            case UInt8(ascii: "R"), UInt8(ascii: "S"): "0123"
            case UInt8(ascii: "H"), UInt8(ascii: "I"): "013"
            case UInt8(ascii: "J"), UInt8(ascii: "L"): "012345"
            case UInt8(ascii: "M"), UInt8(ascii: "h"): "01"
            case UInt8(ascii: "O"): "0123456"
            case UInt8(ascii: "U"), UInt8(ascii: "e"): "0123"
            case UInt8(ascii: "X"), UInt8(ascii: "Z"), UInt8(ascii: "c"), UInt8(ascii: "o"),
                UInt8(ascii: "p"), UInt8(ascii: "s"):
                "0123456789"
            case UInt8(ascii: "z"): "0123456789ABC"
            default: ""
            }
        return text.withUTF8Buffer { Array($0) }
    }
}

extension AIMIdentifier {
    /// EAN-13, UPC-A or UPC-E: `]E0`.
    public var isEAN13: Bool { self == AIMIdentifier("]E0") }

    /// EAN-8: `]E4`.
    public var isEAN8: Bool { self == AIMIdentifier("]E4") }

    /// Any symbol of the retail family, which holds a product number and nothing else.
    public var isRetail: Bool { symbology == UInt8(ascii: "E") }

    /// A symbol with FNC1 in first place: GS1 element strings, and nothing else.
    public var isGS1: Bool {
        ["]C1", "]Q3", "]Q4", "]d2", "]d5", "]e0", "]J1"].contains { self == AIMIdentifier($0) }
    }
}

extension AIMIdentifier: CustomStringConvertible {
    /// The identifier as the scanner sends it, such as `]Q1`.
    public var description: String {
        String(decoding: [UInt8(ascii: "]"), symbology, modifier], as: UTF8.self)
    }
}
