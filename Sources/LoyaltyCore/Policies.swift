/// What good systems do differently, stated by each programme (LOYALTY.md section 8).
public struct Policies: Hashable, Sendable {
    /// On which amount a sale earns.
    public var earningBase: EarningBase
    /// Whose base a discount of the whole order lowers.
    public var orderDiscounts: OrderDiscounts
    /// Whether the points of a sale can be spent in the same sale.
    public var spendsOwnPoints: Bool
    /// Whether a sale in which something is redeemed earns as well.
    public var redeemingSaleEarns: Bool
    /// In which proportion a partial refund takes back.
    public var partialRefund: PartialRefund
    /// Which amount decides the tier.
    public var tierGate: TierGate
    /// What several multipliers on one line do.
    public var multipliers: Multipliers
    /// Which stored value is spent first.
    public var storedValue: StoredValue
    /// Up to which amount points pay, in the currency's minor unit: the total rounded to a multiple
    /// of this, 1 for the exact total.
    public var ceilingUnit: Int64

    /// Creates policies; what is not named has the default of LOYALTY.md section 8.
    public init(
        earningBase: EarningBase = .afterDiscounts,
        orderDiscounts: OrderDiscounts = .ownScope,
        spendsOwnPoints: Bool = false,
        redeemingSaleEarns: Bool = true,
        partialRefund: PartialRefund = .byAmount,
        tierGate: TierGate = .includingThisSale,
        multipliers: Multipliers = .bestWins,
        storedValue: StoredValue = .bonusFirst,
        ceilingUnit: Int64 = 1
    ) {
        self.earningBase = earningBase
        self.orderDiscounts = orderDiscounts
        self.spendsOwnPoints = spendsOwnPoints
        self.redeemingSaleEarns = redeemingSaleEarns
        self.partialRefund = partialRefund
        self.tierGate = tierGate
        self.multipliers = multipliers
        self.storedValue = storedValue
        self.ceilingUnit = ceilingUnit
    }

    /// On which amount a sale earns.
    public enum EarningBase: String, CaseIterable, Sendable {
        /// Before any discount.
        case gross
        /// After discounts; what is paid with points or stored value counts.
        case afterDiscounts
        /// After discounts and what is paid with points.
        case afterDiscountsAndPoints
        /// After discounts, without tax.
        case untaxed
    }

    /// Whose base a discount of the whole order lowers.
    public enum OrderDiscounts: String, CaseIterable, Sendable {
        /// Only that of rules for the whole order.
        case ownScope
        /// That of every rule, each line by its share.
        case shared
    }

    /// In which proportion a partial refund takes back.
    public enum PartialRefund: String, CaseIterable, Sendable {
        /// By the amount that was refunded, of the amount that was paid.
        case byAmount
        /// By the refunded lines' share of the whole sale before discounts.
        case byShare
        /// For each rule by the lines for which it gave.
        case byLine
    }

    /// Which amount decides the tier.
    public enum TierGate: String, CaseIterable, Sendable {
        /// The lifetime or the window, this sale included; the sale itself has the old tier.
        case includingThisSale
        /// This sale alone, at once.
        case thisSaleAlone
    }

    /// What several multipliers on one line do.
    public enum Multipliers: String, CaseIterable, Sendable {
        /// The best one counts, and those marked `stacks` multiply it.
        case bestWins
        /// Each multiplies what the others gave.
        case stack
    }

    /// Which stored value is spent first.
    public enum StoredValue: String, CaseIterable, Sendable {
        /// What was given for top-ups.
        case bonusFirst
        /// What was paid for.
        case paidFirst
    }
}
