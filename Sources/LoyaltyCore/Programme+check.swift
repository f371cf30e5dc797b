extension Programme {
    /// Most caps of all sales.
    ///
    /// Source: our own bound; one for each scope and period.
    public static let saleCapCountMax = 8
    /// Most things of which `assets` says something.
    ///
    /// Source: our own bound; a voucher and a ticket for each of the 16 cards, and what is left.
    public static let assetCountMax = 64
    /// The latest edition.
    ///
    /// Source: our own bound; one a second for 68 years.
    public static let versionMax = Int64(Int32.max)

    /// Checks what the compiler cannot: ranges, forms and references.
    ///
    /// Whether the whole makes sense is for `lint` to say, which only documents are put to.
    func check() throws(ProgrammeError) {
        try Self.checkIdentifiers([name])
        try Self.checkIdentifiers(cards.map(\.id))
        try Self.checkIdentifiers(rules.map(\.id))
        try Self.checkIdentifiers(rewards.map(\.id))
        try Self.checkRange("version", version, 1...Self.versionMax)
        try Self.checkText("title", title)
        try checkCurrencyAndCalendar()
        guard firstDate <= lastDate else { throw .emptyPeriod(field: "the programme") }
        try Self.checkRange("amountMax", saleAmountMax, 1...Self.amountMax)
        try checkReceipts()
        try checkCounts()
        guard !cards.isEmpty || !rules.isEmpty else { throw .nothingToEarn }
        try Self.checkRange(
            "policies.redemptionCeiling",
            policies.ceilingUnit,
            1...Self.amountMax
        )
        for card in cards { try card.check(in: self) }
        for rule in rules { try rule.check(in: self) }
        for reward in rewards { try reward.check(in: self) }
        try checkCodes()
        try checkAssets()
        try tiers?.check()
        try checkSaleCaps()
    }

    private func checkCounts() throws(ProgrammeError) {
        let counts = [
            ("cards", cards.count, Self.cardCountMax), ("rules", rules.count, Self.ruleCountMax),
            ("rewards", rewards.count, Self.rewardCountMax),
            ("assets", assets.count, Self.assetCountMax),
            ("limits", saleCaps.count, Self.saleCapCountMax),
        ]
        for (name, count, most) in counts {
            try Self.checkRange("number of \(name)", Int64(count), 0...Int64(most))
        }
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

    /// Checks that a sheet names one reward.
    private func checkCodes() throws(ProgrammeError) {
        var owners: [Int64: String] = [:]
        for reward in rewards {
            guard let code = reward.code else { continue }
            let field = "reward \(reward.id): code"
            try Self.checkRange(field, code, 1...Reward.codeMax)
            if let other = owners.updateValue(reward.id, forKey: code) {
                throw .duplicateCode(field: field, code: code, other: other)
            }
        }
    }

    private func checkAssets() throws(ProgrammeError) {
        var seen: Set<Asset> = []
        for rule in assets {
            guard seen.insert(rule.asset).inserted else { throw .duplicateAsset(rule.asset) }
            try rule.check(in: self)
        }
    }

    private func checkSaleCaps() throws(ProgrammeError) {
        for (index, cap) in saleCaps.enumerated() {
            let field = "limits.\(index + 1)"
            guard cap.scope == .member || cap.scope == .cashier
            else { throw .unfitScope(field: "\(field).per", cap.scope) }
            try Self.checkRange("\(field).max", cap.max, 1...Self.amountMax)
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

    /// Checks a fraction above 0 of which both numbers are within the limits.
    static func checkRate(
        _ field: String,
        _ rate: Rate,
        most: Int64 = rateMax
    ) throws(ProgrammeError) {
        try checkRange(field, rate.numerator, 1...rateMax)
        try checkRange(field, rate.denominator, 1...rateMax)
        guard rate.numerator <= most * rate.denominator
        else { throw .shareAbove(field: field, share: rate, most: most) }
    }

    static func checkText(_ field: String, _ text: LocalText) throws(ProgrammeError) {
        for (language, words) in [("zh-Hant", text.zhHant), ("en", text.en)] {
            guard (1...LocalText.characterCountMax).contains(words.count),
                words.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
            else { throw .unfitText(field: "\(field).\(language)") }
        }
    }

    /// Checks that the card of stamps is one of the programme's.
    func checkAsset(_ field: String, _ asset: Asset) throws(ProgrammeError) {
        guard asset.kind == .stamps, let card = asset.identifier else { return }
        guard cards.contains(where: { $0.id == card })
        else { throw .unknownCard(field: field, card: card) }
    }

    /// Checks caps, of a rule or a reward.
    static func checkCaps(_ subject: String, _ caps: [Cap]) throws(ProgrammeError) {
        try checkRange("\(subject): number of caps", Int64(caps.count), 0...Int64(Rule.capCountMax))
        for (index, cap) in caps.enumerated() {
            try checkRange("\(subject): caps.\(index + 1).max", cap.max, 1...amountMax)
        }
    }
}

extension StampCard {
    /// Most days for which the stamps of a card can be used.
    ///
    /// Source: `Expiry.aheadMax`.
    public static let expiryDaysMax = Expiry.aheadMax.days

    fileprivate func check(in programme: Programme) throws(ProgrammeError) {
        try Programme.checkText("card \(id): title", title)
        try Programme.checkText("card \(id): reward", reward)
        try Programme.checkRange("card \(id): stamps", size, 1...Self.sizeMax)
        try Programme.checkRange("card \(id): perVisit", stampsPerVisit, 0...size)
        if case .hours(let hours) = doubleGrantGuard {
            try Programme.checkRange(
                "card \(id): guard hours",
                hours,
                1...DoubleGrantGuard.hoursMax
            )
        }
        if let completion {
            try Programme.checkRange(
                "card \(id): completion.give",
                completion.amount,
                1...Programme.rateMax
            )
            try programme.checkAsset("card \(id): completion.of", completion.asset)
        }
        if let next { try programme.checkAsset("card \(id): next", .stamps(ofCard: next)) }
        // A card that is full when it is new would be nothing to fill.
        try Programme.checkRange("card \(id): welcome", welcomeStamps, 0...(size - 1))
        switch expiry {
        case .never: break
        case .fromFirstStamp(let days), .fromLastStamp(let days):
            try Programme.checkRange("card \(id): expiry", days, 1...Self.expiryDaysMax)
        }
    }
}

extension AssetRule {
    fileprivate func check(in programme: Programme) throws(ProgrammeError) {
        let subject = "asset \(asset.name)"
        try programme.checkAsset("\(subject): asset", asset)
        let most = Expiry.aheadMax
        switch expiry {
        case .never, .on: break
        case .days(let days): try Programme.checkRange("\(subject): expiry", days, 0...most.days)
        case .monthEnd(let months):
            try Programme.checkRange("\(subject): expiry", months, 0...most.months)
        case .yearEnd(let years):
            try Programme.checkRange("\(subject): expiry", years, 0...most.years)
        case .dayOfYear(let month, let day, let years):
            try Programme.checkRange("\(subject): expiry.day", Int64(month), 1...12)
            try Programme.checkRange("\(subject): expiry.day", Int64(day), 1...31)
            try Programme.checkRange("\(subject): expiry.years", years, 0...most.years)
        }
        if let worth { try Programme.checkRate("\(subject): worth", worth) }
        try Programme.checkRate("\(subject): redeemed", redeemedShare, most: 1)
        guard let conversion else { return }
        try Programme.checkRange(
            "\(subject): convert.each",
            conversion.block,
            1...Programme.amountMax
        )
        try Programme.checkRange(
            "\(subject): convert.give",
            conversion.amount,
            1...Programme.rateMax
        )
        try programme.checkAsset("\(subject): convert.into", conversion.asset)
    }
}

extension TierLadder {
    fileprivate func check() throws(ProgrammeError) {
        try Programme.checkRange(
            "tiers.number of levels",
            Int64(tiers.count),
            1...Int64(Self.tierCountMax)
        )
        if case .rollingMonths(let months) = window {
            try Programme.checkRange("tiers.window", months, 1...Self.monthCountMax)
        }
        var seen: Set<String> = []
        var above: Int64?
        for tier in tiers {
            guard Programme.isIdentifier(tier.id) else { throw .malformedIdentifier(tier.id) }
            guard seen.insert(tier.id).inserted else { throw .duplicateIdentifier(tier.id) }
            try Programme.checkText("tier \(tier.id): title", tier.title)
            guard above.map({ tier.min > $0 }) ?? (tier.min == 0)
            else {
                throw .thresholdUnfit(field: "tier \(tier.id): min", value: tier.min, above: above)
            }
            try Programme.checkRange("tier \(tier.id): min", tier.min, 0...Self.thresholdMax)
            above = tier.min
        }
    }

    /// The largest threshold of a tier.
    ///
    /// Source: `Programme.awardMax`, what members' counts are kept within.
    public static let thresholdMax = Programme.awardMax
}
