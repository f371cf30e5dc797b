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
    /// Number 3: hand over what is chosen now.
    case redeem
    /// Numbers from 10,000,001: choose the reward with this code, one more of it.
    case reward(Int64)
    /// A number that this version has no command for.
    case unknown(Int)

    /// Takes a command's number.
    ///
    /// - Parameter number: The eight digits of the control sheet.
    public init(number: Int) {
        switch number {
        case 1: self = .cancel
        case 2: self = .undoLastAward
        case 3: self = .redeem
        case Self.rewardBase + 1...Self.rewardBase + Int(Reward.codeMax):
            self = .reward(Int64(number - Self.rewardBase))
        default: self = .unknown(number)
        }
    }

    /// What the number of a reward's sheet is above its code.
    ///
    /// Source: our own bound; it leaves eight-digit numbers for commands, and for kinds to come.
    static let rewardBase = 10_000_000

    /// The eleven digits of the sheet that hands over what is chosen.
    public static let redeemSheet = sheet(ofNumber: 3)

    /// The eleven digits of the sheet by which the till chooses a reward.
    ///
    /// - Parameter code: The reward's code, 1 to `Reward.codeMax`.
    /// - Returns: The kind, the number and two check digits (CODES.md section 8).
    public static func sheet(ofReward code: Int64) -> String {
        sheet(ofNumber: rewardBase + Int(code))
    }

    private static func sheet(ofNumber eight: Int) -> String {
        let number = 600_000_000 + eight
        let check = 98 - number * 100 % 97
        return "\(number)\(check < 10 ? "0" : "")\(check)"
    }
}
