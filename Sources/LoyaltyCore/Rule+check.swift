extension Rule {
    func check(in programme: Programme) throws(ProgrammeError) {
        try gift.check("rule \(id)")
        try programme.checkAsset("rule \(id): of", gift.asset)
        try conditions.check("rule \(id)", in: programme)
        if let group, !Programme.isIdentifier(group) { throw .malformedIdentifier(group) }
        try Programme.checkCaps("rule \(id)", caps)
        try Programme.checkRange("rule \(id): pendingDays", pendingDays, 0...Self.pendingDaysMax)
    }
}

extension Gift {
    fileprivate func check(_ rule: String) throws(ProgrammeError) {
        let amounts = 1...Programme.amountMax
        let gifts = 1...Programme.rateMax
        switch self {
        case .perAmount(let give, let per, _):
            try Programme.checkRange("\(rule): per", per, amounts)
            try Programme.checkRange("\(rule): give", give, gifts)
        case .perUnit(let give, let per, _):
            try Programme.checkRange("\(rule): perUnits", per, amounts)
            try Programme.checkRange("\(rule): give", give, gifts)
        case .perSale(let give, _): try Programme.checkRange("\(rule): give", give, gifts)
        case .bonus(let give, _): try Programme.checkRange("\(rule): bonus", give, gifts)
        case .rate(let rate, _): try Programme.checkRate("\(rule): rate", rate)
        case .multiply(let rate, _): try Programme.checkRate("\(rule): multiply", rate)
        case .instantWin(let odds, let stock, let give, _):
            try Programme.checkRate("\(rule): win.odds", odds, most: 1)
            try Programme.checkRange("\(rule): win.stock", stock, amounts)
            try Programme.checkRange("\(rule): win.give", give, gifts)
        }
    }
}

extension Conditions {
    /// Most words of one list of stores, articles or codes.
    ///
    /// Source: our own bound; a document of 256 KiB has room for some 16,000 article numbers.
    public static let wordCountMax = 5_000
    /// Most characters of a store, an article or a code.
    ///
    /// Source: `SaleKey.characterCountMax`; article numbers have 8 to 14 digits, categories are
    /// words.
    public static let wordCharacterCountMax = 80
    /// Most days in a row, or days away.
    ///
    /// Source: `Expiry.aheadMax`.
    public static let dayCountMax = Expiry.aheadMax.days

    func check(_ subject: String, in programme: Programme) throws(ProgrammeError) {
        if let firstDate, let lastDate, firstDate > lastDate { throw .emptyPeriod(field: subject) }
        let amounts = 1...Programme.amountMax
        try checkDays("\(subject): when")
        try checkNumber("\(subject): when.awayDays", awayDaysMin, 1...Self.dayCountMax)
        try checkNumber("\(subject): when.amountMin", amountMin, amounts)
        try checkNumber("\(subject): when.quantityMin", quantityMin, amounts)
        try checkNumber("\(subject): when.streak", streakDays, 1...Self.dayCountMax)
        try checkNumber("\(subject): when.holds.min", holds?.min, amounts)
        try checkWords("\(subject): when")
        if let asset = holds?.asset {
            try programme.checkAsset("\(subject): when.holds.asset", asset)
        }
        let known = Set(programme.tiers?.tiers.map(\.id) ?? [])
        // The first by name, so that one file is always told the same.
        if let tier = tiers.subtracting(known).min() {
            throw .unknownTier(field: "\(subject): when.tiers", tier: tier)
        }
    }

    private func checkDays(_ field: String) throws(ProgrammeError) {
        for day in weekdays.sorted() {
            try Programme.checkRange("\(field).weekdays", Int64(day), 0...6)
        }
        for day in monthDays.sorted() {
            try Programme.checkRange("\(field).monthDays", Int64(day), 1...31)
        }
        guard let minutes else { return }
        try Programme.checkRange("\(field).hours.from", Int64(minutes.lowerBound), 0...1_439)
        try Programme.checkRange("\(field).hours.until", Int64(minutes.count), 1...1_440)
    }

    private func checkNumber(
        _ field: String,
        _ value: Int64?,
        _ allowed: ClosedRange<Int64>
    ) throws(ProgrammeError) {
        if let value { try Programme.checkRange(field, value, allowed) }
    }

    private func checkWords(_ field: String) throws(ProgrammeError) {
        let lists: [(String, Set<String>)] = [
            ("stores", stores), ("tills", tills), ("cashiers", cashiers), ("codes", codes),
            ("include.skus", include?.skus ?? []),
            ("include.categories", include?.categories ?? []),
            ("include.labels", include?.labels ?? []),
            ("exclude.skus", exclude?.skus ?? []),
            ("exclude.categories", exclude?.categories ?? []),
            ("exclude.labels", exclude?.labels ?? []),
            ("subject", subject.map { [$0] } ?? []),
        ]
        for (name, words) in lists {
            try Programme.checkRange(
                "\(field).number of \(name)",
                Int64(words.count),
                0...Int64(Self.wordCountMax)
            )
            for word in words.sorted() {
                guard (1...Self.wordCharacterCountMax).contains(word.count),
                    word.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
                else { throw .unfitWord(field: "\(field).\(name)", word: word) }
            }
        }
    }
}

extension Reward {
    func check(in programme: Programme) throws(ProgrammeError) {
        let subject = "reward \(id)"
        try Programme.checkText("\(subject): title", title)
        try conditions.check(subject, in: programme)
        try Programme.checkCaps(subject, caps)
        if let cost {
            try Programme.checkRange("\(subject): cost.give", cost.amount, 1...Programme.amountMax)
            try programme.checkAsset("\(subject): cost.of", cost.asset)
        }
        try checkBenefit(subject, in: programme)
    }

    private func checkBenefit(
        _ subject: String,
        in programme: Programme
    ) throws(ProgrammeError) {
        switch benefit {
        case .freeUnits(let units):
            try Programme.checkRange("\(subject): freeUnits", units, 1...Programme.rateMax)
        case .amountOff(let amount):
            try Programme.checkRange("\(subject): amountOff", amount, 1...Programme.amountMax)
        case .percentOff(let percent, let max):
            try Programme.checkRate("\(subject): percentOff", percent, most: 100)
            if let max {
                try Programme.checkRange("\(subject): max", max, 1...Programme.amountMax)
            }
        case .pays(let rate):
            guard let cost else { throw .costMissing(field: "\(subject): pays") }
            // `pays` says what one unit is worth.
            try Programme.checkRange("\(subject): cost.give", cost.amount, 1...1)
            try Programme.checkRate("\(subject): pays", rate)
        case .cheapestFree, .handOver: break
        case .gives(let amount, let asset):
            try Programme.checkRange("\(subject): gives", amount, 1...Programme.rateMax)
            try programme.checkAsset("\(subject): of", asset)
        }
    }
}
