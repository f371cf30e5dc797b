/// Base64 of RFC 4648, section 4.
enum Base64 {
    /// Whether a byte may stand in Base64, padding included.
    static func isCharacter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "=") || value(of: byte) != nil
    }

    /// Decodes text, padded or not.
    ///
    /// Padding inside ends one piece and starts the next: two QR codes may be encoded apart.
    ///
    /// - Returns: The bytes; nil if a character is none of the alphabet.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                (bits, bitCount) = (0, 0)
                continue
            }
            guard let value = value(of: character) else { return nil }
            bits = (bits << 6 | UInt32(value)) & 0xFFFF
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
        }
        return bytes
    }

    private static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
