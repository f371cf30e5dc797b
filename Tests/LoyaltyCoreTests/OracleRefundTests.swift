import LoyaltyCore
import Testing

/// Refunds as others publish them: rows C of the oracle, amounts in hundredths.
///
/// C06 asks which sales are known and whose they are: the ledger's tests have it.
struct OracleRefundTests {
    private let perMoney = Rule(id: "money", gift: .rate(Rate(1, 100), .points))

    @Test func `C01 half the sale takes half the points`() throws {
        var till = OracleTill(rules: [perMoney])
        let receipt = try till.ring(till.makeSale(lines: [makeLine("A", 5_000, units: 2)]))
        #expect(till.balance() == 100)

        till.refund(receipt, 5_000)
        #expect(till.balance() == 50)
    }

    @Test func `C02 a full refund takes what was earned and returns what was spent`() throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .perSale(70, .points))],
            rewards: [makeReward("off", .amountOff(1_000), cost: 150)]
        )
        till.give(200)
        let receipt = try till.ring(till.makeSale(10_000, redeem: [Redemption("off")]))
        #expect(till.balance() == 120)

        let answer = till.refund(receipt)
        let points = NaivePlace(asset: "points", bucket: .never)
        #expect(answer.plus == [points: 150])
        #expect(answer.minus == [points: 70])
        #expect(till.balance() == 200)
    }

    @Test func `C04 a refunded gift card is found by its sale and emptied`() throws {
        let topUp = Rule(
            id: "top-up",
            conditions: makeConditions { $0.occasion = .topUp },
            gift: .rate(.one, .paidValue)
        )
        var till = OracleTill(rules: [topUp])
        let receipt = try till.ring(till.makeSale(5_000) { $0.occasion = .topUp })
        #expect(till.balance(.paidValue) == 5_000)

        till.refund(receipt)
        #expect(till.balance(.paidValue) == 0)
    }

    @Test func `C07 half of 20,000 leaves 10 of 20 points`() throws {
        var till = OracleTill(rules: [Rule(id: "r", per: 100_000, give: 1)])
        let receipt = try till.ring(till.makeSale(2_000_000))
        #expect(till.balance() == 20)

        till.refund(receipt, 1_000_000)
        #expect(till.balance() == 10)
    }

    @Test func `C08 X14 a cancelled sale leaves nothing`() throws {
        var till = OracleTill(rules: [perMoney], cards: [makeCard(guardedBy: .none)])
        let receipt = try till.ring(till.makeSale(20_000))
        #expect(till.balance() == 200)

        till.refund(receipt)
        #expect(till["X"].holdings.isEmpty)
        #expect(till.refund(receipt, 1, before: 20_000) == .refused("refund-above-sale"))
    }

    @Test func `C10 units that come back do not help those that are sold`() throws {
        let rule = Rule(
            id: "pair",
            conditions: makeConditions { $0.quantityMin = 2 },
            gift: .perUnit(1, per: 2, .voucher("third"))
        )
        var till = OracleTill(rules: [rule])
        let voucher = Asset.voucher("third")
        let earlier = try till.ring(till.makeSale(lines: [makeLine("A", 100, units: 2)]))
        #expect(till.balance(voucher) == 1)

        // A mixed order is a refund and a sale; a line below zero in a sale is refused.
        let back = SaleLine(sku: "A", quantity: -2_000, gross: -200)
        let mixed = till.makeSale(0, lines: [back, makeLine("A", 100, units: 2)])
        #expect(try till.refusal(of: mixed) == "line-negative")
        till.refund(earlier)
        #expect(till.balance(voucher) == 0)
        #expect(
            try till.ring(till.makeSale(lines: [makeLine("A", 100, units: 2)])).earned(voucher) == 1
        )
    }

    @Test func `C11 points that paid are not charged again when the order is refunded`() throws {
        var till = OracleTill(rewards: [makeReward("pay", .pays(Rate(100)), cost: 1)])
        till.give(100)
        let receipt = try till.ring(till.makeSale(10_000, redeem: [Redemption("pay")]))
        #expect(till.balance() == 0)

        let answer = till.refund(receipt)
        #expect(answer.minus.isEmpty)
        #expect(till.balance() == 100)
    }

    @Test func `C12 what a shift redeemed and what came back are told apart`() throws {
        var till = OracleTill(
            rules: [Rule(id: "r", per: 300, give: 1)],
            rewards: [makeReward("ten", .amountOff(1_000), cost: 2)]
        )
        till.give(2)
        let receipt = try till.ring(till.makeSale(1_300, redeem: [Redemption("ten")]))
        #expect(receipt.award.redeemed == [RedeemedReward("ten", count: 1, cost: 2, value: 1_000)])
        #expect(receipt.earned() == 1)

        let back = till.refund(receipt, 300)
        #expect(back.redeemed.isEmpty)
        #expect(back.minus == [NaivePlace(asset: "points", bucket: .never): 1])
    }
}
