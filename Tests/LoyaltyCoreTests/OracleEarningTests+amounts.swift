import LoyaltyCore
import Testing

extension OracleEarningTests {
    @Test(
        arguments: [
            ("P22", 1_000, 1, 10_500, 10), ("P23", 3_500, 1, 3_400, 0), ("P23", 3_500, 1, 3_500, 1),
            ("P23", 3_500, 1, 6_900, 1), ("P23", 3_500, 1, 7_000, 2), ("P24", 1_000, 1, 1_900, 1),
            ("P24", 1_000, 1, 2_000, 2), ("P25", 10_000, 10, 168_000, 160),
            ("P26", 100_000, 1, 1_000_000, 10),
        ] as [(String, Int64, Int64, Int64, Int64)]
    )
    func `P22 P23 P24 P25 P26 whole blocks of an amount earn`(
        id: String,
        per: Int64,
        give: Int64,
        amount: Int64,
        points: Int64
    ) throws {
        var till = OracleTill(rules: [Rule(id: "r", per: per, give: give)])

        _ = try till.refusal(of: till.makeSale(amount))
        #expect(till.balance() == points, "\(id)")
    }

    @Test(arguments: [(amount: 3_500, points: 2), (amount: 7_000, points: 4)])
    func `P23 on a double day each block counts twice`(amount: Int64, points: Int64) throws {
        let double = Rule(
            id: "double",
            conditions: makeConditions { $0.monthDays = [today.day] },
            gift: .multiply(Rate(2), .points)
        )
        var till = OracleTill(rules: [Rule(id: "r", per: 3_500, give: 1), double])

        #expect(try till.ring(till.makeSale(amount)).earned() == points)
        till.date = today.adding(days: 1)
        #expect(try till.ring(till.makeSale(amount)).earned() == points / 2)
    }

    @Test func `P24 what points pay earns nothing under afterDiscountsAndPoints`() throws {
        let rules = [Rule(id: "r", per: 1_000, give: 1)]
        let policies = Policies(earningBase: .afterDiscountsAndPoints)
        var elsewhere = OracleTill(rules: rules, policies: policies)
        #expect(
            try elsewhere.ring(elsewhere.makeSale(10_000) { $0.paidWithPoints = 3_000 }).earned()
                == 7
        )

        var here = OracleTill(
            rules: rules,
            rewards: [makeReward("pay", .pays(Rate(100)), cost: 1)],
            policies: policies
        )
        here.give(30)
        let sale = here.makeSale(10_000, redeem: [Redemption("pay", amount: 30)])
        #expect(try here.ring(sale).earned() == 7)
    }

    @Test func `P26 points that pay are off the eligible amount`() throws {
        var till = OracleTill(
            rules: [Rule(id: "r", per: 100_000, give: 1)],
            rewards: [makeReward("pay", .pays(Rate(100)), cost: 1)],
            policies: Policies(earningBase: .afterDiscountsAndPoints)
        )
        try till.ring(till.makeSale(1_000_000))
        #expect(till.balance() == 10)

        let sale = till.makeSale(1_000_000, redeem: [Redemption("pay", amount: 10)])
        let receipt = try till.ring(sale)
        #expect(receipt.due == 999_000)
        #expect(receipt.earned() == 9)
        #expect(till.balance() == 9)
    }

    @Test func `P27 of rules with thresholds the highest reached one counts`() throws {
        func rule(_ id: String, from least: Int64) -> Rule {
            Rule(
                id: id,
                conditions: makeConditions { $0.amountMin = least },
                gift: .rate(Rate(1, 200), .points),
                group: "thresholds"
            )
        }
        let rules = [rule("low", from: 200_000), rule("high", from: 300_000)]
        var till = OracleTill(rules: rules)

        let receipt = try till.ring(till.makeSale(lines: [makeLine("A", 400_000)]))
        #expect(receipt.earned() == 2_000)
        #expect(receipt.award.derivation.map(\.subject) == ["high"])
    }

    @Test func `P28 a sale after the programme's end makes no entry at all`() throws {
        var till = OracleTill(rules: [Rule(id: "r", per: 100, give: 1)], dates: -10...20)
        till.date = today.adding(days: 30)

        #expect(try till.refusal(of: till.makeSale(10_000)) == "programme-not-in-force")
        #expect(till["X"] == Standing())
        till.date = today.adding(days: 20)
        #expect(try till.ring(till.makeSale(10_000)).earned() == 100)
    }

    @Test func `P29 a full card becomes the next one, and welcome stamps count on the first`()
        throws
    {
        func card(_ id: String, next: String?, welcome: Int64) -> StampCard {
            StampCard(
                id: id,
                title: OracleTill.text,
                reward: OracleTill.text,
                size: 4,
                stampsPerVisit: 1,
                needsSale: false,
                doubleGrantGuard: .businessDay,
                completion: StampCard.Completion(1, .voucher("latte")),
                next: next,
                welcomeStamps: welcome
            )
        }
        var till = OracleTill(cards: [
            card("one", next: "two", welcome: 2), card("two", next: nil, welcome: 0),
        ])
        let one = Asset.stamps(ofCard: "one")
        let two = Asset.stamps(ofCard: "two")

        #expect(try till.ring(till.makeSale(evidence: .visit)).earned(one) == 3)
        #expect(try till.refusal(of: till.makeSale(evidence: .visit)) == "visit-already-stamped")
        till.date = today.adding(days: 1)
        try till.ring(till.makeSale(evidence: .visit), minute: 0)
        #expect(till.balance(one) == 0)
        #expect(till.balance(.voucher("latte")) == 1)

        #expect(try till.refusal(of: till.makeSale(evidence: .visit)) == "visit-already-stamped")
        till.date = today.adding(days: 2)
        try till.ring(till.makeSale(evidence: .visit), minute: 0)
        #expect(till.balance(one) == 0)
        #expect(till.balance(two) == 1)
    }

    @Test(arguments: [(minutes: 59, stamps: 1), (minutes: 60, stamps: 2)])
    func `P29 a guard of an hour holds for 59 minutes and not for 60`(
        minutes: Int64,
        stamps: Int64
    ) throws {
        var till = OracleTill(cards: [makeCard(guardedBy: .hours(1))])

        try till.ring(till.makeSale(evidence: .visit), minute: 700)
        _ = try till.refusal(of: till.makeSale(evidence: .visit), minute: 700 + minutes)
        #expect(till.balance(.stamps(ofCard: "latte")) == stamps)
    }
}
