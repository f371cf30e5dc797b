import LoyaltyCore

/// A random programme, what a member did under it, and one more sale.
struct PropertyCase {
    let programme: Programme
    /// What is known before the sale.
    let standing: Standing
    let sale: Sale
    let moment: Moment
    /// Another sale of the same member at another till, which knows as much.
    let otherSale: Sale
    let otherMoment: Moment
    var numbers: SeededGenerator

    /// Makes a case; its number decides everything.
    init(_ number: UInt64) {
        var numbers = SeededGenerator(seed: number)
        var maker = RandomProgramme(SeededGenerator(seed: numbers.next()))
        programme = maker.make(ruleCount: 1 + numbers.below(6))
        var history = RandomHistory(SeededGenerator(seed: numbers.next()))
        var engine = FirstEngine(programme)
        let none = Standing(profile: history.makeProfile())
        var standing = none.after(history.makeHoldings()) ?? none
        for _ in 0..<2 {
            let (sale, moment) = Self.nextSale(&history, programme)
            _ = engine.sell(sale, to: &standing, at: moment)
        }
        self.standing = engine.seen(standing)
        (sale, moment) = Self.nextSale(&history, programme)
        (otherSale, otherMoment) = Self.nextSale(&history, programme)
        self.numbers = numbers
    }

    private static func nextSale(
        _ history: inout RandomHistory,
        _ programme: Programme
    ) -> (Sale, Moment) {
        while true {
            if case .sale(_, let sale, let moment) = history.next(programme, memberCount: 1) {
                return (sale, moment)
            }
        }
    }

    var award: Award? {
        guard case .award(let award) = programme.decide(standing, sale, at: moment)
        else { return nil }
        return award
    }

    /// What is known after the sale.
    func after(_ award: Award) -> Standing? {
        standing.after(award, visit: Visit(at: moment, businessDate: sale.businessDate))
    }
}

extension Standing {
    /// What is held of each asset less what is owed of it.
    var worth: [Asset: Int64] {
        var worth: [Asset: Int64] = [:]
        for holding in holdings { worth[holding.asset, default: 0] += holding.amount }
        for (tally, count) in tallies {
            if case .debt(let asset) = tally.subject { worth[asset, default: 0] -= count }
        }
        return worth.filter { $0.value != 0 }
    }

    var debts: [Tally: Int64] {
        tallies.filter { if case .debt = $0.key.subject { true } else { false } }
    }
}

extension Programme {
    /// The same programme from parts made anew: with another rule, and with its sets filled in
    /// another order.
    func rebuilt(with rule: Rule? = nil) -> Programme {
        do {
            return try Programme(
                name: name,
                version: version,
                title: title,
                currency: currency,
                calendar: calendar,
                firstDate: firstDate,
                lastDate: lastDate,
                saleAmountMax: saleAmountMax,
                receipts: receipts,
                cards: cards,
                rules: rules.map(\.rebuilt) + (rule.map { [$0] } ?? []),
                policies: policies,
                assets: assets,
                rewards: rewards,
                tiers: tiers,
                saleCaps: saleCaps,
                cashiersEarn: cashiersEarn
            )
        } catch {
            preconditionFailure("the programme was right before: \(error)")
        }
    }
}

extension Rule {
    fileprivate var rebuilt: Self {
        func refilled<Word: Hashable>(_ words: Set<Word>) -> Set<Word> {
            var set: Set<Word> = []
            set.reserveCapacity(100)
            for word in words.reversed() { set.insert(word) }
            return set
        }
        var conditions = conditions
        conditions.weekdays = refilled(conditions.weekdays)
        conditions.stores = refilled(conditions.stores)
        conditions.codes = refilled(conditions.codes)
        conditions.include = conditions.include.map {
            LineFilter(
                skus: refilled($0.skus),
                categories: refilled($0.categories),
                labels: refilled($0.labels)
            )
        }
        return Rule(
            id: id,
            conditions: conditions,
            gift: gift,
            group: group,
            caps: caps,
            pendingDays: pendingDays,
            carriesRemainder: carriesRemainder,
            stacks: stacks
        )
    }
}
