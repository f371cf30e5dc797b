import LoyaltyCore
import Testing

/// Redemption as others publish it: rows R of the oracle, amounts in hundredths.
struct OracleRedemptionTests {
    private let perMoney = Rule(id: "money", gift: .rate(Rate(1, 100), .points))
    private let perUnit = Rule(id: "units", gift: .perUnit(1, per: 1, .points))
    /// Points of the sale itself pay as well.
    private let ownPoints = Policies(spendsOwnPoints: true)
    private let freePen = makeReward("pen", .freeUnits(1), cost: 4)

    private func pens(_ count: Int64) -> [SaleLine] { [makeLine("pen", 320, units: count)] }

    @Test func `R01 a free unit costs points, lowers the total and earns nothing`() throws {
        var till = OracleTill(rules: [perUnit], rewards: [freePen], policies: ownPoints)
        till.give(2)

        let receipt = try till.ring(till.makeSale(lines: pens(3), redeem: [Redemption("pen")]))
        #expect(receipt.due == 640)
        #expect(receipt.earned() == 2)
        #expect(receipt.spent() == 4)
        #expect(till.balance() == 0)
    }

    @Test func `R02 a reward that nobody claims costs nothing`() throws {
        var till = OracleTill(rules: [perUnit], rewards: [freePen], policies: ownPoints)

        let claimed = till.makeSale(lines: pens(4), redeem: [Redemption("pen")])
        #expect(till.preview(claimed) != till.preview(till.makeSale(lines: pens(4))))
        try till.ring(till.makeSale(lines: pens(4)))
        #expect(till.balance() == 4)
    }

    @Test func `R03 a reward taken and a unit bought in one sale`() throws {
        var till = OracleTill(rules: [perUnit], rewards: [freePen])
        till.give(4)

        let receipt = try till.ring(till.makeSale(lines: pens(2), redeem: [Redemption("pen")]))
        #expect(receipt.due == 320)
        #expect(till.balance() == 4 + 1 - 4)
    }

    @Test func `R04 points follow the member who is there when the sale is paid`() throws {
        var till = OracleTill(rules: [perUnit], rewards: [freePen])

        let four = till.makeSale(lines: pens(4))
        _ = till.preview(four, by: "B")
        try till.ring(four, by: "C")
        #expect(till.balance(of: "C") == 4)
        #expect(till.balance(of: "B") == 0)

        let three = till.makeSale(lines: pens(3))
        _ = till.preview(three, by: "C")
        try till.ring(three, by: "B")
        #expect(till.balance(of: "B") == 3)
        #expect(till.balance(of: "C") == 4)
    }

    @Test func `R05 without the member there is no reward, and the total is whole again`() throws {
        var till = OracleTill(rules: [perUnit], rewards: [freePen])
        till.give(4, to: "C")

        let sale = till.makeSale(lines: pens(2), redeem: [Redemption("pen")])
        guard case .award(let award) = till.preview(sale, by: "C")
        else { throw OracleRefusal(code: "preview") }
        #expect(award.due == 320)
        #expect(
            till.preview(sale, by: "nobody") == .refusal(.notEnough(.points, needed: 4, held: 0))
        )
        let whole = try till.ring(till.makeSale(lines: pens(2)), by: "nobody")
        #expect(whole.due == 640)
        #expect(till.balance(of: "C") == 4)
    }

    @Test func `R06 a free article without a price costs its points all the same`() throws {
        let gift = makeReward("gift", .freeUnits(1), cost: 5) {
            $0.include = LineFilter(skus: ["gift"])
        }
        var till = OracleTill(rules: [perMoney], rewards: [gift], policies: ownPoints)
        let lines = [makeLine("A", 510, units: 2), makeLine("gift", 0)]

        let receipt = try till.ring(till.makeSale(lines: lines, redeem: [Redemption("gift")]))
        #expect(receipt.due == 1_020)
        // 10.2 - 5 = 5.2, the earned part floored once.
        #expect(till.balance() == 5)
    }

    @Test func `R08 units are paid for by whole costs`() throws {
        let reward = makeReward("pair", .freeUnits(2), cost: 3)
        var till = OracleTill(rewards: [reward])
        till.give(50)

        let sale = till.makeSale(lines: pens(5), redeem: [Redemption("pair", count: 5)])
        #expect(try till.ring(sale).spent() == 9)
        #expect(till.balance() == 41)
    }

    @Test(arguments: [true, false])
    func `R09 more than is held and earned is refused, and nothing is written`(own: Bool) throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .perSale(1, .points))],
            rewards: [makeReward("mug", .handOver, cost: 5)],
            policies: Policies(spendsOwnPoints: own)
        )
        till.give(3)
        let before = till["X"]

        let sale = till.makeSale(100, redeem: [Redemption("mug")])
        #expect(try till.refusal(of: sale) == "not-enough")
        #expect(till["X"] == before)
    }

    @Test func `R10 points pay the whole order and no more than that`() throws {
        var till = OracleTill(rewards: [makeReward("pay", .pays(Rate(100)), cost: 1)])
        till.give(100)

        let whole = try till.ring(till.makeSale(10_000, redeem: [Redemption("pay")]))
        #expect(whole.due == 0)
        #expect(whole.spent() == 100)

        till.give(100)
        let small = try till.ring(till.makeSale(1_000, redeem: [Redemption("pay")]))
        #expect(small.due == 0)
        #expect(small.spent() == 10)
    }

    @Test func `R12 two rewards in one order are used beside what it earns`() throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .perSale(1, .points))],
            rewards: [makeReward("a", .handOver, cost: 1), makeReward("b", .handOver, cost: 2)]
        )
        till.give(4)

        let sale = till.makeSale(100, redeem: [Redemption("a"), Redemption("b")])
        let receipt = try till.ring(sale)
        #expect(receipt.spent() == 3)
        #expect(receipt.earned() == 1)
        #expect(till.balance() == 2)
    }

    @Test func `R13 amounts off add up, in the order of the wishes`() throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .perSale(10, .points))],
            rewards: [
                makeReward("ten", .amountOff(1_000), cost: 2),
                makeReward("thirty", .amountOff(3_000), cost: 5),
            ],
            policies: ownPoints
        )

        let one = till.makeSale(8_000, redeem: [Redemption("ten")])
        guard case .award(let first) = till.preview(one) else {
            throw OracleRefusal(code: "preview")
        }
        #expect(first.due == 7_000)
        let both = till.makeSale(8_000, redeem: [Redemption("ten"), Redemption("thirty")])
        #expect(try till.ring(both).due == 4_000)
        #expect(till.balance() == 3)
    }

    @Test func `R14 an amount off lowers a total with tax`() throws {
        var till = OracleTill(rewards: [makeReward("five", .amountOff(500))])
        let lines = [
            makeLine("B", 10_000, untaxed: 10_000), makeLine("A", 11_000, untaxed: 10_000),
        ]

        let sale = till.makeSale(lines: lines, redeem: [Redemption("five")])
        #expect(try till.ring(sale).due == 20_500)
    }

    @Test func `R15 a reward for one use in all is gone for the next member`() throws {
        let reward = makeReward("once", .handOver, cost: 1, caps: [Cap(.programme, max: 1)])
        var till = OracleTill(rewards: [reward])
        till.give(100, to: "X")
        till.give(100, to: "Y")

        try till.ring(till.makeSale(100, redeem: [Redemption("once")]), by: "X")
        let second = till.makeSale(100, redeem: [Redemption("once")])
        #expect(try till.refusal(of: second, by: "Y") == "reward-unavailable")
        #expect(till.balance(of: "Y") == 100)
    }

    @Test func `R17 each listed cashier may give a reward twice, others never`() throws {
        let reward = makeReward("mug", .handOver, cost: 1, caps: [Cap(.cashier, max: 2)]) {
            $0.cashiers = ["amy", "bob"]
        }
        var till = OracleTill(rewards: [reward])
        till.give(100)
        func code(_ cashier: String) throws -> String? {
            let sale = till.makeSale(100, redeem: [Redemption("mug")]) { $0.cashier = cashier }
            return try till.refusal(of: sale)
        }

        #expect(try code("amy") == nil)
        #expect(try code("amy") == nil)
        #expect(try code("amy") == "reward-unavailable")
        #expect(try code("bob") == nil)
        #expect(try code("eve") == "reward-unavailable")
    }

    @Test func `R19 a coupon needs no rule`() throws {
        var till = OracleTill(rewards: [makeReward("ten", .percentOff(Rate(10), max: nil))])

        let receipt = try till.ring(till.makeSale(10_000, redeem: [Redemption("ten")]))
        #expect(receipt.due == 9_000)
    }
}
