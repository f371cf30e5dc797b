import LoyaltyCore

extension SaleDetails {
    /// What is known beyond an amount; members of an entry's inputs, none for a plain sale.
    var members: [CanonicalJSON.Member] {
        var members: [CanonicalJSON.Member] = []
        func add(_ name: String, _ value: CanonicalJSON?) {
            if let value { members.append(.init(name, value)) }
        }
        add("occasion", occasion == .purchase ? nil : occasion.json)
        add("store", store.map(CanonicalJSON.string))
        add("cashier", cashier.map(CanonicalJSON.string))
        add("own", isCashiersOwn ? .bool(true) : nil)
        add("currency", currency.map(CanonicalJSON.string))
        add("lines", lines.isEmpty ? nil : .array(lines.map(\.json)))
        add("orderDiscount", orderDiscount == 0 ? nil : .integer(orderDiscount))
        add("untaxed", untaxed.map(CanonicalJSON.integer))
        add("paidWithPoints", paidWithPoints == 0 ? nil : .integer(paidWithPoints))
        add("storedValue", storedValue.map(CanonicalJSON.integer))
        add("codes", codes.isEmpty ? nil : .array(codes.map(CanonicalJSON.string)))
        add("redeem", redemptions.isEmpty ? nil : .array(redemptions.map(\.json)))
        add("approved", isApproved ? .bool(true) : nil)
        add("approvedBy", approval.map { [.string($0.manager), .integer($0.step)] })
        // As text: JSON's numbers are signed.
        add("luck", luck.map { .string(String($0)) })
        return members
    }
}

extension SaleLine {
    fileprivate var json: CanonicalJSON {
        [
            .string(sku), .integer(quantity), .integer(gross), .integer(net),
            untaxed.map(CanonicalJSON.integer) ?? .null,
            .array(categories.map(CanonicalJSON.string)), .array(labels.map(CanonicalJSON.string)),
        ]
    }
}

extension Redemption {
    fileprivate var json: CanonicalJSON {
        [
            .string(reward), count.map(CanonicalJSON.integer) ?? .null,
            amount.map(CanonicalJSON.integer) ?? .null,
        ]
    }
}

extension Occasion {
    /// The kind, and what belongs to it.
    fileprivate var json: CanonicalJSON {
        let kind = CanonicalJSON.string(kind.rawValue)
        return switch self {
        case .purchase, .join, .topUp, .checkIn, .birthday: [kind]
        case .survey(let id, let answer): [kind, .string(id), .integer(answer)]
        case .vote(let id, let option): [kind, .string(id), .string(option)]
        case .recovery(let severity, let reason): [kind, .string(severity), .string(reason)]
        case .referral(let step): [kind, .string(step.rawValue)]
        }
    }
}

extension StandingReads {
    /// Members of an entry's inputs; none where nothing was read.
    var members: [CanonicalJSON.Member] {
        var members: [CanonicalJSON.Member] = []
        if !holdings.isEmpty { members.append(.init("held", .array(holdings.map(\.json)))) }
        if !tallies.isEmpty { members.append(.init("counts", .array(tallies.map(\.json)))) }
        if let birthday = profile.birthday {
            let numbers = [birthday.month, birthday.day].map { CanonicalJSON.integer(Int64($0)) }
            members.append(.init("birthday", .array(numbers)))
        }
        if profile.isReferred { members.append(.init("referred", .bool(true))) }
        if let floor = profile.tierFloor {
            members.append(.init("tierFloor", .string(floor)))
        }
        return members
    }
}

extension TallyChange {
    var json: CanonicalJSON { [.string(tally.description), .integer(amount)] }
}
