/// What a member gets, and when.
public struct Rule: Hashable, Sendable {
    /// The rule's identifier within the programme.
    public let id: String
    /// All that must hold.
    public let conditions: Conditions
    /// What it gives.
    public let gift: Gift
    /// The rules of which only the one with the highest minimum amount counts; nil if it counts by
    /// itself.
    public let group: String?
    /// How much it gives at most; each of them clips.
    public let caps: [Cap]
    /// For how many days what it gives cannot be used yet (待生效), 0 for none.
    public let pendingDays: Int64
    /// Whether what the rounding leaves over counts at the member's next sale.
    public let carriesRemainder: Bool
    /// Whether a multiplier multiplies what the best of the others gave.
    public let stacks: Bool

    /// Most days for which something is pending: a year.
    ///
    /// Source: our own bound; return windows have 7 to 90 days.
    public static let pendingDaysMax: Int64 = 366
    /// Most caps of a rule or a reward.
    ///
    /// Source: our own bound; one for each scope and period that anybody names.
    public static let capCountMax = 8

    /// Creates a rule.
    public init(
        id: String,
        conditions: Conditions = Conditions(),
        gift: Gift,
        group: String? = nil,
        caps: [Cap] = [],
        pendingDays: Int64 = 0,
        carriesRemainder: Bool = false,
        stacks: Bool = false
    ) {
        self.id = id
        self.conditions = conditions
        self.gift = gift
        self.group = group
        self.caps = caps
        self.pendingDays = pendingDays
        self.carriesRemainder = carriesRemainder
        self.stacks = stacks
    }
}

extension Rule {
    /// Creates a rule that gives points for an amount: `give` for each whole `per`.
    public init(
        id: String,
        per: Int64,
        give: Int64,
        firstDate: BusinessDate? = nil,
        lastDate: BusinessDate? = nil
    ) {
        var conditions = Conditions()
        conditions.firstDate = firstDate
        conditions.lastDate = lastDate
        self.init(id: id, conditions: conditions, gift: .perAmount(give, per: per, .points))
    }
}

/// What a rule gives.
public enum Gift: Hashable, Sendable {
    /// So much for each whole block of an amount: `give` for each whole `per`.
    case perAmount(Int64, per: Int64, Asset)
    /// An amount times a rate, floored once.
    case rate(Rate, Asset)
    /// So much for each whole block of units of what was bought.
    case perUnit(Int64, per: Int64, Asset)
    /// So much for the sale or the occasion; multipliers multiply it.
    case perSale(Int64, Asset)
    /// So much beside all else; no multiplier touches it.
    case bonus(Int64, Asset)
    /// What the other rules give of an asset, on the lines that this rule matches, times a rate.
    case multiply(Rate, Asset)
    /// With fixed odds, and as long as there is stock: so much.
    case instantWin(odds: Rate, stock: Int64, Int64, Asset)

    /// What is given.
    public var asset: Asset {
        switch self {
        case .perAmount(_, _, let asset), .rate(_, let asset), .perUnit(_, _, let asset),
            .perSale(_, let asset), .bonus(_, let asset), .multiply(_, let asset),
            .instantWin(_, _, _, let asset):
            asset
        }
    }
}

/// How much a rule gives, or how often a reward is redeemed, at most.
public struct Cap: Hashable, Sendable {
    /// For whom it counts.
    public let scope: CapScope
    /// When it counts anew; for a single sale it has no meaning.
    public let period: LimitPeriod
    /// The most.
    public let max: Int64

    /// Creates a cap.
    public init(_ scope: CapScope, each period: LimitPeriod = .programme, max: Int64) {
        self.scope = scope
        self.period = period
        self.max = max
    }
}

/// For whom a cap counts.
public enum CapScope: String, CaseIterable, Sendable {
    /// For each sale.
    case sale
    /// For each member.
    case member
    /// For each cashier, over all members.
    case cashier
    /// For all members together, at one ledger.
    case programme
}

/// All that must hold for a rule or a reward; what is empty or nil always holds.
public struct Conditions: Hashable, Sendable {
    /// What the member does.
    public var occasion: Occasion.Kind = .purchase
    /// The first business date.
    public var firstDate: BusinessDate?
    /// The last business date, the date itself included.
    public var lastDate: BusinessDate?
    /// The days of the week, 0 for Monday.
    public var weekdays: Set<Int> = []
    /// The days of the month (會員日).
    public var monthDays: Set<Int> = []
    /// The minutes of the local day, the first included and the last not; they may pass midnight.
    public var minutes: Range<Int>?
    /// The stores.
    public var stores: Set<String> = []
    /// The tills.
    public var tills: Set<String> = []
    /// The cashiers.
    public var cashiers: Set<String> = []
    /// How the till came to know.
    public var evidence: Set<Evidence> = []
    /// The member's tier.
    public var tiers: Set<String> = []
    /// Whether it must be the member's birthday, or its week or month.
    public var birthday: BirthdayWindow?
    /// Whether it must be the first purchase ever, of the day or of the month.
    public var first: FirstSale?
    /// How many days the member must have stayed away, at least.
    public var awayDaysMin: Int64?
    /// The least amount of the lines that match.
    public var amountMin: Int64?
    /// Which amount `amountMin` and `amountMax` look at.
    public var amountOf: AmountKind = .net
    /// The least number of units of the lines that match.
    public var quantityMin: Int64?
    /// The lines that count; nil for all.
    public var include: LineFilter?
    /// The lines that do not count.
    public var exclude: LineFilter?
    /// The codes, of which one must be presented.
    public var codes: Set<String> = []
    /// On which day in a row of check-ins.
    public var streakDays: Int64?
    /// Whether the streak counts again from 1 after `streakDays`.
    public var streakRepeats = false
    /// Whose side of a referral, and at which of the referred member's steps.
    public var referral: Referral?
    /// The survey, the vote, or the severity of a recovery.
    public var subject: String?
    /// Whether it must be what the member came to the store for.
    public var opensVisit = false
    /// What the member must hold, and how much of it at least.
    public var holds: Holding?

    /// Creates conditions that always hold for a purchase.
    public init() {}

    /// Which amount is looked at.
    public enum AmountKind: String, CaseIterable, Sendable {
        /// Before discounts.
        case gross
        /// After discounts.
        case net
        /// After discounts and without tax.
        case untaxed
    }

    /// What a member must hold.
    public struct Holding: Hashable, Sendable {
        /// Of what.
        public let asset: Asset
        /// How much, at least.
        public let min: Int64

        /// Creates a condition.
        public init(_ asset: Asset, min: Int64) {
            self.asset = asset
            self.min = min
        }
    }
}

/// How near a member's birthday must be.
public enum BirthdayWindow: String, CaseIterable, Sendable {
    /// The day itself; 28 February where 29 February is missing.
    case day
    /// Three days before to three days after.
    case week
    /// The month.
    case month
}

/// Of what a sale must be the first.
public enum FirstSale: String, CaseIterable, Sendable {
    /// The member's first purchase ever.
    case ever
    /// The first of the business day.
    case day
    /// The first of the month.
    case month
}

/// Whose side of a friend's invitation (好友邀請), and when.
public struct Referral: Hashable, Sendable {
    /// Who gets something.
    public let role: Role
    /// At which step of the referred member.
    public let step: Step

    /// Creates a condition.
    public init(_ role: Role, at step: Step) {
        self.role = role
        self.step = step
    }

    /// A side.
    public enum Role: String, CaseIterable, Sendable {
        /// Who invited.
        case referrer
        /// Who was invited.
        case referred
    }

    /// A step of the referred member.
    public enum Step: String, CaseIterable, Sendable {
        /// Joining.
        case join
        /// The first purchase.
        case firstSale
        /// Every purchase.
        case everySale
    }
}

/// Lines of a basket, by what they are; a line matches if one of the lists names it.
public struct LineFilter: Hashable, Sendable {
    /// Article numbers.
    public let skus: Set<String>
    /// Categories.
    public let categories: Set<String>
    /// Labels.
    public let labels: Set<String>

    /// Creates a filter.
    public init(skus: Set<String> = [], categories: Set<String> = [], labels: Set<String> = []) {
        self.skus = skus
        self.categories = categories
        self.labels = labels
    }

    /// Whether a line is one of them.
    public func matches(_ line: SaleLine) -> Bool {
        skus.contains(line.sku) || line.categories.contains(where: categories.contains)
            || line.labels.contains(where: labels.contains)
    }
}
