/// The answer to a sale.
public enum Decision: Hashable, Sendable {
    /// The member earns.
    case award(Award)
    /// The member earns nothing, and this is why.
    case refusal(Refusal)
}

/// What a sale earns.
public struct Award: Hashable, Sendable {
    /// The amounts earned, in the order of the rules.
    public let postings: [Posting]
    /// How they came about, for whoever asks why.
    public let derivation: [DerivationStep]

    /// Creates an award.
    public init(postings: [Posting], derivation: [DerivationStep]) {
        self.postings = postings
        self.derivation = derivation
    }
}

/// One step of how an award came about.
///
/// Words for people are in string tables; this is what they are filled with.
public enum DerivationStep: Hashable, Sendable {
    /// A visit was stamped.
    case visitStamped(card: String, stamps: Int64)
    /// A card was not stamped, since its guard holds this visit for one already stamped.
    case visitGuarded(card: String, guard: DoubleGrantGuard)
    /// An amount earned points: `points = amount / per * give`, the division rounded down.
    case amountEarned(rule: String, amount: Int64, per: Int64, give: Int64, points: Int64)
    /// An amount was too small for a rule.
    case amountTooSmall(rule: String, amount: Int64, per: Int64)
}

/// Why a sale earns nothing.
public enum Refusal: Hashable, Sendable, Error {
    /// HQ has barred the member.
    case memberBlocked
    /// The programme is not in force on the sale's business date.
    case programmeNotInForce(firstDate: BusinessDate, lastDate: BusinessDate)
    /// The member's visit was stamped already and there is nothing else to earn.
    case visitAlreadyStamped(guard: DoubleGrantGuard)
    /// The amount is below zero.
    case amountNegative
    /// The amount is above what the programme takes for plausible.
    case amountAboveMax(Int64)
    /// The evidence names no amount, and only an amount could earn.
    case amountMissing
    /// The amount is too small to earn anything.
    case amountTooSmall(least: Int64)
    /// The receipt is older than the programme allows.
    case receiptTooOld(daysMax: Int64)
    /// The receipt's date lies ahead of today.
    case receiptFromFuture
    /// The receipt was printed by a seller outside the programme.
    case receiptOfOtherSeller
    /// The sale was recorded for another member.
    case saleOfOtherMember
    /// The sale was voided; it earns no more.
    case saleVoided
    /// No award stands under this sale key, so nothing can be voided.
    case saleUnknown
    /// The amounts exceed what can be counted.
    case overflow
}

extension Refusal {
    /// The refusal's stable name, for the wire, for string tables and for logs.
    public var code: String {
        switch self {
        case .memberBlocked: "member-blocked"
        case .programmeNotInForce: "programme-not-in-force"
        case .visitAlreadyStamped: "visit-already-stamped"
        case .amountNegative: "amount-negative"
        case .amountAboveMax: "amount-above-max"
        case .amountMissing: "amount-missing"
        case .amountTooSmall: "amount-too-small"
        case .receiptTooOld: "receipt-too-old"
        case .receiptFromFuture: "receipt-from-future"
        case .receiptOfOtherSeller: "receipt-of-other-seller"
        case .saleOfOtherMember: "sale-of-other-member"
        case .saleVoided: "sale-voided"
        case .saleUnknown: "sale-unknown"
        case .overflow: "overflow"
        }
    }
}
