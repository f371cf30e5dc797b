public import LoyaltyCore

extension ReplayAnswer {
    /// The answer as one JSON object.
    ///
    /// - Parameter explain: Turns a step, or a refusal, into what stands under `explain`.
    /// - Returns: The object; what has no value is left out.
    public func json(explain: Explanation) -> CanonicalJSON {
        var members: [CanonicalJSON.Member] = [.init("key", .string(key))]
        if type != "sale" { members.append(.init("type", .string(type))) }
        if let member { members.append(.init("member", .string(member))) }
        members.append(.init("date", .string(date.description)))
        if isRepeat { members.append(.init("repeat", .bool(true))) }
        if isDraft { members.append(.init("draft", .bool(true))) }
        switch outcome {
        case .award(let award):
            members += [
                .init("decision", "award"),
                .init("postings", .array(award.postings.map(\.replayJSON))),
            ]
            if let due = award.due { members.append(.init("due", .integer(due))) }
            if !award.redeemed.isEmpty {
                members.append(.init("redeemed", .array(award.redeemed.map(\.replayJSON))))
            }
            members += position?.members ?? []
            members.append(.init("explain", .array(award.derivation.map(explain.step))))
        case .refusal(let refusal):
            members += [
                .init("decision", "refusal"), .init("postings", .array([])),
                .init("reason", .string(refusal.code)),
            ]
            members += position?.members ?? []
            members.append(.init("explain", .array([explain.refusal(refusal)])))
        }
        if derivedCount > 0 {
            members.append(.init("derived", .array(derived.map { $0.json(explain: explain) })))
        }
        if derivedCount > derived.count {
            members.append(.init("derivedCount", .integer(Int64(derivedCount))))
        }
        return .object(members)
    }

    /// What stands under `explain`.
    public struct Explanation {
        let step: (DerivationStep) -> CanonicalJSON
        let refusal: (ReplayRefusal) -> CanonicalJSON

        /// Creates an explanation from what says a step and what says a refusal.
        public init(
            step: @escaping (DerivationStep) -> CanonicalJSON,
            refusal: @escaping (ReplayRefusal) -> CanonicalJSON
        ) {
            self.step = step
            self.refusal = refusal
        }
    }
}

extension Posting {
    var replayJSON: CanonicalJSON {
        [
            "asset": .string(asset.name), "bucket": .string(bucket.description),
            "amount": .integer(amount),
        ]
    }
}

extension RedeemedReward {
    fileprivate var replayJSON: CanonicalJSON {
        [
            "reward": .string(reward), "count": .integer(count), "cost": .integer(cost),
            "value": .integer(value),
        ]
    }
}

extension ReplayPosition {
    fileprivate var members: [CanonicalJSON.Member] {
        var members: [CanonicalJSON.Member] = [.init("balances", Self.json(balances))]
        if !pending.isEmpty { members.append(.init("pending", Self.json(pending))) }
        if !owed.isEmpty { members.append(.init("owed", Self.json(owed))) }
        if let tier {
            members.append(.init("tier", .string(tier.tier.id)))
            if let next = tier.next {
                let missing: CanonicalJSON = [
                    "tier": .string(next.id), "missing": .integer(tier.missing),
                ]
                members.append(.init("nextTier", missing))
            }
        }
        return members
    }

    private static func json(_ amounts: [Amount]) -> CanonicalJSON {
        .object(amounts.map { .init($0.asset.name, .integer($0.amount)) })
    }
}
