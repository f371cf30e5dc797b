public import LoyaltyCore

/// One line of the file of sales that `stampctl programme try` replays.
///
/// docs/programmes.md tells every key.
public struct ReplayInput: Sendable {
    /// The line, from 1.
    public let line: Int
    /// The input's own name; the second input of a name gets the first one's answer.
    public let key: SaleKey
    /// Whose input it is; nil for a purchase without a member.
    public let member: String?
    /// When it happened.
    public let at: WallTime
    /// The day of trade that the line names; nil where `at` tells it.
    public let statedDate: BusinessDate?
    /// The day of trade.
    public let date: BusinessDate
    /// What happened.
    public let event: Event

    /// What happened.
    public enum Event: Sendable {
        /// A purchase or another occasion.
        case sale(Sale, joining: Joining?, isDraft: Bool)
        /// Something of a sale, or all of it, was given back.
        case refund(ReplayRefund)
        /// Time went by until this day began.
        case time
    }

    /// The store in which it happened; the empty text where the line names none.
    public var store: String {
        switch event {
        case .sale(let sale, _, _): sale.details.store ?? ""
        case .refund(let refund): refund.store
        case .time: ""
        }
    }

    /// The name of the event in the file and in the answers.
    public var type: String {
        switch event {
        case .sale(let sale, _, _):
            switch sale.details.occasion {
            case .purchase: sale.evidence == .visit ? "visit" : "sale"
            default: sale.details.occasion.kind.rawValue
            }
        case .refund: "refund"
        case .time: "time"
        }
    }
}

/// What a line says of somebody who becomes a member.
public struct Joining: Sendable {
    /// The member who invited them; nil for none.
    public let referrer: String?
    /// Their birthday; nil where it is not known.
    public let birthday: Birthday?
}

/// What a refund says.
public struct ReplayRefund: Sendable {
    /// The key of the sale.
    public let original: String
    /// The store in which the money was given back.
    public let store: String
    /// How much was given back; nil where lines say it, or where all of it was.
    public let amount: Int64?
    /// What came back, without prices of its own; empty for none.
    public let lines: [ReturnedArticle]
}
