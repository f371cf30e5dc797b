/// A reward that a member can have now, and how much of it.
public struct RewardOffer: Hashable, Sendable {
    /// The reward.
    public let reward: Reward
    /// How many of it at most; 1 where there is no bound, and where the member chooses an amount.
    public let countMax: Int64
    /// How many units of the cost's asset can pay at most; nil for a reward that does not pay.
    public let unitsMax: Int64?
    /// What the most of it takes off the bill; nil where that depends on a bill that is not known.
    public let value: Int64?
    /// Whether it needs a bill; what does not can be handed over on its own.
    public let needsBill: Bool

    /// Creates an offer.
    public init(
        _ reward: Reward,
        countMax: Int64,
        unitsMax: Int64? = nil,
        value: Int64? = nil,
        needsBill: Bool
    ) {
        self.reward = reward
        self.countMax = countMax
        self.unitsMax = unitsMax
        self.value = value
        self.needsBill = needsBill
    }
}

extension Programme {
    /// The rewards that a member can have now, in the programme's order.
    ///
    /// Each is asked for by itself, beside the wishes that the sale has for other rewards. A sale
    /// with lines or an amount is asked as `decide` would be. One without is a bill that is still
    /// to come, and what is asked of a bill is then taken to hold: conditions on the basket, on how
    /// the till knows of the sale, and what the sale itself might earn.
    ///
    /// `decide` has the last word: what is offered may be gone once the sale is recorded, and near
    /// the turn of the day only the clock's day is asked here.
    ///
    /// - Parameters:
    ///   - standing: What the ledger knows of the member, with `talliesForOffers(in:)`.
    ///   - sale: What is bought; its redemptions are the wishes so far.
    ///   - moment: When, by every clock.
    /// - Returns: The offers; none for a member or a sale that is barred.
    public func offers(
        to standing: Standing,
        in sale: Sale,
        at moment: Moment
    ) -> [RewardOffer] {
        guard bar(standing, sale, at: moment) == nil else { return [] }
        return rewards.compactMap { reward in
            var trial = sale
            trial.details.redemptions.removeAll { $0.reward == reward.id }
            let desk = OfferDesk(programme: self, standing: standing, sale: trial, moment: moment)
            return desk.offer(of: reward)
        }
    }

    /// Why a reward is not offered.
    ///
    /// - Parameters:
    ///   - id: The reward, of which `offers(to:in:at:)` has none.
    ///   - standing: As for `offers(to:in:at:)`.
    ///   - sale: As for `offers(to:in:at:)`.
    ///   - moment: As for `offers(to:in:at:)`.
    /// - Returns: What `decide` would say, as far as it can be said before there is a bill.
    public func refusal(
        of id: String,
        to standing: Standing,
        in sale: Sale,
        at moment: Moment
    ) -> Refusal {
        guard let reward = rewards.first(where: { $0.id == id }) else { return .rewardUnknown(id) }
        if let refusal = bar(standing, sale, at: moment) { return refusal }
        var trial = sale
        trial.details.redemptions.removeAll { $0.reward == id }
        let desk = OfferDesk(programme: self, standing: standing, sale: trial, moment: moment)
        return desk.shortage(of: reward) ?? .rewardUnavailable(id)
    }
}

/// Where one member asks for one reward more.
private struct OfferDesk {
    let programme: Programme
    let standing: Standing
    /// The sale with the wishes for the other rewards.
    let sale: Sale
    let moment: Moment

    func offer(of reward: Reward) -> RewardOffer? {
        sale.amount == nil && sale.details.lines.isEmpty
            ? offerBeforeBill(of: reward) : offerOnBill(of: reward)
    }

    /// What is missing of the reward's cost; nil if that is not why it cannot be had.
    func shortage(of reward: Reward) -> Refusal? {
        guard let cost = reward.cost, room(for: reward) > 0,
            canHandOver(reward) || mayFitBill(reward)
        else { return nil }
        let held = usable(cost.asset)
        guard held < cost.amount else { return nil }
        return .notEnough(cost.asset, needed: cost.amount, held: held)
    }

    /// What `decide` would give of it.
    private func offerOnBill(of reward: Reward) -> RewardOffer? {
        var trial = sale
        trial.details.redemptions.append(Redemption(reward.id, count: nil))
        guard case .award(let award) = programme.decide(standing, trial, at: moment),
            let redeemed = award.redeemed.last(where: { $0.reward == reward.id })
        else { return nil }
        return RewardOffer(
            reward,
            countMax: reward.isPayment ? 1 : redeemed.count,
            unitsMax: reward.isPayment ? redeemed.cost : nil,
            value: redeemed.value,
            needsBill: !canHandOver(reward)
        )
    }

    private func offerBeforeBill(of reward: Reward) -> RewardOffer? {
        let isHandedOver = canHandOver(reward)
        guard isHandedOver || mayFitBill(reward) else { return nil }
        let held = reward.cost.map { usable($0.asset) } ?? .max
        let room = room(for: reward)
        if case .pays(let worth) = reward.benefit {
            guard room > 0, held > 0, let value = Exact(held).times(Exact(worth))?.floor, value > 0
            else { return nil }
            return RewardOffer(reward, countMax: 1, unitsMax: held, value: value, needsBill: true)
        }
        let times = min(room, reward.cost.map { held / $0.amount } ?? .max)
        guard times > 0 else { return nil }
        return RewardOffer(
            reward,
            countMax: reward.count(of: times),
            needsBill: !isHandedOver
        )
    }

    /// Whether it can be handed over where nothing is bought.
    private func canHandOver(_ reward: Reward) -> Bool {
        switch reward.benefit {
        case .handOver, .gives, .freeUnits: break
        case .amountOff, .percentOff, .cheapestFree, .pays: return false
        }
        let bare = Sale(
            key: sale.key,
            evidence: .visit,
            amount: nil,
            businessDate: sale.businessDate,
            opensVisit: false,
            till: sale.till
        )
        guard allows(reward, bare.telling(sale.details)) else { return false }
        do throws(Refusal) {
            return try programme.fits(reward, Basket(bare), bare) != nil
        } catch {
            return false
        }
    }

    /// Whether a bill may come that the reward is for.
    private func mayFitBill(_ reward: Reward) -> Bool {
        let named = reward.conditions.evidence
        let ways = Evidence.allCases.filter { named.isEmpty || named.contains($0) }
        return ways.contains { evidence in
            evidence != .visit
                && allows(reward, sale.known(by: evidence, opensVisit: sale.opensVisit))
        }
    }

    private func allows(_ reward: Reward, _ sale: Sale) -> Bool {
        Circumstances(programme, standing, sale, moment).allow(reward.conditions.ofReward)
    }

    private func room(for reward: Reward) -> Int64 {
        let circumstances = Circumstances(programme, standing, sale, moment)
        let changes = TallyChanges(standing.tallies)
        do throws(Refusal) {
            return try programme.room(for: reward, circumstances, changes, RedemptionPlan())
        } catch {
            return 0
        }
    }

    /// What can be spent of an asset once the other wishes have theirs.
    ///
    /// A wish to pay with all that fits takes what the others leave, and so keeps nothing here.
    private func usable(_ asset: Asset) -> Int64 {
        var left = Purse(standing.holdings, on: sale.businessDate).usable(asset)
        for wish in sale.details.redemptions {
            let reward = programme.rewards.first { $0.id == wish.reward }
            guard let reward, let cost = reward.cost, cost.asset == asset else { continue }
            left -= min(left, reward.isPayment ? wish.amount ?? 0 : reward.price(of: wish, cost))
        }
        return left
    }
}

extension Reward {
    /// Whether its units pay, so that the member chooses how many.
    public var isPayment: Bool {
        if case .pays = benefit { true } else { false }
    }

    private var unitsPerTime: Int64 {
        if case .freeUnits(let units) = benefit { units } else { 1 }
    }

    /// How many of it so many times are; 1 where there is no bound.
    fileprivate func count(of times: Int64) -> Int64 {
        switch benefit {
        case .percentOff, .cheapestFree, .pays: return 1
        case .freeUnits, .amountOff, .handOver, .gives:
            guard times != .max else { return 1 }
            let (count, overflow) = times.multipliedReportingOverflow(by: unitsPerTime)
            return overflow ? .max : count
        }
    }

    /// What a wish costs; a wish for all that fits costs all there is.
    fileprivate func price(of wish: Redemption, _ cost: Cost) -> Int64 {
        guard let count = wish.count else { return .max }
        guard count > 0 else { return 0 }
        let times = (count - 1) / unitsPerTime + 1
        let (price, overflow) = times.multipliedReportingOverflow(by: cost.amount)
        return overflow ? .max : price
    }
}

extension Sale {
    /// The same sale with who served and what was presented, and nothing of a basket.
    fileprivate func telling(_ details: SaleDetails) -> Self {
        var sale = self
        sale.details.store = details.store
        sale.details.cashier = details.cashier
        sale.details.codes = details.codes
        sale.details.currency = details.currency
        return sale
    }
}
