/// The three check digit schemes that a counter meets, on ASCII digits.
///
/// Each takes digits only; callers have checked that.
enum CheckDigits {
    /// ISO 7064 MOD 97-10: the whole code, read as one integer, leaves 1 when divided by 97.
    static func areMod97(_ digits: some Sequence<UInt8>) -> Bool {
        digits.reduce(0) { ($0 * 10 + Int($1 & 0x0F)) % 97 } == 1
    }

    /// GS1 mod 10: weights 3 and 1 from the right, check digit included.
    ///
    /// Source: GS1 General Specifications, section 7.9.
    static func isGS1(_ digits: some Sequence<UInt8>) -> Bool {
        var sum = 0
        var weight = 1
        for digit in digits.reversed() {
            sum += Int(digit & 0x0F) * weight
            weight = 4 - weight
        }
        return sum % 10 == 0
    }

    /// The payment card check of ISO/IEC 7812-1, annex B (Luhn).
    static func isLuhn(_ digits: some Sequence<UInt8>) -> Bool {
        var sum = 0
        var isDoubled = false
        for digit in digits.reversed() {
            let value = Int(digit & 0x0F) * (isDoubled ? 2 : 1)
            sum += value > 9 ? value - 9 : value
            isDoubled.toggle()
        }
        return sum % 10 == 0
    }
}
