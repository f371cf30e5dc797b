public import LoyaltyCore

/// What a programme says to one input of a replay.
public struct ReplayAnswer: Hashable, Sendable {
    /// The input's name.
    public let key: String
    /// Whose it is; nil for a purchase without a member.
    public let member: String?
    /// The input's type, or `expiry`, `tier`, `birthday` or `referral` for what followed from one.
    public let type: String
    /// The business date on which it was decided.
    public let date: BusinessDate
    /// The answer.
    public let outcome: Outcome
    /// Whether the key was known, so that this is the first answer again.
    public var isRepeat = false
    /// Whether nothing was written.
    public var isDraft = false
    /// How the member stands afterwards; nil without a member.
    public var position: ReplayPosition?
    /// What followed from the input, or from the time that passed before it: expiry, birthdays,
    /// what a referrer gets; at most `derivedCountMax` of them.
    public var derived: [ReplayAnswer] = []
    /// How many followed, listed or not.
    public var derivedCount = 0

    /// Most answers that are listed in another one.
    ///
    /// Source: our own bound, some megabytes; at a year's end every member's points may expire.
    public static let derivedCountMax = 10_000

    /// The answer.
    public enum Outcome: Hashable, Sendable {
        /// Something was earned, spent or taken back.
        case award(Award)
        /// Nothing was written, and this is why.
        case refusal(ReplayRefusal)
    }

    init(
        key: String,
        member: String?,
        type: String,
        date: BusinessDate,
        _ outcome: Outcome
    ) {
        self.key = key
        self.member = member
        self.type = type
        self.date = date
        self.outcome = outcome
    }

    /// What was moved; nothing if it was refused.
    public var postings: [Posting] {
        if case .award(let award) = outcome { award.postings } else { [] }
    }

    mutating func add(_ answer: ReplayAnswer) {
        derivedCount += 1
        if derived.count < Self.derivedCountMax { derived.append(answer) }
    }
}

/// How a member stands.
public struct ReplayPosition: Hashable, Sendable {
    /// An amount of an asset.
    public struct Amount: Hashable, Sendable {
        /// Of what.
        public let asset: Asset
        /// How much.
        public let amount: Int64
    }

    /// What can be used, one for each asset that the programme names or anybody held so far.
    public let balances: [Amount]
    /// What can be used later.
    public let pending: [Amount]
    /// What is to be repaid.
    public let owed: [Amount]
    /// The tier; nil if the programme has none.
    public let tier: TierStanding?
}

/// Why a replay wrote nothing.
public enum ReplayRefusal: Hashable, Sendable {
    /// The programme's rules refuse it.
    case programme(Refusal)
    /// The line names no member, so nobody can earn.
    case memberMissing
    /// The line's date is not the day of trade of its time.
    case dateOutsideDay(BusinessDate)
    /// A member named themselves as the one who invited them.
    case selfReferral
    /// The member joined already.
    case alreadyMember

    /// The refusal's stable name, for string tables and for the answers.
    public var code: String {
        switch self {
        case .programme(let refusal): refusal.code
        case .memberMissing: "member-missing"
        case .dateOutsideDay: "date-outside-day"
        case .selfReferral: "self-referral"
        case .alreadyMember: "already-member"
        }
    }
}
