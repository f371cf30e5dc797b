import LoyaltyCore

extension NaiveEngine {
    /// Asks every rule.
    func earn(_ work: inout NaiveWork) {
        var matching = programme.rules.filter { rule in
            allows(rule.conditions, work.scene) && work.basket.fits(rule.conditions)
        }
        matching = matching.filter { rule in
            guard let group = rule.group else { return true }
            var best: Rule?
            for other in matching where other.group == group {
                if best == nil
                    || (other.conditions.amountMin ?? 0) > (best?.conditions.amountMin ?? 0)
                {
                    best = other
                }
            }
            return best?.id == rule.id
        }
        let multipliers = matching.filter { rule in
            if case .multiply = rule.gift { true } else { false }
        }
        // Bonuses and wins come after all else.
        func isBonus(_ rule: Rule) -> Bool {
            switch rule.gift {
            case .bonus, .instantWin: true
            default: false
            }
        }
        for rule in matching.filter({ !isBonus($0) }) + matching.filter(isBonus) {
            let exact = exactly(given: rule, multipliers, &work)
            work.exact[rule.id] = exact
            var amount = exact.floor
            if let room = room(rule.caps, "rule \(rule.id)", work.scene) {
                amount = min(amount, room)
            }
            if amount <= 0 { continue }
            give(rule.gift.asset.name, amount, rule.pendingDays, by: rule.id, &work)
            countUse("rule \(rule.id)", amount, &work)
        }
    }

    /// What a rule gives before it is floored and capped.
    private func exactly(
        given rule: Rule,
        _ multipliers: [Rule],
        _ work: inout NaiveWork
    ) -> NaiveFraction {
        let kind = programme.policies.earningBase
        let rest = "rest of \(rule.id)"
        let kept = rule.carriesRemainder ? work.scene.count(rest) : 0
        let base = work.basket.amount(of: rule.conditions, kind)
        switch rule.gift {
        case .perAmount(let give, let per, let asset):
            guard let base else { return .zero }
            let sum = base + NaiveFraction(kept)
            let blocks = (sum / NaiveFraction(per)).floor
            if blocks == 0 { work.isTooSmall = true }
            if rule.carriesRemainder {
                work.memberSets[rest] = (sum - NaiveFraction(blocks * per)).floor
            }
            let weight = weight(rule, asset, multipliers, work.basket, ofUnits: false)
            return NaiveFraction(blocks * give) * weight
        case .rate(let rate, let asset):
            guard let base else { return .zero }
            let weight = weight(rule, asset, multipliers, work.basket, ofUnits: false)
            let below = NaiveFraction(rate.denominator)
            let exact = base * NaiveFraction(rate) * weight + NaiveFraction(kept) / below
            if rule.carriesRemainder {
                work.memberSets[rest] = ((exact - NaiveFraction(exact.floor)) * below).floor
            }
            return exact
        case .perUnit(let give, let per, let asset):
            if work.basket.lines.isEmpty { return .zero }
            let units = work.basket.ownLines(rule.conditions)
                .map { work.basket.lines[$0].units }.reduce(0, +)
            let blocks = (units + kept) / per
            if rule.carriesRemainder { work.memberSets[rest] = units + kept - blocks * per }
            let weight = weight(rule, asset, multipliers, work.basket, ofUnits: true)
            return NaiveFraction(blocks * give) * weight
        case .perSale(let give, let asset):
            return NaiveFraction(give) * factor(multipliers, asset, nil)
        case .bonus(let give, _): return NaiveFraction(give)
        case .multiply: return .zero
        case .instantWin(let odds, let stock, let give, _):
            guard let luck = work.scene.sale.details.luck else { return .zero }
            let won = "wins of \(rule.id)"
            if chain[won] ?? 0 >= stock { return .zero }
            if let room = room(rule.caps, "rule \(rule.id)", work.scene), room <= 0 { return .zero }
            // The first number that leaves no outcome out is taken modulo the denominator.
            let outOf = Int128(odds.denominator)
            let usable = (Int128(1) << 64) / outOf * outOf
            let numbers = Self.mix(luck, rule.id).map { Int128($0) }
            guard let number = numbers.first(where: { $0 < usable }),
                number % outOf < Int128(odds.numerator)
            else { return .zero }
            work.chainCounts[won, default: 0] += 1
            return NaiveFraction(give)
        }
    }

    /// What the multipliers make of a rule's lines, on average.
    private func weight(
        _ rule: Rule,
        _ asset: Asset,
        _ multipliers: [Rule],
        _ basket: NaiveBasket,
        ofUnits: Bool
    ) -> NaiveFraction {
        if basket.lines.isEmpty { return factor(multipliers, asset, nil) }
        var (above, below) = (NaiveFraction.zero, NaiveFraction.zero)
        for number in basket.ownLines(rule.conditions) {
            let line = basket.lines[number]
            let size = NaiveFraction(
                ofUnits ? line.units : line.amount(programme.policies.earningBase)
            )
            above = above + size * factor(multipliers, asset, line)
            below = below + size
        }
        return below == .zero ? NaiveFraction(1) : above / below
    }

    /// What the multipliers make of one line or, for nil, of what has no line.
    private func factor(
        _ multipliers: [Rule],
        _ asset: Asset,
        _ line: NaiveLine?
    ) -> NaiveFraction {
        var best: NaiveFraction?
        var product = NaiveFraction(1)
        for rule in multipliers {
            guard case .multiply(let rate, let of) = rule.gift, of == asset else { continue }
            let (include, exclude) = (rule.conditions.include, rule.conditions.exclude)
            if let line {
                if !line.isIn(include, without: exclude) { continue }
            } else if include != nil || exclude != nil {
                continue
            }
            let rateHere = NaiveFraction(rate)
            if rule.stacks || programme.policies.multipliers == .stack {
                product = product * rateHere
            } else {
                best = max(best ?? rateHere, rateHere)
            }
        }
        return product * (best ?? NaiveFraction(1))
    }

    /// The chances of a rule in a sale: FNV-1a over its identifier, then four of splitmix64.
    private static func mix(_ luck: UInt64, _ id: String) -> [UInt64] {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return (1...4).map { turn in
            var mixed = (luck ^ hash) &+ UInt64(turn) &* 0x9E37_79B9_7F4A_7C15
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// Gives an amount in the bucket that the programme has for it; nothing that has expired.
    func give(
        _ asset: String,
        _ amount: Int64,
        _ pendingDays: Int64,
        by rule: String,
        _ work: inout NaiveWork
    ) {
        let date = work.scene.date
        let first = pendingDays > 0 ? date.adding(days: Int(pendingDays)) : nil
        var last: BusinessDate?
        if let card = programme.cards.first(where: { "stamps/\($0.id)" == asset }) {
            last = prolong(card, &work)
        } else {
            for rule in programme.assets where rule.asset.name == asset {
                last = rule.expiry.lastDate(earnedOn: date)
            }
        }
        if let last, last < date { return }
        let bucket = Bucket(from: first, through: last)
        work.answer.give(asset, bucket, amount)
        if amount > 0 {
            work.earned.append(
                NaiveEarning(rule: rule, asset: asset, bucket: bucket, amount: amount)
            )
        }
    }

    /// What is earned repays what is owed.
    func repayDebts(_ work: inout NaiveWork) {
        for earning in work.earned {
            let place = NaivePlace(asset: earning.asset, bucket: earning.bucket)
            let debt =
                (work.scene.member.debts[earning.asset] ?? 0)
                + (work.answer.owed[earning.asset] ?? 0)
            let there = work.answer.left(of: work.scene.member)[place] ?? 0
            let part = min(debt, earning.amount, there)
            if part <= 0 { continue }
            work.answer.take(place.asset, place.bucket, part)
            work.answer.owed[earning.asset, default: 0] -= part
        }
    }
}
