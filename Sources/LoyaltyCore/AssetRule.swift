/// What a programme says of an asset: how long it can be used and what it is worth.
public struct AssetRule: Hashable, Sendable {
    /// Which asset.
    public let asset: Asset
    /// How long an amount can be used.
    public let expiry: Expiry
    /// What one unit is worth, in the currency's minor unit; for liability and the linter.
    public let worth: Rate?
    /// The share that is expected to be redeemed, from 0 to 1; for liability.
    public let redeemedShare: Rate
    /// What becomes of full blocks when they expire (週年轉換); what is left lapses.
    public let conversion: Conversion?

    /// Creates a rule for an asset.
    public init(
        _ asset: Asset,
        expiry: Expiry = .never,
        worth: Rate? = nil,
        redeemedShare: Rate = .one,
        conversion: Conversion? = nil
    ) {
        self.asset = asset
        self.expiry = expiry
        self.worth = worth
        self.redeemedShare = redeemedShare
        self.conversion = conversion
    }

    /// What full blocks become.
    public struct Conversion: Hashable, Sendable {
        /// Units of a full block, at least 1.
        public let block: Int64
        /// What a block becomes.
        public let asset: Asset
        /// How much of it.
        public let amount: Int64

        /// Creates a conversion.
        public init(block: Int64, into amount: Int64, _ asset: Asset) {
            self.block = block
            self.asset = asset
            self.amount = amount
        }
    }
}
