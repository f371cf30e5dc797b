/// A product's number, as GS1 keeps it: 14 digits with leading zeros.
///
/// GTIN-8, -12 and -13 are the same number with fewer zeros; UPC-E is a GTIN-12 with zeros left
/// out of its middle. Source: GS1 General Specifications, sections 3.3 and 5.2.
public struct GTIN: Hashable, Sendable {
    /// How many digits the stored form has.
    public static let digitCount = 14

    /// The 14 digits.
    public let digits: String

    /// Reads a number of 8, 12, 13 or 14 digits with a right check digit.
    ///
    /// - Parameter bytes: ASCII digits; nil comes back for anything else.
    public init?(_ bytes: some Collection<UInt8>) {
        guard [8, 12, 13, 14].contains(bytes.count), bytes.isAllDigits, CheckDigits.isGS1(bytes)
        else { return nil }
        digits = String(repeating: "0", count: Self.digitCount - bytes.count) + bytes.text
    }

    /// Reads a number as a scanner sends it for EAN and UPC symbols.
    ///
    /// Scanners may leave out UPC-A's leading zero, so 11 digits will do.
    ///
    /// - Parameter bytes: 11, 12 or 13 digits.
    init?(retail bytes: [UInt8]) {
        self.init(bytes.count == 11 ? [0x30] + bytes : bytes)
    }

    /// Reads the eight digits of a UPC-E symbol: number system, six digits, check digit.
    ///
    /// - Parameter bytes: Eight ASCII digits, the first of them 0 or 1.
    public init?(upcE bytes: some Collection<UInt8>) {
        guard bytes.count == 8, bytes.isAllDigits else { return nil }
        let parts = Array(bytes)
        guard parts[0] <= 0x31 else { return nil }
        let (head, last) = (parts[1...6], parts[6])
        let middle: [UInt8] =
            switch last {
            case 0x30...0x32: head.prefix(2) + [last] + zeros(4) + head.dropFirst(2).prefix(3)
            case 0x33: head.prefix(3) + zeros(5) + head.dropFirst(3).prefix(2)
            case 0x34: head.prefix(4) + zeros(5) + head.dropFirst(4).prefix(1)
            default: head.prefix(5) + zeros(4) + [last]
            }
        self.init([parts[0]] + middle + [parts[7]])
    }

    /// Reads the product number of a GS1 element string: AI 01 in first place.
    ///
    /// - Parameter bytes: The content of a symbol with FNC1 in first place.
    init?(elementString bytes: [UInt8]) {
        guard bytes.hasPrefix("01"), bytes.count >= 2 + Self.digitCount else { return nil }
        self.init(bytes[2..<2 + Self.digitCount])
    }
}

private func zeros(_ count: Int) -> [UInt8] {
    [UInt8](repeating: 0x30, count: count)
}

extension GTIN: CustomStringConvertible {
    /// The 14 digits.
    public var description: String { digits }
}
