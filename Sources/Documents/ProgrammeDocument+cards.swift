import LoyaltyCore

extension ProgrammeDocument {
    /// Reads a card.
    static func card(_ value: YAMLValue) throws(Mistake) -> StampCard {
        let fields = try YAMLFields(value, .card, called: "a card")
        let stampsEach: StampsEach = try fields["stampsEach"]?.word("stampsEach") ?? .visit
        return StampCard(
            id: try fields.text("id", "a name such as latte"),
            title: try fields.localText("title"),
            reward: try fields.localText("reward"),
            size: try fields.integer("stamps"),
            stampsPerVisit: try fields.integer("perVisit", default: 1),
            needsSale: stampsEach == .sale,
            doubleGrantGuard: try doubleGrantGuard(fields["guard"]),
            completion: try fields["completion"].map(completion),
            next: try fields["next"]?.text("next", "another card's id"),
            welcomeStamps: try fields.integer("welcome", default: 0),
            expiry: try fields["expiry"].map(cardExpiry) ?? .never
        )
    }

    private enum StampsEach: String, CaseIterable {
        case visit, sale
    }

    private static func doubleGrantGuard(
        _ value: YAMLValue?
    ) throws(Mistake) -> DoubleGrantGuard {
        guard let value else { return .businessDay }
        if case .fields = value.content {
            let fields = try YAMLFields(value, .doubleGrantGuard, called: "guard")
            return .hours(try fields.integer("hours"))
        }
        switch value.content {
        case .text("none", _): return .none
        case .text("businessDay", _): return .businessDay
        default: throw value.mistake("guard", "businessDay, none or {hours: N}")
        }
    }

    private static func completion(_ value: YAMLValue) throws(Mistake) -> StampCard.Completion {
        let fields = try YAMLFields(value, .completion, called: "completion")
        return StampCard.Completion(try fields.integer("give"), try fields.asset("of"))
    }

    private static func cardExpiry(_ value: YAMLValue) throws(Mistake) -> CardExpiry {
        if case .text("never", _) = value.content { return .never }
        let expected = "never, {fromFirst: 90} or {fromLast: 90}"
        guard case .fields = value.content else { throw value.mistake("expiry", expected) }
        let fields = try YAMLFields(value, .cardExpiry, called: "expiry")
        return try fields.one(of: ProgrammePart.cardExpiry.names, in: "the expiry") == "fromFirst"
            ? .fromFirstStamp(days: fields.integer("fromFirst"))
            : .fromLastStamp(days: fields.integer("fromLast"))
    }

    /// Reads what is said of an asset.
    static func assetRule(_ value: YAMLValue) throws(Mistake) -> AssetRule {
        let fields = try YAMLFields(value, .asset, called: "an asset")
        return AssetRule(
            try fields.required("asset", "a name such as points").asset("asset"),
            expiry: try fields["expiry"].map(expiry) ?? .never,
            worth: try fields["worth"]?.rate("worth"),
            redeemedShare: try fields["redeemed"]?.rate("redeemed") ?? .one,
            conversion: try fields["convert"].map(conversion)
        )
    }

    private static func conversion(_ value: YAMLValue) throws(Mistake) -> AssetRule.Conversion {
        let fields = try YAMLFields(value, .conversion, called: "convert")
        return AssetRule.Conversion(
            block: try fields.integer("each"),
            into: try fields.integer("give"),
            try fields.required("into", "what it becomes, such as voucher/latte").asset("into")
        )
    }

    private static func expiry(_ value: YAMLValue) throws(Mistake) -> Expiry {
        if case .text("never", _) = value.content { return .never }
        let expected =
            "never, {days: 30}, {monthEnd: 12}, {yearEnd: 1}, {day: \"06-30\", years: 1}"
            + " or {on: 2026-12-31}"
        guard case .fields = value.content else { throw value.mistake("expiry", expected) }
        let fields = try YAMLFields(value, .expiry, called: "expiry")
        let forms = ["days", "monthEnd", "yearEnd", "day", "on"]
        let form = try fields.one(of: forms, in: "the expiry")
        if form != "day" { try fields.refuse(["years"], besides: form) }
        switch form {
        case "days": return .days(try fields.integer(form))
        case "monthEnd": return .monthEnd(months: try fields.integer(form))
        case "yearEnd": return .yearEnd(years: try fields.integer(form))
        case "on": return .on(try fields.date(form))
        default: return try dayOfYear(fields)
        }
    }

    /// Reads `{day: "06-30", years: 1}`.
    private static func dayOfYear(_ fields: YAMLFields) throws(Mistake) -> Expiry {
        let expected = "a month and a day such as \"06-30\""
        let value = try fields.required("day", expected)
        // A leap year, so that 29 February is a day.
        guard let date = BusinessDate("2024-" + (try value.scalar("day", expected)))
        else { throw value.mistake("day", expected) }
        return .dayOfYear(
            month: date.month,
            day: date.day,
            years: try fields.integer("years", default: 0)
        )
    }
}
