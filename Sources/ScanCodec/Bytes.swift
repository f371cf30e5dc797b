/// What the parsers ask of a byte, in ASCII only.
extension UInt8 {
    /// `0` to `9`.
    var isDigit: Bool { (0x30...0x39).contains(self) }

    /// `A` to `Z`.
    var isCapital: Bool { (0x41...0x5A).contains(self) }

    /// `A` to `Z` or `a` to `z`.
    var isLetter: Bool { isCapital || (0x61...0x7A).contains(self) }

    /// Control characters of ASCII, DEL included.
    var isControl: Bool { self < 0x20 || self == 0x7F }

    /// The value of a hexadecimal digit of either case.
    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}

extension Collection<UInt8> {
    /// Whether there is at least one byte and each is a decimal digit.
    var isAllDigits: Bool { !isEmpty && allSatisfy(\.isDigit) }

    /// Whether the bytes start with these ASCII characters.
    func hasPrefix(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { starts(with: $0) }
    }

    /// The bytes as text; invalid UTF-8 is repaired, so use it on checked bytes.
    var text: String { String(decoding: self, as: UTF8.self) }

    /// The number that decimal digits write.
    ///
    /// nil for no digit, another character, or a value beyond 18 digits.
    var decimalValue: Int64? {
        guard isAllDigits, count <= 18 else { return nil }
        return reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}
