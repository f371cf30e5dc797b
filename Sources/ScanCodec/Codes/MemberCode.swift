public import LoyaltyCore

/// A code that says who the member is.
///
/// Grows by a case for each kind of member code that becomes enabled.
public enum MemberCode: Equatable, Sendable {
    /// Kind 4: a printed card with 14 digits and two check digits.
    case card(MemberNumber)

    /// The code's kind, as its first digit says.
    public var kind: Int {
        switch self {
        case .card: OwnCode.card.kind
        }
    }
}

/// A code for something that the member may redeem; no kind is enabled yet.
public struct VoucherCode: Equatable, Sendable {
    /// The voucher's 20 random digits.
    public let digits: String
}

/// What a control sheet at the till asks for: the number of a kind 6 code.
public enum ControlCommand: Equatable, Sendable {
    /// Number 1: forget the customer at hand.
    case cancel
    /// Number 2: take the last award back.
    case undoLastAward
    /// A number that this version has no command for.
    case unknown(Int)

    /// Takes a command's number.
    ///
    /// - Parameter number: The eight digits of the control sheet.
    public init(number: Int) {
        switch number {
        case 1: self = .cancel
        case 2: self = .undoLastAward
        default: self = .unknown(number)
        }
    }
}
