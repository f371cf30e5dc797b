import LoyaltyCore

/// The forms of our own codes: the first digit is the kind, and each kind has one length.
///
/// Digits only, so that no keyboard layout but the digit row's, no CapsLock and no input method
/// can change them. Any other length is no code of ours: two scans glued together are refused.
struct OwnCode: Equatable, Sendable {
    let kind: Int
    let digitCount: Int
    /// Whether the last two digits are an ISO 7064 MOD 97-10 check.
    let hasCheckDigits: Bool

    static let rotating = OwnCode(kind: 1, digitCount: 47, hasCheckDigits: false)
    static let signed = OwnCode(kind: 2, digitCount: 189, hasCheckDigits: false)
    static let wallet = OwnCode(kind: 3, digitCount: 29, hasCheckDigits: false)
    static let card = OwnCode(kind: 4, digitCount: 17, hasCheckDigits: true)
    static let voucher = OwnCode(kind: 5, digitCount: 23, hasCheckDigits: true)
    static let control = OwnCode(kind: 6, digitCount: 11, hasCheckDigits: true)

    static let all = [rotating, signed, wallet, card, voucher, control]

    /// Finds the form that digits have; nil if they are none of ours.
    static func form(of digits: [UInt8]) -> OwnCode? {
        guard let first = digits.first else { return nil }
        return all.first { $0.digitCount == digits.count && $0.kind == Int(first & 0x0F) }
    }

    /// Reads digits that have this form.
    func code(of digits: [UInt8]) throws(CodeRefusal) -> ScannedCode {
        if hasCheckDigits, !CheckDigits.areMod97(digits) { throw .checkDigitsWrong(kind: kind) }
        let content = digits.dropFirst().dropLast(2)
        if self == .card, let value = content.decimalValue, let member = MemberNumber(value: value)
        {
            return .member(.card(member))
        }
        if self == .control, let number = content.decimalValue {
            return .control(ControlCommand(number: Int(number)))
        }
        throw .notYetEnabled(kind: kind)
    }
}
