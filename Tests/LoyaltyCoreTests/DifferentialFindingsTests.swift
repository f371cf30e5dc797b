import LoyaltyCore
import Testing

/// What the second engine found in the first, each as its smallest case.
struct DifferentialFindingsTests {
    private let perMoney = Rule(id: "money", gift: .rate(Rate(1, 100), .points))

    @Test func `a limit and a first-of-the-month rule count a sale once between them`() throws {
        let rule = Rule(
            id: "first",
            conditions: makeConditions { $0.first = .month },
            gift: .perSale(1, .points)
        )
        var till = OracleTill(
            rules: [perMoney, rule],
            saleCaps: [Cap(.member, each: .month, max: 2)]
        )

        try till.ring(till.makeSale(100))
        try till.ring(till.makeSale(100))
        #expect(try till.refusal(of: till.makeSale(100)) == "too-often")
    }

    @Test func `a cap per sale holds for a wish that is uttered twice`() throws {
        let reward = makeReward("mug", .handOver, cost: 1, caps: [Cap(.sale, max: 1)])
        var till = OracleTill(rewards: [reward])
        till.give(5)

        let sale = till.makeSale(100, redeem: [Redemption("mug"), Redemption("mug")])
        #expect(try till.refusal(of: sale) == "reward-unavailable")
        #expect(till.balance() == 5)
    }

    @Test func `of two shares off the order the one that takes more off counts`() throws {
        let most = makeReward("most", .percentOff(Rate(20), max: nil)) {
            $0.exclude = LineFilter(skus: ["dear"])
        }
        let all = makeReward("all", .percentOff(Rate(10), max: nil))
        var till = OracleTill(rewards: [most, all])
        let lines = [makeLine("cheap", 1_000), makeLine("dear", 9_000)]

        let sale = till.makeSale(lines: lines, redeem: [Redemption("most"), Redemption("all")])
        #expect(try till.ring(sale).due == 9_000)
    }

    @Test func `a share off two lines lowers what each of them earns`() throws {
        let rule = Rule(
            id: "b",
            conditions: makeConditions { $0.include = LineFilter(skus: ["B"]) },
            gift: .rate(Rate(1, 100), .points)
        )
        let reward = makeReward("off", .percentOff(Rate(10), max: nil)) {
            $0.include = LineFilter(skus: ["A", "B"])
        }
        var till = OracleTill(rules: [rule], rewards: [reward])
        let lines = [makeLine("A", 10_000), makeLine("B", 10_000)]

        let receipt = try till.ring(till.makeSale(lines: lines, redeem: [Redemption("off")]))
        #expect(receipt.due == 18_000)
        #expect(receipt.earned() == 90)
    }

    @Test func `without lines a multiplier that excludes articles does not count`() throws {
        let double = Rule(
            id: "double",
            conditions: makeConditions { $0.exclude = LineFilter(skus: ["gift-voucher"]) },
            gift: .multiply(Rate(2), .points)
        )
        var till = OracleTill(rules: [perMoney, double])

        #expect(try till.ring(till.makeSale(1_000)).earned() == 10)
        #expect(try till.ring(till.makeSale(lines: [makeLine("A", 1_000)])).earned() == 20)
    }

    @Test func `a referral's other conditions hold as well`() throws {
        let rule = Rule(
            id: "friend",
            conditions: makeConditions {
                $0.referral = Referral(.referred, at: .everySale)
                $0.opensVisit = true
            },
            gift: .perSale(1, .points)
        )
        let till = OracleTill(rules: [rule])
        var profile = Profile()
        profile.isReferred = true

        let sale = makeSale(amount: 100, opensVisit: false)
        let decision = till.programme.decide(Standing(profile: profile), sale, at: till.moment(720))
        #expect(decision == .refusal(.nothingForOccasion))
    }

    @Test func `a year's end takes one step down, and two ends take two`() throws {
        let till = OracleTill(
            tiers: TierLadder(
                counter: .spend,
                window: .calendarYear,
                downgrade: .oneStep,
                tiers: [("basic", 0), ("gold", 100), ("black", 200)].map {
                    TierLadder.Tier(id: $0.0, title: OracleTill.text, min: $0.1)
                }
            )
        )
        // Black was reached in 2026 and kept by what was spent in 2027.
        let standing = Standing(tallies: [
            Tally(.tier): 2, Tally(.tierYear): 2_027,
            Tally(.spend, in: .year(date("2027-01-01"))): 250,
        ])

        func tier(_ text: String) -> String? {
            till.programme.evaluateTier(standing, on: date(text))?.tier.id
        }
        #expect(tier("2027-12-31") == "black")
        #expect(tier("2028-12-31") == "black")
        #expect(tier("2029-06-01") == "gold")
        #expect(tier("2030-01-01") == "basic")
    }

    @Test func `the year that ended decides, not the January after it`() throws {
        let till = OracleTill(
            tiers: TierLadder(
                counter: .visits,
                window: .rollingMonths(1),
                downgrade: .yearEnd,
                tiers: [("basic", 0), ("gold", 2)].map {
                    TierLadder.Tier(id: $0.0, title: OracleTill.text, min: $0.1)
                }
            )
        )
        let standing = Standing(tallies: [
            Tally(.tier): 1, Tally(.tierYear): 2_026,
            Tally(.visits, in: .month(date("2026-12-01"))): 2,
        ])

        let begun = try #require(till.programme.evaluateTier(standing, on: date("2027-01-10")))
        #expect(begun.tier.id == "gold")
    }

    @Test func `a refund of half a sale takes no stamp that the sale only prolonged`() throws {
        let card = StampCard(
            id: "latte",
            title: OracleTill.text,
            reward: OracleTill.text,
            size: 10,
            stampsPerVisit: 1,
            needsSale: true,
            doubleGrantGuard: .none,
            expiry: .fromLastStamp(days: 30)
        )
        var till = OracleTill(cards: [card])
        try till.ring(till.makeSale(100))
        try till.ring(till.makeSale(100))
        till.date = today.adding(days: 1)
        let third = try till.ring(till.makeSale(100))
        #expect(till.balance(card.asset) == 3)

        till.refund(third, 50)
        #expect(till.balance(card.asset) == 3)
        till.refund(third, before: 50)
        #expect(till["X"].holdings == [Posting(card.asset, .through(today.adding(days: 30)), 2)])
    }

    @Test func `a refund in two parts leaves the debt that there was before the sale`() throws {
        var till = OracleTill(rules: [perMoney], rewards: [makeReward("mug", .handOver, cost: 10)])
        let first = try till.ring(till.makeSale(1_000))
        try till.ring(till.makeSale(0, redeem: [Redemption("mug")]))
        till.refund(first)
        #expect(till["X"].tallies[Tally(.debt(.points))] == 10)

        let second = try till.ring(till.makeSale(1_000))
        #expect(till["X"].tallies[Tally(.debt(.points))] == nil)
        till.refund(second, 500)
        #expect(till["X"].tallies[Tally(.debt(.points))] == 5)
        till.refund(second, before: 500)
        #expect(till["X"].tallies[Tally(.debt(.points))] == 10)
        #expect(till.balance() == 0)
    }

    @Test func `what a refund gives back repays what is owed, in whichever order they come`()
        throws
    {
        let reward = makeReward("off", .amountOff(100), cost: 10)
        func outcome(_ order: [Int]) throws -> (Int64, Int64) {
            var till = OracleTill(rules: [perMoney], rewards: [reward])
            let sales = [
                try till.ring(till.makeSale(1_000)),
                try till.ring(till.makeSale(199, redeem: [Redemption("off")])),
            ]
            for number in order { till.refund(sales[number]) }
            return (till.balance(), till["X"].tallies[Tally(.debt(.points))] ?? 0)
        }

        #expect(try outcome([0, 1]) == (0, 0))
        #expect(try outcome([1, 0]) == (0, 0))
    }

    @Test func `what a full card becomes repays what is owed of it`() throws {
        let voucher = Asset.voucher("latte")
        let card = StampCard(
            id: "latte",
            title: OracleTill.text,
            reward: OracleTill.text,
            size: 1,
            stampsPerVisit: 1,
            needsSale: true,
            doubleGrantGuard: .none,
            completion: StampCard.Completion(1, voucher)
        )
        var till = OracleTill(
            cards: [card],
            rewards: [makeReward("latte", .handOver, cost: 1, of: voucher)]
        )
        let first = try till.ring(till.makeSale(100))
        var sale = till.makeSale(evidence: .visit)
        sale.details.redemptions = [Redemption("latte")]
        try till.ring(sale)
        till.refund(first)
        #expect(till["X"].tallies[Tally(.debt(voucher))] == 1)

        try till.ring(till.makeSale(100))
        #expect(till["X"].tallies[Tally(.debt(voucher))] == nil)
        #expect(till.balance(voucher) == 0)
    }

    @Test func `two caps of one period count what a rule gave once`() throws {
        let rule = Rule(
            id: "r",
            gift: .perSale(2, .points),
            caps: [Cap(.member, each: .day, max: 5), Cap(.member, each: .day, max: 6)]
        )
        var till = OracleTill(rules: [rule])

        for _ in 1...3 { try till.ring(till.makeSale(100)) }
        #expect(till.balance() == 5)
    }

    @Test func `an amount for each point is off as often as the points go`() throws {
        var till = OracleTill(rewards: [makeReward("off", .amountOff(10), cost: 1)])
        till.give(500)

        let sale = till.makeSale(4_385, redeem: [Redemption("off", count: nil)])
        let receipt = try till.ring(sale)
        #expect(receipt.due == 0)
        #expect(receipt.spent() == 439)
    }

    @Test func `postings can be applied one by one without falling below zero`() throws {
        let card = StampCard(
            id: "latte",
            title: OracleTill.text,
            reward: OracleTill.text,
            size: 3,
            stampsPerVisit: 2,
            needsSale: true,
            doubleGrantGuard: .none,
            completion: StampCard.Completion(1, .voucher("latte"))
        )
        let reward = makeReward("off", .amountOff(10), cost: 1, of: card.asset)
        var till = OracleTill(cards: [card], rewards: [reward])
        till.give(2, card.asset)

        let receipt = try till.ring(till.makeSale(100, redeem: [Redemption("off")]))
        #expect(
            receipt.award.postings.prefix(2) == [
                Posting(card.asset, .never, 2), Posting(card.asset, .never, -4),
            ]
        )
    }

    @Test func `a refund takes from each bucket what the sale put there`() throws {
        let later = Rule(id: "later", gift: .perSale(5, .points), pendingDays: 7)
        var till = OracleTill(rules: [perMoney, later])
        till.give(50)
        let before = till["X"].holdings

        let receipt = try till.ring(till.makeSale(300))
        till.refund(receipt)
        #expect(till["X"].holdings == before)
    }

    @Test func `the rest of a sale comes back whole after lines of it did`() throws {
        var till = OracleTill(
            rules: [perMoney],
            policies: Policies(partialRefund: .byShare)
        )
        let lines = [makeLine("A", 1_000), makeLine("B", 3_000)]
        let receipt = try till.ring(till.makeSale(lines: lines))
        var engine = till.engine
        var standing = till["X"]

        let line = Refund(
            original: receipt.sale,
            award: receipt.award,
            amount: 1_000,
            lines: [lines[0]]
        )
        _ = engine.refund(line, to: &standing, on: today)
        #expect(standing.balance(of: .points) == 30)
        let rest = Refund.rest(
            of: receipt.sale,
            receipt.award,
            refundedBefore: 1_000,
            linesBefore: [lines[0]]
        )
        _ = engine.refund(rest, to: &standing, on: today)
        #expect(standing.balance(of: .points) == 0)
    }

    @Test func `what a sale as a whole earned comes back by the amount, even if multiplied`()
        throws
    {
        let double = Rule(id: "double", gift: .multiply(Rate(2), .points))
        let welcome = Rule(id: "sale", gift: .perSale(5, .points))
        var till = OracleTill(
            rules: [welcome, double],
            policies: Policies(partialRefund: .byLine)
        )
        // Half the price came off the order, so half the amount is half the sale.
        let lines = [makeLine("A", 1_000), makeLine("B", 3_000)]
        let receipt = try till.ring(
            till.makeSale(lines: lines) { $0.orderDiscount = 2_000 }
        )
        #expect(receipt.earned() == 10)
        var engine = till.engine
        var standing = till["X"]

        let line = Refund(
            original: receipt.sale,
            award: receipt.award,
            amount: 1_000,
            lines: [lines[0]]
        )
        _ = engine.refund(line, to: &standing, on: today)
        #expect(standing.balance(of: .points) == 5)
    }

    @Test func `the stock of a rule with odds is not counted by its cap`() throws {
        let rule = Rule(
            id: "win",
            gift: .instantWin(odds: .one, stock: 3, 1, .points),
            caps: [Cap(.programme, max: 9)]
        )
        var till = OracleTill(rules: [rule])

        for _ in 1...3 { try till.ring(till.makeSale(100) { $0.luck = 7 }) }
        #expect(try till.refusal(of: till.makeSale(100) { $0.luck = 7 }) == "nothing-for-occasion")
        #expect(till.balance() == 3)
    }

    @Test func `stamps that count later do not make those that count now wait`() throws {
        let card = StampCard(
            id: "latte",
            title: OracleTill.text,
            reward: OracleTill.text,
            size: 10,
            stampsPerVisit: 1,
            needsSale: true,
            doubleGrantGuard: .none,
            expiry: .fromLastStamp(days: 30)
        )
        let rule = Rule(id: "later", gift: .perSale(1, card.asset), pendingDays: 7)
        var till = OracleTill(rules: [rule], cards: [card])

        try till.ring(till.makeSale(100))
        let last = today.adding(days: 30)
        #expect(
            till["X"].holdings.map(\.bucket)
                == [.pending(from: today.adding(days: 7), through: last), .through(last)]
        )
    }

    private func date(_ text: String) -> BusinessDate {
        guard let date = BusinessDate(text) else { preconditionFailure("\(text) is no date") }
        return date
    }
}
