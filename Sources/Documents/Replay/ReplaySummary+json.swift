public import LoyaltyCore

extension ReplaySummary {
    /// The summary as one JSON object.
    public var json: CanonicalJSON {
        var members: [CanonicalJSON.Member] = [
            .init("inputs", .integer(inputCount)), .init("awards", .integer(awardCount)),
            .init("drafts", .integer(draftCount)), .init("repeats", .integer(repeatCount)),
            .init("refusals", .object(Self.counts(refusals))),
            .init("members", .integer(memberCount)), .init("sold", .integer(sold)),
        ]
        members.append(
            .init(
                "assets",
                .object(
                    assets.sorted { $0.key < $1.key }.map { .init($0.key.name, json(of: $0.key)) }
                )
            )
        )
        members.append(
            .init("rewards", .object(rewards.keys.sorted().map { .init($0, json(ofReward: $0)) }))
        )
        members += [
            .init("cost", .integer(cost)),
            .init("liability", .integer(totalLiability)),
            .init("allocation", allocation?.json ?? .null),
        ]
        return .object(members)
    }

    /// What is owed to members in all assets of which the programme says what they are worth.
    public var totalLiability: Int64 {
        assets.keys.reduce(0) { $0 &+ (liability(of: $1) ?? 0) }
    }

    private static func counts(_ counts: [String: Int64]) -> [CanonicalJSON.Member] {
        counts.sorted { $0.key < $1.key }.map { .init($0.key, .integer($0.value)) }
    }

    private func json(of asset: Asset) -> CanonicalJSON {
        let movement = assets[asset] ?? Movement()
        var members = movement.named.map { CanonicalJSON.Member($0.name, .integer($0.amount)) }
        members.append(.init("liability", liability(of: asset).map(CanonicalJSON.integer) ?? .null))
        return .object(members)
    }

    private func json(ofReward reward: String) -> CanonicalJSON {
        let redeemed = rewards[reward] ?? Redeemed()
        return [
            "count": .integer(redeemed.count), "spent": .integer(redeemed.cost),
            "value": .integer(redeemed.value), "cost": .integer(cost(of: reward)),
        ]
    }

    /// The summary as lines for people; amounts in the currency's minor unit.
    public var lines: [String] {
        var lines = [
            "\(inputCount) inputs: \(awardCount) awards, \(refusals.values.reduce(0, +)) refusals,"
                + " \(repeatCount) repeats, \(draftCount) drafts; \(memberCount) members"
        ]
        lines += refusals.sorted { $0.key < $1.key }.map { "  refused, \($0.key): \($0.value)" }
        for (asset, movement) in assets.sorted(by: { $0.key < $1.key }) {
            let parts = movement.named.filter { $0.amount != 0 || $0.isAlwaysShown }
                .map { "\($0.name) \($0.amount)" }
            let liability = liability(of: asset).map { ", liability \($0)" } ?? ""
            lines.append("\(asset.name): \(parts.joined(separator: ", "))\(liability)")
        }
        for (reward, redeemed) in rewards.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "reward \(reward): \(redeemed.count) for \(redeemed.cost), cost \(cost(of: reward))"
            )
        }
        lines.append("sold \(sold), cost of rewards \(cost), liability \(totalLiability)")
        if let allocation, allocation.deferred != 0 {
            lines.append(
                "of what was sold, goods \(allocation.goods), deferred \(allocation.deferred)"
            )
        }
        return lines
    }
}

extension ReplaySummary.Movement {
    /// An amount with its name.
    struct Named {
        let name: String
        let amount: Int64
        var isAlwaysShown: Bool { ["earned", "spent", "expired", "held"].contains(name) }
    }

    /// The amounts in the order of the summary.
    var named: [Named] {
        [
            ("opening", opening), ("earned", earned), ("spent", spent), ("repaid", repaid),
            ("takenBack", takenBack), ("givenBack", givenBack), ("owed", owed),
            ("expired", expired), ("converted", converted), ("held", held),
        ].map { Named(name: $0.0, amount: $0.1) }
    }
}

extension Allocation {
    var json: CanonicalJSON { ["goods": .integer(goods), "deferred": .integer(deferred)] }
}
