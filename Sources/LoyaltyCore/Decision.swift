/// The answer to a sale.
public enum Decision: Hashable, Sendable {
    /// The member earns.
    case award(Award)
    /// The member earns nothing, and this is why.
    case refusal(Refusal)
}

/// What a sale, a refund or the passing of time moves.
public struct Award: Hashable, Sendable {
    /// What was earned and, below zero, what was spent, one for each asset, bucket and direction.
    public let postings: [Posting]
    /// How they came about, for whoever asks why.
    public let derivation: [DerivationStep]
    /// What is counted beside them.
    public let tallies: [TallyChange]
    /// The rewards that were redeemed.
    public let redeemed: [RedeemedReward]
    /// What is left to pay after rewards and stored value; nil where no amount is known.
    public let due: Int64?

    /// Creates an award.
    public init(
        postings: [Posting],
        derivation: [DerivationStep],
        tallies: [TallyChange] = [],
        redeemed: [RedeemedReward] = [],
        due: Int64? = nil
    ) {
        self.postings = postings
        self.derivation = derivation
        self.tallies = tallies
        self.redeemed = redeemed
        self.due = due
    }
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
    /// The sale's currency is not the programme's.
    case currencyOther(String)
    /// A line has a quantity or an amount below zero.
    case lineNegative(Int)
    /// More lines, codes or wishes than a sale may have.
    case tooMany(Int)
    /// The programme has no such reward.
    case rewardUnknown(String)
    /// The reward is not for this member, place or time, or was redeemed as often as it may be.
    case rewardUnavailable(String)
    /// Less is held of an asset than is to be spent.
    case notEnough(Asset, needed: Int64, held: Int64)
    /// Too many sales of one member or one cashier.
    case tooOften(CapScope)
    /// The cashier's own sales earn nothing.
    case saleOfCashier
    /// The member checked in on this day already.
    case alreadyCheckedIn
    /// The member voted already.
    case alreadyVoted
    /// A compensation needs a reason and a manager's code.
    case recoveryNotApproved
    /// No rule gives anything for this occasion.
    case nothingForOccasion
    /// The basket's lines are more than an entry holds.
    case saleTooLarge
    /// Nothing may be redeemed at this store until HQ has confirmed its log.
    case redemptionFrozen
    /// More would be refunded than was paid.
    case refundAboveSale(left: Int64)
    /// The refund's key was used for a refund of another sale.
    case refundOfOtherSale
    /// What the sale cost is not known here any more, so only all of it can be taken back.
    case saleTooOld
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
        case .currencyOther: "currency-other"
        case .lineNegative: "line-negative"
        case .tooMany: "too-many"
        case .rewardUnknown: "reward-unknown"
        case .rewardUnavailable: "reward-unavailable"
        case .notEnough: "not-enough"
        case .tooOften: "too-often"
        case .saleOfCashier: "sale-of-cashier"
        case .alreadyCheckedIn: "already-checked-in"
        case .alreadyVoted: "already-voted"
        case .recoveryNotApproved: "recovery-not-approved"
        case .nothingForOccasion: "nothing-for-occasion"
        case .saleTooLarge: "sale-too-large"
        case .redemptionFrozen: "redemption-frozen"
        case .refundAboveSale: "refund-above-sale"
        case .refundOfOtherSale: "refund-of-other-sale"
        case .saleTooOld: "sale-too-old"
        }
    }
}
