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
            let award = try give(asked, to: original.member, on: input.date)
            kept = original.after(asked, refund)
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
    func refund(_ refund: ReplayRefund) throws(Refusal) -> Refund {
        if !refund.lines.isEmpty {
            let quantities = try quantities(after: refund.lines)
            let lines = lines(upTo: quantities)
            return Refund(
                original: sale,
                award: award,
                amount: max(0, amount(of: returned + lines, quantities) - refunded),
                lines: lines,
                refundedBefore: refunded,
                linesBefore: returned
            )
        }
        guard let amount = refund.amount else {
            return .rest(of: sale, award, refundedBefore: refunded, linesBefore: returned)
        }
        return Refund(
            original: sale,
            award: award,
            amount: amount,
            refundedBefore: refunded,
            linesBefore: returned
        )
    }

    /// The sale after a refund.
    func after(_ refund: Refund, _ asked: ReplayRefund) -> Self {
        var next = self
        next.refunded += refund.amount
        next.returned += refund.lines
        if !asked.lines.isEmpty {
            // Allowed: the same lines were found a moment ago.
            next.returnedQuantities = (try? quantities(after: asked.lines)) ?? returnedQuantities
        }
        next.isWhollyRefunded =
            (asked.lines.isEmpty && asked.amount == nil)
            || next.refunded >= sale.settledAmount(award)
        return next
    }

    /// How much of each line came back once some more has; of lines of one article the first ones.
    private func quantities(
        after lines: [ReplayRefund.ReturnedLine]
    ) throws(Refusal) -> [Int64] {
        var quantities = returnedQuantities
        for line in lines {
            var left = line.quantity
            for (index, original) in sale.details.lines.enumerated() where original.sku == line.sku
            {
                let part = min(left, original.quantity - quantities[index])
                quantities[index] += part
                left -= part
            }
            guard left == 0
            else { throw .refundAboveSale(left: max(0, sale.settledAmount(award) - refunded)) }
        }
        return quantities
    }

    /// The lines that come back until so much has, beyond those that did before.
    private func lines(upTo quantities: [Int64]) -> [SaleLine] {
        sale.details.lines.indices.compactMap { index in
            let line = sale.details.lines[index]
            let (before, after) = (returnedQuantities[index], quantities[index])
            guard after > before else { return nil }
            func part(_ amount: Int64) -> Int64 {
                Self.share(amount, after, line.quantity) - Self.share(amount, before, line.quantity)
            }
            return SaleLine(
                sku: line.sku,
                categories: line.categories,
                labels: line.labels,
                quantity: after - before,
                gross: part(line.gross),
                net: part(line.net),
                untaxed: line.untaxed.map(part)
            )
        }
    }

    /// What lines cost, of what the sale was settled at.
    private func amount(of lines: [SaleLine], _ quantities: [Int64]) -> Int64 {
        let settled = sale.settledAmount(award)
        let isAll = zip(quantities, sale.details.lines).allSatisfy { $0 >= $1.quantity }
        let whole = sale.details.lines.reduce(0) { $0 + $1.net }
        guard !isAll, whole > 0 else { return settled }
        let returned = lines.reduce(0) { $0 + $1.net }
        return min(settled, Self.share(settled, returned, whole))
    }

    /// `amount * part / whole`, rounded down.
    private static func share(_ amount: Int64, _ part: Int64, _ whole: Int64) -> Int64 {
        guard whole > 0 else { return 0 }
        return Int64(truncatingIfNeeded: Int128(amount) * Int128(part) / Int128(whole))
    }
}
