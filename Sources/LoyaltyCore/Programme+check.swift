/// Why a programme cannot be in force.
public enum ProgrammeError: Error, Equatable {
    /// A name, card or rule identifier that breaks the form.
    case malformedIdentifier(String)
    /// Two cards or two rules share an identifier.
    case duplicateIdentifier(String)
    /// A number outside its range.
    case outOfRange(field: String, value: Int64, allowed: ClosedRange<Int64>)
    /// A period that ends before it begins.
    case emptyPeriod(field: String)
    /// A text that is empty or too long to show.
    case unfitText(field: String)
    /// A currency that is not three capital letters.
    case malformedCurrency(String)
    /// A seller's tax number that is not eight digits.
    case malformedSellerID(String)
    /// No card and no rule: nobody could earn anything.
    case nothingToEarn
}

extension ProgrammeError: CustomStringConvertible {
    /// What is wrong and how to mend it.
    public var description: String {
        switch self {
        case .malformedIdentifier(let text):
            "'\(text)' is no identifier: use 1 to 40 of a-z, 0-9 and -"
        case .duplicateIdentifier(let text):
            "'\(text)' is used twice: give each its own id"
        case .outOfRange(let field, let value, let allowed):
            "\(field) is \(value): use \(allowed.lowerBound) to \(allowed.upperBound)"
        case .emptyPeriod(let field): "\(field) ends before it begins: swap the dates"
        case .unfitText(let field):
            "\(field) must have 1 to \(LocalText.characterCountMax) characters, none of them"
                + " control characters"
        case .malformedCurrency(let text):
            "'\(text)' is no currency: use its three capital letters, such as TWD"
        case .malformedSellerID(let text):
            "'\(text)' is no tax number: use its eight digits, in quotation marks"
        case .nothingToEarn: "there is no card and no rule: add one"
        }
    }
}

extension Programme {
    /// Checks what the compiler cannot: ranges, forms and references.
    func check() throws(ProgrammeError) {
        try Self.checkIdentifiers([name])
        try Self.checkIdentifiers(cards.map(\.id))
        try Self.checkIdentifiers(rules.map(\.id))
        try Self.checkRange("version", version, 1...Int64(Int32.max))
        try Self.checkText("title", title)
        try checkCurrencyAndCalendar()
        guard firstDate <= lastDate else { throw .emptyPeriod(field: "the programme") }
        try Self.checkRange("amountMax", saleAmountMax, 1...Self.amountMax)
        try checkReceipts()
        try Self.checkRange("number of cards", Int64(cards.count), 0...Int64(Self.cardCountMax))
        try Self.checkRange(
            "number of rules",
            Int64(rules.count),
            0...Int64(Self.ruleCountMax)
        )
        guard !cards.isEmpty || !rules.isEmpty else { throw .nothingToEarn }
        for card in cards { try card.check() }
        for rule in rules { try rule.check() }
    }

    private func checkCurrencyAndCalendar() throws(ProgrammeError) {
        guard currency.utf8.count == 3,
            currency.utf8.allSatisfy((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains)
        else { throw .malformedCurrency(currency) }
        try Self.checkRange(
            "utcOffset in minutes",
            Int64(calendar.utcOffsetMinutes),
            -720...840
        )
        try Self.checkRange("dayTurnsAtHour", Int64(calendar.dayTurnsAtHour), 0...23)
    }

    private func checkReceipts() throws(ProgrammeError) {
        try Self.checkRange("receipts.ageDaysMax", receipts.ageDaysMax, 0...366)
        for seller in receipts.sellerIDs {
            guard seller.utf8.count == 8, seller.utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else { throw .malformedSellerID(seller) }
        }
    }

    private static func checkIdentifiers(_ identifiers: [String]) throws(ProgrammeError) {
        var seen: Set<String> = []
        for identifier in identifiers {
            guard isIdentifier(identifier) else { throw .malformedIdentifier(identifier) }
            guard seen.insert(identifier).inserted else { throw .duplicateIdentifier(identifier) }
        }
    }

    static func checkRange(
        _ field: String,
        _ value: Int64,
        _ allowed: ClosedRange<Int64>
    ) throws(ProgrammeError) {
        guard allowed.contains(value)
        else { throw .outOfRange(field: field, value: value, allowed: allowed) }
    }

    static func checkText(_ field: String, _ text: LocalText) throws(ProgrammeError) {
        for (language, words) in [("zh-Hant", text.zhHant), ("en", text.en)] {
            guard (1...LocalText.characterCountMax).contains(words.count),
                words.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
            else { throw .unfitText(field: "\(field).\(language)") }
        }
    }
}

extension StampCard {
    fileprivate func check() throws(ProgrammeError) {
        try Programme.checkText("card \(id): title", title)
        try Programme.checkText("card \(id): reward", reward)
        try Programme.checkRange("card \(id): stamps", size, 1...Self.sizeMax)
        try Programme.checkRange("card \(id): perVisit", stampsPerVisit, 1...size)
        if case .hours(let hours) = doubleGrantGuard {
            try Programme.checkRange(
                "card \(id): guard hours",
                hours,
                1...DoubleGrantGuard.hoursMax
            )
        }
    }
}

extension Rule {
    fileprivate func check() throws(ProgrammeError) {
        if case .perAmount(let give, let per, _) = gift {
            try Programme.checkRange("rule \(id): per", per, 1...Programme.amountMax)
            try Programme.checkRange("rule \(id): give", give, 1...Programme.rateMax)
        }
        if let first = conditions.firstDate, let last = conditions.lastDate, first > last {
            throw .emptyPeriod(field: "rule \(id)")
        }
    }
}
