import LoyaltyCore

/// One line of a basket while rewards make it cheaper.
struct NaiveLine {
    let line: SaleLine
    /// Units that rewards made free.
    var free: Int64 = 0
    /// What rewards took off the price.
    var off: Int64 = 0

    init(_ line: SaleLine) {
        self.line = line
    }

    /// Whole units that are not free.
    var units: Int64 { line.quantity / 1_000 - free }

    var net: Int64 { line.net - off }

    /// What some of the units cost, before rewards.
    func price(_ units: Int64) -> Int64 {
        (NaiveFraction(line.net) * NaiveFraction(units * 1_000) / NaiveFraction(line.quantity))
            .floor
    }

    /// What the line counts for under a policy, before what is off the whole order.
    func amount(_ kind: Policies.EarningBase) -> Int64 {
        switch kind {
        case .gross:
            (NaiveFraction(line.gross) * NaiveFraction(line.quantity - free * 1_000)
                / NaiveFraction(line.quantity)).floor
        case .afterDiscounts, .afterDiscountsAndPoints: net
        case .untaxed: max(0, (line.untaxed ?? line.net) - off)
        }
    }

    func isIn(_ include: LineFilter?, without exclude: LineFilter?) -> Bool {
        if let include, !Self.matches(include, line) { return false }
        if let exclude, Self.matches(exclude, line) { return false }
        return true
    }

    private static func matches(_ filter: LineFilter, _ line: SaleLine) -> Bool {
        for sku in filter.skus where sku == line.sku { return true }
        for one in filter.categories { for two in line.categories where one == two { return true } }
        for one in filter.labels { for two in line.labels where one == two { return true } }
        return false
    }
}

/// A basket while it is decided: what is bought, what is off, what is left to pay.
struct NaiveBasket {
    let sale: Sale
    let policies: Policies
    var lines: [NaiveLine]
    /// What is to be paid before rewards; nil where no amount is known.
    let amount: Int64?
    /// Rewards of the whole order took off so much.
    var rewardsOff: Int64 = 0
    /// Points of this programme pay so much, and stored value.
    var pointsPaid: Int64 = 0
    var valuePaid: Int64 = 0

    init(_ sale: Sale, _ policies: Policies) {
        self.sale = sale
        self.policies = policies
        let nets = sale.details.lines.map(\.net).reduce(0, +)
        let fits = sale.amount == nil || sale.amount == nets - sale.details.orderDiscount
        lines = fits ? sale.details.lines.map(NaiveLine.init) : []
        amount = sale.amount ?? (lines.isEmpty ? nil : nets - sale.details.orderDiscount)
    }

    /// What rewards took off.
    var discounts: Int64 { rewardsOff + lines.map(\.off).reduce(0, +) }

    /// What is left to pay; nil where no amount is known.
    var due: Int64? {
        amount.map { max(0, max(0, $0 - discounts - pointsPaid) - valuePaid) }
    }

    func ownLines(_ conditions: Conditions) -> [Int] {
        lines.indices.filter {
            lines[$0].isIn(conditions.include, without: conditions.exclude)
        }
    }

    /// What a rule's lines come to under a policy; nil where nothing is known.
    func amount(of conditions: Conditions, _ kind: Policies.EarningBase) -> NaiveFraction? {
        guard let amount else { return nil }
        if lines.isEmpty, conditions.include != nil { return nil }
        if lines.isEmpty || (conditions.include == nil && conditions.exclude == nil) {
            return NaiveFraction(wholeAmount(kind, amount))
        }
        let own = ownLines(conditions)
        let sum = NaiveFraction(own.map { lines[$0].amount(kind) }.reduce(0, +))
        let isSpared = conditions.include != nil && policies.orderDiscounts == .ownScope
        if kind == .gross || isSpared { return sum }
        var off = sale.details.orderDiscount + rewardsOff
        if kind == .afterDiscountsAndPoints { off += pointsPaid + sale.details.paidWithPoints }
        let all = lines.map(\.net).reduce(0, +)
        if off == 0 { return sum }
        if all == 0 { return .zero }
        let share = NaiveFraction(own.map { lines[$0].net }.reduce(0, +)) / NaiveFraction(all)
        return max(.zero, sum - NaiveFraction(off) * share)
    }

    private func wholeAmount(_ kind: Policies.EarningBase, _ amount: Int64) -> Int64 {
        switch kind {
        case .gross:
            return lines.isEmpty
                ? amount + sale.details.orderDiscount
                : lines.map { $0.amount(.gross) }.reduce(0, +)
        case .afterDiscounts: return max(0, amount - discounts)
        case .afterDiscountsAndPoints:
            return max(0, amount - discounts - pointsPaid - sale.details.paidWithPoints)
        case .untaxed:
            var untaxed = amount
            if let told = sale.details.untaxed {
                untaxed = told
            } else if lines.contains(where: { $0.line.untaxed != nil }) {
                let sum = lines.map { $0.line.untaxed ?? $0.line.net }.reduce(0, +)
                untaxed = sum - sale.details.orderDiscount
            }
            return max(0, untaxed - discounts)
        }
    }

    /// Whether the rule's lines are enough for it.
    func fits(_ conditions: Conditions) -> Bool {
        if conditions.include != nil || (conditions.exclude != nil && !lines.isEmpty) {
            if ownLines(conditions).isEmpty { return false }
        }
        if let least = conditions.quantityMin {
            if lines.isEmpty { return false }
            let units = ownLines(conditions).map { lines[$0].units }.reduce(0, +)
            if units < least { return false }
        }
        if let least = conditions.amountMin {
            let kind: Policies.EarningBase =
                switch conditions.amountOf {
                case .gross: .gross
                case .net: .afterDiscounts
                case .untaxed: .untaxed
                }
            guard let amount = amount(of: conditions, kind) else { return false }
            if amount < NaiveFraction(least) { return false }
        }
        return true
    }
}
