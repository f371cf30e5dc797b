/// Finds the rules that can match a sale, so that a decision costs what the matching rules cost.
///
/// A part of the programme that says nothing of its own: all indexes are equal.
struct RuleIndex: Hashable, Sendable {
    /// Rules that name articles, categories or labels, by those; indexes into `Programme.rules`.
    private var bySKU: [String: [Int]] = [:]
    private var byCategory: [String: [Int]] = [:]
    private var byLabel: [String: [Int]] = [:]
    /// Rules that ask for a code, by the codes.
    private var byCode: [String: [Int]] = [:]
    /// All others, by what the member does.
    private var general: [Occasion.Kind: [Candidate]] = [:]

    /// The periods of which some rule asks for the first sale, or a referral for the first ever.
    private(set) var salePeriods: [FirstSale] = []
    /// For each rule whether it asks for no more than a purchase, dates, lines and amounts.
    private(set) var arePlain: [Bool] = []
    /// Whether some rule or reward asks what the member holds.
    private(set) var readsHoldings = false
    /// Whether some rule asks how long the member stayed away.
    private(set) var readsVisitDay = false
    /// Whether some rule or reward asks in which store it is.
    private(set) var readsStore = false
    /// Whether some rule or reward asks for the birthday, or whether a friend invited the member.
    private(set) var readsProfile = false

    init(_ rules: [Rule], _ rewards: [Reward]) {
        let all = rules.map(\.conditions) + rewards.map(\.conditions)
        salePeriods = FirstSale.allCases.filter { period in
            all.contains { conditions in
                conditions.first == period
                    || (period == .ever && conditions.referral?.step == .firstSale)
            }
        }
        readsHoldings = all.contains { $0.holds != nil }
        readsVisitDay = all.contains { $0.awayDaysMin != nil }
        readsStore = all.contains { !$0.stores.isEmpty }
        readsProfile = all.contains { $0.birthday != nil || $0.referral?.role == .referred }
        arePlain = rules.map { $0.conditions.isPlain }
        for (number, rule) in rules.enumerated() {
            let conditions = rule.conditions
            if !conditions.codes.isEmpty {
                for code in conditions.codes { byCode[code, default: []].append(number) }
            } else if let filter = conditions.include {
                for sku in filter.skus { bySKU[sku, default: []].append(number) }
                for category in filter.categories {
                    byCategory[category, default: []].append(number)
                }
                for label in filter.labels { byLabel[label, default: []].append(number) }
            } else {
                for kind in conditions.occasions {
                    general[kind, default: []].append(Candidate(number: number))
                }
            }
        }
    }

    /// A rule that may match a sale.
    struct Candidate: Hashable {
        /// Its place in the programme.
        let number: Int
        /// The lines that it names; nil where it names none, or asks for a code first.
        var lines: LineSet?
    }

    /// The rules that may match a sale, by their order in the programme, none twice.
    func candidates(for sale: Sale) -> [Candidate] {
        var found = general[sale.details.occasion.kind] ?? []
        let generalCount = found.count
        if !byCode.isEmpty {
            for code in sale.details.codes {
                found += (byCode[code] ?? []).map { Candidate(number: $0) }
            }
        }
        if !bySKU.isEmpty || !byCategory.isEmpty || !byLabel.isEmpty {
            addNamed(sale.details.lines, &found)
        }
        guard found.count > generalCount else { return found }
        found.sort { $0.number < $1.number }
        var last = -1
        found.removeAll { candidate in
            defer { last = candidate.number }
            return candidate.number == last
        }
        return found
    }

    private func addNamed(_ lines: [SaleLine], _ found: inout [Candidate]) {
        let start = found.count
        func add(_ rules: [Int]?, _ place: Int) {
            for number in rules ?? [] {
                let known = found[start...].firstIndex { $0.number == number }
                let index = known ?? found.count
                if known == nil { found.append(Candidate(number: number, lines: LineSet())) }
                found[index].lines?.insert(place)
            }
        }
        for (place, line) in lines.enumerated() where place < SaleDetails.lineCountMax {
            if !bySKU.isEmpty { add(bySKU[line.sku], place) }
            if !byCategory.isEmpty {
                for category in line.categories { add(byCategory[category], place) }
            }
            if !byLabel.isEmpty {
                for label in line.labels { add(byLabel[label], place) }
            }
        }
    }

    static func == (lhs: Self, rhs: Self) -> Bool { true }

    func hash(into hasher: inout Hasher) {}
}

extension Conditions {
    /// Whether nothing is asked but a purchase, dates, lines, amounts and numbers.
    fileprivate var isPlain: Bool {
        var rest = Self()
        rest.firstDate = firstDate
        rest.lastDate = lastDate
        rest.include = include
        rest.exclude = exclude
        rest.amountMin = amountMin
        rest.amountOf = amountOf
        rest.quantityMin = quantityMin
        return rest == self
    }

    /// The kinds of occasions at which the conditions can hold.
    var occasions: [Occasion.Kind] {
        guard let referral else { return [occasion] }
        guard referral.role == .referred else { return [.referral] }
        return referral.step == .join ? [.join] : [.purchase]
    }
}
