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
            if !award.redeemed.isEmpty {
                members.append(.init("redeemed", .array(award.redeemed.map(\.json))))
                members.append(.init("due", .optional(award.due)))
            }
        case .refusal(let refusal):
            members.append(.init("reason", .string(refusal.code)))
            members.append(.init("detail", .object(refusal.details)))
        }
        if !dropped.isEmpty { members.append(.init("dropped", .array(dropped.map(\.json)))) }
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

extension Posting {
    var json: CanonicalJSON {
        var members: [CanonicalJSON.Member] = [.init("asset", .string(asset.name))]
        if let first = bucket.firstDate {
            members.append(.init("from", .string(first.description)))
        }
        let last = bucket.lastDate.map { CanonicalJSON.string($0.description) }
        members.append(.init("through", last ?? .null))
        members.append(.init("amount", .integer(amount)))
        return .object(members)
    }
}

extension AssetAmount {
    var json: CanonicalJSON { ["asset": .string(asset.name), "amount": .integer(amount)] }
}

extension RedeemedReward {
    var json: CanonicalJSON {
        [
            "reward": .string(reward), "count": .integer(count), "cost": .integer(cost),
            "value": .integer(value),
        ]
    }
}

extension DroppedReward {
    var json: CanonicalJSON { ["reward": .string(reward), "reason": .string(reason)] }
}

extension DerivationStep {
    /// The step with each number under its name.
    var json: CanonicalJSON { canonicalJSON }
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
                .init(
                    "programme",
                    [
                        "name": .string(award.programme.name),
                        "version": .integer(award.programme.version),
                    ]
                ),
                .init("postings", .array(award.postings.map(\.json))),
            ]
        case .void(let void):
            members += [
                .init("type", "void"),
                .init("key", .string(void.key.text)),
                .init("voids", .integer(void.sequence)),
                .init("postings", .array(void.postings.map(\.json))),
            ]
        case .refund(let refund):
            members += [
                .init("type", "refund"),
                .init("key", .string(refund.key.text)),
                .init("refund", .string(refund.refund.text)),
                .init("refunds", .integer(refund.sequence)),
                .init("till", .string(refund.till)),
                .init("amount", .integer(refund.amount)),
                .init("postings", .array(refund.postings.map(\.json))),
                .init("owed", .array(refund.tallies.owed.map(\.json))),
            ]
        case .boot: members.append(.init("type", "boot"))
        case .anchor: members.append(.init("type", "anchor"))
        case .keyRotate: members.append(.init("type", "keyRotate"))
        case .salvage: members.append(.init("type", "salvage"))
        case .lost: members.append(.init("type", "lost"))
        case .grant(let grant):
            members += [
                .init("type", "grant"),
                .init("postings", .array(grant.postings.map(\.json))),
            ]
        }
        return .object(members)
    }
}
