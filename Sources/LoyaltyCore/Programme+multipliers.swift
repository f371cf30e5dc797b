extension Programme {
    /// Refuses two multipliers that may meet on one line where nobody said what they do then.
    ///
    /// One that `stacks` says it. Two meet unless something that both name keeps them apart: dates,
    /// days, hours, places, tiers, codes excepted, or articles that differ.
    func lintMultipliers() throws(ProgrammeError) {
        let multipliers = rules.filter(\.gift.isMultiplier)
        for (index, rule) in multipliers.enumerated() where !rule.stacks {
            let other = multipliers[..<index].first { other in
                !other.stacks && other.gift.asset == rule.gift.asset
                    && (other.group == nil || other.group != rule.group)
                    && rule.conditions.mayMeet(other.conditions)
            }
            guard let other else { continue }
            throw .multipliersUnordered(field: "rule \(rule.id): multiply", other: other.id)
        }
    }
}

extension Conditions {
    /// Whether both may hold for one line of one sale.
    fileprivate func mayMeet(_ other: Self) -> Bool {
        let places =
            Self.overlap(stores, other.stores) && Self.overlap(tills, other.tills)
            && Self.overlap(cashiers, other.cashiers) && Self.overlap(evidence, other.evidence)
        let days =
            Self.overlap(weekdays, other.weekdays) && Self.overlap(monthDays, other.monthDays)
        return occasion == other.occasion && places && days && Self.overlap(tiers, other.tiers)
            && datesOverlap(other) && minutesOverlap(other) && linesOverlap(other)
    }

    /// Whether two lists have something in common; an empty one names everything.
    private static func overlap<Word: Hashable>(_ one: Set<Word>, _ other: Set<Word>) -> Bool {
        one.isEmpty || other.isEmpty || !one.isDisjoint(with: other)
    }

    private func datesOverlap(_ other: Self) -> Bool {
        if let last = lastDate, let first = other.firstDate, last < first { return false }
        if let last = other.lastDate, let first = firstDate, last < first { return false }
        return true
    }

    private func minutesOverlap(_ other: Self) -> Bool {
        guard let minutes, let others = other.minutes else { return true }
        // One that passes midnight also covers the small hours of its first day.
        return [-1_440, 0, 1_440].contains { shift in
            minutes.overlaps((others.lowerBound + shift)..<(others.upperBound + shift))
        }
    }

    /// Whether a line may count for both.
    ///
    /// A line has one article, but categories and labels beside it, so only articles keep two
    /// filters apart.
    private func linesOverlap(_ other: Self) -> Bool {
        let one = include?.articles
        let two = other.include?.articles
        if let one, one.isSubset(of: other.exclude?.skus ?? []) { return false }
        if let two, two.isSubset(of: exclude?.skus ?? []) { return false }
        if let include, include.isCovered(by: other.exclude) { return false }
        if let filter = other.include, filter.isCovered(by: exclude) { return false }
        guard let one, let two else { return true }
        return !one.isDisjoint(with: two)
    }
}

extension LineFilter {
    /// The articles, where nothing else is named.
    fileprivate var articles: Set<String>? {
        categories.isEmpty && labels.isEmpty ? skus : nil
    }

    /// Whether all that matches this also matches another filter.
    fileprivate func isCovered(by other: Self?) -> Bool {
        guard let other else { return false }
        return skus.isSubset(of: other.skus) && categories.isSubset(of: other.categories)
            && labels.isSubset(of: other.labels)
    }
}
