import LoyaltyCore
import StampAgent

extension RecordedSale {
    /// The answer to a POS; the same for the first call and for every repeat of it.
    func json(key: SaleKey) -> CanonicalJSON {
        var members: [CanonicalJSON.Member] = [
            .init("decision", .string(decision.name)),
            .init("key", .string(key.text)),
            .init("entry", .optional(entry)),
        ]
        switch decision {
        case .award(let award):
            members.append(.init("earned", .array(award.postings.map(\.json))))
            members.append(.init("derivation", .array(award.derivation.map(\.json))))
        case .refusal(let refusal):
            members.append(.init("reason", .string(refusal.code)))
            members.append(.init("detail", .object(refusal.details)))
        }
        members.append(.init("member", member.json))
        return .object(members)
    }
}

extension VoidAnswer {
    /// The answer to a POS.
    func json(key: SaleKey) -> CanonicalJSON {
        switch self {
        case .voided(let entry, let postings):
            [
                "decision": "voided", "key": .string(key.text), "entry": .integer(entry),
                "postings": .array(postings.map(\.json)),
            ]
        case .refused(let code):
            [
                "decision": "refusal", "key": .string(key.text), "entry": .null,
                "reason": .string(code),
            ]
        }
    }
}

extension Decision {
    fileprivate var name: String {
        switch self {
        case .award: "award"
        case .refusal: "refusal"
        }
    }
}

extension Refusal {
    /// What fills the refusal's words.
    fileprivate var details: [CanonicalJSON.Member] {
        switch self {
        case .programmeNotInForce(let first, let last):
            [
                .init("from", .string(first.description)),
                .init("through", .string(last.description)),
            ]
        case .visitAlreadyStamped(let doubleGrantGuard):
            [.init("guard", doubleGrantGuard.json)]
        case .amountAboveMax(let amount): [.init("max", .integer(amount))]
        case .amountTooSmall(let least): [.init("least", .integer(least))]
        case .receiptTooOld(let days): [.init("days", .integer(days))]
        case .memberBlocked, .amountNegative, .amountMissing, .receiptFromFuture,
            .receiptOfOtherSeller, .saleOfOtherMember, .saleVoided, .saleUnknown, .overflow,
            .saleOfCashier, .alreadyCheckedIn, .alreadyVoted, .recoveryNotApproved,
            .nothingForOccasion, .redemptionFrozen, .saleTooLarge:
            []
        case .currencyOther(let currency): [.init("currency", .string(currency))]
        case .lineNegative(let line): [.init("line", .integer(Int64(line)))]
        case .tooMany(let most): [.init("most", .integer(Int64(most)))]
        case .rewardUnknown(let reward), .rewardUnavailable(let reward):
            [.init("reward", .string(reward))]
        case .notEnough(let asset, let needed, let held):
            [
                .init("asset", .string(asset.name)), .init("needed", .integer(needed)),
                .init("held", .integer(held)),
            ]
        case .tooOften(let scope): [.init("scope", .string(scope.rawValue))]
        case .refundAboveSale(let left): [.init("left", .integer(left))]
        }
    }
}

extension Posting {
    var json: CanonicalJSON {
        [
            "asset": .string(asset.name),
            "through": bucket == .never ? .null : .string(bucket.description),
            "amount": .integer(amount),
        ]
    }
}

extension DerivationStep {
    /// The step with each number under its name.
    var json: CanonicalJSON {
        var members: [CanonicalJSON.Member] = [
            .init("step", .string(kind.rawValue)),
            .init(kind.subjectName, .string(subject)),
        ]
        if let asset, kind.subjectName == "rule" || kind.subjectName == "reward" {
            members.append(.init("asset", .string(asset.name)))
        }
        for (name, number) in zip(kind.numberNames, numbers) {
            let isGuard = kind == .visitGuarded
            let value = isGuard ? DoubleGrantGuard(hoursCode: number).json : .integer(number)
            members.append(.init(name, value))
        }
        return .object(members)
    }
}

extension DoubleGrantGuard {
    /// `day`, `none`, or a number of hours.
    fileprivate var json: CanonicalJSON {
        switch self {
        case .none: "none"
        case .businessDay: "day"
        case .hours(let hours): .integer(hours)
        }
    }
}

extension Entry {
    /// One entry for the cashier's page: what happened to which sale, no member.
    var json: CanonicalJSON {
        var members: [CanonicalJSON.Member] = [
            .init("entry", .integer(sequence)),
            .init("at", .integer(at.wall.unixMs)),
        ]
        switch fact {
        case .award(let award):
            members += [
                .init("type", "award"),
                .init("key", .string(award.sale.key.text)),
                .init("till", .string(award.sale.till)),
                .init("evidence", .string(award.sale.evidence.rawValue)),
                .init("amount", .optional(award.sale.amount)),
                .init("postings", .array(award.postings.map(\.json))),
            ]
        case .void(let void):
            members += [
                .init("type", "void"),
                .init("key", .string(void.key.text)),
                .init("voids", .integer(void.sequence)),
                .init("postings", .array(void.postings.map(\.json))),
            ]
        case .boot: members.append(.init("type", "boot"))
        case .anchor: members.append(.init("type", "anchor"))
        case .keyRotate: members.append(.init("type", "keyRotate"))
        case .salvage: members.append(.init("type", "salvage"))
        case .lost: members.append(.init("type", "lost"))
        }
        return .object(members)
    }
}
