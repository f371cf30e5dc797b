extension Programme {
    /// Decides what a sale earns and what its member redeems in it.
    ///
    /// Pure: the same inputs always give the same decision. Order: what bars the sale; rewards and
    /// stored value; cards and rules; multipliers, bonuses, caps; debts; what is full becomes what
    /// it is worth. Fractions are exact, and floored once for each rule and sale.
    ///
    /// - Parameters:
    ///   - standing: What the ledger knows of the member.
    ///   - sale: What was bought, and how the till knows.
    ///   - moment: When the till came to know, by every clock.
    /// - Returns: An award that moves or counts something, or the reason there is none.
    public func decide(_ standing: Standing, _ sale: Sale, at moment: Moment) -> Decision {
        do throws(Refusal) {
            if let refusal = bar(standing, sale, at: moment) { throw refusal }
            let counted = withCounts(standing, sale, at: moment)
            return .award(try award(standing, counted, at: moment))
        } catch {
            return .refusal(error)
        }
    }

    /// Most of one reward that a wish for all that fits is tried for.
    ///
    /// Source: our own bound; a basket has a few hundred units.
    static let allCountMax: Int64 = 1_000_000

    /// The sale with a count for each wish for all that fits, where a sale's own points count.
    ///
    /// What a sale earns depends on what is redeemed in it, so the largest count is searched that
    /// can be paid for: with each more, less is earned and more is spent.
    private func withCounts(_ standing: Standing, _ sale: Sale, at moment: Moment) -> Sale {
        guard policies.spendsOwnPoints else { return sale }
        var sale = sale
        let open = sale.details.redemptions.indices.filter {
            isForAll(sale.details.redemptions[$0])
        }
        for place in open {
            let reward = sale.details.redemptions[place].reward
            sale.details.redemptions[place] = Redemption(reward, count: 0)
        }
        for place in open {
            let reward = sale.details.redemptions[place].reward
            var (least, most) = (Int64(0), Self.allCountMax)
            while least < most {
                let middle = (least + most + 1) / 2
                sale.details.redemptions[place] = Redemption(reward, count: middle)
                if canAward(standing, sale, at: moment) {
                    least = middle
                } else {
                    most = middle - 1
                }
            }
            sale.details.redemptions[place] = Redemption(reward, count: least)
        }
        return sale
    }

    private func isForAll(_ wish: Redemption) -> Bool {
        guard wish.count == nil, let reward = rewards.first(where: { $0.id == wish.reward }),
            reward.cost != nil
        else { return false }
        if case .pays = reward.benefit { return false }
        return true
    }

    private func canAward(_ standing: Standing, _ sale: Sale, at moment: Moment) -> Bool {
        do throws(Refusal) {
            _ = try award(standing, sale, at: moment)
            return true
        } catch {
            return false
        }
    }

    private func award(
        _ standing: Standing,
        _ sale: Sale,
        at moment: Moment
    ) throws(Refusal) -> Award {
        let circumstances = Circumstances(self, standing, sale, moment)
        var basket = try Basket(sale)
        var purse = Purse(standing.holdings, on: sale.businessDate)
        var changes = TallyChanges(standing.tallies)
        var steps: [DerivationStep] = []
        if basket.ignoresLines {
            let numbers = [Int64(sale.details.lines.count), sale.amount ?? 0]
            steps.append(DerivationStep(.linesIgnored, sale.key.text, nil, numbers))
        }
        let plan = try redeem(circumstances, purse, &basket, &changes, &steps)
        if !policies.spendsOwnPoints { try spend(plan, &purse) }
        let paidByValue = try payByValue(sale, basket, &purse, &steps)
        let mayEarn = policies.redeemingSaleEarns || plan.redeemed.allSatisfy { $0.cost == 0 }
        let earns = mayEarn && !sale.isHandOver
        if earns { try earn(circumstances, basket, &purse, &changes, &steps) }
        try Self.repay(&purse, &changes, &steps)
        if policies.spendsOwnPoints { try spend(plan, &purse) }
        for gift in plan.gifts { try give(gift.amount, gift.asset, from: nil, &purse, &steps) }
        try complete(&purse, &changes, &steps)
        try Self.repay(&purse, &changes, &steps)
        try count(circumstances, basket, purse, &changes, &steps)
        guard !purse.postings.isEmpty || !changes.changes.isEmpty || !plan.redeemed.isEmpty
        else { throw nothing(for: steps, sale) }
        return Award(
            postings: purse.postings,
            derivation: steps,
            tallies: changes.changes,
            redeemed: plan.redeemed,
            due: basket.due.map { max(0, $0 - paidByValue) }
        )
    }

    private func spend(_ plan: RedemptionPlan, _ purse: inout Purse) throws(Refusal) {
        for cost in plan.costs { try purse.spend(cost.amount, cost.asset) }
    }

    /// Pays with stored value what is due, as far as the member wants.
    ///
    /// - Returns: What it paid.
    private func payByValue(
        _ sale: Sale,
        _ basket: Basket,
        _ purse: inout Purse,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) -> Int64 {
        guard let wanted = sale.details.storedValue, wanted > 0, let due = basket.due
        else { return 0 }
        let order: [Asset] =
            policies.storedValue == .bonusFirst
            ? [.bonusValue, .paidValue] : [.paidValue, .bonusValue]
        let held: Int64 = order.reduce(0) { sum, asset in
            let (next, overflow) = sum.addingReportingOverflow(purse.usable(asset))
            return overflow ? Int64.max : next
        }
        let needed = wanted == .max ? min(1, due) : wanted
        guard held >= needed else { throw .notEnough(order[0], needed: wanted, held: held) }
        let paid = min(wanted, due, held)
        var left = paid
        for asset in order where left > 0 {
            let part = min(left, purse.usable(asset))
            guard part > 0 else { continue }
            try purse.spend(part, asset)
            steps.append(DerivationStep(.valuePaid, asset.name, asset, [part]))
            left -= part
        }
        return paid
    }

    private func earn(
        _ circumstances: Circumstances,
        _ basket: Basket,
        _ purse: inout Purse,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) {
        try stamp(circumstances, &purse, changes, &steps)
        var given: [(Int64, Asset, BusinessDate?)] = []
        try Earning(self, circumstances, basket).run(&changes, &steps) {
            (amount, asset, firstDate) throws(Refusal) in
            given.append((amount, asset, firstDate))
        }
        for (amount, asset, firstDate) in given {
            try give(amount, asset, from: firstDate, &purse, &steps)
        }
    }

    /// Repays what the member owes from what was just earned or given back.
    static func repay(
        _ purse: inout Purse,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) {
        for posting in purse.postings where posting.amount > 0 {
            let tally = Tally(.debt(posting.asset))
            let part = try purse.take(min(changes[tally], posting.amount), posting.asset) {
                $0 == posting.bucket
            }
            guard part > 0 else { continue }
            try changes.add(-part, to: tally)
            steps.append(
                DerivationStep(.debtRepaid, posting.asset.name, posting.asset, [part])
            )
        }
    }

    /// Raises the counts that the programme reads.
    private func count(
        _ circumstances: Circumstances,
        _ basket: Basket,
        _ purse: Purse,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) {
        let sale = circumstances.sale
        let date = sale.businessDate
        if sale.details.occasion == .purchase, sale.evidence != .visit {
            let periods = index.salePeriods.map { Tally(.sales, in: $0.period(of: date)) }
            let limits = circumstances.tallies(.sales, of: saleCaps)
            for tally in periods + limits.filter({ !periods.contains($0) }) {
                try changes.add(1, to: tally)
            }
        }
        if index.readsVisitDay, sale.details.occasion == .purchase {
            let last = changes[Tally(.visitDay)]
            try changes.set(Tally(.visitDay), to: max(last, Int64(date.dayNumber)))
        }
        if circumstances.streak > 0 {
            try changes.set(Tally(.streak), to: circumstances.streak)
            try changes.set(Tally(.streakDay), to: Int64(date.dayNumber))
        }
        if case .vote(let id, _) = sale.details.occasion {
            try changes.add(1, to: Tally(.vote(id)))
        }
        guard let tiers else { return }
        let amount = try counted(tiers.counter, sale, basket, purse)
        guard amount > 0 else { return }
        try changes.add(amount, to: Tally(tiers.subject, in: tiers.period(of: date)))
        try noteTier(circumstances.standing, on: date, &changes, &steps)
    }

    private func counted(
        _ counter: TierLadder.Counter,
        _ sale: Sale,
        _ basket: Basket,
        _ purse: Purse
    ) throws(Refusal) -> Int64 {
        switch counter {
        case .visits: return sale.details.occasion == .purchase && sale.opensVisit ? 1 : 0
        case .points: return purse.earned(.points).reduce(0) { $0 + $1.amount }
        case .spend:
            guard sale.details.occasion == .purchase else { return 0 }
            return try basket.base(.all, policies.earningBase, policies.orderDiscounts)?.floor ?? 0
        }
    }

    /// Why steps without an effect earn nothing: the guard before the amount.
    private func nothing(for steps: [DerivationStep], _ sale: Sale) -> Refusal {
        if let step = steps.first(where: { $0.kind == .visitGuarded }) {
            return .visitAlreadyStamped(guard: DoubleGrantGuard(hoursCode: step.numbers[0]))
        }
        if let step = steps.first(where: { $0.kind == .rewardDropped }) {
            return .rewardUnavailable(step.subject)
        }
        guard sale.details.occasion == .purchase else { return .nothingForOccasion }
        if sale.amount == nil, sale.details.lines.isEmpty { return .amountMissing }
        let small = steps.filter { $0.kind == .amountTooSmall }.compactMap { $0.number("per") }
        return small.min().map { .amountTooSmall(least: $0) } ?? .nothingForOccasion
    }
}
