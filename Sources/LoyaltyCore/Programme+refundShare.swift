/// Which share of a sale is refunded, before and after one refund.
struct Share {
    /// A part of a whole; all of it where the whole is 0.
    struct Part {
        let part: Int64
        let whole: Int64
    }

    let before: Part
    let after: Part
    /// The lines of the sale, of what came back before and until now; empty unless rules are asked.
    private let lines: (sold: [SaleLine], before: [SaleLine], after: [SaleLine])
    /// The rules whose lines are asked.
    private let rules: [Rule]

    /// All of a sale.
    static let whole = Self(before: Part(part: 0, whole: 0), after: Part(part: 0, whole: 0))
    /// What is left of a sale that was refunded wholly.
    static let nothing = Self(before: Part(part: 1, whole: 1), after: Part(part: 1, whole: 1))

    private init(before: Part, after: Part) {
        self.before = before
        self.after = after
        lines = ([], [], [])
        rules = []
    }

    init(_ refund: Refund, whole: Int64, _ policy: Policies.PartialRefund, _ rules: [Rule]) {
        let sold = refund.original.details.lines
        let back = refund.linesBefore + refund.lines
        let asksRules = policy == .byLine && !back.isEmpty
        self.rules = asksRules ? rules : []
        lines = asksRules ? (sold, refund.linesBefore, back) : ([], [], [])
        let isByGross = policy == .byShare && !refund.original.details.lines.isEmpty
        if isByGross, !(refund.lines + refund.linesBefore).isEmpty {
            let gross = refund.original.details.lines.reduce(0) { $0 + $1.gross }
            let partBefore = refund.linesBefore.reduce(0) { $0 + $1.gross }
            let part = refund.lines.reduce(partBefore) { $0 + $1.gross }
            // Whoever got all the money back has given everything back, named or not.
            let isPaidBack = whole > 0 && refund.refundedBefore + refund.amount >= whole
            let wasPaidBack = whole > 0 && refund.refundedBefore >= whole
            before = Part(part: wasPaidBack ? gross : min(partBefore, gross), whole: gross)
            after = Part(part: isPaidBack ? gross : min(part, gross), whole: gross)
        } else {
            before = Part(part: refund.refundedBefore, whole: whole)
            after = Part(part: refund.refundedBefore + refund.amount, whole: whole)
        }
    }

    /// Whether everything was refunded before; a sale of nothing is refunded by its first refund.
    var isWholeBefore: Bool { before.whole > 0 && before.part >= before.whole }
    /// Whether everything is refunded now.
    var isWholeAfter: Bool { after.part >= after.whole }

    func ceiling(_ amount: Int64, _ part: Part) throws(Refusal) -> Int64 {
        if part.whole == 0 { return part.part }
        guard let value = Exact(amount).times(Exact(Rate(part.part, part.whole)))?.ceiling
        else { throw .overflow }
        return value
    }

    /// What is taken back of an amount, over all refunds until then.
    func taken(_ amount: Int64, isAfter: Bool) throws(Refusal) -> Int64 {
        if isAfter ? isWholeAfter : isWholeBefore { return amount }
        let part = isAfter ? after : before
        if part.whole == 0 { return 0 }
        guard let value = Exact(amount).times(Exact(Rate(part.part, part.whole)))?.floor
        else { throw .overflow }
        return value
    }

    /// What is taken back of what rules gave of an asset, over all refunds until then: where the
    /// policy looks at lines, for each rule by the lines for which it gave.
    func taken(
        _ movement: AssetMovement,
        of total: Int64,
        isAfter: Bool
    ) throws(Refusal) -> Int64 {
        guard !rules.isEmpty, !(isAfter ? isWholeAfter : isWholeBefore)
        else { return try taken(total, isAfter: isAfter) }
        let returned = isAfter ? lines.after : lines.before
        var sum: Int64 = 0
        var rest = total
        for (id, amount) in movement.byRule {
            guard let rule = rules.first(where: { $0.id == id }) else { continue }
            let whole = rule.net(of: lines.sold)
            let part = min(whole, rule.net(of: returned))
            guard whole > 0,
                let value = Exact(amount).times(Exact(Rate(part, whole)))?.floor
            else { continue }
            sum += value
            rest -= amount
        }
        return min(total, sum + (try taken(max(0, rest), isAfter: isAfter)))
    }
}

extension Rule {
    /// What the lines that the rule is about cost after their own discounts.
    fileprivate func net(of lines: [SaleLine]) -> Int64 {
        lines.reduce(0) { sum, line in
            let isMeant = conditions.include?.matches(line) ?? true
            let isExcluded = conditions.exclude?.matches(line) ?? false
            return isMeant && !isExcluded ? sum + line.net : sum
        }
    }
}
