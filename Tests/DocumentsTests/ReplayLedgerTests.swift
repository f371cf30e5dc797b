import Documents
import LoyaltyCore
import Testing

/// What other systems publish about refunds, expiry and tiers, written as a programme and a file
/// of sales.
///
/// The names begin with the row's id in the oracle.
struct ReplayLedgerTests {
    private let perUnitOfMoney = "rules: [{id: base, give: 1, per: 100}]"

    private func held(_ points: Int) -> String {
        #"{"member":"X","balances":[{"asset":"points","amount":\#(points)}]}"#
    }

    private func sale(_ key: String, _ more: String) -> String {
        #"{"key":"\#(key)","member":"X","date":"2026-03-03",\#(more)}"#
    }

    private func refund(_ key: String, of sale: String, _ more: String = "") -> String {
        #"{"type":"refund","key":"\#(key)","of":"\#(sale)","date":"2026-03-04"\#(more)}"#
    }

    // MARK: - Refunds

    @Test func `C01 half of the units takes half of the points back`() throws {
        let played = try Played(
            perUnitOfMoney,
            sale("A1", #""lines":[{"sku":"A","quantity":2,"price":5000}]"#) + "\n"
                + refund("R1", of: "A1", #","lines":[{"sku":"A"}]"#)
        )

        #expect(
            played.facts == """
                A1: +100 points; due 10000; points=100
                R1: -50 points; points=50
                """
        )
    }

    @Test func `C02 a full refund takes back what was earned and returns what was spent`() throws {
        let played = try Played(
            perUnitOfMoney + """

                rewards:
                  - {id: r, title: {zh-Hant: 禮, en: Gift}, handOver: true, cost: {give: 150}}
                """,
            members: held(200),
            sale("A1", #""amount":7000,"redeem":[{"reward":"r"}]"#) + "\n" + refund("R1", of: "A1")
        )

        #expect(
            played.facts == """
                A1: +70 points; -150 points; r 1 for 150 off 0; due 7000; points=120
                R1: +150 points; -70 points; points=200
                """
        )
    }

    @Test func `C04 a refund finds what was sold through the sale`() throws {
        let played = try Played(
            "rules: [{id: card, rate: 1, of: value/paid, when: {include: {skus: [card]}}}]",
            sale("A1", #""lines":[{"sku":"card","price":5000}]"#) + "\n"
                + refund("R1", of: "A1", #","lines":[{"sku":"card"}]"#)
        )

        #expect(
            played.facts == """
                A1: +5000 value/paid; due 5000; value/paid=5000
                R1: -5000 value/paid; value/paid=0
                """
        )
    }

    @Test func `C06 the return of an unknown sale or by another member is refused`() throws {
        let played = try Played(
            perUnitOfMoney,
            [
                sale("A1", #""amount":1000"#), refund("R1", of: "A9"),
                refund("R2", of: "A1", #","member":"Y""#),
            ].joined(separator: "\n")
        )

        #expect(
            played.facts == """
                A1: +10 points; due 1000; points=10
                R1: refused sale-unknown
                R2: refused sale-of-other-member
                """
        )
    }

    @Test func `C07 half of the amount leaves half of the points`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, per: 1000}]",
            sale("A1", #""amount":20000"#) + "\n" + refund("R1", of: "A1", #","amount":10000"#)
        )

        #expect(played.facts.hasSuffix("R1: -10 points; points=10"))
    }

    @Test func `C08 X14 a cancelled sale has moved nothing in the end`() throws {
        let played = try Played(
            perUnitOfMoney,
            sale("A1", #""amount":1000"#) + "\n"
                + #"{"type":"cancel","key":"K1","of":"A1","date":"2026-03-03"}"# + "\n"
                + sale("A1", #""amount":1000"#)
        )

        #expect(
            played.facts == """
                A1: +10 points; due 1000; points=10
                K1: -10 points; points=0
                A1: refused sale-voided; points=0
                """
        )
    }

    @Test func `C10 what is sold beside a return qualifies alone`() throws {
        let yaml = """
            policies: {spendsOwnPoints: true}
            rules: [{id: base, give: 1, perUnits: 1}]
            rewards: [{id: third, title: {zh-Hant: 送, en: Free}, freeUnits: 1, cost: {give: 2}}]
            """
        let played = try Played(
            yaml,
            [
                sale("A1", #""lines":[{"sku":"A","quantity":2,"price":100}]"#),
                refund("R1", of: "A1"),
                sale(
                    "A2",
                    """
                    "lines":[{"sku":"A","quantity":3,"price":100}],"redeem":[{"reward":"third"}]
                    """
                ),
            ].joined(separator: "\n")
        )

        #expect(played.facts.hasSuffix("third 1 for 2 off 100; due 200; points=0"))
    }

    @Test func `C11 a refund of an order paid with points charges none again`() throws {
        let played = try Played(
            """
            policies: {earningBase: afterDiscountsAndPoints}
            rules: [{id: base, give: 1, per: 1000}]
            rewards: [{id: pay, title: {zh-Hant: 折, en: Pay}, pays: 100, cost: {give: 1}}]
            """,
            members: held(50),
            sale("A1", #""amount":5000,"redeem":[{"reward":"pay","points":"all"}]"#) + "\n"
                + refund("R1", of: "A1")
        )

        #expect(
            played.facts == """
                A1: -50 points; pay 1 for 50 off 5000; due 0; points=0
                R1: +50 points; points=50
                """
        )
    }

    @Test func `C12 what was redeemed and what came back are told apart`() throws {
        let played = try Played(
            """
            rules: [{id: base, give: 1, per: 1000000}]
            rewards: [{id: pay, title: {zh-Hant: 折, en: Pay}, pays: 500, cost: {give: 1}}]
            """,
            members: held(10),
            sale("A1", #""amount":2000,"redeem":[{"reward":"pay","points":2}]"#) + "\n"
                + refund("R1", of: "A1", #","amount":1000"#)
        )
        let points = try #require(played.summary.assets[.points])
        let pay = try #require(played.summary.rewards["pay"])

        #expect((pay.count, pay.cost, pay.value) == (1, 2, 1_000))
        #expect((points.spent, points.givenBack, points.held) == (2, 1, 9))
    }

    @Test func `the refunds of a sale come to the same in any order`() throws {
        let first = sale("A1", #""amount":1000"#)
        func last(_ amounts: [Int]) throws -> [String] {
            let refunds = amounts.enumerated().map { index, amount in
                refund("R\(index)", of: "A1", #","amount":\#(amount),"store":"s\#(index)""#)
            }
            let lines = [first] + refunds
            return try Played(
                "rules: [{id: base, give: 1, per: 300}]",
                lines.joined(separator: "\n")
            )
            .answers.map(\.facts)
        }

        #expect(try last([100, 300, 600]).last == "R2: -2 points; points=0")
        #expect(try last([600, 300, 100]).last == "R2: -1 points; points=0")
        #expect(try last([600, 401]).last == "R1: refused refund-above-sale; points=2")
    }

    // MARK: - Expiry

    @Test func `X02 the nearest expiry is spent first and what never expires last`() throws {
        let played = try Played(
            perUnitOfMoney
                + "\nrewards: [{id: r, title: {zh-Hant: 禮, en: Gift}, handOver: true,"
                + " cost: {give: 6}}]",
            members: """
                {"member":"X","balances":[{"asset":"points","amount":5},\
                {"asset":"points","amount":2,"through":"2027-12-31"},\
                {"asset":"points","amount":3,"through":"2026-12-31"}]}
                """,
            sale("A1", #""amount":1,"redeem":[{"reward":"r"}]"#)
        )

        #expect(
            played.answers[0].postings.map { "\($0.bucket) \($0.amount)" }
                == ["2026-12-31 -3", "2027-12-31 -2", "never -1"]
        )
    }

    @Test func `X03 what expired cannot be spent`() throws {
        let played = try Played(
            """
            assets: [{asset: points, expiry: {days: 60}}]
            rules: [{id: base, give: 1, per: 1}]
            rewards:
              - {id: big, title: {zh-Hant: 大, en: Big}, handOver: true, cost: {give: 200}}
              - {id: one, title: {zh-Hant: 小, en: One}, handOver: true, cost: {give: 1}}
            """,
            """
            {"key":"A1","member":"X","date":"2026-01-01","amount":300}
            {"key":"A2","member":"X","date":"2026-02-01","amount":200}
            {"key":"A3","member":"X","date":"2026-02-15","redeem":[{"reward":"big"}]}
            {"key":"A4","member":"X","date":"2026-06-01","redeem":[{"reward":"one"}]}
            """
        )

        #expect(
            played.facts == """
                A1: +300 points; due 300; points=300
                A2: +200 points; due 200; points=500
                A3: -200 points; big 1 for 200 off 0; points=300
                A4: refused not-enough; points=0
                  expiry/X/2026-03-03: -100 points; points=200
                  expiry/X/2026-04-03: -200 points; points=0
                """
        )
    }

    @Test(
        arguments: [
            ("{yearEnd: 1}", "2025-08-30", "2026-12-31"),
            ("{day: \"06-30\", years: 1}", "2025-08-30", "2026-06-30"),
            ("{monthEnd: 12}", "2023-01-10", "2024-01-31"),
            ("{monthEnd: 12}", "2023-12-10", "2024-12-31"),
        ]
    )
    func `X05 points expire as their rule says`(expiry: String, on: String, last: String) throws {
        let played = try Played(
            "assets: [{asset: points, expiry: \(expiry)}]\nrules: [{id: base, give: 1, per: 1}]",
            #"{"key":"A1","member":"X","date":"\#(on)","amount":5}"#
        )

        #expect(played.answers[0].postings.map { "\($0.bucket)" } == [last])
    }

    // MARK: - Tiers

    private static let ladder = """
        levels: [{id: bronze, title: {zh-Hant: 銅, en: Bronze}, min: 0},
          {id: silver, title: {zh-Hant: 銀, en: Silver}, min: 10000},
          {id: gold, title: {zh-Hant: 金, en: Gold}, min: 20000}]
        """

    @Test(
        arguments: [
            (0, 6_000, "bronze"), (0, 15_000, "silver"), (0, 25_000, "gold"),
            (4_000, 500, "bronze"),
            (8_000, 3_000, "silver"), (18_000, 3_000, "gold"), (22_000, 5_000, "gold"),
        ]
    )
    func `X07 a tier is reached by the total with this sale`(
        total: Int,
        now: Int,
        tier: String
    ) throws {
        let played = try Played(
            "tiers: {counter: spend, window: lifetime, downgrade: never,\n  \(Self.ladder)}\n"
                + "rules: [{id: base, give: 1, per: 1000}]",
            members: #"{"member":"X","counts":{"spend":\#(total)}}"#,
            sale("A1", #""amount":\#(now)"#)
        )

        #expect(played.facts.hasSuffix("tier \(tier)"))
    }

    @Test(arguments: [(196_000, 196), (20_000, 0), (300_000, 333)])
    func `X08 the sale alone decides its rate under that policy`(
        amount: Int,
        points: Int
    ) throws {
        let played = try Played(
            """
            rules:
              - {id: low, give: 1, per: 1000, group: g, when: {amountMin: 100000}}
              - {id: high, give: 1, per: 900, group: g, when: {amountMin: 300000}}
            """,
            sale("A1", #""amount":\#(amount)"#)
        )

        #expect(played.facts.hasSuffix("points=\(points)"))
    }

    @Test(arguments: [(5, "l0"), (10, "l1"), (30, "l2")])
    func `X10 at the year's end the year's points decide the level`(
        active: Int,
        level: String
    ) throws {
        let played = try Played(
            """
            tiers: {counter: points, window: calendarYear, downgrade: yearEnd,
              levels: [{id: l0, title: {zh-Hant: 零, en: L0}, min: 0},
                {id: l1, title: {zh-Hant: 一, en: L1}, min: 10},
                {id: l2, title: {zh-Hant: 二, en: L2}, min: 30},
                {id: l3, title: {zh-Hant: 三, en: L3}, min: 100}]}
            assets: [{asset: points, expiry: {yearEnd: 0}}]
            rules: [{id: base, give: 1, per: 1}]
            """,
            members: #"{"member":"X","tier":"l3"}"#,
            """
            {"key":"A1","member":"X","date":"2026-06-01","amount":\(active)}
            {"type":"time","key":"T1","member":"X","until":"2027-01-01"}
            """
        )

        #expect(played.answers[0].facts.hasSuffix("points=\(active); tier l3"))
        #expect(played.answers[1].facts == "T1: points=0; tier \(level)")
    }

    @Test func `X10 points that the members' file tells count at the year's end too`() throws {
        let played = try Played(
            """
            tiers: {counter: points, window: calendarYear, downgrade: yearEnd,
              levels: [{id: l0, title: {zh-Hant: 零, en: L0}, min: 0},
                {id: l1, title: {zh-Hant: 一, en: L1}, min: 10}]}
            rules: [{id: base, give: 1, per: 1}]
            """,
            members: #"{"member":"X","counts":{"points":10}}"#,
            """
            {"type":"time","key":"T0","member":"X","until":"2026-06-01"}
            {"type":"time","key":"T1","member":"X","until":"2027-01-01"}
            {"type":"time","key":"T2","member":"X","until":"2028-01-01"}
            """
        )

        #expect(
            played.answers.map(\.facts) == [
                "T0: points=0; tier l1", "T1: points=0; tier l1", "T2: points=0; tier l0",
            ]
        )
    }

    // MARK: - The ledger

    @Test func `X11 the same top-up twice is one, and so is the same payment`() throws {
        let topUp =
            #"{"type":"topUp","key":"T1","member":"X","date":"2026-03-03","amount":50}"#
        let payment = sale("A1", #""amount":10,"payFromValue":10"#)
        let played = try Played(
            "rules: [{id: top, rate: 1, of: value/paid, when: {on: topUp}}]",
            [topUp, topUp, payment, payment].joined(separator: "\n")
        )

        #expect(
            played.facts == """
                T1: +50 value/paid; due 50; value/paid=50
                T1: repeat; +50 value/paid; due 50; value/paid=50
                A1: -10 value/paid; due 0; value/paid=40
                A1: repeat; -10 value/paid; due 0; value/paid=40
                """
        )
    }

    @Test func `X12 what was earned and what was used are kept gross`() throws {
        let played = try Played(
            perUnitOfMoney
                + "\nrewards: [{id: r, title: {zh-Hant: 禮, en: Gift}, handOver: true,"
                + " cost: {give: 5}}]",
            members: held(5),
            sale("A1", #""amount":1000,"redeem":[{"reward":"r"}]"#)
        )

        #expect(played.facts == "A1: +10 points; -5 points; r 1 for 5 off 0; due 1000; points=10")
        #expect(played.summary.assets[.points]?.earned == 10)
        #expect(played.summary.assets[.points]?.spent == 5)
    }

    @Test func `X16 gift cards sold add up`() throws {
        let lines =
            #""lines":[{"sku":"card","price":12500},{"sku":"card","price":25000},"#
            + #"{"sku":"card","price":10000}]"#
        let played = try Played(
            "rules: [{id: card, rate: 1, of: value/paid, when: {include: {skus: [card]}}}]",
            sale("A1", lines)
        )

        #expect(played.facts == "A1: +47500 value/paid; due 47500; value/paid=47500")
    }

    @Test func `X17 a coupon for the next order is used up`() throws {
        let played = try Played(
            """
            rules: [{id: next, give: 1, perUnits: 1, when: {amountMin: 10000}}]
            rewards: [{id: use, title: {zh-Hant: 券, en: Coupon}, amountOff: 100, cost: {give: 3}}]
            """,
            sale("A1", #""lines":[{"sku":"A","quantity":3,"price":5000}]"#) + "\n"
                + sale(
                    "A2",
                    #""lines":[{"sku":"A","price":5000}],"redeem":[{"reward":"use"}]"#
                )
        )

        #expect(played.answers[0].facts.hasSuffix("points=3"))
        #expect(played.answers[1].facts.hasSuffix("points=0"))
    }

    @Test func `X18 a price divides into goods and points`() throws {
        let first = try #require(
            Allocation(price: 200_000, standAlone: Exact(17_000))
        )
        let second = try #require(Allocation(price: 80_000, standAlone: Exact(1_920)))

        #expect((first.goods, first.deferred) == (184_332, 15_668))
        #expect((second.goods, second.deferred) == (78_125, 1_875))
    }

    @Test func `X18 the summary tells the liability and divides what was sold`() throws {
        let played = try Played(
            """
            assets: [{asset: points, expiry: never, worth: 10, redeemed: 17/20}]
            rules: [{id: base, give: 1, per: 100}]
            """,
            sale("A1", #""amount":200000"#)
        )

        #expect(played.summary.liability(of: .points) == 17_000)
        #expect(played.summary.allocation == Allocation(price: 200_000, standAlone: Exact(17_000)))
    }
}
