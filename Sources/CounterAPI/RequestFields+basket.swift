import LoyaltyCore

/// What a POS that knows more than an amount tells of a sale.
extension RequestFields {
    /// The names that `details()` reads.
    static let detailNames: Set<String> = [
        "cashier", "currency", "untaxed", "orderDiscount", "codes", "lines", "redeem",
        "payFromValue", "paidWithPoints", "cashiersOwn",
    ]

    /// Most characters of an article number, a category, a label or a code.
    ///
    /// Source: our own bound; the longest article numbers, GS1's, have 14 digits.
    static let wordCharacterCountMax = 60
    /// Most categories, and most labels, of a line.
    ///
    /// Source: our own bound.
    static let wordCountMax = 10

    /// The basket, the wishes and the codes of a sale.
    func details() throws(CounterProblem) -> SaleDetails {
        var details = SaleDetails()
        if let cashier = try optionalText("cashier") {
            guard Tally.isCashier(cashier) else {
                let most = Tally.cashierCharacterCountMax
                throw .field("cashier", "must have 1 to \(most) of A-Z a-z 0-9 . _ -")
            }
            details.cashier = cashier
        }
        details.currency = try optionalText("currency")
        details.untaxed = try optionalAmount("untaxed")
        details.orderDiscount = try optionalAmount("orderDiscount") ?? 0
        details.storedValue = try optionalAmount("payFromValue")
        details.paidWithPoints = try optionalAmount("paidWithPoints") ?? 0
        details.isCashiersOwn = try flag("cashiersOwn")
        details.codes = try words("codes", most: SaleDetails.wishCountMax)
        for line in try elements("lines", most: SaleDetails.lineCountMax) {
            details.lines.append(try Self.line(line))
        }
        for wish in try elements("redeem", most: SaleDetails.wishCountMax) {
            details.redemptions.append(try Self.redemption(wish))
        }
        return details
    }

    /// What of a sale comes back, by article; of each at least a thousandth of a unit.
    func articles() throws(CounterProblem) -> [ReturnedArticle] {
        var articles: [ReturnedArticle] = []
        for value in try elements("lines", most: SaleDetails.lineCountMax) {
            let fields = try RequestFields(value, of: "lines", names: ["sku", "thousandths"])
            let quantity = try fields.optionalAmount("thousandths") ?? SaleLine.unit
            guard quantity > 0 else { throw .field("thousandths", "must be above 0") }
            articles.append(ReturnedArticle(try fields.word("sku"), quantity))
        }
        return articles
    }

    private static func line(_ value: CanonicalJSON) throws(CounterProblem) -> SaleLine {
        let fields = try RequestFields(
            value,
            of: "lines",
            names: ["sku", "thousandths", "gross", "net", "untaxed", "categories", "labels"]
        )
        return SaleLine(
            sku: try fields.word("sku"),
            categories: try fields.words("categories", most: wordCountMax),
            labels: try fields.words("labels", most: wordCountMax),
            quantity: try fields.optionalAmount("thousandths") ?? SaleLine.unit,
            gross: try fields.amount("gross"),
            net: try fields.optionalAmount("net"),
            untaxed: try fields.optionalAmount("untaxed")
        )
    }

    private static func redemption(_ value: CanonicalJSON) throws(CounterProblem) -> Redemption {
        let fields = try RequestFields(value, of: "redeem", names: ["reward", "count", "points"])
        return Redemption(
            try fields.reward("reward"),
            count: try fields.optionalAmount("count") ?? 1,
            amount: try fields.optionalAmount("points")
        )
    }

    /// A reward's identifier; whether the programme has it is for the rules to say.
    func reward(_ name: String) throws(CounterProblem) -> String {
        let reward = try word(name)
        guard Programme.isIdentifier(reward) else {
            throw .field(name, "must name a reward of the programme")
        }
        return reward
    }

    /// One element of a list, with names of its own.
    init(
        _ value: CanonicalJSON,
        of list: String,
        names: Set<String>
    ) throws(CounterProblem) {
        guard case .object(let members) = value else {
            throw .field(list, "must hold members such as {\"\(names.sorted()[0])\": …}")
        }
        if let stranger = members.first(where: { !names.contains($0.name) }) {
            let known = names.sorted().joined(separator: ", ")
            throw .field(list, "has '\(stranger.name.prefix(40))'; known are \(known)")
        }
        json = value
    }

    private func flag(_ name: String) throws(CounterProblem) -> Bool {
        guard let value = json[name], value != .null else { return false }
        guard let flag = value.boolValue else { throw .field(name, "must be true or false") }
        return flag
    }

    func optionalAmount(_ name: String) throws(CounterProblem) -> Int64? {
        guard let value = json[name], value != .null else { return nil }
        return try amount(name)
    }

    private func elements(
        _ name: String,
        most countMax: Int
    ) throws(CounterProblem) -> [CanonicalJSON] {
        guard let value = json[name], value != .null else { return [] }
        guard let elements = value.arrayValue else { throw .field(name, "must be a list") }
        guard elements.count <= countMax else {
            throw .field(name, "must have at most \(countMax) elements")
        }
        return elements
    }

    private func words(_ name: String, most countMax: Int) throws(CounterProblem) -> [String] {
        var words: [String] = []
        for element in try elements(name, most: countMax) {
            guard let word = element.stringValue, Self.isWord(word) else {
                throw .field(
                    name,
                    "must be a list of texts of 1 to \(Self.wordCharacterCountMax) characters"
                )
            }
            words.append(word)
        }
        return words
    }

    func word(_ name: String) throws(CounterProblem) -> String {
        guard let word = try optionalText(name) else { throw .field(name, "is missing") }
        guard Self.isWord(word) else {
            throw .field(name, "must have 1 to \(Self.wordCharacterCountMax) characters")
        }
        return word
    }

    private static func isWord(_ text: String) -> Bool {
        (1...wordCharacterCountMax).contains(text.unicodeScalars.count)
    }
}
