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
    private let tellsUntaxed: Bool

    /// The numbers of one line of the basket.
    struct Line {
        let quantity: Int64
        let gross: Int64
        let net: Int64
        let untaxed: Int64
        /// Units that a reward made free.
        fileprivate(set) var freeUnits: Int64 = 0
        /// What rewards took off the line, the free units included.
        fileprivate(set) var reduction: Int64 = 0

        fileprivate init(_ line: SaleLine) {
            quantity = line.quantity
            gross = line.gross
            net = line.net
            untaxed = line.untaxed ?? line.net
        }

        /// Whole units that are not free.
        var units: Int64 { max(0, quantity / SaleLine.unit - freeUnits) }

        /// What is left of the line after rewards.
        fileprivate var rest: Int64 { max(0, net - reduction) }

        /// What some units of the line cost, after the line's own discount.
        func price(of units: Int64) -> Int64 {
            guard quantity > 0 else { return 0 }
            if units * SaleLine.unit == quantity { return net }
            let share = Exact(net).times(Exact(Rate(units * SaleLine.unit, quantity)))
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
        lines = ignoresLines ? [] : details.lines.map(Line.init)
        tellsUntaxed = !ignoresLines && details.lines.contains { $0.untaxed != nil }
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
        /// All lines but those that are excluded.
        case others(LineSet)
        /// The lines that are named.
        case named(LineSet)

        /// Whether a line is one of them.
        func contains(_ place: Int) -> Bool {
            switch self {
            case .all: true
            case .others(let lines), .named(let lines): lines.contains(place)
            }
        }

        /// Whether it is the order as a whole.
        var isAll: Bool {
            if case .all = self { true } else { false }
        }
    }

    /// The lines that conditions are about; nil if there are none.
    ///
    /// - Parameters:
    ///   - conditions: What includes and excludes lines.
    ///   - sold: The sale's lines.
    ///   - included: The lines that `conditions.include` names, where they are known.
    /// - Returns: The lines; nil if conditions on lines find none.
    func selection(
        _ conditions: borrowing Conditions,
        of sold: [SaleLine],
        included: LineSet? = nil
    ) -> Selection? {
        let names = conditions.include != nil
        if !names, conditions.exclude == nil { return .all }
        if lines.isEmpty { return names ? nil : .all }
        var set = included ?? LineSet(upTo: lines.count)
        if names, included == nil, let include = conditions.include {
            for place in lines.indices where !include.matches(sold[place]) { set.remove(place) }
        }
        if let exclude = conditions.exclude {
            for place in lines.indices where exclude.matches(sold[place]) { set.remove(place) }
        }
        if set.isEmpty { return nil }
        return names ? .named(set) : .others(set)
    }

    /// The sum of something over a selection's lines.
    private func sum(_ selection: Selection, _ value: (Line) -> Int64) -> Int64 {
        var sum: Int64 = 0
        for place in lines.indices where selection.contains(place) { sum += value(lines[place]) }
        return sum
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
        let sum = Exact(sum(selection) { value(of: $0, kind) })
        let isCharged: Bool
        if case .named = selection { isCharged = discounts == .shared } else { isCharged = true }
        let off = orderWide(kind)
        guard isCharged, off > 0 else { return sum }
        let net = Exact(self.sum(selection) { $0.net - $0.reduction })
        let all = Exact(lines.reduce(0) { $0 + $1.net - $1.reduction })
        guard let share = net.divided(by: all)?.times(Exact(-off)) else { return .zero }
        guard let base = sum.plus(share) else { throw .overflow }
        return base.numerator < 0 ? .zero : base
    }

    /// What a line counts for.
    func value(of line: Line, _ kind: Policies.EarningBase) -> Int64 {
        switch kind {
        case .gross:
            guard line.freeUnits > 0, line.quantity > 0 else { return line.gross }
            let left = max(0, line.quantity - line.freeUnits * SaleLine.unit)
            return Exact(line.gross).times(Exact(Rate(left, line.quantity)))?.floor ?? 0
        case .afterDiscounts, .afterDiscountsAndPoints: return line.rest
        case .untaxed: return max(0, line.untaxed - line.reduction)
        }
    }

    /// Whole units of some lines that are not free.
    func units(_ selection: Selection) -> Int64 {
        sum(selection) { $0.units }
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
        guard tellsUntaxed else { return nil }
        return lines.reduce(0) { $0 + $1.untaxed } - posDiscount
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
        let order = lines.indices.filter(selection.contains).sorted { a, b in
            let (first, second) = (lines[a].price(of: 1), lines[b].price(of: 1))
            return first == second ? a < b : first < second
        }
        for index in order where left > 0 {
            let units = min(left, lines[index].units)
            let before = lines[index].price(of: lines[index].freeUnits)
            lines[index].freeUnits += units
            let price = lines[index].price(of: lines[index].freeUnits) - before
            value += takeOff(price, fromLine: index)
            left -= units
        }
        return value
    }

    /// Takes the price of the cheapest unit of a selection off the bill; the unit still counts.
    mutating func takeOffCheapest(_ selection: Selection) -> Int64 {
        let priced = lines.indices.filter { selection.contains($0) && lines[$0].units > 0 }
        let cheapest = priced.min { lines[$0].price(of: 1) < lines[$1].price(of: 1) }
        guard let cheapest else { return 0 }
        return takeOff(lines[cheapest].price(of: 1), fromLine: cheapest)
    }

    /// Takes an amount off a selection, each line by its share, or off the order.
    ///
    /// - Returns: What it took off: no more than was left.
    mutating func takeOff(_ amount: Int64, _ selection: Selection) -> Int64 {
        if case .all = selection {
            let off = min(amount, due ?? 0)
            orderReduction += off
            return off
        }
        let whole = sum(selection) { $0.rest }
        let wanted = min(amount, whole, due ?? 0)
        guard wanted > 0 else { return 0 }
        // In whole minor units: what is off the first so many lines is their share, rounded down.
        var (sum, off) = (Int64(0), Int64(0))
        for index in lines.indices where selection.contains(index) {
            sum += lines[index].rest
            let share = Exact(wanted).times(Exact(Rate(sum, whole)))?.floor ?? 0
            off += takeOff(share - off, fromLine: index)
        }
        return off
    }

    /// What is left of a selection that a discount can be taken off.
    func rest(_ selection: Selection) -> Int64 {
        if case .all = selection { return due ?? 0 }
        return min(sum(selection) { $0.rest }, due ?? 0)
    }

    /// Pays a part with points; more than is due only where the ceiling is rounded up.
    mutating func payByPoints(_ value: Int64) { paidByPoints += value }

    private mutating func takeOff(_ amount: Int64, fromLine index: Int) -> Int64 {
        let off = min(amount, lines[index].rest)
        lines[index].reduction += off
        return off
    }
}
