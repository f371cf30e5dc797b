import LoyaltyCore

/// The named lists of article numbers that a programme's filters can use.
typealias SKULists = [String: Set<String>]

extension ProgrammeDocument {
    /// Reads the named lists.
    static func lists(_ value: YAMLValue?) throws(Mistake) -> SKULists {
        guard let value else { return [:] }
        guard case .fields(let fields) = value.content
        else {
            throw value.mistake("lists", "names with their articles, such as {drinks: [S1, S2]}")
        }
        var lists: SKULists = [:]
        for field in fields {
            guard Programme.isIdentifier(field.name)
            else {
                throw Mistake(
                    at: field.place,
                    "\(shown(field.name)) is no name of a list",
                    fix: "use 1 to \(Programme.identifierCharacterCountMax) of a-z, 0-9 and -"
                )
            }
            lists[field.name] = try field.value.texts(field.name)
        }
        return lists
    }

    /// Reads what must hold.
    static func conditions(
        _ value: YAMLValue,
        _ lists: SKULists
    ) throws(Mistake) -> Conditions {
        let fields = try YAMLFields(value, .conditions, called: "when")
        var conditions = Conditions()
        conditions.firstDate = try fields["from"]?.date("from")
        conditions.lastDate = try fields["through"]?.date("through")
        conditions.weekdays = try weekdays(fields["weekdays"])
        for day in try fields.list("monthDays") {
            conditions.monthDays.insert(Int(try day.integer("monthDays", 1...31)))
        }
        conditions.minutes = try fields["hours"].map(minutes)
        conditions.stores = try fields.texts("stores")
        conditions.tills = try fields.texts("tills")
        conditions.cashiers = try fields.texts("cashiers")
        conditions.evidence = try fields["evidence"]?.words("evidence") ?? []
        conditions.codes = try fields.texts("codes")
        conditions.amountMin = try fields["amountMin"]?.integer("amountMin")
        try fields.read("amountOf", into: &conditions.amountOf)
        conditions.quantityMin = try fields["quantityMin"]?.integer("quantityMin")
        conditions.include = try fields["include"].map { value throws(Mistake) in
            try filter(value, "include", lists)
        }
        conditions.exclude = try fields["exclude"].map { value throws(Mistake) in
            try filter(value, "exclude", lists)
        }
        conditions.opensVisit = try fields["visit"]?.bool("visit") ?? false
        try readMember(fields, into: &conditions)
        try readOccasion(fields, into: &conditions)
        return conditions
    }

    /// Reads what must hold of the member.
    private static func readMember(
        _ fields: YAMLFields,
        into conditions: inout Conditions
    ) throws(Mistake) {
        conditions.tiers = try fields.texts("tiers")
        conditions.birthday = try fields["birthday"]?.word("birthday")
        conditions.first = try fields["first"]?.word("first")
        conditions.awayDaysMin = try fields["awayDays"]?.integer("awayDays")
        guard let value = fields["holds"] else { return }
        let holding = try YAMLFields(value, .holding, called: "holds")
        let asset = try holding.required("asset", "a name such as pass/prime").asset("asset")
        conditions.holds = Conditions.Holding(asset, min: try holding.integer("min", default: 1))
    }

    /// Reads what the member must do, and what has a meaning only at some occasions.
    private static func readOccasion(
        _ fields: YAMLFields,
        into conditions: inout Conditions
    ) throws(Mistake) {
        try fields.read("on", into: &conditions.occasion)
        try readReferral(fields, into: &conditions)
        if let value = fields["streak"] {
            try requireOccasion([.checkIn], conditions, for: "streak", at: value)
            if case .fields = value.content {
                let streak = try YAMLFields(value, .streak, called: "streak")
                conditions.streakDays = try streak.integer("days")
                conditions.streakRepeats = try streak["repeats"]?.bool("repeats") ?? false
            } else {
                conditions.streakDays = try value.integer("streak")
            }
        }
        if let value = fields["subject"] {
            let occasions: [Occasion.Kind] = [.survey, .vote, .recovery]
            try requireOccasion(occasions, conditions, for: "subject", at: value)
            conditions.subject = try value.text("subject", "the survey, the vote or the severity")
        }
    }

    private static func requireOccasion(
        _ occasions: [Occasion.Kind],
        _ conditions: Conditions,
        for name: String,
        at value: YAMLValue
    ) throws(Mistake) {
        guard !occasions.contains(conditions.occasion) else { return }
        let words = occasions.map { "on: \($0.rawValue)" }.joined(separator: " or ")
        throw Mistake(
            at: value.place,
            "'\(name)' never holds on \(conditions.occasion.rawValue)",
            fix: "add \(words)"
        )
    }

    private static func readReferral(
        _ fields: YAMLFields,
        into conditions: inout Conditions
    ) throws(Mistake) {
        let form = "{role: referrer, at: firstSale}"
        guard let value = fields["referral"] else {
            guard conditions.occasion == .referral, let occasion = fields["on"] else { return }
            throw Mistake(
                at: occasion.place,
                "'on: referral' does not say whose",
                fix: "add referral: \(form)"
            )
        }
        let referral = try YAMLFields(value, .referral, called: "referral")
        let read = Referral(
            try referral.required("role", "referrer or referred").word("role"),
            at: try referral.required("at", "join, firstSale or everySale").word("at")
        )
        conditions.referral = read
        let kind = read.occasion
        if let occasion = fields["on"], conditions.occasion != kind {
            throw occasion.mistake(
                "on",
                "\(kind.rawValue), or remove it, since 'referral' says when"
            )
        }
        conditions.occasion = kind
    }

    private static func minutes(_ value: YAMLValue) throws(Mistake) -> Range<Int> {
        let fields = try YAMLFields(value, .hours, called: "hours")
        let first = try minute(fields, "from", upTo: 1_439)
        let last = try minute(fields, "until", upTo: 1_440)
        guard first != last
        else { throw Mistake(at: value.place, "'hours' ends when it begins", fix: "remove it") }
        return first..<(last > first ? last : last + 1_440)
    }

    private static func minute(
        _ fields: YAMLFields,
        _ name: String,
        upTo most: Int
    ) throws(Mistake) -> Int {
        let expected = "a time in quotation marks, such as \"14:00\""
        let value = try fields.required(name, expected)
        guard let minute = minuteOfDay(try value.text(name, expected)), minute <= most
        else { throw value.mistake(name, expected) }
        return minute
    }

    private static func weekdays(_ value: YAMLValue?) throws(Mistake) -> Set<Int> {
        let words: Set<Weekday> = try value?.words("weekdays") ?? []
        return Set(words.compactMap { Weekday.allCases.firstIndex(of: $0) })
    }

    private static func filter(
        _ value: YAMLValue,
        _ name: String,
        _ lists: SKULists
    ) throws(Mistake) -> LineFilter {
        let fields = try YAMLFields(value, .filter, called: name)
        let filter = LineFilter(
            skus: try fields["skus"].map { value throws(Mistake) in try skus(value, lists) } ?? [],
            categories: try fields.texts("categories"),
            labels: try fields.texts("labels")
        )
        guard filter != LineFilter()
        else { throw value.mistake(name, "skus, categories or labels") }
        return filter
    }

    /// Reads articles: a list of them, or the name of one.
    private static func skus(
        _ value: YAMLValue,
        _ lists: SKULists
    ) throws(Mistake) -> Set<String> {
        guard case .fields = value.content else { return try value.texts("skus") }
        let fields = try YAMLFields(value, .listName, called: "skus")
        let name = try fields.required("list", "the name of a list")
        let text = try name.text("list")
        guard let skus = lists[text]
        else {
            let known = lists.keys.sorted()
            let fix = nearestName(to: text, among: known).map { "write '\($0)'" }
            throw Mistake(
                at: name.place,
                "there is no list \(shown(text))",
                fix: fix
                    ?? (known.isEmpty
                        ? "add it to 'lists'" : "use one of \(known.joined(separator: ", "))")
            )
        }
        return skus
    }
}

/// The days of the week, from Monday.
enum Weekday: String, CaseIterable {
    case mon, tue, wed, thu, fri, sat, sun
}

extension Referral {
    /// What the member who gets something does.
    fileprivate var occasion: Occasion.Kind {
        guard role == .referred else { return .referral }
        return step == .join ? .join : .purchase
    }
}
