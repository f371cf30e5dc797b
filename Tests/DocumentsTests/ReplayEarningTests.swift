import Documents
import Testing

/// What other systems publish about earning, written as a programme and a file of sales.
///
/// The names begin with the row's id in the oracle.
struct ReplayEarningTests {
    private let perUnitOfMoney = "rules: [{id: base, per: 100, give: 1}]"

    private func sale(_ key: String, _ more: String) -> String {
        #"{"key":"\#(key)","member":"X","date":"2026-03-03",\#(more)}"#
    }

    @Test func `P01 two pens earn a point each`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, perUnits: 1}]",
            sale("A1", #""lines":[{"sku":"pen","quantity":2,"price":320}]"#)
        )

        #expect(played.facts == "A1: +2 points; due 640; points=2")
    }

    @Test func `P02 a tenth of a point per unit of money is floored once`() throws {
        let played = try Played(
            "rules: [{id: base, rate: 1/1000}]",
            sale("A1", #""amount":26500"#)
        )

        #expect(played.facts == "A1: +26 points; due 26500; points=26")
    }

    @Test(
        arguments: [
            ("{id: a, give: 1, perUnits: 1}", 5),
            ("{id: a, give: 1, perUnits: 1, when: {include: {skus: [A]}}}", 3),
            ("{id: a, give: 1, perUnits: 1, when: {include: {skus: [A, B]}}}", 5),
            ("{id: a, give: 1, perSale: true}", 1),
            ("{id: a, give: 1, per: 100}", 15),
            ("{id: a, give: 2, per: 100}", 30),
        ]
    )
    func `P03 a rule counts units, sales or money`(rule: String, points: Int) throws {
        let lines = """
            "lines":[{"sku":"A","quantity":3,"gross":1071,"untaxed":900},\
            {"sku":"B","quantity":2,"gross":714,"untaxed":600}]
            """
        let played = try Played(
            "policies: {earningBase: untaxed}\nrules: [\(rule)]",
            sale("A1", lines)
        )

        #expect(played.facts == "A1: +\(points) points; due 1785; points=\(points)")
    }

    @Test func `P05 a minimum is reached by the amount itself`() throws {
        let basket = """
            "lines":[{"sku":"A","quantity":10,"gross":115000,"untaxed":100000},\
            {"sku":"B","gross":575,"untaxed":500}]
            """
        func facts(_ min: String) throws -> String {
            let rule = "{id: a, give: 1, perSale: true, when: {\(min)}}"
            return try Played("rules: [\(rule)]", sale("A1", basket)).facts
        }

        #expect(
            try facts("amountMin: 100600, amountOf: untaxed")
                == "A1: refused nothing-for-occasion; points=0"
        )
        #expect(
            try facts("amountMin: 100500, amountOf: untaxed")
                == "A1: +1 points; due 115575; points=1"
        )
        #expect(try facts("amountMin: 100600") == "A1: +1 points; due 115575; points=1")
    }

    @Test(
        arguments: [
            ("from: 2026-01-01, through: 2026-03-01", false),
            ("through: 2026-03-05", true),
            ("from: 2026-03-05", false),
            ("from: 2026-03-01", true),
            ("from: 2026-03-04", false),
            ("through: 2026-03-02", false),
            ("from: 2026-03-03, through: 2026-03-03", true),
        ]
    )
    func `P06 a window holds on its first and its last day`(window: String, isIn: Bool) throws {
        let played = try Played(
            "rules: [{id: a, give: 1, perSale: true, when: {\(window)}}]",
            sale("A1", #""amount":100"#)
        )

        #expect(
            played.facts
                == (isIn
                    ? "A1: +1 points; due 100; points=1"
                    : "A1: refused nothing-for-occasion; points=0")
        )
    }

    @Test func `P07 a discount of the order lowers what it earns`() throws {
        let played = try Played(
            """
            rules: [{id: base, per: 100, give: 1}]
            rewards: [{id: ten, title: {zh-Hant: 九折, en: Ten off}, percentOff: 10}]
            """,
            sale("A1", #""amount":10000,"redeem":[{"reward":"ten"}]"#)
        )

        #expect(played.facts == "A1: +90 points; ten 1 for 0 off 1000; due 9000; points=90")
    }

    @Test func `P08 a coupon of ten percent lowers the whole order`() throws {
        let played = try Played(
            """
            rules: [{id: base, per: 100, give: 1}]
            rewards: [{id: ten, title: {zh-Hant: 九折, en: Ten off}, percentOff: 10}]
            """,
            sale(
                "A1",
                """
                "lines":[{"sku":"A","price":10000},{"sku":"B","price":5000}],\
                "redeem":[{"reward":"ten"}]
                """
            )
        )

        #expect(played.facts == "A1: +135 points; ten 1 for 0 off 1500; due 13500; points=135")
    }

    @Test func `P11 what stored value pays earns as money does`() throws {
        let played = try Played(
            perUnitOfMoney,
            members: #"{"member":"X","balances":[{"asset":"value/paid","amount":1000}]}"#,
            sale("A1", #""amount":10000,"payFromValue":1000"#)
        )

        #expect(
            played.facts
                == "A1: +100 points; -1000 value/paid; due 9000; points=100; value/paid=0"
        )
    }

    @Test func `P12 the free unit earns nothing`() throws {
        let played = try Played(
            """
            policies: {spendsOwnPoints: true}
            rules: [{id: base, give: 1, perUnits: 1, when: {quantityMin: 2}}]
            rewards:
              - {id: free, title: {zh-Hant: 送, en: Free}, cheapestFree: true, cost: {give: 2}}
            """,
            sale(
                "A1",
                """
                "lines":[{"sku":"A","price":510},{"sku":"B","price":320}],\
                "redeem":[{"reward":"free"}]
                """
            )
        )

        #expect(played.facts == "A1: +2 points; -2 points; free 1 for 2 off 320; due 510; points=0")
    }

    @Test func `P13 a rule that needs a code gives only with it`() throws {
        let played = try Played(
            "rules: [{id: promo, give: 10, perSale: true, when: {codes: [PROMO10]}}]",
            sale("A1", #""amount":100"#) + "\n"
                + sale("A2", #""amount":100,"codes":["PROMO10"]"#)
        )

        #expect(
            played.facts == """
                A1: refused nothing-for-occasion; points=0
                A2: +10 points; due 100; points=10
                """
        )
    }

    @Test func `P14 a rule for one article asks for it`() throws {
        let rule = "rules: [{id: a, give: 1, perSale: true, when: {include: {skus: [P5]}}}]"
        let played = try Played(
            rule,
            sale("A1", #""lines":[{"sku":"P1","price":100}]"#) + "\n"
                + sale("A2", #""lines":[{"sku":"P1","price":100},{"sku":"P5","price":100}]"#)
        )

        #expect(
            played.facts == """
                A1: refused nothing-for-occasion; points=0
                A2: +1 points; due 200; points=1
                """
        )
    }

    private static let basket = """
        "lines":[{"sku":"S1","gross":12,"labels":["red"]},\
        {"sku":"S2","gross":100,"labels":["blue"]},{"sku":"delivery","gross":40}]
        """

    @Test(
        arguments: [
            ("P15", "{id: a, give: 4, per: 1}", 608),
            ("P17", "{id: a, give: 200, perSale: true, when: {include: {skus: [S2]}}}", 200),
            ("P17", "{id: a, give: 10, per: 1}, {id: b, give: 4, per: 1}", 2_128),
            (
                "P17",
                "{id: a, bonus: 100, when: {include: {skus: [S1]}}}, {id: b, give: 4, per: 1}", 708
            ),
            ("P19", "{id: a, give: 4, per: 1, when: {amountMin: 100}}", 608),
        ]
    )
    func `P15 P17 P19 rules add up`(row: String, rules: String, points: Int) throws {
        let played = try Played("rules: [\(rules)]", sale("A1", Self.basket))

        #expect(played.facts == "A1: +\(points) points; due 152; points=\(points)", "\(row)")
    }

    @Test func `P19 an order below the minimum earns nothing`() throws {
        let played = try Played(
            "rules: [{id: a, give: 4, per: 1, when: {amountMin: 300}}]",
            sale("A1", Self.basket)
        )

        #expect(played.facts == "A1: refused nothing-for-occasion; points=0")
    }

    @Test func `P21 a multiplier doubles the lines that it names, floored once`() throws {
        let played = try Played(
            """
            rules:
              - {id: base, rate: 2.3}
              - {id: double, multiply: 2, when: {include: {skus: [SKU123]}}}
            """,
            sale(
                "A1",
                """
                "lines":[{"sku":"A","gross":3},{"sku":"B","gross":20},{"sku":"SKU123","gross":20}]
                """
            )
        )

        #expect(played.facts == "A1: +144 points; due 43; points=144")
    }

    @Test(
        arguments: [
            ("P22", "{id: a, give: 1, per: 10}", 105, 10),
            ("P23", "{id: a, give: 1, per: 35}", 35, 1),
            ("P23", "{id: a, give: 1, per: 35}", 69, 1),
            ("P23", "{id: a, give: 1, per: 35}", 70, 2),
            ("P23", "{id: a, give: 1, per: 35}, {id: d, multiply: 2}", 35, 2),
            ("P23", "{id: a, give: 1, per: 35}, {id: d, multiply: 2}", 70, 4),
            ("P24", "{id: a, give: 1, per: 10}", 19, 1),
            ("P24", "{id: a, give: 1, per: 10}", 20, 2),
            ("P25", "{id: a, give: 10, per: 100}", 1_680, 160),
        ]
    )
    func `P22 P23 P24 P25 whole blocks count, the rest is dropped`(
        row: String,
        rules: String,
        amount: Int,
        points: Int
    ) throws {
        let played = try Played("rules: [\(rules)]", sale("A1", #""amount":\#(amount)"#))

        #expect(played.facts == "A1: +\(points) points; due \(amount); points=\(points)", "\(row)")
    }

    @Test func `P23 34 of 35 earn nothing`() throws {
        let played = try Played(
            "rules: [{id: a, give: 1, per: 35}]",
            sale("A1", #""amount":34"#)
        )

        #expect(played.facts == "A1: refused amount-too-small; points=0")
    }

    @Test func `P24 what points pay earns nothing under that policy`() throws {
        let played = try Played(
            """
            policies: {earningBase: afterDiscountsAndPoints}
            rules: [{id: a, give: 1, per: 10}]
            """,
            sale("A1", #""amount":100,"paidWithPoints":30"#)
        )

        #expect(played.facts == "A1: +7 points; due 100; points=7")
    }

    @Test func `P26 an invoice paid with points earns on the rest`() throws {
        let played = try Played(
            """
            policies: {earningBase: afterDiscountsAndPoints}
            rules: [{id: a, give: 1, per: 1000}]
            rewards: [{id: pay, title: {zh-Hant: 折, en: Pay}, pays: 1, cost: {give: 1}}]
            """,
            sale("A1", #""amount":10000"#) + "\n"
                + sale("A2", #""amount":10000,"redeem":[{"reward":"pay","points":10}]"#)
        )

        #expect(
            played.facts == """
                A1: +10 points; due 10000; points=10
                A2: +9 points; -10 points; pay 1 for 10 off 10; due 9990; points=9
                """
        )
    }

    @Test func `P27 of the rules of a group the highest reached one counts`() throws {
        let played = try Played(
            """
            rules:
              - {id: low, rate: 0.5, group: g, when: {amountMin: 2000}}
              - {id: high, rate: 0.5, group: g, when: {amountMin: 3000}}
            """,
            sale("A1", #""amount":4000"#)
        )

        #expect(played.facts == "A1: +2000 points; due 4000; points=2000")
    }

    @Test func `P28 a sale after the programme's end makes no entry`() throws {
        let head = Played.head.replacing("2020-01-01", with: "2026-01-01")
            .replacing("2030-12-31", with: "2026-01-31")
        let played = try Played(
            head + "rules: [{id: a, give: 1, perSale: true}]",
            #"{"key":"A1","member":"X","date":"2026-02-10","amount":100}"#
        )

        #expect(played.facts == "A1: refused programme-not-in-force; points=0")
    }

    @Test func `P29 a full card is followed by the next one`() throws {
        let played = try Played(
            """
            cards:
              - {id: silver, title: {zh-Hant: 銀, en: Silver}, reward: {zh-Hant: 禮, en: Gift},
                 stamps: 3, welcome: 1, next: gold, completion: {give: 1, of: voucher/silver}}
              - {id: gold, title: {zh-Hant: 金, en: Gold}, reward: {zh-Hant: 禮, en: Gift},
                 stamps: 5}
            """,
            """
            {"type":"visit","key":"V1","member":"X","at":"2026-03-03T23:59:00+08:00"}
            {"type":"visit","key":"V2","member":"X","at":"2026-03-03T23:59:30+08:00"}
            {"type":"visit","key":"V3","member":"X","at":"2026-03-04T00:00:00+08:00"}
            {"type":"visit","key":"V4","member":"X","at":"2026-03-05T00:00:00+08:00"}
            """
        )

        #expect(
            played.facts == """
                V1: +2 stamps/silver; stamps/gold=0; stamps/silver=2; voucher/silver=0
                V2: refused visit-already-stamped; stamps/gold=0; stamps/silver=2; voucher/silver=0
                V3: +1 stamps/silver; -3 stamps/silver; +1 voucher/silver; stamps/gold=0; \
                stamps/silver=0; voucher/silver=1
                V4: +1 stamps/gold; stamps/gold=1; stamps/silver=0; voucher/silver=1
                """
        )
    }

    @Test func `P29 a guard of an hour allows the sixtieth minute`() throws {
        let played = try Played(
            """
            cards: [{id: c, title: {zh-Hant: 卡, en: Card}, reward: {zh-Hant: 禮, en: Gift},
              stamps: 5, guard: {hours: 1}}]
            """,
            """
            {"type":"visit","key":"V1","member":"X","at":"2026-03-03T10:00:00+08:00"}
            {"type":"visit","key":"V2","member":"X","at":"2026-03-03T10:59:00+08:00"}
            {"type":"visit","key":"V3","member":"X","at":"2026-03-03T11:00:00+08:00"}
            """
        )

        #expect(
            played.facts == """
                V1: +1 stamps/c; stamps/c=1
                V2: refused visit-already-stamped; stamps/c=1
                V3: +1 stamps/c; stamps/c=2
                """
        )
    }
}
