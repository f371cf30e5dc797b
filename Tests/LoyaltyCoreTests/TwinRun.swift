import LoyaltyCore

/// One random history, decided by both engines side by side.
struct TwinRun {
    let programme: Programme
    private var history: RandomHistory
    private var first: FirstEngine
    private var second: NaiveEngine
    private var standings: [Standing]
    private var members: [NaiveMember]
    private var sales: [TwinSale] = []
    var saleCount: Int { sales.count }
    private(set) var kinds: [String: Int] = [:]

    /// A sale that both engines awarded; nil parts where it was refused.
    private struct TwinSale {
        let member: Int
        let sale: Sale
        let award: Award?
        let bill: NaiveBill?
        var isRefunded = false
        var amountBefore: Int64 = 0
        var linesBefore: [SaleLine] = []
    }

    init(seed: UInt64) {
        var numbers = SeededGenerator(seed: seed)
        var maker = RandomProgramme(SeededGenerator(seed: numbers.next()))
        let programme = maker.make(ruleCount: 1 + numbers.below(6))
        self.init(programme, RandomHistory(numbers), memberCount: 2)
    }

    /// A run of one programme, with members whom the history makes up.
    init(_ programme: Programme, _ history: RandomHistory, memberCount: Int) {
        self.programme = programme
        self.history = history
        first = FirstEngine(programme)
        second = NaiveEngine(programme)
        standings = []
        members = []
        for _ in 0..<memberCount {
            let holdings = self.history.makeHoldings()
            let profile = self.history.makeProfile()
            var member = NaiveMember()
            member.profile = profile
            for holding in holdings {
                let place = NaivePlace(asset: holding.asset.name, bucket: holding.bucket)
                member.holdings[place] = holding.amount
            }
            members.append(member)
            let none = Standing(profile: profile)
            standings.append(none.after(holdings) ?? none)
        }
    }

    /// Runs so many steps; answers what differs first.
    mutating func firstDifference(stepCount: Int) -> String? {
        for number in 1...stepCount {
            let step = history.next(programme, memberCount: members.count)
            if let difference = run(step) {
                return "step \(number): \(difference)\n\(step)\n\(programme)"
            }
        }
        return nil
    }

    private mutating func run(_ step: RandomStep) -> String? {
        switch step {
        case .sale(let member, let sale, let moment):
            let before = members[member]
            let (one, award) = first.sell(sale, to: &standings[member], at: moment)
            let (two, bill) = second.sell(sale, to: &members[member], at: moment)
            sales.append(TwinSale(member: member, sale: sale, award: award, bill: bill))
            kinds[one.refusal ?? "award", default: 0] += 1
            return difference(one, two, member).map { "\($0)\nbefore: \(before)" }
        case .refund(let number, let perMille, let date):
            return refund(number, perMille, date)
        case .pass(let date):
            for member in members.indices {
                let one = first.expire(&standings[member], on: date)
                let two = second.expire(&members[member], on: date)
                kinds["expired", default: 0] += one.minus.count
                if let difference = difference(one, two, member) { return difference }
            }
            return nil
        }
    }

    private mutating func refund(_ number: Int, _ perMille: Int64?, _ date: BusinessDate) -> String?
    {
        let sold = sales[number]
        guard let award = sold.award, let bill = sold.bill else { return nil }
        let left = bill.settled - sold.amountBefore
        // A sale of nothing is given back once.
        if left == 0, bill.settled > 0 || sold.isRefunded { return nil }
        var amount = perMille.map { min(left, bill.settled * $0 / 1_000) } ?? left
        var lines: [SaleLine] = []
        if perMille != nil, programme.policies.partialRefund != .byAmount,
            sold.linesBefore.count < sold.sale.details.lines.count,
            !sold.isRefunded || !sold.linesBefore.isEmpty
        {
            lines = [sold.sale.details.lines[sold.linesBefore.count]]
            amount = min(left, lines[0].net)
        }
        let one = first.refund(
            Refund(
                original: sold.sale,
                award: award,
                amount: amount,
                lines: lines,
                refundedBefore: sold.amountBefore,
                linesBefore: sold.linesBefore
            ),
            to: &standings[sold.member],
            on: date
        )
        let two = second.refund(
            bill,
            NaiveRefund(
                amount: amount,
                lines: lines,
                amountBefore: sold.amountBefore,
                linesBefore: sold.linesBefore
            ),
            to: &members[sold.member],
            on: date
        )
        sales[number].isRefunded = true
        sales[number].amountBefore += amount
        sales[number].linesBefore += lines
        kinds[lines.isEmpty ? "refund" : "refund of lines", default: 0] += 1
        if one.owed.values.contains(where: { $0 > 0 }) { kinds["debt", default: 0] += 1 }
        return difference(one.net, two.net, sold.member).map {
            "\($0)\nrefund \(amount) after \(sold.amountBefore) of \(bill)"
        }
    }

    /// Decides a sale by both engines; answers the difference.
    mutating func sell(_ sale: Sale, to member: Int, at moment: Moment) -> String? {
        run(.sale(member: member, sale, moment))
    }

    /// Refunds an earlier sale by its number, by both engines.
    mutating func refund(sale number: Int, perMille: Int64?, on date: BusinessDate) -> String? {
        run(.refund(sale: number, perMille: perMille, on: date))
    }

    /// Lets time pass until a date, for both engines.
    mutating func pass(until date: BusinessDate) -> String? { run(.pass(until: date)) }

    private func difference(_ one: NaiveAnswer, _ two: NaiveAnswer, _ member: Int) -> String? {
        // An engine that has nothing to move may award what it counts, or refuse.
        let empty: Set = [
            "amount-missing", "amount-too-small", "nothing-for-occasion", "reward-unavailable",
            "visit-already-stamped",
        ]
        if let code = two.refusal, empty.contains(code), one.refusal == nil, one.plus.isEmpty,
            one.minus.isEmpty, one.redeemed.isEmpty
        {
            return nil
        }
        guard one == two else { return "the engine says \(one)\nthe naive one \(two)" }
        var held: [NaivePlace: Int64] = [:]
        for holding in standings[member].holdings {
            held[NaivePlace(asset: holding.asset.name, bucket: holding.bucket)] = holding.amount
        }
        return held == members[member].holdings
            ? nil : "the engine holds \(held)\nthe naive one \(members[member].holdings)"
    }
}
