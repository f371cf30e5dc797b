/// Why scanned bytes are no code that the till acts on.
///
/// Closed, because the display and `stampctl decode` have words for each. No case carries the
/// scanned text: it may be a payment code or somebody's identity.
public enum CodeRefusal: Error, Equatable, Sendable {
    /// Nothing was scanned.
    case empty
    /// More bytes than any symbol holds (`Scan.byteCountMax`).
    case tooLong
    /// The text holds control characters.
    case controlCharacters
    /// The bytes are no UTF-8 text, and no invoice either.
    case notUTF8
    /// It has the form of a code with check digits, and they do not fit.
    ///
    /// The kind is that of our own codes, 4 to 6; nil for a product number.
    case checkDigitsWrong(kind: Int?)
    /// One of our own codes, of a kind that this version does not take yet.
    case notYetEnabled(kind: Int)
    /// Digits that went through the wrong keyboard layout.
    case layoutMismatch(KeyboardLayout)
    /// The form of a payment card's number or of a magnetic stripe.
    case paymentCode
    /// It starts as an invoice's left code does, and the rest does not fit.
    case invoiceDamaged
    /// An invoice of a day that no calendar has.
    case invoiceDateImpossible
    /// An invoice amount that is zero, negative or beyond what an invoice may have.
    case invoiceAmountOutOfRange
    /// The invoice's own lines show that its amount was written in decimal, not hexadecimal.
    case invoiceAmountNotHex
    /// None of the codes that the till knows.
    case unknownCode
}

extension CodeRefusal {
    /// The stable name, for JSON, metrics and the display's table of words.
    public var code: String {
        switch self {
        case .empty: "empty"
        case .tooLong: "too-long"
        case .controlCharacters: "control-characters"
        case .notUTF8: "not-utf8"
        case .checkDigitsWrong: "check-digits-wrong"
        case .notYetEnabled: "not-yet-enabled"
        case .layoutMismatch: "layout-mismatch"
        case .paymentCode: "payment-code"
        case .invoiceDamaged: "invoice-damaged"
        case .invoiceDateImpossible: "invoice-date-impossible"
        case .invoiceAmountOutOfRange: "invoice-amount-out-of-range"
        case .invoiceAmountNotHex: "invoice-amount-not-hex"
        case .unknownCode: "unknown-code"
        }
    }

    /// Which of our own kinds the code has; nil if it is none of ours.
    public var codeKind: Int? {
        switch self {
        case .checkDigitsWrong(let kind): kind
        case .notYetEnabled(let kind): kind
        default: nil
        }
    }
}

extension CodeRefusal: CustomStringConvertible {
    /// What is wrong and what to do next, without a word of the scanned text.
    public var description: String {
        switch self {
        case .empty: "nothing was scanned: scan the code again"
        case .tooLong: "longer than any code: scan one code at a time"
        case .controlCharacters:
            "holds control characters: not a code for this till; check the scanner's settings"
        case .notUTF8: "not readable text: scan the code again, or key the number"
        case .checkDigitsWrong: "the check digits do not fit: scan again, or key the number"
        case .notYetEnabled(let kind):
            "a code of kind \(kind), which is not yet enabled here: use the printed card"
        case .layoutMismatch(let layout):
            "typed for the wrong keyboard layout (\(layout)): set the scanner to US keyboard"
        case .paymentCode: "looks like a payment card: pay with it at the terminal, not here"
        case .invoiceDamaged: "the invoice code is damaged or cut off: scan it again"
        case .invoiceDateImpossible: "the invoice has no possible date: key the amount"
        case .invoiceAmountOutOfRange: "the invoice has no possible amount: key the amount"
        case .invoiceAmountNotHex:
            "the invoice's amount is written in decimal: key the amount and tell the POS vendor"
        case .unknownCode: "not a code that this till knows: scan a member card or a receipt"
        }
    }
}
