/// Names something that is counted and cannot be spent: money spent, visits, uses of a reward.
///
/// Tiers, limits, guards and segments read tallies; each decision says by how much it changes
/// which.
public struct Tally: Hashable, Sendable {
    /// What is counted.
    public let subject: Subject
    /// For whom.
    public let scope: Scope
    /// In which period.
    public let period: Period

    /// Creates the name of a count.
    public init(_ subject: Subject, for scope: Scope = .member, in period: Period = .ever) {
        self.subject = subject
        self.scope = scope
        self.period = period
    }

    /// What is counted.
    public enum Subject: Hashable, Sendable {
        /// Money spent, in the currency's minor unit.
        case spend
        /// Visits.
        case visits
        /// Purchases.
        case sales
        /// Points earned, whatever became of them.
        case points
        /// What a rule gave.
        case rule(String)
        /// How often a reward was redeemed.
        case reward(String)
        /// How often a card was filled.
        case card(String)
        /// What a rule's rounding left over, in parts of the rule's own denominator.
        case remainder(String)
        /// What must be repaid before an asset is spendable again.
        case debt(Asset)
        /// Business days in a row with a check-in.
        case streak
        /// The number of the day of the last check-in.
        case streakDay
        /// The number of the day of the last visit.
        case visitDay
        /// The index of the tier that was reached.
        case tier
        /// The year for which the tier was last set.
        case tierYear
        /// How often a rule with fixed odds was won.
        case win(String)
        /// How often the member voted in a vote.
        case vote(String)
    }

    /// For whom something is counted.
    public enum Scope: Hashable, Sendable {
        /// For the member.
        case member
        /// For the cashier, over all members.
        case cashier(String)
        /// For the programme as a whole, at this ledger.
        case programme
    }

    /// In which period something is counted.
    public enum Period: Hashable, Sendable {
        /// Since ever.
        case ever
        /// On one business date.
        case day(BusinessDate)
        /// In the week that begins on this Monday.
        case week(BusinessDate)
        /// In the month that begins on this date.
        case month(BusinessDate)
        /// In the year that begins on this date.
        case year(BusinessDate)
    }
}

/// How long a limit counts before it begins anew.
public enum LimitPeriod: String, CaseIterable, Sendable {
    /// One business day.
    case day
    /// Monday to Sunday.
    case week
    /// A calendar month.
    case month
    /// A calendar year.
    case year
    /// The whole programme.
    case programme

    /// The period in which a date lies.
    public func period(of date: BusinessDate) -> Tally.Period {
        switch self {
        case .day: .day(date)
        case .week: .week(date.adding(days: -date.weekdayIndex))
        case .month: .month(date.firstOfMonth)
        case .year: .year(date.firstOfYear)
        case .programme: .ever
        }
    }
}

extension BusinessDate {
    var firstOfMonth: Self { adding(days: 1 - day) }
    var firstOfYear: Self { Self(year: year, month: 1, day: 1) ?? self }
}

/// By how much a decision changes a count.
public struct TallyChange: Hashable, Sendable {
    /// Which count.
    public let tally: Tally
    /// By how much.
    public let amount: Int64

    /// Creates a change.
    public init(_ tally: Tally, _ amount: Int64) {
        self.tally = tally
        self.amount = amount
    }
}
