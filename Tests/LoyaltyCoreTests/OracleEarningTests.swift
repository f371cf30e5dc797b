import LoyaltyCore
import Testing

/// Earning as others publish it: rows P of the oracle, amounts in hundredths.
struct OracleEarningTests {
    /// One point for a unit of money, floored once.
    private let perMoney = Rule(id: "money", gift: .rate(Rate(1, 100), .points))
    private let perUnit = Rule(id: "units", gift: .perUnit(1, per: 1, .points))

    @Test func `P01 a point for each unit`() throws {
        var till = OracleTill(rules: [perUnit])
        let receipt = try till.ring(till.makeSale(lines: [makeLine("pen", 320, units: 2)]))

        #expect(receipt.earned() == 2)
        #expect(receipt.due == 640)
    }

    @Test func `P02 a fractional rate is floored`() throws {
        var till = OracleTill(rules: [Rule(id: "r", gift: .rate(Rate(1, 1_000), .points))])

        #expect(try till.ring(till.makeSale(26_500)).earned() == 26)
    }

    @Test(
        arguments: [
            ("units", 5), ("units of A", 3), ("units of A and B", 5), ("order", 1),
            ("money without tax", 15), ("money without tax, twice", 30),
        ] as [(String, Int64)]
    )
    func `P03 units, orders and money without tax earn`(name: String, points: Int64) throws {
        func limited(_ skus: Set<String>) -> Rule {
            let conditions = makeConditions { $0.include = LineFilter(skus: skus) }
            return Rule(id: "r", conditions: conditions, gift: .perUnit(1, per: 1, .points))
        }
        let rule =
            switch name {
            case "units": perUnit
            case "units of A": limited(["A"])
            case "units of A and B": limited(["A", "B"])
            case "order": Rule(id: "r", gift: .perSale(1, .points))
            case "money without tax": perMoney
            default: Rule(id: "r", gift: .rate(Rate(2, 100), .points))
            }
        var till = OracleTill(rules: [rule], policies: Policies(earningBase: .untaxed))
        let lines = [
            makeLine("A", 357, units: 3, untaxed: 900), makeLine("B", 357, units: 2, untaxed: 600),
        ]

        #expect(try till.ring(till.makeSale(1_785, lines: lines)).earned() == points, "\(name)")
    }

    @Test(
        arguments: [
            (100_600, .untaxed, false), (100_500, .untaxed, true), (100_600, .net, true),
        ] as [(Int64, Conditions.AmountKind, Bool)]
    )
    func `P05 the least amount is inclusive, with tax or without`(
        least: Int64,
        kind: Conditions.AmountKind,
        earns: Bool
    ) throws {
        let conditions = makeConditions {
            $0.amountMin = least
            $0.amountOf = kind
        }
        var till = OracleTill(rules: [
            Rule(id: "r", conditions: conditions, gift: .perSale(1, .points))
        ])
        let lines = [
            makeLine("A", 11_500, units: 10, untaxed: 100_000), makeLine("B", 575, untaxed: 500),
        ]

        let code = try till.refusal(of: till.makeSale(115_575, lines: lines))
        #expect(code == (earns ? nil : "nothing-for-occasion"))
        #expect(till.balance() == (earns ? 1 : 0))
    }

    @Test(
        arguments: [
            (nil, -2, false), (nil, 2, true), (2, nil, false), (-2, nil, true), (1, 9, false),
            (-9, -1, false), (0, 0, true),
        ] as [(Int?, Int?, Bool)]
    )
    func `P06 both ends of a window are inclusive`(from: Int?, through: Int?, earns: Bool) throws {
        let conditions = makeConditions {
            $0.firstDate = from.map { today.adding(days: $0) }
            $0.lastDate = through.map { today.adding(days: $0) }
        }
        var till = OracleTill(rules: [
            Rule(id: "r", conditions: conditions, gift: .perSale(1, .points))
        ])

        _ = try till.refusal(of: till.makeSale(100))
        #expect(till.balance() == (earns ? 1 : 0))
    }

    @Test(
        arguments: [("P07", [10_000], 90), ("P08", [10_000, 5_000], 135)]
            as [(String, [Int64], Int64)]
    )
    func `P07 P08 a tenth off the order lowers what it earns`(
        id: String,
        prices: [Int64],
        points: Int64
    ) throws {
        let coupon = makeReward("coupon", .percentOff(Rate(10), max: nil)) { $0.codes = ["TEN"] }
        var till = OracleTill(rules: [perMoney], rewards: [coupon])
        let lines = prices.map { makeLine("A", $0) }
        let sale = till.makeSale(lines: lines, redeem: [Redemption("coupon")]) {
            $0.codes = ["TEN"]
        }

        #expect(try till.ring(sale).earned() == points, "\(id)")
    }

    @Test(arguments: [Asset.paidValue, .bonusValue])
    func `P11 paying with stored value is no discount`(value: Asset) throws {
        var till = OracleTill(rules: [perMoney])
        till.give(1_000, value)

        let receipt = try till.ring(till.makeSale(10_000) { $0.storedValue = 1_000 })
        #expect(receipt.earned() == 100)
        #expect(receipt.due == 9_000)
        #expect(receipt.spent(value) == 1_000)
    }

    @Test func `P12 what a reward makes free does not change how many units count`() throws {
        let rule = Rule(
            id: "units",
            conditions: makeConditions { $0.quantityMin = 2 },
            gift: .perUnit(1, per: 1, .points)
        )
        var till = OracleTill(
            rules: [rule],
            rewards: [makeReward("cheapest", .cheapestFree, cost: 2)],
            policies: Policies(spendsOwnPoints: true)
        )
        let lines = [makeLine("A", 510), makeLine("B", 320)]

        let receipt = try till.ring(till.makeSale(lines: lines, redeem: [Redemption("cheapest")]))
        #expect(receipt.due == 510)
        #expect(receipt.earned() == 2)
        #expect(till.balance() == 0)
    }

    @Test func `P13 a rule with a code needs it`() throws {
        let rule = Rule(
            id: "promo",
            conditions: makeConditions { $0.codes = ["PROMO10"] },
            gift: .perSale(10, .points)
        )
        var till = OracleTill(rules: [rule])

        #expect(try till.refusal(of: till.makeSale(100)) == "nothing-for-occasion")
        #expect(till.balance() == 0)
        try till.ring(till.makeSale(100) { $0.codes = ["PROMO10"] })
        #expect(till.balance() == 10)
    }

    @Test func `P14 a rule for one article needs it in the basket`() throws {
        let rule = Rule(
            id: "five",
            conditions: makeConditions { $0.include = LineFilter(skus: ["5"]) },
            gift: .perUnit(1, per: 1, .points)
        )
        var till = OracleTill(rules: [rule])

        let one = till.makeSale(lines: [makeLine("1", 100)])
        #expect(try till.refusal(of: one) == "nothing-for-occasion")
        let both = till.makeSale(lines: [makeLine("1", 100), makeLine("5", 100)])
        #expect(try till.ring(both).earned() == 1)
    }

    @Test(
        arguments: [
            ("P15", ["4"], 608), ("P17", ["S2"], 200), ("P17 both", ["10", "4"], 2_128),
            ("P17 fixed", ["S1", "4"], 708), ("P19", ["4 from 100"], 608),
            ("P19 above", ["4 from 300"], 0),
        ] as [(String, [String], Int64)]
    )
    func `P15 P17 P19 rules add up over a basket and its delivery`(
        id: String,
        rules: [String],
        points: Int64
    ) throws {
        func rule(_ name: String) -> Rule {
            func fixed(_ sku: String, _ points: Int64) -> Rule {
                let conditions = makeConditions { $0.include = LineFilter(skus: [sku]) }
                return Rule(id: "r", conditions: conditions, gift: .bonus(points, .points))
            }
            func money(_ rate: Int64, from least: Int64? = nil) -> Rule {
                Rule(
                    id: "r\(rate)",
                    conditions: makeConditions { $0.amountMin = least },
                    gift: .rate(Rate(rate, 100), .points)
                )
            }
            return switch name {
            case "S1": fixed("S1", 100)
            case "S2": fixed("S2", 200)
            case "10": money(10)
            case "4 from 100": money(4, from: 10_000)
            case "4 from 300": money(4, from: 30_000)
            default: money(4)
            }
        }
        var till = OracleTill(rules: rules.map(rule))
        let lines = [
            SaleLine(sku: "S1", labels: ["red"], gross: 1_200),
            SaleLine(sku: "S2", labels: ["blue"], gross: 10_000), makeLine("delivery", 4_000),
        ]

        _ = try till.refusal(of: till.makeSale(lines: lines))
        #expect(till.balance() == points, "\(id)")
    }

    @Test func `P21 a multiplier counts for its lines only`() throws {
        let rate = Rule(id: "rate", gift: .rate(Rate(23, 1_000), .points))
        let double = Rule(
            id: "double",
            conditions: makeConditions { $0.include = LineFilter(skus: ["SKU123"]) },
            gift: .multiply(Rate(2), .points)
        )
        var till = OracleTill(rules: [rate, double])
        let lines = [makeLine("a", 300), makeLine("b", 2_000), makeLine("SKU123", 2_000)]

        // 144.9, floored once for the rule and the sale.
        #expect(try till.ring(till.makeSale(lines: lines)).earned() == 144)
    }
}
