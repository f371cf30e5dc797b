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
    private var general: [Occasion.Kind: [Int]] = [:]

    /// The periods of which some rule asks for the first sale, or a referral for the first ever.
    private(set) var salePeriods: [FirstSale] = []
    /// Whether some rule or reward asks what the member holds.
    private(set) var readsHoldings = false
    /// Whether some rule asks how long the member stayed away.
    private(set) var readsVisitDay = false

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
                for kind in conditions.occasions { general[kind, default: []].append(number) }
            }
        }
    }

    /// The rules that may match a sale, by their order in the programme, none twice.
    func candidates(for sale: Sale) -> [Int] {
        let details = sale.details
        var found = general[details.occasion.kind] ?? []
        let generalCount = found.count
        if !byCode.isEmpty {
            for code in details.codes { found += byCode[code] ?? [] }
        }
        if !bySKU.isEmpty || !byCategory.isEmpty || !byLabel.isEmpty {
            for line in details.lines {
                if let rules = bySKU[line.sku] { found += rules }
                if !byCategory.isEmpty {
                    for category in line.categories { found += byCategory[category] ?? [] }
                }
                if !byLabel.isEmpty {
                    for label in line.labels { found += byLabel[label] ?? [] }
                }
            }
        }
        guard found.count > generalCount else { return found }
        found.sort()
        var last = -1
        found.removeAll { number in
            defer { last = number }
            return number == last
        }
        return found
    }

    static func == (lhs: Self, rhs: Self) -> Bool { true }

    func hash(into hasher: inout Hasher) {}
}

extension Conditions {
    /// The kinds of occasions at which the conditions can hold.
    var occasions: [Occasion.Kind] {
        guard let referral else { return [occasion] }
        guard referral.role == .referred else { return [.referral] }
        return referral.step == .join ? [.join] : [.purchase]
    }
}
