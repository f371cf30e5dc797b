public import LoyaltyCore

/// Says in one language how a decision came about.
public struct Explanation: Sendable {
    /// The words.
    public let words: WordTable
    private let titles: ProgrammeTitles

    /// Creates an explanation.
    ///
    /// - Parameters:
    ///   - words: The words.
    ///   - titles: What customers call the cards, rewards and tiers; identifiers stand for those
    ///     that it does not name.
    public init(_ words: WordTable, _ titles: ProgrammeTitles) {
        self.words = words
        self.titles = titles
    }

    /// A step as a sentence.
    public func say(_ step: DerivationStep) -> String {
        words.say("why." + key(step), values(step))
    }

    /// A refusal as a sentence, and what to do about it.
    ///
    /// - Parameters:
    ///   - code: The refusal's stable name.
    ///   - details: What fills its places, by name.
    /// - Returns: Both texts; those of `refused.other` for a code without words.
    public func say(
        refusal code: String,
        _ details: [CanonicalJSON.Member] = []
    ) -> (sentence: String, toDo: String) {
        var key = "refused." + code
        for detail in details {
            let isHours = detail.name == "guard" && detail.value.integerValue != nil
            let text = isHours ? "hours" : detail.value.stringValue ?? ""
            let variants = ["\(key).\(text)", "\(key).\(detail.name)"]
            if let variant = variants.first(where: { words.has($0) && $0 != "\(key).todo" }) {
                key = variant
                break
            }
        }
        if !words.has(key) { key = "refused.other" }
        let values = values(ofRefusal: details)
        return (words.say(key, values), words.say(key + ".todo", values))
    }

    /// A sentence about a number of units of an asset, such as `6 points`.
    public func say(_ amount: Int64, of asset: Asset) -> String {
        var key = "asset." + (asset.identifier == nil ? asset.name : asset.kind.rawValue)
        if amount == 1, words.has(key + ".one") { key += ".one" }
        let number = asset.kind == .value ? money(amount) : Self.grouped(amount)
        return words.say(key, ["n": number, "name": name(of: asset)])
    }

    /// An amount of money.
    public func money(_ amount: Int64) -> String {
        let isWhole = ["TWD", "JPY", "KRW", "VND"].contains(titles.currency)
        let symbol = words.say("money.symbol")
        let sign = amount < 0 ? "-" : ""
        let (units, rest) = amount.magnitude.quotientAndRemainder(dividingBy: isWhole ? 1 : 100)
        let cents = isWhole ? "" : "." + (rest < 10 ? "0" : "") + String(rest)
        return sign + symbol + Self.grouped(units) + cents
    }

    // MARK: - Steps

    /// The step's key after `why.`; a kind with several sentences has a variant for each.
    private func key(_ step: DerivationStep) -> String {
        let kind = step.kind.rawValue
        switch step.kind {
        case .visitGuarded:
            let isDay = DoubleGrantGuard(hoursCode: step.number("guard") ?? 0) == .businessDay
            return kind + (isDay ? ".day" : ".hours")
        case .redeemed:
            if step.number("cost") == 0 { return kind + ".free" }
            return kind + (step.number("value") == 0 ? ".handed" : ".off")
        case .takenBack, .givenBack:
            return kind + (step.number("whole") == step.number("refunded") ? ".all" : ".part")
        default: return kind
        }
    }

    private func values(_ step: DerivationStep) -> [String: String] {
        var values: [String: String] = [step.kind.subjectName: name(ofSubject: step)]
        for (name, number) in zip(step.kind.numberNames, step.numbers) {
            values[name] =
                step.kind.moneyNames.contains(name) ? money(number) : Self.grouped(number)
        }
        values["hours"] = values["guard"]
        if let times = step.number("times"), let over = step.number("over") {
            values["factor"] = Rate(times, over).description
        }
        if let day = step.number("fromDay") {
            values["date"] = BusinessDate(dayNumber: Int32(truncatingIfNeeded: day)).description
        }
        guard let asset = step.asset else { return values }
        values["asset"] = name(of: asset)
        if let points = step.number("points") { values["given"] = say(points, of: asset) }
        if let give = step.number("give") { values["giving"] = say(give, of: asset) }
        if let cost = step.number("cost") { values["costs"] = say(cost, of: asset) }
        if let limit = step.number("to") { values["limited"] = say(limit, of: asset) }
        return values
    }

    private func values(ofRefusal details: [CanonicalJSON.Member]) -> [String: String] {
        let asset = details.first { $0.name == "asset" }?.value.stringValue.flatMap {
            Asset(name: $0)
        }
        var values: [String: String] = [:]
        for detail in details {
            let number = detail.value.integerValue
            switch (detail.name, number, asset) {
            case ("max", let number?, _), ("least", let number?, _), ("left", let number?, _):
                values[detail.name] = money(number)
            case ("needed", let number?, let asset?), ("held", let number?, let asset?):
                values[detail.name] = say(number, of: asset)
            case ("guard", let number?, _): values["hours"] = String(number)
            case ("reward", _, _):
                values["reward"] = detail.value.stringValue.map { title(ofReward: $0) }
            default:
                values[detail.name] = number.map(Self.grouped) ?? detail.value.stringValue
            }
        }
        return values
    }

    // MARK: - Names

    private func name(ofSubject step: DerivationStep) -> String {
        let id = step.subject
        switch step.kind.subjectName {
        case "card": return local(titles.cards[id]) ?? id
        case "reward": return title(ofReward: id)
        case "tier": return local(titles.tiers[id]) ?? id
        case "of": return Asset(name: id).map { name(of: $0) } ?? id
        default: return id
        }
    }

    private func title(ofReward id: String) -> String {
        local(titles.rewards[id]) ?? id
    }

    /// What customers call an asset: a card's title, or that of the reward that a voucher is for.
    private func name(of asset: Asset) -> String {
        guard let id = asset.identifier else { return words.say("asset.name." + asset.name) }
        if asset.kind == .stamps, let card = titles.cards[id] { return local(card) ?? id }
        return local(titles.rewardOf[asset.name]) ?? id
    }

    private func local(_ text: LocalText?) -> String? {
        text.map { words.language == .en ? $0.en : $0.zhHant }
    }

    private static func grouped(_ number: some BinaryInteger) -> String {
        var digits = Array(String(number.magnitude))
        for index in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: index) }
        return (number < 0 ? "-" : "") + String(digits)
    }
}

extension DerivationStep.Kind {
    /// Which of the numbers are money.
    fileprivate var moneyNames: [String] {
        switch self {
        case .amountEarned, .amountTooSmall: ["amount", "per"]
        case .rateEarned, .linesIgnored: ["amount"]
        case .redeemed, .paidWith: ["value"]
        case .takenBack, .givenBack: ["refunded", "whole"]
        default: []
        }
    }
}
