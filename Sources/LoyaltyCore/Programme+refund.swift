/// Something of a sale that is given back.
///
/// A sale without an amount is given back once and whole; that it was is the caller's to know.
public struct Refund: Hashable, Sendable {
    /// The sale as it was decided.
    public let original: Sale
    /// What it moved.
    public let award: Award
    /// How much of it is refunded now, in the currency's minor unit.
    public let amount: Int64
    /// The lines that come back now, where the POS tells.
    public let lines: [SaleLine]
    /// How much of it was refunded before.
    public let refundedBefore: Int64
    /// The lines that came back before.
    public let linesBefore: [SaleLine]
    /// What earlier refunds moved; nil where they were all counted as this one is, so that their
    /// share tells.
    ///
    /// A sale that is refunded first by an amount and then by its lines, or under another edition's
    /// policy, never moves more than it moved only if this is told.
    public let movedBefore: Refunded?

    /// Creates a refund.
    public init(
        original: Sale,
        award: Award,
        amount: Int64,
        lines: [SaleLine] = [],
        refundedBefore: Int64 = 0,
        linesBefore: [SaleLine] = [],
        movedBefore: Refunded? = nil
    ) {
        self.original = original
        self.award = award
        self.amount = amount
        self.lines = lines
        self.refundedBefore = refundedBefore
        self.linesBefore = linesBefore
        self.movedBefore = movedBefore
    }

    /// The rest of a sale: after this nothing of it is left.
    public static func rest(
        of original: Sale,
        _ award: Award,
        refundedBefore: Int64 = 0,
        linesBefore: [SaleLine] = [],
        movedBefore: Refunded? = nil
    ) -> Self {
        let left = original.settledAmount(award) - refundedBefore
        return Self(
            original: original,
            award: award,
            amount: max(0, left),
            refundedBefore: refundedBefore,
            linesBefore: linesBefore,
            movedBefore: movedBefore
        )
    }
}

extension Sale {
    /// What the sale was settled at: its amount after rewards, however it was paid; 0 where no
    /// amount is known.
    public func settledAmount(_ award: Award) -> Int64 {
        let net = details.lines.reduce(-details.orderDiscount) { $0 + $1.net }
        return max(0, (amount ?? (details.lines.isEmpty ? 0 : net)) - Self.amountOff(award))
    }

    /// What rewards took off a sale's amount.
    public static func amountOff(_ award: Award) -> Int64 {
        award.derivation.reduce(Int64(0)) { sum, step in
            step.kind == .redeemed ? sum + (step.number("value") ?? 0) : sum
        }
    }
}

extension Programme {
    /// Takes back what a refunded sale gave, and gives back what it took.
    ///
    /// By the refunded share of the whole, as the programme's policy counts it. The sum over all
    /// refunds of a sale depends on how much was refunded and not on the order: each refund moves
    /// what the sum of all now moves beyond the sum of those before. What was earned is taken back
    /// rounded down, what was spent on the bill is given back rounded up, each to the bucket from
    /// which it came; what was spent on something that is not on the bill comes back with the last
    /// part. Earned amounts that are spent already become a debt.
    ///
    /// - Parameters:
    ///   - refund: What comes back, of which sale.
    ///   - standing: What the ledger knows of the sale's member.
    ///   - date: The business date of the refund.
    /// - Returns: What moves, or why nothing does.
    public func refund(_ refund: Refund, _ standing: Standing, on date: BusinessDate) -> Decision {
        do throws(Refusal) {
            let whole = refund.original.settledAmount(refund.award)
            guard refund.amount >= 0, refund.refundedBefore >= 0 else { throw .amountNegative }
            let (after, overflow) = refund.refundedBefore.addingReportingOverflow(refund.amount)
            guard !overflow, after <= whole
            else { throw .refundAboveSale(left: max(0, whole - refund.refundedBefore)) }
            let share = Share(refund, whole: whole, policies.partialRefund, rules)
            let before = refund.movedBefore
            return .award(try Self.movement(of: refund.award, share, before, standing, on: date))
        } catch {
            return .refusal(error)
        }
    }

    /// Takes all back that an award of a sale gave, and gives all back that it took.
    ///
    /// What a cancelled sale moves is the same under every programme: what refunds before it left.
    ///
    /// - Parameters:
    ///   - award: What the sale moved.
    ///   - refunded: What refunds of the sale came to before.
    ///   - isWhollyRefunded: Whether these were all of it: then nothing is left.
    ///   - standing: What the ledger knows of the sale's member.
    ///   - date: The business date.
    /// - Returns: What moves, or why nothing does.
    public static func cancel(
        _ award: Award,
        after refunded: Refunded = Refunded(),
        isWhollyRefunded: Bool = false,
        _ standing: Standing,
        on date: BusinessDate
    ) -> Decision {
        let share: Share = isWhollyRefunded ? .nothing : .whole
        do throws(Refusal) {
            return .award(try movement(of: award, share, refunded, standing, on: date))
        } catch {
            return .refusal(error)
        }
    }

    private static func movement(
        of award: Award,
        _ share: Share,
        _ before: Refunded?,
        _ standing: Standing,
        on date: BusinessDate
    ) throws(Refusal) -> Award {
        var purse = Purse(standing.holdings, on: date)
        var changes = TallyChanges(standing.tallies)
        var steps: [DerivationStep] = []
        let movements = award.movements
        for movement in movements { try giveBack(movement, share, before, &purse, &steps) }
        for movement in movements {
            try takeBack(movement, share, before, &purse, &changes, &steps)
        }
        for change in award.tallies { try undo(change, share, before, &changes) }
        try repay(&purse, &changes, &steps)
        return Award(postings: purse.postings, derivation: steps, tallies: changes.changes)
    }

    /// Gives back what a sale spent of an asset, to the buckets from which it came.
    private static func giveBack(
        _ movement: AssetMovement,
        _ share: Share,
        _ movedBefore: Refunded?,
        _ purse: inout Purse,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) {
        let total = movement.spent.reduce(0) { $0 - $1.amount }
        guard total > 0 else { return }
        let onBill = min(total, movement.spentOnBill)
        let counted = share.isWholeBefore ? total : try share.ceiling(onBill, share.before)
        let before = movedBefore?.given(movement.asset) ?? counted
        let after = share.isWholeAfter ? total : try share.ceiling(onBill, share.after)
        guard after > before else { return }
        // The buckets fill again from the last that was touched; what was given back before lies
        // at the front of that order.
        var (skip, left) = (before, after - before)
        for posting in movement.spent.reversed() where left > 0 {
            let skipped = min(skip, -posting.amount)
            skip -= skipped
            let part = min(left, -posting.amount - skipped)
            try purse.earn(part, movement.asset, posting.bucket)
            left -= part
        }
        steps.append(
            DerivationStep(
                .givenBack,
                movement.asset.name,
                movement.asset,
                [total, share.after.part, share.after.whole, after - before]
            )
        )
    }

    /// Takes back what a sale gave of an asset; what is spent already is owed.
    private static func takeBack(
        _ movement: AssetMovement,
        _ share: Share,
        _ movedBefore: Refunded?,
        _ purse: inout Purse,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) {
        let asset = movement.asset
        let total = movement.earned.reduce(0) { $0 + $1.amount }
        guard total > 0 else { return }
        // What the sale only prolonged goes back with the last part.
        let own = total - movement.prolonged
        let counted =
            share.isWholeBefore ? total : try share.taken(movement, of: own, isAfter: false)
        let before = movedBefore?.taken(asset) ?? counted
        let after = share.isWholeAfter ? total : try share.taken(movement, of: own, isAfter: true)
        let due = after - before
        guard due > 0 else { return }
        steps.append(
            DerivationStep(
                .takenBack,
                asset.name,
                asset,
                [total, share.after.part, share.after.whole, due]
            )
        )
        // From each bucket what it got, the ones that are spent first before the others.
        var (skip, part, left) = (before, due, Int64(0))
        for posting in movement.earned.sorted(by: { $0.bucket < $1.bucket }) where part > 0 {
            let skipped = min(skip, posting.amount)
            let own = min(part, posting.amount - skipped)
            (skip, part) = (skip - skipped, part - own)
            left += own - (try purse.take(own, asset) { $0 == posting.bucket })
        }
        let (date, buckets) = (purse.date, Set(movement.earned.map(\.bucket)))
        left -= try purse.take(left, asset) { buckets.contains($0) }
        left -= try purse.take(left, asset) { !$0.hasExpired(on: date) }
        guard left > 0 else { return }
        try changes.add(left, to: Tally(.debt(asset)))
        steps.append(DerivationStep(.owed, asset.name, asset, [left]))
    }

    /// Lowers a count by the refunded share; what is no amount is undone with the last part.
    private static func undo(
        _ change: TallyChange,
        _ share: Share,
        _ movedBefore: Refunded?,
        _ changes: inout TallyChanges
    ) throws(Refusal) {
        switch change.tally.subject {
        case .spend, .points:
            let after = try share.taken(change.amount, isAfter: true)
            if let movedBefore {
                let before = -movedBefore.count(of: change.tally)
                return try changes.add(min(0, before - after), to: change.tally)
            }
            let before = try share.taken(change.amount, isAfter: false)
            try changes.add(before - after, to: change.tally)
        case .rule, .win, .reward, .card, .visits, .sales, .vote:
            guard share.isWholeAfter, !share.isWholeBefore else { return }
            try changes.add(-change.amount, to: change.tally)
        case .debt:
            guard share.isWholeAfter, !share.isWholeBefore else { return }
            try changes.add(-change.amount, to: change.tally)
        case .remainder, .streak, .streakDay, .visitDay, .tier, .tierYear: return
        }
    }
}

/// What a sale moved of one asset.
struct AssetMovement {
    let asset: Asset
    var earned: [Posting] = []
    var spent: [Posting] = []
    /// How much of what was spent took something off the bill, or paid.
    var spentOnBill: Int64 = 0
    /// How much of it was there before and can be used longer.
    var prolonged: Int64 = 0
    /// What each rule gave in the end, for the policy that looks at lines.
    var byRule: [(rule: String, amount: Int64)] = []

    /// Whether a rule gave for lines, and not for the sale as a whole.
    func notes(_ rule: String) -> Bool { byRule.contains { $0.rule == rule } }

    mutating func note(_ amount: Int64, of rule: String) {
        if let index = byRule.firstIndex(where: { $0.rule == rule }) {
            byRule[index].amount = amount
        } else {
            byRule.append((rule, amount))
        }
    }
}

extension Award {
    /// What it moved, asset by asset in the order of the postings.
    var movements: [AssetMovement] {
        var movements: [AssetMovement] = []
        func index(_ asset: Asset) -> Int {
            if let index = movements.firstIndex(where: { $0.asset == asset }) { return index }
            movements.append(AssetMovement(asset: asset))
            return movements.count - 1
        }
        for posting in postings {
            let index = index(posting.asset)
            if posting.amount > 0 {
                movements[index].earned.append(posting)
            } else {
                movements[index].spent.append(posting)
            }
        }
        for step in derivation {
            guard let asset = step.asset else { continue }
            switch step.kind {
            case .redeemed where step.number("value") ?? 0 > 0, .paidWith:
                movements[index(asset)].spentOnBill += step.number("cost") ?? 0
            case .valuePaid: movements[index(asset)].spentOnBill += step.number("points") ?? 0
            case .cardProlonged: movements[index(asset)].prolonged += step.number("stamps") ?? 0
            case .amountEarned, .rateEarned, .unitsEarned:
                movements[index(asset)].note(step.number("points") ?? 0, of: step.subject)
            case .multiplied where movements[index(asset)].notes(step.subject):
                movements[index(asset)].note(step.number("points") ?? 0, of: step.subject)
            case .capped where movements[index(asset)].notes(step.subject):
                movements[index(asset)].note(step.number("to") ?? 0, of: step.subject)
            default: break
            }
        }
        return movements
    }
}
