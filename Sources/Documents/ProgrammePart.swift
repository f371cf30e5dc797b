/// The parts of a programme's file, each with the names that it may have.
///
/// The one table of them: the reader, docs/programme.schema.json and docs/programmes.md are all
/// held against it. The raw value is the part's name in the schema.
public enum ProgrammePart: String, CaseIterable, Sendable {
    /// The file as a whole.
    case programme
    /// A text in both languages.
    case localText
    /// Which printed receipts count.
    case receipts
    /// What good systems do differently.
    case policies
    /// Up to which total points pay.
    case redemptionCeiling
    /// How long an asset can be used and what it is worth.
    case asset
    /// Until when an asset can be used.
    case expiry
    /// What full blocks become when they expire.
    case conversion
    /// A stamp card.
    case card
    /// What keeps one visit from being stamped twice.
    case doubleGrantGuard
    /// What a full card becomes.
    case completion
    /// How long the stamps of a card can be used.
    case cardExpiry
    /// A rule.
    case rule
    /// An instant win.
    case win
    /// What must hold.
    case conditions
    /// Hours of the day.
    case hours
    /// Lines of a basket.
    case filter
    /// The name of a list.
    case listName
    /// A streak that repeats.
    case streak
    /// A side of an invitation.
    case referral
    /// What a member must hold.
    case holding
    /// A cap.
    case cap
    /// A reward.
    case reward
    /// What a reward costs.
    case cost
    /// The tiers.
    case tiers
    /// A window of months.
    case rollingWindow
    /// A tier.
    case tier

    /// The names that the part may have, in the order in which messages and pages list them.
    public var names: [String] { Self.table[self] ?? [] }

    private static let table: [Self: [String]] = [
        .programme: [
            "programme", "version", "title", "currency", "utcOffset", "dayTurnsAtHour", "from",
            "through", "amountMax", "receipts", "policies", "assets", "lists", "cards", "rules",
            "rewards", "tiers", "limits", "cashiersEarn",
        ],
        .localText: ["zh-Hant", "en"],
        .receipts: ["ageDaysMax", "sellers"],
        .policies: [
            "earningBase", "orderDiscounts", "spendsOwnPoints", "redeemingSaleEarns",
            "partialRefund", "tierGate", "multipliers", "storedValue", "redemptionCeiling",
        ],
        .redemptionCeiling: ["roundedTo"],
        .asset: ["asset", "expiry", "worth", "redeemed", "convert"],
        .expiry: ["days", "monthEnd", "yearEnd", "day", "years", "on"],
        .conversion: ["each", "give", "into"],
        .card: [
            "id", "title", "reward", "stamps", "perVisit", "stampsEach", "guard", "completion",
            "next", "welcome", "expiry",
        ],
        .doubleGrantGuard: ["hours"],
        .completion: ["give", "of"],
        .cardExpiry: ["fromFirst", "fromLast"],
        .rule: ["id"] + giftForms
            + ["give", "of", "when", "group", "caps", "pendingDays", "carryRemainder", "stacks"],
        .win: ["odds", "stock", "give"],
        .conditions: [
            "on", "from", "through", "weekdays", "monthDays", "hours", "stores", "tills",
            "cashiers", "evidence", "tiers", "birthday", "first", "awayDays", "amountMin",
            "amountOf", "quantityMin", "include", "exclude", "codes", "streak", "referral",
            "subject", "visit", "holds",
        ],
        .hours: ["from", "until"],
        .filter: ["skus", "categories", "labels"],
        .listName: ["list"],
        .streak: ["days", "repeats"],
        .referral: ["role", "at"],
        .holding: ["asset", "min"],
        .cap: ["per", "each", "max"],
        .reward: ["id", "title", "cost"] + benefitForms + ["max", "of", "when", "caps", "code"],
        .cost: ["give", "of"],
        .tiers: ["counter", "window", "downgrade", "levels"],
        .rollingWindow: ["rollingMonths"],
        .tier: ["id", "title", "min"],
    ]

    /// Names that the first form of programmes had here, and what to write now.
    var moved: [String: String] {
        switch self {
        case .programme: ["points": "write 'rules'"]
        case .rule: ["from": "put it into 'when'", "through": "put it into 'when'"]
        default: [:]
        }
    }

    /// The names of which each rule has exactly one: what it gives.
    public static let giftForms = [
        "per", "perUnits", "perSale", "rate", "bonus", "multiply", "win",
    ]

    /// The names of which each reward has exactly one: what it does.
    public static let benefitForms = [
        "freeUnits", "amountOff", "percentOff", "pays", "cheapestFree", "handOver", "gives",
    ]
}
