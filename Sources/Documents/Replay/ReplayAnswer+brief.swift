import LoyaltyCore

extension ReplayAnswer {
    /// The answer as lines for people: itself, and indented what followed from it.
    ///
    /// Such as `A1: +6 points; due 215; points=6`: what was earned and spent, what is left to pay,
    /// and what the member can use afterwards.
    public var brief: [String] {
        [briefLine] + derived.map { "  " + $0.briefLine }
            + (derivedCount > derived.count ? ["  and \(derivedCount - derived.count) more"] : [])
    }

    private var briefLine: String {
        var facts: [String] = []
        if isRepeat { facts.append("repeat") }
        if isDraft { facts.append("draft") }
        switch outcome {
        case .refusal(let refusal): facts.append("refused \(refusal.code)")
        case .award(let award):
            facts += Self.sums(award)
            facts += award.redeemed.map {
                "\($0.reward) \($0.count) for \($0.cost) off \($0.value)"
            }
            if let due = award.due { facts.append("due \(due)") }
        }
        return "\(key): " + (facts + (position?.facts ?? [])).joined(separator: "; ")
    }

    /// What was added and then what was taken of each asset, in the order of the names.
    private static func sums(_ award: Award) -> [String] {
        var sums: [(name: String, isAdded: Bool, amount: Int64)] = []
        for posting in award.postings {
            let name = posting.asset.name
            let isAdded = posting.amount > 0
            if let index = sums.firstIndex(where: { $0.name == name && $0.isAdded == isAdded }) {
                sums[index].amount &+= posting.amount
            } else {
                sums.append((name, isAdded, posting.amount))
            }
        }
        sums.sort { ($0.name, $0.isAdded ? 0 : 1) < ($1.name, $1.isAdded ? 0 : 1) }
        return sums.map { "\($0.isAdded ? "+" : "")\($0.amount) \($0.name)" }
    }
}

extension ReplayPosition {
    fileprivate var facts: [String] {
        balances.map { "\($0.asset.name)=\($0.amount)" }
            + pending.map { "\($0.asset.name) pending=\($0.amount)" }
            + owed.map { "\($0.asset.name) owed=\($0.amount)" }
            + (tier.map { ["tier \($0.tier.id)"] } ?? [])
    }
}
