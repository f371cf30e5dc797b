extension Earning {
    /// What a rule gives, times the multipliers of the lines for which it gives.
    func multiplied(
        _ amount: Exact,
        _ rule: Rule,
        _ matched: Giver,
        isWhole: Bool,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) -> Exact {
        let asset = rule.gift.asset
        guard multipliers.contains(where: { $0.asset == asset }) else { return amount }
        let factor: Exact
        if isWhole || basket.lines.isEmpty {
            factor = try combined(asset) { $0.namesNoArticles }
        } else {
            factor = try weighted(asset, rule.gift, matched.selection)
        }
        guard factor.numerator != factor.denominator else { return amount }
        guard let result = amount.times(factor), let points = result.floor,
            let above = Int64(exactly: factor.numerator),
            let below = Int64(exactly: factor.denominator)
        else { throw .overflow }
        steps.append(DerivationStep(.multiplied, rule.id, asset, [above, below, points]))
        return result
    }

    /// The lines' factors, each by the share that the line has in what the rule looks at.
    private func weighted(
        _ asset: Asset,
        _ gift: Gift,
        _ selection: Basket.Selection
    ) throws(Refusal) -> Exact {
        if multipliers.allSatisfy({ $0.asset != asset || $0.selection.isAll }) {
            return try combined(asset) { _ in true }
        }
        let isByUnits: Bool = if case .perUnit = gift { true } else { false }
        // Lines on which the same multipliers hold are one part.
        var parts: [(place: Int, weight: Int64)] = []
        var whole: Int64 = 0
        for place in basket.lines.indices where selection.contains(place) {
            let line = basket.lines[place]
            let weight =
                isByUnits ? line.units : basket.value(of: line, programme.policies.earningBase)
            whole += weight
            if let same = parts.firstIndex(where: { hasSameMultipliers($0.place, place) }) {
                parts[same].weight += weight
            } else {
                parts.append((place, weight))
            }
        }
        guard whole > 0 else { return Exact(1) }
        var sum = Exact.zero
        for part in parts {
            let factor = try combined(asset) { $0.selection.contains(part.place) }
            guard let share = factor.times(Exact(part.weight)), let next = sum.plus(share)
            else { throw .overflow }
            sum = next
        }
        guard sum.numerator > 0 else { return .zero }
        guard let factor = sum.divided(by: Exact(whole)) else { throw .overflow }
        return factor
    }

    private func hasSameMultipliers(_ one: Int, _ other: Int) -> Bool {
        multipliers.allSatisfy { $0.selection.contains(one) == $0.selection.contains(other) }
    }

    /// What multipliers of an asset amount to: the best one and all that stack, or all of them.
    private func combined(
        _ asset: Asset,
        where isMeant: (Multiplier) -> Bool
    ) throws(Refusal) -> Exact {
        var best: Exact?
        var product = Exact(1)
        for multiplier in multipliers where multiplier.asset == asset && isMeant(multiplier) {
            if multiplier.stacks {
                guard let next = product.times(multiplier.factor) else { throw .overflow }
                product = next
            } else if best.map({ $0.isLess(than: multiplier.factor) }) ?? true {
                best = multiplier.factor
            }
        }
        guard let best else { return product }
        guard let all = product.times(best) else { throw .overflow }
        return all
    }
}
