/// What the rules of a sale give, rule by rule.
struct Earning {
    let programme: Programme
    private let circumstances: Circumstances
    let basket: Basket
    /// The multipliers that hold.
    private(set) var multipliers: [Multiplier] = []
    /// All other rules that hold, in the programme's order, one of each group.
    private var givers: [Giver] = []

    /// A rule whose conditions hold, by its place, and the lines that it is about.
    struct Giver {
        let number: Int
        let selection: Basket.Selection
    }

    /// A multiplier whose conditions hold.
    struct Multiplier {
        let asset: Asset
        let factor: Exact
        let stacks: Bool
        let namesNoArticles: Bool
        let selection: Basket.Selection
    }

    init(_ programme: Programme, _ circumstances: Circumstances, _ basket: Basket) throws(Refusal) {
        self.programme = programme
        self.circumstances = circumstances
        self.basket = basket
        let sold = circumstances.sale.details.lines
        for candidate in programme.index.candidates(for: circumstances.sale) {
            let number = candidate.number
            guard
                programme.index.arePlain[number]
                    ? circumstances.allowDate(programme.rules[number].conditions)
                    : circumstances.allow(programme.rules[number].conditions),
                let selection = basket.selection(
                    programme.rules[number].conditions,
                    of: sold,
                    included: candidate.lines
                ),
                try programme.meetsMinimum(
                    programme.rules[number].conditions,
                    selection,
                    basket
                )
            else { continue }
            if case .multiply(let rate, let asset) = programme.rules[number].gift {
                let stacks =
                    programme.rules[number].stacks || programme.policies.multipliers == .stack
                multipliers.append(
                    Multiplier(
                        asset: asset,
                        factor: Exact(rate),
                        stacks: stacks,
                        namesNoArticles: programme.rules[number].conditions.namesNoArticles,
                        selection: selection
                    )
                )
            } else {
                keep(Giver(number: number, selection: selection))
            }
        }
    }

    /// Keeps a rule, unless another one of its group has a higher minimum.
    private mutating func keep(_ giver: Giver) {
        guard let group = programme.rules[giver.number].group,
            let other = givers.firstIndex(where: { programme.rules[$0.number].group == group })
        else {
            givers.append(giver)
            return
        }
        let least = [giver.number, givers[other].number].map { number in
            programme.rules[number].conditions.amountMin ?? 0
        }
        if least[0] > least[1] {
            givers.remove(at: other)
            givers.append(giver)
        }
    }

    /// What the rules give.
    ///
    /// - Parameters:
    ///   - changes: The counts, which the rules' caps read and raise.
    ///   - steps: How it came about.
    ///   - give: Takes what a rule gives: how much, of what, and from which day on it is usable.
    /// - Throws: `Refusal.overflow`.
    func run(
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep],
        give: (Int64, Asset, BusinessDate?) throws(Refusal) -> Void
    ) throws(Refusal) {
        for phase in [false, true] {
            for matched in givers where programme.rules[matched.number].gift.isBonus == phase {
                let rule = programme.rules[matched.number]
                guard let given = try amount(of: rule, matched, &changes, &steps), given > 0
                else { continue }
                let amount = try clip(given, rule, &changes, &steps)
                guard amount > 0 else { continue }
                var firstDate: BusinessDate?
                if rule.pendingDays > 0 {
                    let date = circumstances.sale.businessDate.adding(days: Int(rule.pendingDays))
                    steps.append(
                        DerivationStep(.pending, rule.id, rule.gift.asset, [Int64(date.dayNumber)])
                    )
                    firstDate = date
                }
                try give(amount, rule.gift.asset, firstDate)
            }
        }
    }

    /// What a rule gives before its caps; nil where it can give nothing for what is known.
    private func amount(
        of rule: Rule,
        _ matched: Giver,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) -> Int64? {
        switch rule.gift {
        case .perAmount(let give, let per, _):
            guard let base = try base(matched) else { return nil }
            return try blocks(give, per, base, rule, matched, .amountEarned, &changes, &steps)
        case .perUnit(let give, let per, _):
            guard !basket.lines.isEmpty else { return nil }
            let units = Exact(basket.units(matched.selection))
            return try blocks(give, per, units, rule, matched, .unitsEarned, &changes, &steps)
        case .rate(let rate, _):
            guard let base = try base(matched) else { return nil }
            return try share(rate, base, rule, matched, &changes, &steps)
        case .perSale(let give, _):
            steps.append(DerivationStep(.saleEarned, rule.id, rule.gift.asset, [give]))
            return try multiplied(Exact(give), rule, matched, isWhole: true, &steps).floor
        case .bonus(let give, _):
            steps.append(DerivationStep(.bonusEarned, rule.id, rule.gift.asset, [give]))
            return give
        case .instantWin(let odds, let stock, let give, _):
            return try win(odds, stock, give, rule, &changes, &steps)
        case .multiply: return nil
        }
    }

    private func base(_ matched: Giver) throws(Refusal) -> Exact? {
        let policies = programme.policies
        return try basket.base(matched.selection, policies.earningBase, policies.orderDiscounts)
    }

    /// So much for each whole block.
    private func blocks(
        _ give: Int64,
        _ per: Int64,
        _ base: Exact,
        _ rule: Rule,
        _ matched: Giver,
        _ kind: DerivationStep.Kind,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) -> Int64 {
        guard let whole = base.floor else { throw .overflow }
        let carried = rule.carriesRemainder ? changes[Tally(.remainder(rule.id))] : 0
        let (sum, tooLarge) = whole.addingReportingOverflow(carried)
        guard !tooLarge else { throw .overflow }
        let (points, overflow) = (sum / per).multipliedReportingOverflow(by: give)
        guard !overflow else { throw .overflow }
        if rule.carriesRemainder {
            try changes.set(Tally(.remainder(rule.id)), to: sum % per)
            steps.append(DerivationStep(.carried, rule.id, rule.gift.asset, [sum % per]))
        }
        guard points > 0 else {
            if kind == .amountEarned {
                steps.append(.amountTooSmall(rule: rule.id, amount: sum, per: per))
            }
            return 0
        }
        steps.append(DerivationStep(kind, rule.id, rule.gift.asset, [sum, per, give, points]))
        guard
            let result = try multiplied(Exact(points), rule, matched, isWhole: false, &steps).floor
        else { throw .overflow }
        return result
    }

    /// An amount times a rate, floored once.
    private func share(
        _ rate: Rate,
        _ base: Exact,
        _ rule: Rule,
        _ matched: Giver,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) -> Int64 {
        guard let exact = base.times(Exact(rate)), let plain = exact.floor, let whole = base.floor
        else { throw .overflow }
        steps.append(
            DerivationStep(
                .rateEarned,
                rule.id,
                rule.gift.asset,
                [whole, rate.numerator, rate.denominator, plain]
            )
        )
        var result = try multiplied(exact, rule, matched, isWhole: false, &steps)
        if rule.carriesRemainder {
            let part = Exact(Rate(1, rate.denominator))
            let tally = Tally(.remainder(rule.id))
            guard let carried = Exact(changes[tally]).times(part), let sum = result.plus(carried),
                let floor = sum.floor, let rest = sum.plus(Exact(-floor)),
                let parts = rest.divided(by: part)?.floor
            else { throw .overflow }
            try changes.set(tally, to: parts)
            steps.append(DerivationStep(.carried, rule.id, rule.gift.asset, [parts]))
            result = sum
        }
        guard let points = result.floor else { throw .overflow }
        return points
    }

    // MARK: - Caps and chance

    /// Clips what a rule gives to what its caps leave, and counts it.
    private func clip(
        _ given: Int64,
        _ rule: Rule,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) -> Int64 {
        var amount = given
        for cap in rule.caps {
            amount = min(amount, room(of: cap, rule, changes))
        }
        if amount < given {
            steps.append(DerivationStep(.capped, rule.id, rule.gift.asset, [given, amount]))
        }
        for tally in circumstances.tallies(.rule(rule.id), of: rule.caps) {
            try changes.add(amount, to: tally)
        }
        return amount
    }

    /// What a cap leaves.
    private func room(of cap: Cap, _ rule: Rule, _ changes: TallyChanges) -> Int64 {
        if cap.scope == .sale { return cap.max }
        return max(0, cap.max - changes[circumstances.tally(.rule(rule.id), of: cap)])
    }

    /// An instant win, as long as there is stock.
    private func win(
        _ odds: Rate,
        _ stock: Int64,
        _ give: Int64,
        _ rule: Rule,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) -> Int64 {
        let tally = Tally(.win(rule.id), for: .programme)
        // What its caps would clip is not won, so that it does not use up the stock.
        // What its caps would clip to nothing is not won, so that it uses up no stock.
        let hasRoom = rule.caps.allSatisfy { room(of: $0, rule, changes) > 0 }
        let left = hasRoom ? stock - changes[tally] : 0
        guard let luck = circumstances.sale.details.luck,
            let odds = InstantWin(wins: odds.numerator, outOf: odds.denominator),
            odds.isWon(stock: left, numbers: luck.numbers(for: rule.id))
        else {
            steps.append(DerivationStep(.notWon, rule.id, rule.gift.asset))
            return 0
        }
        try changes.add(1, to: tally)
        steps.append(DerivationStep(.won, rule.id, rule.gift.asset, [give]))
        return give
    }
}

extension Programme {
    /// Whether a basket reaches the least amount and number that conditions ask for.
    func meetsMinimum(
        _ conditions: borrowing Conditions,
        _ selection: Basket.Selection,
        _ basket: Basket
    ) throws(Refusal) -> Bool {
        if let least = conditions.quantityMin {
            guard !basket.lines.isEmpty, basket.units(selection) >= least else { return false }
        }
        guard let least = conditions.amountMin else { return true }
        let base = try basket.base(
            selection,
            conditions.amountOf.earningBase,
            policies.orderDiscounts
        )
        return base.map { !$0.isLess(than: Exact(least)) } ?? false
    }
}

extension Circumstances {
    /// The counts that caps look at, each once.
    func tallies(_ subject: Tally.Subject, of caps: [Cap]) -> [Tally] {
        caps.reduce(into: []) { found, cap in
            guard cap.scope != .sale else { return }
            let tally = tally(subject, of: cap)
            if !found.contains(tally) { found.append(tally) }
        }
    }

    /// The count that a cap looks at.
    func tally(_ subject: Tally.Subject, of cap: Cap) -> Tally {
        cap.tally(subject, sale.details.cashier ?? "", sale.businessDate)
    }
}

extension Conditions {
    fileprivate var namesNoArticles: Bool { include == nil && exclude == nil }
}

extension Conditions.AmountKind {
    fileprivate var earningBase: Policies.EarningBase {
        switch self {
        case .gross: .gross
        case .net: .afterDiscounts
        case .untaxed: .untaxed
        }
    }
}

extension Gift {
    /// Whether it is added after multiplication.
    fileprivate var isBonus: Bool {
        switch self {
        case .bonus, .instantWin: true
        case .perAmount, .rate, .perUnit, .perSale, .multiply: false
        }
    }
}

extension UInt64 {
    /// Other numbers for each rule of one sale.
    ///
    /// Source: FNV-1a over the rule's identifier starts splitmix64 (Steele, Lea, Flood, OOPSLA
    /// 2014).
    fileprivate func numbers(for id: String) -> [Self] {
        var hash: Self = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ Self(byte)) &* 0x100_0000_01b3 }
        var state = self ^ hash
        return (0..<InstantWin.numberCount).map { _ in
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }
}
