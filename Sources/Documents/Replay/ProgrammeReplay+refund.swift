import LoyaltyCore

extension ProgrammeReplay {
    /// Answers a refund or a cancellation.
    mutating func answer(_ input: ReplayInput, _ refund: ReplayRefund) -> ReplayAnswer {
        if var first = refunds[input.key.text], first.type == input.type {
            first.isRepeat = true
            first.derived = []
            first.derivedCount = 0
            return first
        }
        guard let place = place(of: refund) else { return refused(input, .programme(.saleUnknown)) }
        var kept = sales[refund.original]?[place] ?? nil
        guard let original = kept else { return refused(input, .programme(.saleUnknown)) }
        if let name = input.member, knownIndex(name) != original.member {
            return refused(input, .programme(.saleOfOtherMember))
        }
        guard !original.isWhollyRefunded
        else { return refused(input, .refundAboveSale(left: 0), of: original.member) }
        do throws(Refusal) {
            let asked = try original.refund(refund)
            let award = try give(asked.refund, to: original.member, on: input.date)
            let part = award.refunded(asked.refund.amount, asked.lines)
            kept = original.after(part, refund)
            if let kept { sales[refund.original]?[place] = kept }
            return answered(input, award, member: original.member)
        } catch {
            return refused(input, error, of: original.member)
        }
    }

    /// A refusal that shows how the sale's member stands.
    private func refused(
        _ input: ReplayInput,
        _ refusal: Refusal,
        of index: Int
    ) -> ReplayAnswer {
        var answer = ReplayAnswer(
            key: input.key.text,
            member: members[index].name,
            type: input.type,
            date: input.date,
            .refusal(.programme(refusal))
        )
        answer.position = position(of: index, on: input.date)
        return answer
    }

    /// The sale that a refund means: the one of its own store, or the only one of the key.
    private func place(of refund: ReplayRefund) -> Int? {
        guard let candidates = sales[refund.original] else { return nil }
        return candidates.firstIndex { $0.sale.store == refund.store }
            ?? (candidates.count == 1 ? 0 : nil)
    }

    private mutating func give(
        _ refund: Refund,
        to index: Int,
        on date: BusinessDate
    ) throws(Refusal) -> Award {
        let cashier = refund.original.details.cashier
        let standing = shared.added(to: members[index].standing, cashier: cashier)
        switch programme.refund(refund, standing, on: date) {
        case .refusal(let refusal): throw refusal
        case .award(let award):
            guard let after = standing.after(award.postings, tallies: award.tallies)
            else { throw .overflow }
            write(award, after, of: index, .refund(refund.amount))
            return award
        }
    }

    private mutating func answered(
        _ input: ReplayInput,
        _ award: Award,
        member index: Int
    ) -> ReplayAnswer {
        var answer = ReplayAnswer(
            key: input.key.text,
            member: members[index].name,
            type: input.type,
            date: input.date,
            .award(award)
        )
        answer.position = position(of: index, on: input.date)
        if memory.keeps(input.key.text, store: input.store) { refunds[input.key.text] = answer }
        return answer
    }
}

extension ProgrammeReplay.KeptSale {
    /// What a refund of the sale comes to.
    ///
    /// - Returns: The refund, and how much of which lines comes back with it.
    func refund(_ refund: ReplayRefund) throws(Refusal) -> (refund: Refund, lines: [ReturnedLine]) {
        let settled = sale.settledAmount(award)
        let left = max(0, settled - refunded.amount)
        guard let lines = sale.returnedLines(refund.lines, after: refunded),
            let back = asked(refund.amount ?? left, lines)
        else { throw .refundAboveSale(left: left) }
        guard !refund.lines.isEmpty else { return (back, lines) }
        let amount = amount(of: back.linesBefore + back.lines, lines) - refunded.amount
        return (asked(max(0, amount), lines) ?? back, lines)
    }

    private func asked(_ amount: Int64, _ lines: [ReturnedLine]) -> Refund? {
        Refund(of: sale, award, amount: amount, lines: lines, before: refunded)
    }

    /// The sale after a refund.
    func after(_ refund: Refunded, _ asked: ReplayRefund) -> Self {
        var next = self
        next.refunded.add(refund)
        next.isWhollyRefunded =
            (asked.lines.isEmpty && asked.amount == nil)
            || next.refunded.amount >= sale.settledAmount(award)
        return next
    }

    /// What lines cost, of what the sale was settled at.
    private func amount(of returned: [SaleLine], _ lines: [ReturnedLine]) -> Int64 {
        var after = refunded
        after.add(Refunded(lines: lines))
        let settled = sale.settledAmount(award)
        let isAll = sale.details.lines.indices.allSatisfy { index in
            after.quantity(of: index) >= sale.details.lines[index].quantity
        }
        let whole = sale.details.lines.reduce(0) { $0 + $1.net }
        guard !isAll, whole > 0 else { return settled }
        let net = returned.reduce(0) { $0 + $1.net }
        let share = Int128(settled) * Int128(net) / Int128(whole)
        return min(settled, Int64(truncatingIfNeeded: share))
    }
}
