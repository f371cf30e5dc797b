/// Tells what has the form of a payment from what has not.
///
/// A till's scanner may read a wallet's code by mistake, and a keyboard-wedge card reader types a
/// whole magnetic stripe. Neither may be stored, shown or logged.
enum PaymentText {
    /// How many digits a payment card's number has (ISO/IEC 7812-1; 13 on old cards).
    static let cardDigitCounts = 13...19

    /// How many digits a wallet's one-time payment code has (LINE Pay's `oneTimeKey`).
    static let walletDigitCount = 18

    /// Whether digits have a payment card's length and check.
    static func isCardNumber(_ digits: some Collection<UInt8>) -> Bool {
        cardDigitCounts.contains(digits.count) && digits.isAllDigits && CheckDigits.isLuhn(digits)
    }

    /// Whether text is a card's number in groups, or a magnetic stripe (ISO/IEC 7813).
    static func isCard(_ bytes: [UInt8]) -> Bool {
        let compact = bytes.filter { ![0x20, 0x2D].contains($0) }
        if isCardNumber(compact) { return true }
        let track1 = bytes.hasPrefix("%B") || bytes.hasPrefix("B")
        let track2 = bytes.hasPrefix(";")
        guard track1 || track2 else { return false }
        let start = bytes.drop { !$0.isDigit }
        let number = start.prefix(while: \.isDigit)
        let separator = start.dropFirst(number.count).first
        let isSeparated = separator == UInt8(ascii: track1 ? "^" : "=")
        return isSeparated && cardDigitCounts.contains(number.count)
    }
}
