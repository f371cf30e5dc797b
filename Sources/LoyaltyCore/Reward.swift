/// Something a member gets for an asset (兌換/折抵).
public struct Reward: Hashable, Sendable {
    /// The reward's identifier within the programme.
    public let id: String
    /// What customers call it.
    public let title: LocalText
    /// What it does.
    public let benefit: Benefit
    /// What is spent; nil for a reward that costs nothing, such as a tier's gift.
    public let cost: Cost?
    /// All that must hold.
    public let conditions: Conditions
    /// How often it is redeemed at most.
    public let caps: [Cap]
    /// The number on the sheet by which the till chooses it; nil for a reward without a sheet.
    public let code: Int64?

    /// The largest number of a sheet.
    ///
    /// Source: our own bound; six digits, of which a control sheet's eight have room for two more.
    public static let codeMax: Int64 = 999_999

    /// Creates a reward.
    public init(
        id: String,
        title: LocalText,
        benefit: Benefit,
        cost: Cost?,
        conditions: Conditions = Conditions(),
        caps: [Cap] = [],
        code: Int64? = nil
    ) {
        self.id = id
        self.title = title
        self.benefit = benefit
        self.cost = cost
        self.conditions = conditions
        self.caps = caps
        self.code = code
    }

    /// What is spent for one of a reward.
    public struct Cost: Hashable, Sendable {
        /// Of what.
        public let asset: Asset
        /// How much, at least 1.
        public let amount: Int64

        /// Creates a cost.
        public init(_ amount: Int64, _ asset: Asset) {
            self.amount = amount
            self.asset = asset
        }
    }

    /// What a reward does.
    public enum Benefit: Hashable, Sendable {
        /// Units of the basket's lines that match are free: so many for one cost.
        case freeUnits(Int64)
        /// Amount off the lines that match, or off the order.
        case amountOff(Int64)
        /// A share off the lines that match, or off the order, up to an amount.
        case percentOff(Rate, max: Int64?)
        /// Each unit of the cost's asset pays so much, in the currency's minor unit.
        case pays(Rate)
        /// The cheapest unit of the lines that match is free.
        case cheapestFree
        /// Something is handed over that is not in the basket.
        case handOver
        /// Another asset: a voucher for stamps, a ticket for points.
        case gives(Int64, Asset)
    }
}

/// A member's wish to redeem.
public struct Redemption: Hashable, Sendable {
    /// The reward.
    public let reward: String
    /// How many of it: units for free units, times for all else; nil for as many as fit.
    public let count: Int64?
    /// How much of the cost's asset to pay with, where the member chooses; nil for all that fits.
    public let amount: Int64?

    /// Creates a wish.
    public init(_ reward: String, count: Int64? = 1, amount: Int64? = nil) {
        self.reward = reward
        self.count = count
        self.amount = amount
    }
}

/// What became of a wish to redeem.
public struct RedeemedReward: Hashable, Sendable {
    /// The reward.
    public let reward: String
    /// How many of it.
    public let count: Int64
    /// What it cost, in units of the reward's asset.
    public let cost: Int64
    /// What it took off the bill, in the currency's minor unit.
    public let value: Int64
    /// How often the cost was due; limits count these.
    public let times: Int64

    /// Creates a result.
    public init(
        _ reward: String,
        count: Int64,
        cost: Int64,
        value: Int64,
        times: Int64 = 1
    ) {
        self.reward = reward
        self.count = count
        self.cost = cost
        self.value = value
        self.times = times
    }
}
