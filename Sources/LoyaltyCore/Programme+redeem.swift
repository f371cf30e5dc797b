/// What is to be spent for the rewards of one sale.
struct RedemptionPlan {
    /// What each wish became, in order.
    var redeemed: [RedeemedReward] = []
    /// What is spent, in order.
    var costs: [Reward.Cost] = []
    /// What is given for it.
    var gifts: [Reward.Cost] = []

    /// How often a reward was redeemed in this sale already.
    func times(of reward: String) -> Int64 {
        redeemed.reduce(0) { $1.reward == reward ? $0 + $1.times : $0 }
    }

    /// How much of an asset is planned to be spent.
    func cost(of asset: Asset) -> Int64 {
        costs.reduce(0) { $1.asset == asset ? $0 + $1.amount : $0 }
    }
}

extension Programme {
    /// Applies a sale's wishes to its basket, in their order.
    ///
    /// A wish that does not fit the basket is dropped, with a step that says so; one to which the
    /// member has no right refuses the sale.
    func redeem(
        _ circumstances: Circumstances,
        _ purse: Purse,
        _ basket: inout Basket,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) -> RedemptionPlan {
        var plan = RedemptionPlan()
        let wishes = circumstances.sale.details.redemptions
        guard !wishes.isEmpty else { return plan }
        let best = try bestOrderDiscount(circumstances.sale, basket)
        for (place, wish) in wishes.enumerated() {
            let reward = try reward(wish.reward)
            let room = try room(for: reward, circumstances, changes, plan)
            guard circumstances.allow(reward.conditions.ofReward), room > 0
            else { throw .rewardUnavailable(reward.id) }
            let isBest = !reward.isOrderDiscount || best == place
            guard isBest, let selection = try fits(reward, basket, circumstances.sale),
                let used = try use(reward, wish, room, selection, purse, &basket, plan)
            else {
                steps.append(DerivationStep(.rewardDropped, reward.id, reward.cost?.asset))
                continue
            }
            try note(reward, used, circumstances, &changes)
            plan.redeemed.append(used)
            if let asset = reward.cost?.asset, used.cost > 0 {
                plan.costs.append(Reward.Cost(used.cost, asset))
            }
            if case .gives(let amount, let asset) = reward.benefit {
                let (gift, overflow) = amount.multipliedReportingOverflow(by: used.count)
                guard !overflow else { throw .overflow }
                plan.gifts.append(Reward.Cost(gift, asset))
            }
            steps.append(reward.step(used))
        }
        return plan
    }

    private func reward(_ id: String) throws(Refusal) -> Reward {
        guard let reward = rewards.first(where: { $0.id == id }) else { throw .rewardUnknown(id) }
        return reward
    }

    /// How often a reward may still be redeemed.
    func room(
        for reward: Reward,
        _ circumstances: Circumstances,
        _ changes: TallyChanges,
        _ plan: RedemptionPlan
    ) throws(Refusal) -> Int64 {
        var room = Int64.max
        for cap in reward.caps {
            let used =
                cap.scope == .sale
                ? plan.times(of: reward.id)
                : changes[circumstances.tally(.reward(reward.id), of: cap)]
            room = min(room, max(0, cap.max - used))
        }
        return room
    }

    private func note(
        _ reward: Reward,
        _ used: RedeemedReward,
        _ circumstances: Circumstances,
        _ changes: inout TallyChanges
    ) throws(Refusal) {
        for tally in circumstances.tallies(.reward(reward.id), of: reward.caps) {
            try changes.add(used.times, to: tally)
        }
    }

    /// The lines that a reward is about, if the basket is one that it is for.
    func fits(
        _ reward: Reward,
        _ basket: Basket,
        _ sale: Sale
    ) throws(Refusal) -> Basket.Selection? {
        guard let selection = basket.selection(reward.conditions, of: sale.details.lines)
        else { return nil }
        guard try meetsMinimum(reward.conditions, selection, basket) else { return nil }
        return selection
    }

    /// Of several shares off the whole order the one that takes most off; its place in the wishes.
    private func bestOrderDiscount(
        _ sale: Sale,
        _ basket: Basket
    ) throws(Refusal) -> Int? {
        var best: (place: Int, value: Int64)?
        for (place, wish) in sale.details.redemptions.enumerated() {
            let reward = try reward(wish.reward)
            guard reward.isOrderDiscount, case .percentOff(let rate, let max) = reward.benefit,
                let selection = try fits(reward, basket, sale)
            else { continue }
            let value = Self.share(rate, of: basket.rest(selection), max: max)
            if best.map({ $0.value < value }) ?? true { best = (place, value) }
        }
        return best?.place
    }

    private static func share(_ percent: Rate, of amount: Int64, max: Int64?) -> Int64 {
        let share = Exact(amount).times(Exact(percent))?.times(Exact(Rate(1, 100)))
        return min(amount, max ?? .max, share?.rounded ?? 0)
    }

    /// Applies one reward; nil if nothing comes of it.
    private func use(
        _ reward: Reward,
        _ wish: Redemption,
        _ room: Int64,
        _ selection: Basket.Selection,
        _ purse: Purse,
        _ basket: inout Basket,
        _ plan: RedemptionPlan
    ) throws(Refusal) -> RedeemedReward? {
        let held =
            reward.cost.map { purse.usable($0.asset) - plan.cost(of: $0.asset) } ?? Int64.max
        if case .pays(let worth) = reward.benefit {
            return try pay(reward, worth, wish, held, &basket)
        }
        let blocks = reward.cost.map { max(0, held) / $0.amount } ?? .max
        let unitsPerBlock: Int64 =
            if case .freeUnits(let units) = reward.benefit { units } else { 1 }
        let affordable = blocks.multipliedReportingOverflow(by: unitsPerBlock)
        let units = room.multipliedReportingOverflow(by: unitsPerBlock)
        let wanted = wish.count ?? (affordable.overflow ? .max : affordable.partialValue)
        guard wanted > 0 else { return nil }
        let wishedTimes = (wanted - 1) / unitsPerBlock + 1
        guard wish.count == nil || wishedTimes <= room else { throw .rewardUnavailable(reward.id) }
        let most = min(wanted, units.overflow ? .max : units.partialValue)
        let (count, value) = apply(reward, upTo: most, selection, &basket)
        guard count > 0 else { return nil }
        let times = (count - 1) / unitsPerBlock + 1
        let (cost, overflow) = times.multipliedReportingOverflow(by: reward.cost?.amount ?? 0)
        guard !overflow else { throw .overflow }
        return RedeemedReward(reward.id, count: count, cost: cost, value: value, times: times)
    }

    /// Applies a reward to the basket.
    ///
    /// - Returns: How many of it came to something, and what they took off the bill.
    private func apply(
        _ reward: Reward,
        upTo most: Int64,
        _ selection: Basket.Selection,
        _ basket: inout Basket
    ) -> (count: Int64, value: Int64) {
        switch reward.benefit {
        case .freeUnits:
            if basket.lines.isEmpty { return (most == .max ? 1 : most, 0) }
            let count = min(most, basket.fittingUnits(selection))
            return (count, basket.makeFree(count, selection))
        case .amountOff(let amount):
            let rest = basket.rest(selection)
            guard rest > 0 else { return (0, 0) }
            let count = min(most, (rest - 1) / amount + 1)
            let (off, overflow) = count.multipliedReportingOverflow(by: amount)
            return (count, basket.takeOff(overflow ? rest : min(rest, off), selection))
        case .percentOff(let rate, let max):
            let off = Self.share(rate, of: basket.rest(selection), max: max)
            return off > 0 ? (1, basket.takeOff(off, selection)) : (0, 0)
        case .cheapestFree:
            let off = basket.takeOffCheapest(selection)
            return off > 0 ? (1, off) : (0, 0)
        case .handOver, .gives: return (most == .max ? 1 : most, 0)
        case .pays: return (0, 0)
        }
    }

    /// Pays with units of an asset: as many as were chosen, no more than are worth what is due.
    private func pay(
        _ reward: Reward,
        _ worth: Rate,
        _ wish: Redemption,
        _ held: Int64,
        _ basket: inout Basket
    ) throws(Refusal) -> RedeemedReward? {
        guard let due = basket.due, let cost = reward.cost else { return nil }
        if let chosen = wish.amount, chosen > held {
            throw .notEnough(cost.asset, needed: chosen, held: max(0, held))
        }
        let ceiling = Exact(Rate(due, policies.ceilingUnit)).rounded
            .map { $0 * policies.ceilingUnit }
        guard let ceiling, let fitting = Exact(ceiling).divided(by: Exact(worth))?.floor
        else { throw .overflow }
        let units = min(wish.amount ?? max(0, held), fitting)
        guard units > 0, let value = Exact(units).times(Exact(worth))?.floor, value > 0
        else { return nil }
        basket.payByPoints(value)
        return RedeemedReward(reward.id, count: 1, cost: units, value: value)
    }
}

extension Reward {
    /// The step that says what became of a wish.
    fileprivate func step(_ used: RedeemedReward) -> DerivationStep {
        if case .pays = benefit {
            return DerivationStep(.paidWith, id, cost?.asset, [used.cost, used.value])
        }
        return DerivationStep(.redeemed, id, cost?.asset, [used.count, used.cost, used.value])
    }

    /// Whether it takes a share off the whole order, of which only one counts.
    var isOrderDiscount: Bool {
        guard case .percentOff = benefit else { return false }
        return conditions.include == nil
    }
}

extension Conditions {
    /// The same conditions at any occasion: a reward may be redeemed whenever the member is there.
    var ofReward: Self {
        var conditions = self
        conditions.occasion = .purchase
        return conditions
    }
}
