/// One step of how a decision came about.
///
/// Words for people are in string tables, one for each kind; this is what they are filled with.
public struct DerivationStep: Hashable, Sendable {
    /// What happened.
    public let kind: Kind
    /// The rule, card, reward or tier that it happened to.
    public let subject: String
    /// The asset that it moved; nil where it moved none.
    public let asset: Asset?
    /// The numbers, in the order of the kind's `numberNames`.
    public let numbers: [Int64]

    /// Creates a step.
    public init(_ kind: Kind, _ subject: String, _ asset: Asset? = nil, _ numbers: [Int64] = []) {
        self.kind = kind
        self.subject = subject
        self.asset = asset
        self.numbers = numbers
    }

    /// One of the numbers, by its name; nil if the kind has none of that name.
    public func number(_ name: String) -> Int64? {
        kind.numberNames.firstIndex(of: name).flatMap { index in
            numbers.indices.contains(index) ? numbers[index] : nil
        }
    }

    /// The kinds of steps; the raw value names them in every text form.
    public enum Kind: String, CaseIterable, Sendable {
        /// A visit was stamped.
        case visitStamped = "visit-stamped"
        /// A card was not stamped, since its guard holds this visit for one already stamped.
        case visitGuarded = "visit-guarded"
        /// A card gave stamps because it is new.
        case welcomed
        /// A full card became what it is worth.
        case cardCompleted = "card-completed"
        /// Stamps went on to the next card.
        case cardChanged = "card-changed"
        /// The stamps of a card are usable until another date.
        case cardProlonged = "card-prolonged"
        /// An amount earned: `amount / per * give`, the division rounded down.
        case amountEarned = "amount-earned"
        /// An amount was too small for a rule.
        case amountTooSmall = "amount-too-small"
        /// An amount earned by a rate.
        case rateEarned = "rate-earned"
        /// Units earned.
        case unitsEarned = "units-earned"
        /// A sale or an occasion earned.
        case saleEarned = "sale-earned"
        /// A bonus was added after multiplication.
        case bonusEarned = "bonus-earned"
        /// What the step before gave was multiplied.
        case multiplied
        /// A cap clipped what a rule gave.
        case capped
        /// What a rule gave can be used only later; the date as its day number.
        case pending
        /// What the rounding left over was kept for the next sale.
        case carried
        /// An instant win.
        case won
        /// No win, or no stock.
        case notWon = "not-won"
        /// A debt was repaid.
        case debtRepaid = "debt-repaid"
        /// A reward was redeemed.
        case redeemed
        /// Units of an asset paid a part of the bill.
        case paidWith = "paid-with"
        /// A reward was not redeemed because it does not fit the basket.
        case rewardDropped = "reward-dropped"
        /// Stored value paid.
        case valuePaid = "value-paid"
        /// A tier was reached.
        case tierReached = "tier-reached"
        /// The lines do not add up to the amount, so only the amount counted.
        case linesIgnored = "lines-ignored"
        /// Earned assets were taken back.
        case takenBack = "taken-back"
        /// Spent assets were given back.
        case givenBack = "given-back"
        /// What could not be taken back is owed.
        case owed
        /// An amount expired.
        case lapsed
        /// Full blocks of what expired became something else.
        case converted

        /// What the numbers are, in their order.
        public var numberNames: [String] {
            switch self {
            case .visitStamped, .welcomed, .cardChanged, .cardProlonged: ["stamps"]
            case .visitGuarded: ["guard"]
            case .cardCompleted: ["stamps", "times"]
            case .amountEarned: ["amount", "per", "give", "points"]
            case .amountTooSmall: ["amount", "per"]
            case .rateEarned: ["amount", "times", "over", "points"]
            case .unitsEarned: ["units", "per", "give", "points"]
            case .saleEarned, .bonusEarned, .won, .debtRepaid, .valuePaid, .owed, .lapsed:
                ["points"]
            case .multiplied: ["times", "over", "points"]
            case .capped: ["from", "to"]
            case .pending: ["fromDay"]
            case .carried: ["rest"]
            case .notWon: []
            case .redeemed: ["count", "cost", "value"]
            case .paidWith: ["cost", "value"]
            case .rewardDropped, .tierReached: []
            case .linesIgnored: ["lines", "amount"]
            case .takenBack, .givenBack: ["moved", "refunded", "whole", "points"]
            case .converted: ["blocks", "points"]
            }
        }

        /// What the subject is, in text forms.
        public var subjectName: String {
            switch self {
            case .visitStamped, .visitGuarded, .welcomed, .cardCompleted, .cardChanged,
                .cardProlonged:
                "card"
            case .redeemed, .paidWith, .rewardDropped: "reward"
            case .tierReached: "tier"
            case .debtRepaid, .valuePaid, .linesIgnored, .takenBack, .givenBack, .owed, .lapsed,
                .converted:
                "of"
            default: "rule"
            }
        }
    }
}

extension DerivationStep {
    /// A visit was stamped.
    public static func visitStamped(card: String, stamps: Int64) -> Self {
        Self(.visitStamped, card, .stamps(ofCard: card), [stamps])
    }

    /// A card was not stamped, since its guard holds this visit for one already stamped.
    public static func visitGuarded(card: String, guard doubleGrantGuard: DoubleGrantGuard) -> Self
    {
        Self(.visitGuarded, card, nil, [doubleGrantGuard.hoursCode])
    }

    /// An amount earned points: `points = amount / per * give`, the division rounded down.
    public static func amountEarned(
        rule: String,
        amount: Int64,
        per: Int64,
        give: Int64,
        points: Int64,
        of asset: Asset = .points
    ) -> Self {
        Self(.amountEarned, rule, asset, [amount, per, give, points])
    }

    /// An amount was too small for a rule.
    public static func amountTooSmall(rule: String, amount: Int64, per: Int64) -> Self {
        Self(.amountTooSmall, rule, nil, [amount, per])
    }
}

extension DoubleGrantGuard {
    /// The guard as a number: its hours, 0 for a business day, -1 for none.
    public var hoursCode: Int64 {
        switch self {
        case .none: -1
        case .businessDay: 0
        case .hours(let hours): hours
        }
    }

    /// Creates a guard from its number.
    public init(hoursCode: Int64) {
        self = hoursCode < 0 ? .none : hoursCode == 0 ? .businessDay : .hours(hoursCode)
    }
}
