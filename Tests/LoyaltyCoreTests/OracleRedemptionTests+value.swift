import LoyaltyCore
import Testing

extension OracleRedemptionTests {
    /// Buy three, get one free: the free unit lies in the basket and pays with the points of the
    /// other three.
    @Test(arguments: [(3, 1), (75, 25), (6, 2)] as [(Int64, Int64)])
    func `R20 of three that are bought a fourth is free`(bought: Int64, free: Int64) throws {
        var till = makeFourthFree()

        let sale = till.makeSale(
            lines: [makeLine("A", 320, units: bought + free)],
            redeem: [Redemption("fourth", count: free)]
        )
        let receipt = try till.ring(sale)
        #expect(receipt.due == 320 * bought)
        #expect(till.balance() == 0)
    }

    @Test func `R20 of two that are bought a third is not free`() throws {
        var till = makeFourthFree()

        let sale = till.makeSale(
            lines: [makeLine("A", 320, units: 3)],
            redeem: [Redemption("fourth")]
        )
        #expect(try till.refusal(of: sale) == "not-enough")
    }

    @Test func `R20 a free unit is not discounted again`() throws {
        var till = makeFourthFree()

        let sale = till.makeSale(
            lines: [makeLine("A", 32_000, units: 4)],
            redeem: [Redemption("fourth"), Redemption("ten")]
        )
        #expect(try till.ring(sale).due == 86_400)
    }

    private func makeFourthFree() -> OracleTill {
        OracleTill(
            rules: [Rule(id: "units", gift: .perUnit(1, per: 1, .points))],
            rewards: [
                makeReward("fourth", .freeUnits(1), cost: 3),
                makeReward("ten", .percentOff(Rate(10), max: nil)),
            ],
            policies: Policies(spendsOwnPoints: true)
        )
    }

    @Test(
        arguments: [
            (50, nil, 50, 50), (50, "ten", 40, 50), (100, nil, 0, 100), (100, "ten", 0, 90),
        ]
            as [(Int64, String?, Int64, Int64)]
    )
    func `R23 discounts come before a gift card pays`(
        held: Int64,
        reward: String?,
        due: Int64,
        used: Int64
    ) throws {
        var till = OracleTill(rewards: [makeReward("ten", .percentOff(Rate(10), max: nil))])
        till.give(held * 100, .paidValue)

        let sale = till.makeSale(10_000, redeem: reward.map { [Redemption($0)] } ?? []) {
            $0.storedValue = .max
        }
        let receipt = try till.ring(sale)
        #expect(receipt.due == due * 100)
        #expect(receipt.spent(.paidValue) == used * 100)
    }

    @Test func `R24 two cards of 100 pay 200`() throws {
        var till = OracleTill()
        till.give(10_000, .paidValue)
        till.give(10_000, .paidValue)

        let sale = till.makeSale(lines: [makeLine("A", 11_500, units: 20)]) {
            $0.storedValue = .max
        }
        #expect(try till.ring(sale).due == 230_000 - 20_000)
    }

    @Test func `R25 a gift card keeps what the order does not need`() throws {
        var till = OracleTill()
        till.give(5_000, .paidValue)

        try till.ring(till.makeSale(320) { $0.storedValue = .max })
        #expect(till.balance(.paidValue) == 4_680)
    }

    @Test func `R26 a gift card pays a total with tax, to the hundredth`() throws {
        var till = OracleTill()
        till.give(100, .paidValue)

        let sale = till.makeSale(lines: [makeLine("A", 198, untaxed: 189)]) {
            $0.storedValue = .max
        }
        #expect(try till.ring(sale).due == 98)
    }

    @Test(arguments: [Int64.max, 1_200])
    func `R27 an expired wallet neither pays nor can be topped up`(wished: Int64) throws {
        let topUp = Rule(
            id: "top-up",
            conditions: makeConditions { $0.occasion = .topUp },
            gift: .rate(.one, .bonusValue)
        )
        let yesterday = today.adding(days: -1)
        var till = OracleTill(
            rules: [topUp],
            assets: [AssetRule(.bonusValue, expiry: .on(yesterday))]
        )
        till.give(5_000, .bonusValue, .through(yesterday))

        #expect(
            try till.refusal(of: till.makeSale(1_200) { $0.storedValue = wished }) == "not-enough"
        )
        #expect(
            try till.refusal(of: till.makeSale(1_000) { $0.occasion = .topUp })
                == "nothing-for-occasion"
        )
        #expect(till.balance(.bonusValue) == 5_000)
    }

    @Test(arguments: [(3, 3, 0), (2, 2, 1)] as [(Int64, Int64, Int64)])
    func `R29 of three claimed units only those in the basket are paid for`(
        units: Int64,
        spent: Int64,
        left: Int64
    ) throws {
        var till = OracleTill(
            rules: [Rule(id: "units", gift: .perUnit(1, per: 1, .points))],
            rewards: [makeReward("unit", .freeUnits(1), cost: 1)]
        )
        till.give(3)

        let sale = till.makeSale(
            lines: [makeLine("A", 500, units: units)],
            redeem: [Redemption("unit", count: 3)]
        )
        let receipt = try till.ring(sale)
        #expect(receipt.earned() == 0)
        #expect(receipt.spent() == spent)
        #expect(till.balance() == left)
    }

    @Test func `R30 an order that grants 100 and burns 60 leaves 50 of 10`() throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .perSale(100, .points))],
            rewards: [makeReward("sixty", .handOver, cost: 60)],
            policies: Policies(spendsOwnPoints: true)
        )
        till.give(10)

        try till.ring(till.makeSale(100, redeem: [Redemption("sixty")]))
        #expect(till.balance() == 50)
    }

    @Test func `R31 what was spent cannot be spent again`() throws {
        var till = OracleTill(rewards: [
            makeReward("ten", .handOver, cost: 10), makeReward("hundred", .handOver, cost: 100),
        ])
        till.give(100)

        try till.ring(till.makeSale(100, redeem: [Redemption("ten")]))
        let second = till.makeSale(100, redeem: [Redemption("hundred")])
        #expect(try till.refusal(of: second) == "not-enough")
        #expect(till.balance() == 90)
    }

    @Test func `R33 a sale that redeems earns nothing under that policy`() throws {
        var till = OracleTill(
            rules: [Rule(id: "money", gift: .rate(Rate(1, 100), .points))],
            rewards: [makeReward("thousand", .amountOff(50_000), cost: 1_000)],
            policies: Policies(redeemingSaleEarns: false)
        )
        try till.ring(till.makeSale(200_000))
        #expect(till.balance() == 2_000)

        let receipt = try till.ring(till.makeSale(200_000, redeem: [Redemption("thousand")]))
        #expect(receipt.award.postings == [Posting(.points, .never, -1_000)])
        #expect(till.balance() == 1_000)
    }

    @Test func `R35 3,030 points of 0.03 pay 90.90`() throws {
        var till = OracleTill(rewards: [makeReward("pay", .pays(Rate(3)), cost: 1)])
        till.give(3_030)

        let receipt = try till.ring(till.makeSale(300_000, redeem: [Redemption("pay")]))
        #expect(receipt.award.redeemed.map(\.value) == [9_090])
        #expect(receipt.spent() == 3_030)
        #expect(receipt.due == 290_910)
    }

    @Test(arguments: [(100, 1_010), (1, 1_006)] as [(Int64, Int64)])
    func `R37 up to the total rounded to a whole unit points may pay`(
        ceilingUnit: Int64,
        points: Int64
    ) throws {
        var till = OracleTill(
            rewards: [makeReward("pay", .pays(Rate(10)), cost: 1)],
            policies: Policies(ceilingUnit: ceilingUnit)
        )
        till.give(10_000)

        let receipt = try till.ring(till.makeSale(10_060, redeem: [Redemption("pay")]))
        #expect(receipt.spent() == points)
        #expect(receipt.due == 0)
    }

    @Test func `R38 a currency that is rounded to 10 rounds no points`() throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .perSale(1, .points))],
            policies: Policies(ceilingUnit: 1_000)
        )

        #expect(try till.ring(till.makeSale(12_300)).earned() == 1)
    }
}
