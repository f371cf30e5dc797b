/// The published rules of a chain: what a visit and a sale earn, and when.
///
/// A programme is data. `decide` is a pure function of it, so HQ can check an agent's ledger by
/// running the same rules over the same inputs.
public struct Programme: Hashable, Sendable {
    /// The programme's own name, an identifier.
    public let name: String
    /// The edition; it only rises.
    public let version: Int64
    /// What customers call it.
    public let title: LocalText
    /// The ISO 4217 code in which sales are counted.
    public let currency: String
    /// Local time and the hour at which the day turns.
    public let calendar: BusinessCalendar
    /// The first business date on which it is in force.
    public let firstDate: BusinessDate
    /// The last business date on which it is in force.
    public let lastDate: BusinessDate
    /// The largest amount a sale may have, in the currency's minor unit; above it a human looks.
    public let saleAmountMax: Int64
    /// Which printed receipts count.
    public let receipts: ReceiptPolicy
    /// The stamp cards, in the order in which they are shown.
    public let cards: [StampCard]
    /// The rules, in the order in which they are explained.
    public let rules: [Rule]
    /// What good systems do differently, decided.
    public let policies: Policies
    /// How long assets can be used and what they are worth; an asset without a rule never expires.
    public let assets: [AssetRule]
    /// What members can redeem, in the order in which they are shown.
    public let rewards: [Reward]
    /// The tiers; nil for none.
    public let tiers: TierLadder?
    /// How many sales of one member or one cashier count; more are refused.
    public let saleCaps: [Cap]
    /// Whether a cashier who is a member earns for sales that she rings up herself.
    public let cashiersEarn: Bool

    /// Finds the rules that can match a sale.
    let index: RuleIndex

    /// Most characters of an identifier.
    ///
    /// Source: our own bound; identifiers are words such as `latte`.
    public static let identifierCharacterCountMax = 40
    /// Most cards of a programme.
    ///
    /// Source: our own bound; the display shows one, a chain runs a handful.
    public static let cardCountMax = 16
    /// Most rules of a programme.
    ///
    /// Source: the bench of the programme engine goes up to 1,000 rules.
    public static let ruleCountMax = 1_000
    /// Most rewards of a programme.
    ///
    /// Source: our own bound; a display shows a dozen.
    public static let rewardCountMax = 200
    /// The largest amount any rule or sale may name.
    ///
    /// Source: 2^53, the largest whole number that every JSON reader keeps exactly (RFC 8259
    /// section 6), divided by 2^20 so that rates of up to 2^20 cannot overflow 64 bits.
    public static let amountMax: Int64 = 8_589_934_592
    /// The largest rate numerator or denominator.
    public static let rateMax: Int64 = 1_048_576

    /// Creates a programme from parts that fit together.
    ///
    /// - Throws: `ProgrammeError`, naming the first part that does not.
    public init(
        name: String,
        version: Int64,
        title: LocalText,
        currency: String,
        calendar: BusinessCalendar,
        firstDate: BusinessDate,
        lastDate: BusinessDate,
        saleAmountMax: Int64,
        receipts: ReceiptPolicy,
        cards: [StampCard],
        rules: [Rule],
        policies: Policies = Policies(),
        assets: [AssetRule] = [],
        rewards: [Reward] = [],
        tiers: TierLadder? = nil,
        saleCaps: [Cap] = [],
        cashiersEarn: Bool = true
    ) throws(ProgrammeError) {
        self.name = name
        self.version = version
        self.title = title
        self.currency = currency
        self.calendar = calendar
        self.firstDate = firstDate
        self.lastDate = lastDate
        self.saleAmountMax = saleAmountMax
        self.receipts = receipts
        self.cards = cards
        self.rules = rules
        self.policies = policies
        self.assets = assets
        self.rewards = rewards
        self.tiers = tiers
        self.saleCaps = saleCaps
        self.cashiersEarn = cashiersEarn
        index = RuleIndex(rules, rewards)
        try check()
    }

    /// Whether a text can name a programme, a card or a rule: 1 to 40 of `a-z 0-9 -`.
    public static func isIdentifier(_ text: String) -> Bool {
        (1...identifierCharacterCountMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "-")
            }
    }
}

/// A text in both languages of the counter.
public struct LocalText: Hashable, Sendable {
    /// Traditional Chinese.
    public let zhHant: String
    /// English.
    public let en: String

    /// Most characters of a text that people read.
    ///
    /// Source: our own bound; two lines of the display hold some 60.
    public static let characterCountMax = 120

    /// Creates a text.
    public init(zhHant: String, en: String) {
        self.zhHant = zhHant
        self.en = en
    }
}

/// A card that fills with stamps.
public struct StampCard: Hashable, Sendable {
    /// The card's identifier within the programme.
    public let id: String
    /// What customers call it.
    public let title: LocalText
    /// What a full card is worth, in words.
    public let reward: LocalText
    /// Stamps on a full card, 1 to 50.
    public let size: Int64
    /// Stamps for one visit; 0 for a card that only rules stamp.
    public let stampsPerVisit: Int64
    /// Whether each sale is stamped, or each visit of which a scan of the member's code is enough.
    public let needsSale: Bool
    /// What keeps one visit from being stamped twice.
    public let doubleGrantGuard: DoubleGrantGuard
    /// What a full card becomes; nil for a card that stays full until somebody takes it.
    public let completion: Completion?
    /// The card that begins once this one was filled (rank-up chain); nil for the same card anew.
    public let next: String?
    /// Stamps that come with the first one (取卡回饋).
    public let welcomeStamps: Int64
    /// How long the card's stamps can be used.
    public let expiry: CardExpiry

    /// Most stamps on one card.
    ///
    /// Source: LOYALTY.md section 1, after LINE's shop cards.
    public static let sizeMax: Int64 = 50

    /// Creates a card.
    public init(
        id: String,
        title: LocalText,
        reward: LocalText,
        size: Int64,
        stampsPerVisit: Int64,
        needsSale: Bool,
        doubleGrantGuard: DoubleGrantGuard,
        completion: Completion? = nil,
        next: String? = nil,
        welcomeStamps: Int64 = 0,
        expiry: CardExpiry = .never
    ) {
        self.id = id
        self.title = title
        self.reward = reward
        self.size = size
        self.stampsPerVisit = stampsPerVisit
        self.needsSale = needsSale
        self.doubleGrantGuard = doubleGrantGuard
        self.completion = completion
        self.next = next
        self.welcomeStamps = welcomeStamps
        self.expiry = expiry
    }

    /// What a full card becomes (滿點禮).
    public struct Completion: Hashable, Sendable {
        /// Of what.
        public let asset: Asset
        /// How much.
        public let amount: Int64

        /// Creates a completion.
        public init(_ amount: Int64, _ asset: Asset) {
            self.amount = amount
            self.asset = asset
        }
    }

    /// The asset that the card's stamps are.
    public var asset: Asset { .stamps(ofCard: id) }
}

/// How long the stamps of a card can be used.
public enum CardExpiry: Hashable, Sendable {
    /// For ever.
    case never
    /// For so many days from the card's first stamp, the last day included.
    case fromFirstStamp(days: Int64)
    /// For so many days from the latest stamp, the last day included.
    case fromLastStamp(days: Int64)
}

/// What keeps one visit from being stamped twice (連續取得點數限制).
public enum DoubleGrantGuard: Hashable, Sendable {
    /// Every visit counts.
    case none
    /// One visit a business day.
    case businessDay
    /// One visit in this many hours; a visit in the very minute at which they end counts again.
    case hours(Int64)

    /// Most hours of a guard: a week.
    ///
    /// Source: our own bound; longer than a week is a campaign rule, not a guard.
    public static let hoursMax: Int64 = 168
}

/// Which printed receipts count as evidence.
public struct ReceiptPolicy: Hashable, Sendable {
    /// How many days after its date a receipt may still be scanned.
    public let ageDaysMax: Int64
    /// The tax numbers of the chain's stores; empty if any seller counts.
    public let sellerIDs: [String]

    /// Creates a policy.
    public init(ageDaysMax: Int64, sellerIDs: [String]) {
        self.ageDaysMax = ageDaysMax
        self.sellerIDs = sellerIDs
    }
}
