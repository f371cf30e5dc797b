/// What is bought, while rewards take amounts off it.
struct Basket {
    /// The lines, unless they do not add up to the amount.
    private(set) var lines: [Line]
    /// What is to be paid before rewards; nil where it is not known.
    let amount: Int64?
    /// What rewards took off the order as a whole.
    private(set) var orderReduction: Int64 = 0
    /// What points pay.
    private(set) var paidByPoints: Int64 = 0
    /// Whether there are lines that do not add up.
    let ignoresLines: Bool

    private let posDiscount: Int64
    private let untaxed: Int64?
    private let paidElsewhere: Int64

    /// One line of the basket.
    struct Line {
        let line: SaleLine
        /// Units that a reward made free.
        fileprivate(set) var freeUnits: Int64 = 0
        /// What rewards took off the line, the free units included.
        fileprivate(set) var reduction: Int64 = 0

        /// Whole units that are not free.
        var units: Int64 { max(0, line.quantity / SaleLine.unit - freeUnits) }

        /// What some units of the line cost, after the line's own discount.
        func price(of units: Int64) -> Int64 {
            guard line.quantity > 0 else { return 0 }
            let share = Exact(line.net).times(Exact(Rate(units * SaleLine.unit, line.quantity)))
            return share?.floor ?? 0
        }
    }

    init(_ sale: Sale) throws(Refusal) {
        let details = sale.details
        var gross: Int64 = 0
        var net: Int64 = 0
        for (index, line) in details.lines.enumerated() {
            guard line.quantity >= 0, line.gross >= 0, line.net >= 0, line.untaxed ?? 0 >= 0
            else { throw .lineNegative(index) }
            let sums = (
                gross.addingReportingOverflow(line.gross), net.addingReportingOverflow(line.net)
            )
            guard !sums.0.overflow, !sums.1.overflow else { throw .overflow }
            (gross, net) = (sums.0.partialValue, sums.1.partialValue)
        }
        let sum = net - details.orderDiscount
        ignoresLines = !details.lines.isEmpty && sale.amount.map { $0 != sum } ?? (sum < 0)
        lines = ignoresLines ? [] : details.lines.map { Line(line: $0) }
        amount = sale.amount ?? (details.lines.isEmpty || ignoresLines ? nil : sum)
        posDiscount = details.orderDiscount
        untaxed = details.untaxed
        paidElsewhere = details.paidWithPoints
    }

    /// What is left to pay.
    var due: Int64? {
        amount.map { amount in
            max(0, amount - lineReduction - orderReduction - paidByPoints)
        }
    }

    private var lineReduction: Int64 { lines.reduce(0) { $0 + $1.reduction } }

    /// The lines that a rule is about.
    enum Selection {
        /// The order as a whole.
        case all
        /// All lines but those that are excluded; indexes.
        case others([Int])
        /// The lines that are named; indexes.
        case named([Int])
    }

    /// The lines that conditions are about; nil if there are none.
    func selection(_ conditions: Conditions) -> Selection? {
        if conditions.include == nil, conditions.exclude == nil { return .all }
        let isExcluded = { (line: SaleLine) in conditions.exclude?.matches(line) ?? false }
        guard let include = conditions.include else {
            if lines.isEmpty { return .all }
            let others = lines.indices.filter { !isExcluded(lines[$0].line) }
            return others.isEmpty ? nil : .others(others)
        }
        let named = lines.indices.filter {
            include.matches(lines[$0].line) && !isExcluded(lines[$0].line)
        }
        return named.isEmpty ? nil : .named(named)
    }

    /// The indexes of a selection's lines.
    func indexes(_ selection: Selection) -> [Int] {
        switch selection {
        case .all: Array(lines.indices)
        case .others(let indexes), .named(let indexes): indexes
        }
    }

    /// The amount of a selection on which rules look.
    ///
    /// - Returns: The amount; nil where none is known.
    func base(
        _ selection: Selection,
        _ kind: Policies.EarningBase,
        _ discounts: Policies.OrderDiscounts
    ) throws(Refusal) -> Exact? {
        guard let amount else { return nil }
        if case .all = selection { return Exact(whole(kind, amount)) }
        let selected = indexes(selection)
        let sum = Exact(selected.reduce(0) { $0 + value(of: lines[$1], kind) })
        let isCharged: Bool
        if case .named = selection { isCharged = discounts == .shared } else { isCharged = true }
        let off = orderWide(kind)
        guard isCharged, off > 0 else { return sum }
        let net = Exact(selected.reduce(0) { $0 + lines[$1].line.net - lines[$1].reduction })
        let all = Exact(lines.reduce(0) { $0 + $1.line.net - $1.reduction })
        guard let share = net.divided(by: all)?.times(Exact(-off)) else { return .zero }
        guard let base = sum.plus(share) else { throw .overflow }
        return base.numerator < 0 ? .zero : base
    }

    /// What a line counts for.
    func value(of line: Line, _ kind: Policies.EarningBase) -> Int64 {
        switch kind {
        case .gross:
            guard line.freeUnits > 0, line.line.quantity > 0 else { return line.line.gross }
            let left = max(0, line.line.quantity - line.freeUnits * SaleLine.unit)
            let share = Exact(line.line.gross).times(Exact(Rate(left, line.line.quantity)))
            return share?.floor ?? 0
        case .afterDiscounts, .afterDiscountsAndPoints:
            return max(0, line.line.net - line.reduction)
        case .untaxed: return max(0, (line.line.untaxed ?? line.line.net) - line.reduction)
        }
    }

    /// Whole units of some lines that are not free.
    func units(_ selection: Selection) -> Int64 {
        indexes(selection).reduce(0) { $0 + lines[$1].units }
    }

    private func whole(_ kind: Policies.EarningBase, _ amount: Int64) -> Int64 {
        let reductions = lineReduction + orderReduction
        return switch kind {
        case .gross:
            lines.isEmpty ? amount + posDiscount : lines.reduce(0) { $0 + value(of: $1, kind) }
        case .afterDiscounts: max(0, amount - reductions)
        case .afterDiscountsAndPoints:
            max(0, amount - reductions - paidByPoints - paidElsewhere)
        case .untaxed: max(0, (untaxed ?? untaxedLines ?? amount) - reductions)
        }
    }

    /// The lines' sum without tax, where the POS tells it; order-wide discounts are off.
    private var untaxedLines: Int64? {
        guard !lines.isEmpty, lines.contains(where: { $0.line.untaxed != nil }) else { return nil }
        return lines.reduce(0) { $0 + ($1.line.untaxed ?? $1.line.net) } - posDiscount
    }

    private func orderWide(_ kind: Policies.EarningBase) -> Int64 {
        switch kind {
        case .gross: 0
        case .afterDiscounts, .untaxed: posDiscount + orderReduction
        case .afterDiscountsAndPoints:
            posDiscount + orderReduction + paidByPoints + paidElsewhere
        }
    }

    // MARK: - Rewards

    /// Units of a selection that can still be made free.
    func fittingUnits(_ selection: Selection) -> Int64 { units(selection) }

    /// Makes the cheapest units of a selection free.
    ///
    /// - Returns: What that takes off the bill.
    mutating func makeFree(_ count: Int64, _ selection: Selection) -> Int64 {
        var left = count
        var value: Int64 = 0
        let order = indexes(selection).sorted { a, b in
            let (first, second) = (lines[a].price(of: 1), lines[b].price(of: 1))
            return first == second ? a < b : first < second
        }
        for index in order where left > 0 {
            let units = min(left, lines[index].units)
            let before = lines[index].price(of: lines[index].freeUnits)
            lines[index].freeUnits += units
            let price = lines[index].price(of: lines[index].freeUnits) - before
            let off = min(price, max(0, lines[index].line.net - lines[index].reduction))
            lines[index].reduction += off
            value += off
            left -= units
        }
        return value
    }

    /// Takes the price of the cheapest unit of a selection off the bill; the unit still counts.
    mutating func takeOffCheapest(_ selection: Selection) -> Int64 {
        let priced = indexes(selection).filter { lines[$0].units > 0 }
        let cheapest = priced.min { lines[$0].price(of: 1) < lines[$1].price(of: 1) }
        guard let cheapest else { return 0 }
        return takeOff(lines[cheapest].price(of: 1), fromLine: cheapest)
    }

    /// Takes an amount off a selection, or off the order.
    ///
    /// - Returns: What it took off: no more than was left.
    mutating func takeOff(_ amount: Int64, _ selection: Selection) -> Int64 {
        if case .all = selection {
            let off = min(amount, due ?? 0)
            orderReduction += off
            return off
        }
        var left = min(amount, due ?? 0)
        let wanted = left
        for index in indexes(selection) where left > 0 { left -= takeOff(left, fromLine: index) }
        return wanted - left
    }

    /// What is left of a selection that a discount can be taken off.
    func rest(_ selection: Selection) -> Int64 {
        if case .all = selection { return due ?? 0 }
        let sum = indexes(selection).reduce(0) { sum, index in
            sum + max(0, lines[index].line.net - lines[index].reduction)
        }
        return min(sum, due ?? 0)
    }

    /// Pays a part with points; more than is due only where the ceiling is rounded up.
    mutating func payByPoints(_ value: Int64) { paidByPoints += value }

    private mutating func takeOff(_ amount: Int64, fromLine index: Int) -> Int64 {
        let off = min(amount, max(0, lines[index].line.net - lines[index].reduction))
        lines[index].reduction += off
        return off
    }
}
