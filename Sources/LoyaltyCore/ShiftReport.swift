/// What was sold, earned, redeemed and taken back on one day of trade, at one till or at all.
///
/// Gross, as the entries say: what came back stands beside what was sold and is not taken off it.
public struct ShiftReport: Hashable, Sendable {
    /// The day of trade.
    public let date: BusinessDate
    /// The till; nil for all of the store.
    public let till: String?
    /// Purchases and visits: what was to be paid, earned and, below zero, spent.
    public private(set) var sales = Sum()
    /// What was redeemed, by reward.
    public private(set) var redeemed: [RedeemedReward] = []
    /// Parts of sales that came back: what was given back and, below zero, taken back.
    public private(set) var refunds = Sum()
    /// Sales that were taken back whole, or what was left of them.
    public private(set) var voids = Sum()

    /// Several of a kind.
    public struct Sum: Hashable, Sendable {
        /// How many.
        public private(set) var count: Int64 = 0
        /// How much money, in the currency's minor unit.
        public private(set) var amount: Int64 = 0
        /// How much of each asset, what came and what went apart.
        public private(set) var moved: [AssetAmount] = []

        mutating func add(_ amount: Int64, _ moved: [AssetAmount]) {
            var sum = Refunded(amount: self.amount, moved: self.moved)
            for part in moved { sum.add(Refunded(moved: [part])) }
            sum.add(Refunded(amount: amount))
            (count, self.amount, self.moved) = (count + 1, sum.amount, sum.moved)
        }
    }

    /// Something that an entry says, with what the entry alone does not tell.
    public enum Event: Sendable {
        /// A sale, and what was redeemed in it.
        case sale(AwardFact, [RedeemedReward])
        /// A refund.
        case refund(RefundFact)
        /// A void, its day of trade, and the till of its sale.
        case void(VoidFact, on: BusinessDate, till: String)
    }

    /// Begins an empty report.
    public init(on date: BusinessDate, till: String? = nil) {
        self.date = date
        self.till = till
    }

    /// Counts an event, if it is of the report's day and till.
    public mutating func add(_ event: Event) {
        switch event {
        case .sale(let award, let rewards):
            let sale = award.sale
            guard sale.businessDate == date, isMeant(sale.till) else { return }
            sales.add(sale.amount ?? 0, award.postings.map(\.assetAmount))
            for reward in rewards { add(reward) }
        case .refund(let refund):
            guard refund.businessDate == date, isMeant(refund.till) else { return }
            refunds.add(refund.amount, refund.moved)
        case .void(let void, let day, let till):
            guard day == date, isMeant(till) else { return }
            voids.add(0, void.postings.map(\.assetAmount))
        }
    }

    private func isMeant(_ other: String) -> Bool { till == nil || till == other }

    private mutating func add(_ reward: RedeemedReward) {
        guard let index = redeemed.firstIndex(where: { $0.reward == reward.reward }) else {
            redeemed.append(reward)
            return
        }
        let sum = redeemed[index]
        redeemed[index] = RedeemedReward(
            reward.reward,
            count: sum.count &+ reward.count,
            cost: sum.cost &+ reward.cost,
            value: sum.value &+ reward.value,
            times: sum.times &+ reward.times
        )
    }
}

extension Posting {
    fileprivate var assetAmount: AssetAmount { AssetAmount(asset, amount) }
}
