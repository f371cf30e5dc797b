extension Programme {
    /// The most that one sale may earn of one asset.
    ///
    /// Source: 2^53, the largest whole number that every JSON reader keeps exactly (RFC 8259
    /// section 6); `amountMax` under the largest rate.
    public static let awardMax: Int64 = 9_007_199_254_740_992

    /// Refuses a programme that can be run and makes no sense (LOYALTY.md section 10).
    ///
    /// - Parameter statesMultipliers: Whether its author wrote what several multipliers do.
    /// - Throws: `ProgrammeError`, naming the first part that cannot be meant.
    public func lint(statesMultipliers: Bool) throws(ProgrammeError) {
        try lintWindows()
        try lintAssets()
        try lintChains()
        try lintEarning()
        try lintTiers()
        try lintRewards()
        if !statesMultipliers { try lintMultipliers() }
        try lintAmounts()
    }

    /// Refuses what has ended: the programme, or the window of a rule or a reward, which can never
    /// hold again.
    public func lint(on today: BusinessDate) throws(ProgrammeError) {
        guard today <= lastDate
        else { throw .ended(field: "through", last: lastDate, today: today) }
        for (subject, conditions) in windows {
            guard let last = conditions.lastDate, last < today else { continue }
            throw .ended(field: "\(subject): when.through", last: last, today: today)
        }
    }

    /// Refuses an edition that would not replace the active one.
    public func lint(after active: Programme) throws(ProgrammeError) {
        guard name == active.name else { throw .nameChanged(name: name, active: active.name) }
        guard version > active.version
        else { throw .versionNotHigher(version: version, active: active.version) }
    }

    private var windows: [(subject: String, conditions: Conditions)] {
        rules.map { ("rule \($0.id)", $0.conditions) }
            + rewards.map { ("reward \($0.id)", $0.conditions) }
    }

    private func lintWindows() throws(ProgrammeError) {
        for (subject, conditions) in windows {
            if let first = conditions.firstDate, first > lastDate {
                throw .outsideProgramme(field: "\(subject): when.from")
            }
            if let last = conditions.lastDate, last < firstDate {
                throw .outsideProgramme(field: "\(subject): when.through")
            }
            if conditions.amountOf != .gross, let least = conditions.amountMin {
                try Self.checkRange("\(subject): when.amountMin", least, 1...saleAmountMax)
            }
        }
    }

    private func lintAssets() throws(ProgrammeError) {
        for rule in assets {
            let field = "asset \(rule.asset.name): expiry"
            if rule.expiry != .never, rule.asset.isPaidFor {
                throw .paidValueExpires(field: field, rule.asset)
            }
            if case .on(let last) = rule.expiry, last < firstDate {
                throw .outsideProgramme(field: field)
            }
        }
    }

    /// Refuses chains of which some card never begins: they lead back to it, or stop before it.
    private func lintChains() throws(ProgrammeError) {
        for card in cards {
            var next = card.next
            for _ in cards where next != nil && next != card.id {
                next = cards.first { $0.id == next }?.next
            }
            if next == card.id { throw .cardsInCircle(field: "card \(card.id): next") }
            if card.next != nil, card.completion == nil {
                throw .nextNeverBegins(field: "card \(card.id): next")
            }
        }
    }

    // MARK: - What can be reached

    /// What members can come by.
    ///
    /// Stamps come with each visit; a voucher that `assets` names may come from headquarters, as
    /// the prize of a draw does.
    private var earnable: Set<Asset> {
        var found: Set<Asset> = []
        for rule in rules where !rule.gift.isMultiplier { found.insert(rule.gift.asset) }
        for card in cards {
            found.insert(card.asset)
            if let completion = card.completion { found.insert(completion.asset) }
        }
        for rule in assets {
            if rule.asset.kind == .voucher { found.insert(rule.asset) }
            if let conversion = rule.conversion { found.insert(conversion.asset) }
        }
        for reward in rewards {
            if case .gives(_, let asset) = reward.benefit { found.insert(asset) }
        }
        return found
    }

    private func lintEarning() throws(ProgrammeError) {
        let earnable = earnable
        let given = Set(rules.lazy.filter { !$0.gift.isMultiplier }.map(\.gift.asset))
        for rule in rules {
            if rule.gift.isMultiplier, !given.contains(rule.gift.asset) {
                throw .unearnable(field: "rule \(rule.id): multiply", rule.gift.asset)
            }
            if let asset = rule.conditions.holds?.asset, !earnable.contains(asset) {
                throw .unearnable(field: "rule \(rule.id): when.holds", asset)
            }
        }
        for reward in rewards {
            if let asset = reward.cost?.asset, !earnable.contains(asset) {
                throw .unearnable(field: "reward \(reward.id): cost", asset)
            }
            if let asset = reward.conditions.holds?.asset, !earnable.contains(asset) {
                throw .unearnable(field: "reward \(reward.id): when.holds", asset)
            }
        }
    }

    private func lintTiers() throws(ProgrammeError) {
        guard let tiers else { return }
        let isAlone = policies.tierGate == .thisSaleAlone
        let most: Int64 =
            switch tiers.counter {
            case .points: earnable.contains(.points) ? .max : 0
            case .spend: isAlone ? saleAmountMax : .max
            case .visits: isAlone ? 1 : .max
            }
        for tier in tiers.tiers where tier.min > most {
            throw .tierUnreachable(field: "tier \(tier.id): min", most: most)
        }
    }

    private func lintRewards() throws(ProgrammeError) {
        for reward in rewards {
            if let cost = reward.cost,
                let card = cards.first(where: { $0.asset == cost.asset })
            {
                // A card that becomes something when it is full never shows its last stamp.
                let most = card.completion == nil ? card.size : card.size - 1
                guard cost.amount <= most
                else {
                    let field = "reward \(reward.id): cost.give"
                    throw .costAboveCard(field: field, cost: cost.amount, most: most)
                }
            }
            if let asset = givenBack(by: reward) {
                throw .costsLessThanItGives(field: "reward \(reward.id)", asset)
            }
        }
    }

    /// What a reward gives more of than it costs; nil if nothing.
    private func givenBack(by reward: Reward) -> Asset? {
        guard let cost = reward.cost else {
            guard case .gives(_, let asset) = reward.benefit, reward.caps.isEmpty,
                asset == .points
            else { return nil }
            return asset
        }
        switch reward.benefit {
        case .gives(let amount, let asset):
            let back = asset == cost.asset ? Rate.one : bestExchange(of: asset, into: cost.asset)
            guard let back else { return nil }
            let gain = Exact(amount).times(Exact(back))
            return gain.map { Exact(cost.amount).isLess(than: $0) } ?? true ? cost.asset : nil
        case .pays(let worth):
            // What points pay counts as paid, unless the policy says otherwise.
            guard policies.earningBase != .afterDiscountsAndPoints else { return nil }
            return earns(more: cost, for: worth) ? cost.asset : nil
        case .amountOff(let amount):
            guard policies.earningBase == .gross else { return nil }
            return earns(more: cost, for: Rate(amount)) ? cost.asset : nil
        case .freeUnits, .percentOff, .cheapestFree, .handOver: return nil
        }
    }

    /// The most of one asset that one unit of another becomes by a reward or a full card.
    private func bestExchange(of asset: Asset, into other: Asset) -> Rate? {
        var rates: [Rate] = []
        for reward in rewards {
            guard case .gives(let amount, let given) = reward.benefit, given == other,
                let cost = reward.cost, cost.asset == asset
            else { continue }
            rates.append(Rate(amount, cost.amount))
        }
        for card in cards where card.asset == asset {
            guard let completion = card.completion, completion.asset == other else { continue }
            rates.append(Rate(completion.amount, card.size))
        }
        return rates.max { Exact($0).isLess(than: Exact($1)) }
    }

    /// Whether an amount earns more of an asset than a cost.
    ///
    /// By the rules that always hold for a purchase of anything, and the best of the others; to
    /// within one part in 2^40 for each rule.
    private func earns(more cost: Reward.Cost, for amount: Rate) -> Bool {
        guard policies.redeemingSaleEarns else { return false }
        let unit: Int128 = 1 << 40
        var sum: Int128 = 0
        var best: Int128 = 0
        for rule in rules where rule.gift.asset == cost.asset {
            guard let rate = rule.gift.rateOfAmount, rule.conditions.occasion == .purchase
            else { continue }
            let each = Int128(rate.numerator) * unit / Int128(rate.denominator)
            if rule.conditions == Conditions() { sum += each } else { best = max(best, each) }
        }
        // At most 2^71 × 2^33 on one side, 2^33 × 2^40 × 2^20 on the other.
        return (sum + best) * Int128(amount.numerator)
            > Int128(cost.amount) * unit * Int128(amount.denominator)
    }

    // MARK: - Amounts

    private func lintAmounts() throws(ProgrammeError) {
        var sums: [Asset: [Occasion.Kind: Int64]] = [:]
        for rule in rules where !rule.gift.isMultiplier {
            let asset = rule.gift.asset
            let kind = rule.conditions.occasion
            let sum = most(of: rule).map { $0.addingReportingOverflow(sums[asset]?[kind] ?? 0) }
            guard let sum, !sum.overflow, sum.partialValue <= Self.awardMax
            else { throw .awardAboveMax(field: "rule \(rule.id)", asset) }
            sums[asset, default: [:]][kind] = sum.partialValue
        }
    }

    /// The most that a rule gives for one sale; nil for more than can be counted at all.
    private func most(of rule: Rule) -> Int64? {
        let amount = Exact(saleAmountMax)
        let plain: Exact?
        switch rule.gift {
        case .perAmount(let give, let per, _): plain = amount.times(Exact(Rate(give, per)))
        // A unit costs at least one of the smallest unit of money.
        case .perUnit(let give, let per, _): plain = amount.times(Exact(Rate(give, per)))
        case .rate(let rate, _): plain = amount.times(Exact(rate))
        case .perSale(let give, _): plain = Exact(give)
        case .bonus(let give, _), .instantWin(_, _, let give, _): return give
        case .multiply: return 0
        }
        let cap = rule.caps.filter { $0.scope == .sale }.map(\.max).min()
        guard let factor = largestFactor(of: rule.gift.asset),
            let most = plain?.times(factor)?.floor
        else { return cap }
        return min(most, cap ?? .max)
    }

    /// By how much all multipliers together multiply at most; nil for too much.
    private func largestFactor(of asset: Asset) -> Exact? {
        var product: Exact? = Exact(1)
        var best = Exact(1)
        for rule in rules {
            guard case .multiply(let rate, asset) = rule.gift, Exact(1).isLess(than: Exact(rate))
            else { continue }
            if rule.stacks || policies.multipliers == .stack {
                product = product?.times(Exact(rate))?.roundedUp
            } else if best.isLess(than: Exact(rate)) {
                best = Exact(rate)
            }
        }
        return product?.times(best)
    }
}

extension Exact {
    /// A little more, over a smaller denominator, once two rates' have been multiplied; so no
    /// number of multipliers overflows before what they come to does.
    fileprivate var roundedUp: Self? {
        let unit = Programme.rateMax
        guard denominator > Int128(unit) * Int128(unit) else { return self }
        if let parts = times(Exact(unit))?.ceiling { return Exact(parts).divided(by: Exact(unit)) }
        return ceiling.map { Self($0) }
    }
}

extension Gift {
    /// Whether it multiplies what others give.
    var isMultiplier: Bool { if case .multiply = self { true } else { false } }

    /// What it gives for one of the smallest unit of money; nil if it does not look at amounts.
    fileprivate var rateOfAmount: Rate? {
        switch self {
        case .perAmount(let give, let per, _): Rate(give, per)
        case .rate(let rate, _): rate
        case .perUnit, .perSale, .bonus, .multiply, .instantWin: nil
        }
    }
}
