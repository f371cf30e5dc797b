import LoyaltyCore

extension EntryFields {
    /// What an award's inputs say beyond an amount.
    func details() throws(EntryLineError) -> SaleDetails {
        var details = SaleDetails()
        if let occasion = json["occasion"] { details.occasion = try Self.occasion(occasion) }
        details.store = try optionalString("store")
        details.cashier = try optionalString("cashier")
        guard details.cashier.map(Tally.isCashier) ?? true
        else { throw .malformed(field: "cashier") }
        details.isCashiersOwn = try flag("own")
        details.currency = try optionalString("currency")
        for line in try array("lines", most: SaleDetails.lineCountMax) {
            details.lines.append(try Self.line(line))
        }
        details.orderDiscount = try optionalInteger("orderDiscount") ?? 0
        details.untaxed = try optionalInteger("untaxed")
        details.paidWithPoints = try optionalInteger("paidWithPoints") ?? 0
        details.storedValue = try optionalInteger("storedValue")
        for code in try array("codes", most: SaleDetails.wishCountMax) {
            guard let text = code.stringValue else { throw .malformed(field: "codes") }
            details.codes.append(text)
        }
        for wish in try array("redeem", most: SaleDetails.wishCountMax) {
            details.redemptions.append(try Self.redemption(wish))
        }
        details.isApproved = try flag("approved")
        details.approval = try approval()
        if json["luck"] != nil {
            guard let luck = UInt64(try string("luck")) else { throw .malformed(field: "luck") }
            details.luck = luck
        }
        return details
    }

    private func approval() throws(EntryLineError) -> Approval? {
        guard let value = json["approvedBy"] else { return nil }
        guard let parts = value.arrayValue, parts.count == 2,
            let manager = parts[0].stringValue, Programme.isIdentifier(manager),
            let step = parts[1].integerValue, step >= 0
        else { throw .malformed(field: "approvedBy") }
        return Approval(manager: manager, step: step)
    }

    /// What the rules read of the standing, beside the last visits.
    func reads() throws(EntryLineError) -> StandingReads {
        var profile = Profile()
        if let numbers = json["birthday"]?.arrayValue?.compactMap(\.integerValue) {
            guard numbers.count == 2, (1...12).contains(numbers[0]), (1...31).contains(numbers[1])
            else { throw .malformed(field: "birthday") }
            profile.birthday = (Int(numbers[0]), Int(numbers[1]))
        }
        profile.isReferred = try flag("referred")
        profile.tierFloor = try optionalString("tierFloor")
        return StandingReads(
            holdings: json["held"] == nil ? [] : try postings("held"),
            tallies: json["counts"] == nil ? [] : try tallies("counts"),
            profile: profile
        )
    }

    /// Changes of counts, or counts.
    func tallies(_ name: String) throws(EntryLineError) -> [TallyChange] {
        var tallies: [TallyChange] = []
        for value in try array(name, most: Self.tallyCountMax) {
            guard let parts = value.arrayValue, parts.count == 2,
                let tally = parts[0].stringValue.flatMap(Tally.init),
                let amount = parts[1].integerValue
            else { throw .malformed(field: name) }
            tallies.append(TallyChange(tally, amount))
        }
        return tallies
    }

    /// Most counts of an entry.
    ///
    /// Source: our own bound; an entry's line has some 16,000 bytes, and a count some 40.
    static let tallyCountMax = 400

    func array(
        _ name: String,
        most countMax: Int
    ) throws(EntryLineError) -> [CanonicalJSON] {
        guard let value = json[name] else { return [] }
        guard let elements = value.arrayValue, elements.count <= countMax
        else { throw .malformed(field: name) }
        return elements
    }

    private func optionalString(_ name: String) throws(EntryLineError) -> String? {
        json[name] == nil ? nil : try string(name)
    }

    private func optionalInteger(_ name: String) throws(EntryLineError) -> Int64? {
        json[name] == nil ? nil : try integer(name, 0...Int64.max)
    }

    private func flag(_ name: String) throws(EntryLineError) -> Bool {
        guard let value = json[name] else { return false }
        guard let flag = value.boolValue else { throw .malformed(field: name) }
        return flag
    }

    private static func line(_ json: CanonicalJSON) throws(EntryLineError) -> SaleLine {
        guard let parts = json.arrayValue, parts.count == 7, let sku = parts[0].stringValue,
            let quantity = parts[1].integerValue, let gross = parts[2].integerValue,
            let net = parts[3].integerValue, let categories = parts[5].arrayValue,
            let labels = parts[6].arrayValue,
            parts[4] == .null || parts[4].integerValue != nil
        else { throw .malformed(field: "lines") }
        return SaleLine(
            sku: sku,
            categories: categories.compactMap(\.stringValue),
            labels: labels.compactMap(\.stringValue),
            quantity: quantity,
            gross: gross,
            net: net,
            untaxed: parts[4].integerValue
        )
    }

    private static func redemption(_ json: CanonicalJSON) throws(EntryLineError) -> Redemption {
        guard let parts = json.arrayValue, parts.count == 3, let reward = parts[0].stringValue,
            Programme.isIdentifier(reward)
        else { throw .malformed(field: "redeem") }
        return Redemption(reward, count: parts[1].integerValue, amount: parts[2].integerValue)
    }

    private static func occasion(_ json: CanonicalJSON) throws(EntryLineError) -> Occasion {
        let malformed = EntryLineError.malformed(field: "occasion")
        guard let parts = json.arrayValue,
            let kind = parts.first?.stringValue.flatMap(Occasion.Kind.init(rawValue:))
        else { throw malformed }
        let first = parts.count > 1 ? parts[1].stringValue : nil
        let second = parts.count > 2 ? parts[2] : .null
        switch kind {
        case .purchase: return .purchase
        case .join: return .join
        case .topUp: return .topUp
        case .checkIn: return .checkIn
        case .birthday: return .birthday
        case .survey:
            guard let first, let answer = second.integerValue else { throw malformed }
            return .survey(first, answer: answer)
        case .vote:
            guard let first, let option = second.stringValue else { throw malformed }
            return .vote(first, option: option)
        case .recovery:
            guard let first, let reason = second.stringValue else { throw malformed }
            return .recovery(severity: first, reason: reason)
        case .referral:
            guard let step = first.flatMap(Referral.Step.init(rawValue:)) else { throw malformed }
            return .referral(step)
        }
    }
}
