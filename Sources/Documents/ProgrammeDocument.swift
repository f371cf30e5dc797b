public import LoyaltyCore

/// The YAML file in which marketing writes a programme.
///
/// docs/programmes.md tells every key.
public enum ProgrammeDocument {
    /// Reads a programme.
    ///
    /// - Parameters:
    ///   - yaml: The file's text.
    ///   - file: The file's name, for the error.
    /// - Returns: A programme that can be in force.
    /// - Throws: `DocumentError`, naming the first mistake with its line and column.
    public static func programme(
        from yaml: String,
        file: String
    ) throws(DocumentError) -> Programme {
        do throws(Mistake) {
            return try programme(YAMLValue(document: yaml))
        } catch {
            throw DocumentError(file: file, error)
        }
    }

    private static func programme(_ root: YAMLValue) throws(Mistake) -> Programme {
        let fields = try YAMLFields(root, called: "the programme", names: names)
        let receipts = try receiptPolicy(fields["receipts"])
        var cards: [StampCard] = []
        for card in try fields.list("cards") { cards.append(try self.card(card)) }
        var rules: [Rule] = []
        for rule in try fields.list("points") { rules.append(try pointRule(rule)) }
        let calendar = BusinessCalendar(
            utcOffsetMinutes: try utcOffsetMinutes(fields),
            dayTurnsAtHour: Int(try fields.integer("dayTurnsAtHour", default: 0))
        )
        let header = (
            name: try fields.text("programme", "a name such as coffee"),
            version: try fields.integer("version"),
            title: try fields.localText("title"),
            currency: try fields.text("currency", "a currency such as TWD"),
            first: try fields.date("from"),
            last: try fields.date("through"),
            amountMax: try fields.integer("amountMax")
        )
        do throws(ProgrammeError) {
            return try Programme(
                name: header.name,
                version: header.version,
                title: header.title,
                currency: header.currency,
                calendar: calendar,
                firstDate: header.first,
                lastDate: header.last,
                saleAmountMax: header.amountMax,
                receipts: receipts,
                cards: cards,
                rules: rules
            )
        } catch {
            throw Mistake(at: root.place(of: error), "\(error)")
        }
    }

    private static let names = [
        "programme", "version", "title", "currency", "utcOffset", "dayTurnsAtHour", "from",
        "through", "amountMax", "receipts", "cards", "points",
    ]

    private static func card(_ value: YAMLValue) throws(Mistake) -> StampCard {
        let fields = try YAMLFields(
            value,
            called: "a card",
            names: ["id", "title", "reward", "stamps", "perVisit", "stampsEach", "guard"]
        )
        let stampsEach: StampsEach = try fields["stampsEach"]?.word("stampsEach") ?? .visit
        return StampCard(
            id: try fields.text("id", "a name such as latte"),
            title: try fields.localText("title"),
            reward: try fields.localText("reward"),
            size: try fields.integer("stamps"),
            stampsPerVisit: try fields.integer("perVisit", default: 1),
            needsSale: stampsEach == .sale,
            doubleGrantGuard: try doubleGrantGuard(fields["guard"])
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
            let fields = try YAMLFields(value, called: "guard", names: ["hours"])
            return .hours(try fields.integer("hours"))
        }
        switch value.content {
        case .text("none", _): return .none
        case .text("businessDay", _): return .businessDay
        default: throw value.mistake("guard", "businessDay, none or {hours: N}")
        }
    }

    private static func pointRule(_ value: YAMLValue) throws(Mistake) -> Rule {
        let fields = try YAMLFields(
            value,
            called: "a point rule",
            names: ["id", "per", "give", "from", "through"]
        )
        return Rule(
            id: try fields.text("id", "a name such as base"),
            per: try fields.integer("per"),
            give: try fields.integer("give"),
            firstDate: try fields["from"]?.date("from"),
            lastDate: try fields["through"]?.date("through")
        )
    }

    private static func receiptPolicy(_ value: YAMLValue?) throws(Mistake) -> ReceiptPolicy {
        guard let value else { return ReceiptPolicy(ageDaysMax: receiptAgeDays, sellerIDs: []) }
        let fields = try YAMLFields(value, called: "receipts", names: ["ageDaysMax", "sellers"])
        var sellers: [String] = []
        for seller in try fields.list("sellers") { sellers.append(try seller.text("sellers")) }
        return ReceiptPolicy(
            ageDaysMax: try fields.integer("ageDaysMax", default: receiptAgeDays),
            sellerIDs: sellers
        )
    }

    /// How many days a receipt counts where the programme does not say.
    private static let receiptAgeDays: Int64 = 3

    /// Reads `+08:00`; the range is that of the world's zones, UTC-12 to UTC+14.
    private static func utcOffsetMinutes(_ fields: YAMLFields) throws(Mistake) -> Int {
        let expected = "an offset from -12:00 to +14:00, such as \"+08:00\""
        let value = try fields.required("utcOffset", expected)
        let text = try value.scalar("utcOffset", expected)
        let parts = text.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard let sign = ["+": 1, "-": -1][text.prefix(1)], parts.count == 2,
            parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), minutes < 60,
            (-720...840).contains(sign * (hours * 60 + minutes))
        else { throw value.mistake("utcOffset", expected) }
        return sign * (hours * 60 + minutes)
    }
}
