public import LoyaltyCore

/// The YAML file in which marketing writes a programme.
///
/// docs/programmes.md tells every key, `ProgrammePart` lists them.
public enum ProgrammeDocument {
    /// Reads a programme.
    ///
    /// - Parameters:
    ///   - yaml: The file's text.
    ///   - file: The file's name, for the error.
    ///   - today: The day on which it must not have ended yet; nil for none.
    ///   - active: The edition that it is to replace; nil for none.
    /// - Returns: A programme that can be in force.
    /// - Throws: `DocumentError`, naming the first mistake with its line and column.
    public static func programme(
        from yaml: String,
        file: String,
        on today: BusinessDate? = nil,
        after active: Programme? = nil
    ) throws(DocumentError) -> Programme {
        do throws(Mistake) {
            let root = try YAMLValue(document: yaml)
            let fields = try YAMLFields(root, .programme, called: "the programme")
            let header = try header(fields)
            let parts = try parts(fields)
            do throws(ProgrammeError) {
                let programme = try programme(header, parts)
                try programme.lint(statesMultipliers: parts.statesMultipliers)
                if let today { try programme.lint(on: today) }
                if let active { try programme.lint(after: active) }
                return programme
            } catch {
                throw Mistake(at: root.place(of: error), "\(error)")
            }
        } catch {
            throw DocumentError(file: file, error)
        }
    }

    private static func programme(
        _ header: Header,
        _ parts: Parts
    ) throws(ProgrammeError) -> Programme {
        try Programme(
            name: header.name,
            version: header.version,
            title: header.title,
            currency: header.currency,
            calendar: header.calendar,
            firstDate: header.firstDate,
            lastDate: header.lastDate,
            saleAmountMax: header.amountMax,
            receipts: parts.receipts,
            cards: parts.cards,
            rules: parts.rules,
            policies: parts.policies,
            assets: parts.assets,
            rewards: parts.rewards,
            tiers: parts.tiers,
            saleCaps: parts.saleCaps,
            cashiersEarn: parts.cashiersEarn
        )
    }

    /// What each programme says of itself.
    private struct Header {
        let name: String
        let version: Int64
        let title: LocalText
        let currency: String
        let calendar: BusinessCalendar
        let firstDate: BusinessDate
        let lastDate: BusinessDate
        let amountMax: Int64
    }

    private static func header(_ fields: YAMLFields) throws(Mistake) -> Header {
        Header(
            name: try fields.text("programme", "a name such as coffee"),
            version: try fields.integer("version"),
            title: try fields.localText("title"),
            currency: try fields.text("currency", "a currency such as TWD"),
            calendar: BusinessCalendar(
                utcOffsetMinutes: try utcOffsetMinutes(fields),
                dayTurnsAtHour: Int(try fields.integer("dayTurnsAtHour", default: 0))
            ),
            firstDate: try fields.date("from"),
            lastDate: try fields.date("through"),
            amountMax: try fields.integer("amountMax")
        )
    }

    /// What members earn and redeem.
    private struct Parts {
        var receipts = ReceiptPolicy(ageDaysMax: receiptAgeDays, sellerIDs: [])
        var policies = Policies()
        /// Whether the file says what several multipliers do.
        var statesMultipliers = false
        var assets: [AssetRule] = []
        var cards: [StampCard] = []
        var rules: [Rule] = []
        var rewards: [Reward] = []
        var tiers: TierLadder?
        var saleCaps: [Cap] = []
        var cashiersEarn = true
    }

    private static func parts(_ fields: YAMLFields) throws(Mistake) -> Parts {
        var parts = Parts()
        if let receipts = fields["receipts"] { parts.receipts = try receiptPolicy(receipts) }
        if let policies = fields["policies"] {
            parts.policies = try self.policies(policies)
            parts.statesMultipliers = policies["multipliers"] != nil
        }
        for asset in try fields.list("assets") { parts.assets.append(try assetRule(asset)) }
        let lists = try lists(fields["lists"])
        for card in try fields.list("cards") { parts.cards.append(try self.card(card)) }
        for rule in try fields.list("rules") { parts.rules.append(try self.rule(rule, lists)) }
        for reward in try fields.list("rewards") {
            parts.rewards.append(try self.reward(reward, lists))
        }
        parts.tiers = try fields["tiers"].map(tierLadder)
        for limit in try fields.list("limits") { parts.saleCaps.append(try cap(limit)) }
        parts.cashiersEarn = try fields["cashiersEarn"]?.bool("cashiersEarn") ?? true
        return parts
    }

    private static func receiptPolicy(_ value: YAMLValue) throws(Mistake) -> ReceiptPolicy {
        let fields = try YAMLFields(value, .receipts, called: "receipts")
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
        guard let sign = ["+": 1, "-": -1][text.prefix(1)],
            let minutes = minuteOfDay(text.dropFirst()), (-720...840).contains(sign * minutes)
        else { throw value.mistake("utcOffset", expected) }
        return sign * minutes
    }

    /// Reads `14:30`, up to `24:00`; nil for anything else.
    static func minuteOfDay(_ text: some StringProtocol) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), minutes < 60,
            hours * 60 + minutes <= 1_440
        else { return nil }
        return hours * 60 + minutes
    }

    /// Reads a list with a reader for each element.
    static func list<Element>(
        _ fields: YAMLFields,
        _ name: String,
        _ read: (YAMLValue) throws(Mistake) -> Element
    ) throws(Mistake) -> [Element] {
        var elements: [Element] = []
        for value in try fields.list(name) { elements.append(try read(value)) }
        return elements
    }
}
