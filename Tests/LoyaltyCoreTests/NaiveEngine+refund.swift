import LoyaltyCore

/// What a refund gives back, after what was given back before.
struct NaiveRefund {
    var amount: Int64
    var lines: [SaleLine] = []
    var amountBefore: Int64 = 0
    var linesBefore: [SaleLine] = []
}

/// What all refunds of a sale until one of them came to.
private struct NaiveReturn {
    /// Nothing was refunded yet, not even a sale of nothing.
    var isNone = false
    var share: NaiveFraction
    let lines: [SaleLine]
    /// Whether refunds name the lines that come back.
    let isByLines: Bool

    var isAll: Bool { !isNone && share == NaiveFraction(1) }

    func floor(of amount: Int64) -> Int64 {
        isNone ? 0 : (NaiveFraction(amount) * share).floor
    }

    func ceiling(of amount: Int64) -> Int64 {
        isNone ? 0 : (NaiveFraction(amount) * share).ceiling
    }
}

extension NaiveEngine {
    /// Takes back what a sale gave and gives back what it took, by how much is refunded in all.
    mutating func refund(
        _ bill: NaiveBill,
        _ refund: NaiveRefund,
        to member: inout NaiveMember,
        on date: BusinessDate
    ) -> NaiveAnswer {
        let after = refund.amountBefore + refund.amount
        if after > bill.settled { return .refused("refund-above-sale") }
        let isByLines = !refund.lines.isEmpty || !refund.linesBefore.isEmpty
        var was = returned(bill, refund.amountBefore, refund.linesBefore, isByLines)
        if was.isAll, bill.settled == 0 { was.isNone = true }
        let now = returned(bill, after, refund.linesBefore + refund.lines, isByLines)
        var answer = NaiveAnswer()
        for asset in Set((bill.spent + bill.prolonged).map(\.place.asset)) {
            giveBack(asset, bill, was, now, &answer)
        }
        var there = answer.left(of: member)
        for asset in Set(bill.earned.map(\.asset)) {
            let before = taken(asset, bill, was)
            takeBack(taken(asset, bill, now), before, asset, bill, date, &there, &answer)
        }
        repayFromRefund(member, &there, &answer)
        member.holdings = there.filter { $0.value != 0 }
        for (asset, amount) in answer.owed { member.debts[asset, default: 0] += amount }
        answer.owed = answer.owed.filter { $0.value != 0 }
        uncount(bill, was, now, &member)
        return answer
    }

    private func returned(
        _ bill: NaiveBill,
        _ amount: Int64,
        _ lines: [SaleLine],
        _ isByLines: Bool
    ) -> NaiveReturn {
        var (part, whole) = (amount, bill.settled)
        let all = bill.sale.details.lines
        if programme.policies.partialRefund == .byShare, isByLines, !all.isEmpty {
            whole = all.map(\.gross).reduce(0, +)
            part = min(whole, lines.map(\.gross).reduce(0, +))
            // Whoever got all the money back has given everything back.
            if amount == bill.settled, amount > 0 { part = whole }
        }
        // A sale of nothing is refunded by its first refund.
        let share = whole == 0 ? NaiveFraction(1) : NaiveFraction(part) / NaiveFraction(whole)
        return NaiveReturn(share: share, lines: lines, isByLines: isByLines)
    }

    /// How much was given back of an asset, by then.
    private func given(_ asset: String, _ bill: NaiveBill, _ then: NaiveReturn) -> Int64 {
        let spent = bill.spent.filter { $0.place.asset == asset }
        if then.isAll {
            let prolonged = bill.prolonged.filter { $0.place.asset == asset }
            return (spent + prolonged).map(\.amount).reduce(0, +)
        }
        return then.ceiling(of: spent.filter(\.isOnBill).map(\.amount).reduce(0, +))
    }

    private func giveBack(
        _ asset: String,
        _ bill: NaiveBill,
        _ was: NaiveReturn,
        _ now: NaiveReturn,
        _ answer: inout NaiveAnswer
    ) {
        var skip = given(asset, bill, was)
        var left = given(asset, bill, now) - skip
        // The buckets that were spent last fill first.
        var order: [NaivePlace] = []
        var sums: [NaivePlace: Int64] = [:]
        for one in bill.moves where one.place.asset == asset {
            if sums[one.place] == nil { order.append(one.place) }
            sums[one.place, default: 0] += one.amount
        }
        for place in order.reversed() {
            let amount = sums[place] ?? 0
            let skipped = min(skip, amount)
            skip -= skipped
            let part = min(left, amount - skipped)
            answer.give(place.asset, place.bucket, part)
            left -= part
        }
    }

    /// How much was taken back of an asset, by then.
    private func taken(_ asset: String, _ bill: NaiveBill, _ then: NaiveReturn) -> Int64 {
        let earned = bill.earned.filter { $0.asset == asset }
        let all = earned.map(\.amount).reduce(0, +)
        if then.isAll {
            let prolonged = bill.prolonged.filter { $0.place.asset == asset }
            return all + prolonged.map(\.amount).reduce(0, +)
        }
        var (sum, rest): (Int64, Int64) = (0, 0)
        for one in earned {
            if let share = lineShare(one, bill, then) {
                sum += (NaiveFraction(one.amount) * share).floor
            } else {
                rest += one.amount
            }
        }
        return min(all, sum + then.floor(of: rest))
    }

    /// Which share of a rule's lines came back; nil where the rule or the policy look at no lines.
    private func lineShare(
        _ earning: NaiveEarning,
        _ bill: NaiveBill,
        _ then: NaiveReturn
    ) -> NaiveFraction? {
        guard programme.policies.partialRefund == .byLine, then.isByLines,
            let rule = programme.rules.first(where: { $0.id == earning.rule })
        else { return nil }
        switch rule.gift {
        case .perAmount, .perUnit, .rate: break
        default: return nil
        }
        func net(_ lines: [SaleLine]) -> Int64 {
            lines.map(NaiveLine.init)
                .filter { $0.isIn(rule.conditions.include, without: rule.conditions.exclude) }
                .map(\.net).reduce(0, +)
        }
        let whole = net(bill.sale.details.lines)
        if whole == 0 { return nil }
        return NaiveFraction(min(whole, net(then.lines))) / NaiveFraction(whole)
    }

    private func takeBack(
        _ after: Int64,
        _ before: Int64,
        _ asset: String,
        _ bill: NaiveBill,
        _ date: BusinessDate,
        _ there: inout [NaivePlace: Int64],
        _ answer: inout NaiveAnswer
    ) {
        var got: [NaivePlace: Int64] = [:]
        for one in bill.earned where one.asset == asset {
            got[NaivePlace(asset: asset, bucket: one.bucket), default: 0] += one.amount
        }
        for one in bill.prolonged where one.place.asset == asset {
            got[bill.prolongedTo(asset), default: 0] += one.amount
        }
        // From each bucket what it got, unit by unit in the order in which they are spent.
        var left: Int64 = 0
        var sum: Int64 = 0
        for place in got.keys.sorted() {
            let first = max(before, sum)
            sum += got[place] ?? 0
            let part = max(0, min(after, sum) - first)
            let here = min(part, there[place] ?? 0)
            answer.take(asset, place.bucket, here)
            there[place, default: 0] -= here
            left += part - here
        }
        let places = there.keys.filter { $0.asset == asset }.sorted()
        let own = places.filter { got[$0] != nil }
        let others = places.filter { got[$0] == nil && !$0.bucket.hasExpired(on: date) }
        for from in own + others {
            let part = min(left, there[from] ?? 0)
            answer.take(from.asset, from.bucket, part)
            there[from, default: 0] -= part
            left -= part
        }
        if left > 0 { answer.owed[asset, default: 0] += left }
    }

    /// What was given back repays what is owed.
    private func repayFromRefund(
        _ member: NaiveMember,
        _ there: inout [NaivePlace: Int64],
        _ answer: inout NaiveAnswer
    ) {
        for (place, amount) in answer.plus.sorted(by: { $0.key < $1.key }) {
            let debt = (member.debts[place.asset] ?? 0) + (answer.owed[place.asset] ?? 0)
            let part = min(debt, amount, there[place] ?? 0)
            if part <= 0 { continue }
            answer.take(place.asset, place.bucket, part)
            there[place, default: 0] -= part
            answer.owed[place.asset, default: 0] -= part
        }
    }

    /// Counts of amounts fall by their share; uses fall with the last part.
    private mutating func uncount(
        _ bill: NaiveBill,
        _ was: NaiveReturn,
        _ now: NaiveReturn,
        _ member: inout NaiveMember
    ) {
        func part(_ sentence: String, _ counted: Int64) -> Int64 {
            if sentence.hasPrefix("spend") || sentence.hasPrefix("points") {
                return now.floor(of: counted) - was.floor(of: counted)
            }
            return now.isAll && !was.isAll ? counted : 0
        }
        for (sentence, counted) in bill.memberCounts {
            member.counts[sentence, default: 0] -= part(sentence, counted)
        }
        for (sentence, counted) in bill.chainCounts {
            chain[sentence, default: 0] -= part(sentence, counted)
        }
    }
}
