import LoyaltyCore

extension RefundFact {
    /// The members of a refund's line.
    var members: [CanonicalJSON.Member] {
        var members: [CanonicalJSON.Member] = [
            .init("member", .string(member.description)),
            .init("key", .string(key.text)),
            .init("refund", .string(refund.text)),
            .init("refunds", .integer(sequence)),
        ]
        if let epoch { members.append(.init("refundsEpoch", .integer(epoch))) }
        members += [
            .init("programme", programme.json),
            .init("in", .object(inputs)),
            .init("moved", .array(moved.map(\.json))),
            .init("post", .array(postings.map(\.json))),
        ]
        if !tallies.isEmpty { members.append(.init("count", .array(tallies.map(\.json)))) }
        return members
    }

    /// Everything that was read, beside the award and the programme.
    private var inputs: [CanonicalJSON.Member] {
        var inputs: [CanonicalJSON.Member] = [
            .init("date", .string(businessDate.description)),
            .init("till", .string(till)),
            .init("amount", .integer(amount)),
            .init("settled", .integer(settled)),
        ]
        if !lines.isEmpty { inputs.append(.init("lines", .array(lines.map(\.json)))) }
        if before != Refunded() { inputs.append(.init("before", .object(before.members))) }
        return inputs + reads.members
    }
}

extension Refunded {
    fileprivate var members: [CanonicalJSON.Member] {
        var members: [CanonicalJSON.Member] = [.init("amount", .integer(amount))]
        if !lines.isEmpty { members.append(.init("lines", .array(lines.map(\.json)))) }
        if !moved.isEmpty { members.append(.init("moved", .array(moved.map(\.json)))) }
        if !counts.isEmpty { members.append(.init("count", .array(counts.map(\.json)))) }
        return members
    }
}

extension ReturnedLine {
    fileprivate var json: CanonicalJSON { [.integer(Int64(index)), .integer(quantity)] }
}

extension AssetAmount {
    fileprivate var json: CanonicalJSON { [.string(asset.name), .integer(amount)] }
}
