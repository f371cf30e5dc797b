public import LoyaltyCore

/// The ledger's answer to a sale.
public struct Recorded: Hashable, Sendable {
    /// Whose sale it is.
    public let member: MemberNumber
    /// What the sale earned, or why it earned nothing; a repeat gets the first decision.
    public let decision: Decision
    /// The entry that holds the award; nil for a refusal and for a preview.
    public let sequence: Int64?
    /// What the member holds now, this award included.
    public let standing: Standing
    /// Whether the sale had been recorded before.
    public let isRepeat: Bool
    /// When it was recorded first.
    public let at: Moment

    /// Creates an answer.
    public init(
        member: MemberNumber,
        decision: Decision,
        sequence: Int64?,
        standing: Standing,
        isRepeat: Bool,
        at: Moment
    ) {
        self.member = member
        self.decision = decision
        self.sequence = sequence
        self.standing = standing
        self.isRepeat = isRepeat
        self.at = at
    }
}

/// The ledger's answer to a void.
public enum Voided: Hashable, Sendable {
    /// The award is taken back.
    case voided(VoidedAward)
    /// There is nothing to void.
    case refused(Refusal)
}

/// An award that was taken back.
public struct VoidedAward: Hashable, Sendable {
    /// The entry that takes it back.
    public let sequence: Int64
    /// What it says: member, sale key, the award's entry, the amounts.
    public let fact: VoidFact
    /// What the member holds now.
    public let standing: Standing
    /// Whether it had been voided before.
    public let isRepeat: Bool

    /// Creates an answer.
    public init(sequence: Int64, fact: VoidFact, standing: Standing, isRepeat: Bool) {
        self.sequence = sequence
        self.fact = fact
        self.standing = standing
        self.isRepeat = isRepeat
    }
}

/// The ledger's answer to a refund.
public enum RefundOutcome: Hashable, Sendable {
    /// A part of the sale is taken back.
    case refunded(RefundedAward)
    /// Nothing is.
    case refused(Refusal)
}

/// A part of an award that was taken back.
public struct RefundedAward: Hashable, Sendable {
    /// The entry that takes it back.
    public let sequence: Int64
    /// The sale.
    public let key: SaleKey
    /// The entry of the award.
    public let award: Int64
    /// Whose it was.
    public let member: MemberNumber
    /// How much was refunded, in the currency's minor unit.
    public let amount: Int64
    /// What moves.
    public let postings: [Posting]
    /// What is counted no more, and what is owed.
    public let tallies: [TallyChange]
    /// How it came about; empty where a salvage told the refund from its entry.
    public let derivation: [DerivationStep]
    /// What the member holds now.
    public let standing: Standing
    /// Whether it had been refunded before.
    public let isRepeat: Bool

    /// Creates an answer.
    public init(
        sequence: Int64,
        key: SaleKey,
        award: Int64,
        member: MemberNumber,
        amount: Int64,
        postings: [Posting],
        tallies: [TallyChange],
        derivation: [DerivationStep],
        standing: Standing,
        isRepeat: Bool
    ) {
        self.sequence = sequence
        self.key = key
        self.award = award
        self.member = member
        self.amount = amount
        self.postings = postings
        self.tallies = tallies
        self.derivation = derivation
        self.standing = standing
        self.isRepeat = isRepeat
    }
}
