public import LoyaltyCore

/// What a replay moved in all.
public struct ReplaySummary: Sendable {
    /// How many inputs there were.
    public internal(set) var inputCount: Int64 = 0
    /// How many of them were awarded; drafts and repeats are counted by themselves.
    public internal(set) var awardCount: Int64 = 0
    /// How many only asked.
    public internal(set) var draftCount: Int64 = 0
    /// How many came a second time.
    public internal(set) var repeatCount: Int64 = 0
    /// How many were refused, by the refusal's code.
    public internal(set) var refusals: [String: Int64] = [:]
    /// How many members took part.
    public internal(set) var memberCount: Int64 = 0
    /// What purchases were settled at, less what was refunded, in the currency's minor unit.
    public internal(set) var sold: Int64 = 0
    /// What moved of each asset.
    public internal(set) var assets: [Asset: Movement] = [:]
    /// What was redeemed of each reward.
    public internal(set) var rewards: [String: Redeemed] = [:]

    private let rules: [Asset: AssetRule]
    private let rewardCosts: [String: Asset]

    /// What moved of one asset; all of it counted up from zero.
    public struct Movement: Hashable, Sendable {
        /// What members held to begin with.
        public internal(set) var opening: Int64 = 0
        /// What was given.
        public internal(set) var earned: Int64 = 0
        /// What was spent on rewards, cards and bills.
        public internal(set) var spent: Int64 = 0
        /// What repaid a debt as it was earned.
        public internal(set) var repaid: Int64 = 0
        /// What refunds took back.
        public internal(set) var takenBack: Int64 = 0
        /// What refunds gave back.
        public internal(set) var givenBack: Int64 = 0
        /// What refunds could not take back, since it was spent.
        public internal(set) var owed: Int64 = 0
        /// What expired, converted or not.
        public internal(set) var expired: Int64 = 0
        /// What became of another asset that expired.
        public internal(set) var converted: Int64 = 0
        /// What members hold at the end, usable or pending.
        public internal(set) var held: Int64 = 0
    }

    /// What was redeemed of one reward.
    public struct Redeemed: Hashable, Sendable {
        /// How many of it.
        public internal(set) var count: Int64 = 0
        /// What it cost the members, in units of the reward's asset.
        public internal(set) var cost: Int64 = 0
        /// What it took off bills, in the currency's minor unit.
        public internal(set) var value: Int64 = 0
    }

    /// What moved an award's postings.
    enum Kind {
        /// A decision on a sale or an occasion.
        case decision(Sale)
        /// A refund of so much.
        case refund(Int64)
        /// The passing of time.
        case expiry
    }

    init(_ programme: Programme) {
        rules = Dictionary(programme.assets.map { ($0.asset, $0) }) { first, _ in first }
        rewardCosts = Dictionary(
            programme.rewards.compactMap { reward in reward.cost.map { (reward.id, $0.asset) } }
        ) { first, _ in first }
        for asset in programme.namedAssets { assets[asset] = Movement() }
    }

    mutating func open(_ holdings: [Posting]) {
        for holding in holdings {
            assets[holding.asset, default: .init()].opening &+= holding.amount
        }
    }

    mutating func note(_ answer: ReplayAnswer) {
        inputCount += 1
        switch answer.outcome {
        case .refusal(let refusal): refusals[refusal.code, default: 0] += 1
        case .award:
            if answer.isRepeat {
                repeatCount += 1
            } else if answer.isDraft {
                draftCount += 1
            } else {
                awardCount += 1
            }
        }
    }

    mutating func add(_ award: Award, _ kind: Kind) {
        for posting in award.postings { add(posting, kind) }
        for step in award.derivation {
            guard let asset = step.asset, let points = step.number("points") else { continue }
            switch step.kind {
            case .debtRepaid:
                assets[asset, default: .init()].repaid &+= points
                if case .refund = kind {
                    assets[asset, default: .init()].takenBack &-= points
                } else {
                    assets[asset, default: .init()].spent &-= points
                }
            case .owed: assets[asset, default: .init()].owed &+= points
            default: break
            }
        }
        for reward in award.redeemed {
            rewards[reward.reward, default: .init()].count &+= reward.count
            rewards[reward.reward, default: .init()].cost &+= reward.cost
            rewards[reward.reward, default: .init()].value &+= reward.value
        }
        switch kind {
        case .decision(let sale) where sale.isPurchase: sold &+= sale.settledAmount(award)
        case .refund(let amount): sold &-= amount
        case .decision, .expiry: break
        }
    }

    private mutating func add(_ posting: Posting, _ kind: Kind) {
        var movement = assets[posting.asset] ?? Movement()
        let amount = posting.amount
        switch kind {
        case .decision where amount > 0: movement.earned &+= amount
        case .decision: movement.spent &-= amount
        case .refund where amount > 0: movement.givenBack &+= amount
        case .refund: movement.takenBack &-= amount
        case .expiry where amount > 0: movement.converted &+= amount
        case .expiry: movement.expired &-= amount
        }
        assets[posting.asset] = movement
    }

    mutating func close(_ standings: some Sequence<Standing>) {
        for asset in assets.keys { assets[asset]?.held = 0 }
        for standing in standings {
            for holding in standing.holdings {
                assets[holding.asset, default: .init()].held &+= holding.amount
            }
        }
    }

    /// What is owed to members in an asset: held, times what a unit is worth, times the share that
    /// is expected to be redeemed; in the currency's minor unit, halves up.
    ///
    /// - Returns: The liability; nil if the programme does not say what the asset is worth.
    public func liability(of asset: Asset) -> Int64? {
        assets[asset].flatMap { worth(of: $0.held, asset, isExpected: true)?.rounded }
    }

    /// What the rewards that were redeemed cost the chain: what they took off bills, and for those
    /// that took nothing off, what the spent assets are worth.
    public var cost: Int64 {
        rewards.reduce(0) { $0 &+ cost(of: $1.key) }
    }

    /// What one reward cost.
    public func cost(of reward: String) -> Int64 {
        guard let redeemed = rewards[reward] else { return 0 }
        guard redeemed.value == 0, let asset = rewardCosts[reward] else { return redeemed.value }
        return worth(of: redeemed.cost, asset, isExpected: false)?.rounded ?? 0
    }

    /// How what was sold divides into goods and the assets that were given for it.
    public var allocation: Allocation? {
        var standAlone = Exact.zero
        for (asset, movement) in assets {
            let earned = max(0, movement.earned &- movement.takenBack)
            guard let worth = worth(of: earned, asset, isExpected: true) else { continue }
            guard let sum = standAlone.plus(worth) else { return nil }
            standAlone = sum
        }
        return Allocation(price: max(0, sold), standAlone: standAlone)
    }

    private func worth(of amount: Int64, _ asset: Asset, isExpected: Bool) -> Exact? {
        guard let rule = rules[asset], let unit = rule.worth else { return nil }
        let worth = Exact(amount).times(Exact(unit))
        return isExpected ? worth?.times(Exact(rule.redeemedShare)) : worth
    }
}

/// How a price divides into the goods and the points that come with them (IFRS 15).
///
/// By their stand-alone values: the goods' is the price, the points' is their number times what one
/// is worth times the share that is expected to be redeemed. Source: IFRS 15, paragraphs 74 and
/// B40.
public struct Allocation: Hashable, Sendable {
    /// What is revenue now, in the currency's minor unit.
    public let goods: Int64
    /// What becomes revenue when the points are redeemed or expire.
    public let deferred: Int64

    /// Divides a price into parts that add up to it; the goods' is rounded, halves up.
    ///
    /// Nil if the price is below zero or the numbers are too large.
    ///
    /// - Parameters:
    ///   - price: What was paid, in the currency's minor unit.
    ///   - standAlone: What the points are worth by themselves, in the same unit.
    public init?(price: Int64, standAlone: Exact) {
        guard price > 0 else {
            guard price == 0 else { return nil }
            (goods, deferred) = (0, 0)
            return
        }
        let whole = Exact(price)
        guard let sum = whole.plus(standAlone), let share = whole.divided(by: sum),
            let goods = whole.times(share)?.rounded
        else { return nil }
        self.goods = goods
        deferred = price - goods
    }
}
