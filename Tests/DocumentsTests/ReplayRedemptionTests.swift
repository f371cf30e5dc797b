import Documents
import Testing

/// What other systems publish about redeeming, written as a programme and a file of sales.
///
/// The names begin with the row's id in the oracle.
struct ReplayRedemptionTests {
    private static func reward(_ more: String) -> String {
        "{id: r, title: {zh-Hant: 禮, en: Gift}, \(more)}"
    }

    private static let freePen =
        "{id: pen, title: {zh-Hant: 筆, en: Pen}, freeUnits: 1, cost: {give: 4},"
        + " when: {include: {skus: [pen]}}}"

    private func pens(_ count: Int) -> String {
        #""lines":[{"sku":"pen","quantity":\#(count),"price":320}]"#
    }

    private func held(_ points: Int, by name: String = "X") -> String {
        #"{"member":"\#(name)","balances":[{"asset":"points","amount":\#(points)}]}"#
    }

    private func sale(_ key: String, _ more: String, by name: String? = "X") -> String {
        let member = name.map { #""member":"\#($0)","# } ?? ""
        return #"{"key":"\#(key)",\#(member)"date":"2026-03-03",\#(more)}"#
    }

    @Test func `R01 R02 a pen is free for four points, one of which the same sale earns`() throws {
        let played = try Played(
            """
            policies: {spendsOwnPoints: true}
            rules: [{id: base, give: 1, perUnits: 1}]
            rewards: [\(Self.freePen)]
            """,
            members: held(2),
            sale("A1", pens(3) + #","redeem":[{"reward":"pen"}]"#) + "\n" + sale("A2", pens(4))
        )

        #expect(
            played.facts == """
                A1: +2 points; -4 points; pen 1 for 4 off 320; due 640; points=0
                A2: +4 points; due 1280; points=4
                """
        )
    }

    @Test func `R03 with four points one of two pens is free`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, perUnits: 1}]\nrewards: [\(Self.freePen)]",
            members: held(4),
            sale("A1", pens(2) + #","redeem":[{"reward":"pen"}]"#)
        )

        #expect(
            played.facts == "A1: +1 points; -4 points; pen 1 for 4 off 320; due 320; points=1"
        )
    }

    @Test func `R04 R05 a sale counts for the member who pays, and for nobody without one`() throws
    {
        let played = try Played(
            "rules: [{id: base, give: 1, perUnits: 1}]\nrewards: [\(Self.freePen)]",
            members: held(4, by: "C"),
            [
                #"{"key":"D1","member":"B","date":"2026-03-03","draft":true,\#(pens(4))}"#,
                sale("A1", pens(4), by: "C"),
                #"{"key":"D2","member":"C","date":"2026-03-03","draft":true,\#(pens(3))}"#,
                sale("A2", pens(3), by: "B"),
                #"{"key":"D3","member":"C","date":"2026-03-03","draft":true,\#(pens(1)),"#
                    + #""redeem":[{"reward":"pen"}]}"#,
                sale("A3", pens(1), by: nil),
            ].joined(separator: "\n")
        )

        #expect(
            played.facts == """
                D1: draft; +4 points; due 1280; points=0
                A1: +4 points; due 1280; points=8
                D2: draft; +3 points; due 960; points=8
                A2: +3 points; due 960; points=3
                D3: draft; -4 points; pen 1 for 4 off 320; due 0; points=8
                A3: refused member-missing
                """
        )
    }

    @Test func `R06 a free item costs points and lowers nothing else`() throws {
        let played = try Played(
            """
            policies: {spendsOwnPoints: true}
            rules: [{id: base, rate: 1/100}]
            rewards: [{id: item, title: {zh-Hant: 品, en: Item}, freeUnits: 1, cost: {give: 5},
              when: {include: {skus: [free]}}}]
            """,
            sale(
                "A1",
                """
                "lines":[{"sku":"A","quantity":2,"price":510},{"sku":"free","price":0}],\
                "redeem":[{"reward":"item"}]
                """
            )
        )

        #expect(played.facts == "A1: +10 points; -5 points; item 1 for 5 off 0; due 1020; points=5")
    }

    @Test func `R08 two units for three points: five units cost nine`() throws {
        let played = try Played(
            """
            rules: [{id: base, give: 1, perUnits: 100}]
            rewards: [{id: two, title: {zh-Hant: 品, en: Item}, freeUnits: 2, cost: {give: 3}}]
            """,
            members: held(50),
            sale(
                "A1",
                """
                "lines":[{"sku":"A","quantity":5,"price":100}],\
                "redeem":[{"reward":"two","count":5}]
                """
            )
        )

        #expect(played.facts == "A1: -9 points; two 5 for 9 off 500; due 0; points=41")
    }

    @Test func `R09 a reward beyond the balance refuses the sale whole`() throws {
        let played = try Played(
            """
            policies: {spendsOwnPoints: true}
            rules: [{id: base, give: 1, perSale: true}]
            rewards: [\(Self.reward("handOver: true, cost: {give: 5}"))]
            """,
            members: held(3),
            sale("A1", #""amount":100,"redeem":[{"reward":"r"}]"#)
        )

        #expect(played.facts == "A1: refused not-enough; points=3")
    }

    @Test func `R10 a hundred points pay a hundred`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, per: 100}]\n"
                + "rewards: [\(Self.reward("pays: 100, cost: {give: 1}"))]",
            members: held(100),
            sale("A1", #""amount":10000,"redeem":[{"reward":"r","count":"all"}]"#)
        )

        #expect(played.answers[0].facts.contains("-100 points"))
        #expect(played.answers[0].facts.contains("due 0"))
    }

    @Test func `R12 two rewards in one order`() throws {
        let played = try Played(
            """
            rules: [{id: base, give: 1, perSale: true}]
            rewards:
              - {id: one, title: {zh-Hant: 一, en: One}, handOver: true, cost: {give: 1}}
              - {id: two, title: {zh-Hant: 二, en: Two}, handOver: true, cost: {give: 2}}
            """,
            members: held(4),
            sale("A1", #""amount":100,"redeem":[{"reward":"one"},{"reward":"two"}]"#)
        )

        #expect(played.answers[0].facts.hasPrefix("A1: +1 points; -3 points;"))
        #expect(played.answers[0].facts.hasSuffix("points=2"))
    }

    @Test func `R13 amounts off add up`() throws {
        let played = try Played(
            """
            policies: {spendsOwnPoints: true}
            rules: [{id: base, give: 10, perSale: true}]
            rewards:
              - {id: ten, title: {zh-Hant: 十, en: Ten}, amountOff: 1000, cost: {give: 2}}
              - {id: thirty, title: {zh-Hant: 卅, en: Thirty}, amountOff: 3000, cost: {give: 5}}
            """,
            sale("A1", #""amount":8000,"redeem":[{"reward":"ten"}]"#) + "\n"
                + sale("A2", #""amount":8000,"redeem":[{"reward":"ten"},{"reward":"thirty"}]"#)
        )

        #expect(played.answers[0].facts.contains("due 7000"))
        #expect(played.answers[1].facts.contains("due 4000"))
    }

    @Test func `R14 an amount off comes off the total with tax`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, per: 10000}]\n"
                + "rewards: [\(Self.reward("amountOff: 500"))]",
            sale(
                "A1",
                """
                "lines":[{"sku":"B","price":10000},{"sku":"A","price":11000,"untaxed":10000}],\
                "redeem":[{"reward":"r"}]
                """
            )
        )

        #expect(played.answers[0].facts.contains("due 20500"))
    }

    @Test func `R15 a reward that may be redeemed once is gone for all others`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, per: 10000}]\nrewards: ["
                + Self.reward("amountOff: 500, cost: {give: 100}, caps: [{per: programme, max: 1}]")
                + "]",
            members: held(100) + "\n" + held(100, by: "Y"),
            sale("A1", #""amount":2000,"redeem":[{"reward":"r"}]"#) + "\n"
                + sale("A2", #""amount":2000,"redeem":[{"reward":"r"}]"#, by: "Y")
        )

        #expect(
            played.facts == """
                A1: -100 points; r 1 for 100 off 500; due 1500; points=0
                A2: refused reward-unavailable; points=100
                """
        )
    }

    @Test func `R17 a cashier redeems twice and no cashier outside the list does`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, per: 10000}]\nrewards: ["
                + Self.reward(
                    "amountOff: 100, caps: [{per: cashier, each: day, max: 2}],"
                        + " when: {cashiers: [amy, bo]}"
                ) + "]",
            ["amy", "amy", "amy", "bo", "cy"].enumerated().map { index, cashier in
                sale(
                    "A\(index)",
                    #""amount":2000,"cashier":"\#(cashier)","redeem":[{"reward":"r"}]"#
                )
            }.joined(separator: "\n")
        )

        #expect(
            played.facts == """
                A0: r 1 for 0 off 100; due 1900; points=0
                A1: r 1 for 0 off 100; due 1900; points=0
                A2: refused reward-unavailable; points=0
                A3: r 1 for 0 off 100; due 1900; points=0
                A4: refused reward-unavailable; points=0
                """
        )
    }

    @Test func `R19 a coupon without a rule takes ten percent off`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, per: 10000}]\n"
                + "rewards: [\(Self.reward("percentOff: 10"))]",
            sale("A1", #""amount":10000,"redeem":[{"reward":"r"}]"#)
        )

        #expect(played.answers[0].facts.contains("due 9000"))
    }

    private static let thirdFree = """
        policies: {spendsOwnPoints: true}
        rules: [{id: base, give: 1, perUnits: 1}]
        rewards: [{id: third, title: {zh-Hant: 送, en: Free}, freeUnits: 1, cost: {give: 2}}]
        """

    @Test(arguments: [(3, 1), (75, 25), (6, 2)])
    func `R20 buy two and get the third free`(quantity: Int, free: Int) throws {
        let played = try Played(
            Self.thirdFree,
            sale(
                "A1",
                """
                "lines":[{"sku":"A","quantity":\(quantity),"price":32000}],\
                "redeem":[{"reward":"third","count":\(free)}]
                """
            )
        )

        let due = (quantity - free) * 32_000
        #expect(played.facts.contains("due \(due); points=0"), "\(played.facts)")
    }

    @Test func `R20 two units give none free`() throws {
        let played = try Played(
            Self.thirdFree,
            sale(
                "A1",
                #""lines":[{"sku":"A","quantity":2,"price":32000}],"redeem":[{"reward":"third"}]"#
            )
        )

        #expect(played.facts == "A1: refused not-enough; points=0")
    }

    @Test(arguments: [(3, 1), (75, 25), (6, 2)])
    func `R20 as many as fit are free, of the points of the sale itself`(
        quantity: Int,
        free: Int
    ) throws {
        let played = try Played(
            Self.thirdFree,
            sale(
                "A1",
                """
                "lines":[{"sku":"A","quantity":\(quantity),"price":32000}],\
                "redeem":[{"reward":"third","count":"all"}]
                """
            )
        )

        let due = (quantity - free) * 32_000
        #expect(played.facts.contains("due \(due)"), "\(played.facts)")
    }

    @Test func `R20 a free unit is not discounted again`() throws {
        let played = try Played(
            """
            policies: {spendsOwnPoints: true}
            rules: [{id: base, give: 1, perUnits: 1}]
            rewards:
              - {id: third, title: {zh-Hant: 送, en: Free}, freeUnits: 1, cost: {give: 2}}
              - {id: code, title: {zh-Hant: 碼, en: Code}, percentOff: 10, when: {codes: [TEN]}}
            """,
            sale(
                "A1",
                """
                "lines":[{"sku":"A","quantity":3,"price":48000}],"codes":["TEN"],\
                "redeem":[{"reward":"third"},{"reward":"code"}]
                """
            )
        )

        #expect(played.answers[0].facts.contains("due 86400"))
    }

    @Test func `R23 discounts come before payments`() throws {
        let yaml =
            "rules: [{id: base, give: 1, per: 10000}]\nrewards: [\(Self.reward("percentOff: 10"))]"
        let members = #"{"member":"X","balances":[{"asset":"value/paid","amount":10000}]}"#
        func facts(_ more: String) throws -> String {
            try Played(yaml, members: members, sale("A1", #""amount":10000,"# + more)).facts
        }

        #expect(try facts(#""payFromValue":5000"#).contains("due 5000"))
        #expect(try facts(#""payFromValue":5000,"redeem":[{"reward":"r"}]"#).contains("due 4000"))
        #expect(try facts(#""payFromValue":"all""#).contains("+1 points; -10000 value/paid; due 0"))
        #expect(
            try facts(#""payFromValue":"all","redeem":[{"reward":"r"}]"#)
                .contains("-9000 value/paid; r 1 for 0 off 1000; due 0")
        )
    }

    @Test func `R25 R26 stored value pays what is due and keeps the rest`() throws {
        let yaml = "rules: [{id: base, give: 1, per: 10000}]"
        func facts(_ value: Int, _ amount: Int) throws -> String {
            let members =
                #"{"member":"X","balances":[{"asset":"value/paid","amount":\#(value)}]}"#
            let line = sale("A1", #""amount":\#(amount),"payFromValue":"all""#)
            return try Played(yaml, members: members, line).facts
        }

        #expect(
            try facts(5_000, 320) == "A1: -320 value/paid; due 0; points=0; value/paid=4680"
        )
        #expect(try facts(100, 198) == "A1: -100 value/paid; due 98; points=0; value/paid=0")
    }

    @Test func `R27 what expired yesterday pays nothing`() throws {
        let balance = #"{"asset":"value/bonus","amount":5000,"through":"2026-03-02"}"#
        let played = try Played(
            "rules: [{id: base, give: 1, per: 100}]",
            members: #"{"member":"X","balances":[\#(balance)]}"#,
            sale("A1", #""amount":1200,"payFromValue":1200"#)
        )

        #expect(
            played.facts == """
                A1: refused not-enough; points=0; value/bonus=0
                  expiry/X/2026-03-03: -5000 value/bonus; points=0; value/bonus=0
                """
        )
    }

    @Test func `R29 a basket with fewer units gives fewer free`() throws {
        let yaml = """
            policies: {spendsOwnPoints: true}
            rules: [{id: base, give: 1, perUnits: 1}]
            rewards: [{id: unit, title: {zh-Hant: 送, en: Free}, freeUnits: 1, cost: {give: 1}}]
            """
        func draft(_ quantity: Int) throws -> String {
            try Played(
                yaml,
                members: held(3),
                sale(
                    "A1",
                    """
                    "draft":true,"lines":[{"sku":"A","quantity":\(quantity),"price":100}],\
                    "redeem":[{"reward":"unit","count":3}]
                    """
                )
            ).facts
        }

        #expect(try draft(3) == "A1: draft; -3 points; unit 3 for 3 off 300; due 0; points=3")
        #expect(try draft(2) == "A1: draft; -2 points; unit 2 for 2 off 200; due 0; points=3")
    }

    @Test func `R30 an order that grants a hundred and burns sixty leaves fifty of ten`() throws {
        let played = try Played(
            "rules: [{id: base, give: 100, perSale: true}]\n"
                + "policies: {spendsOwnPoints: true}\n"
                + "rewards: [\(Self.reward("handOver: true, cost: {give: 60}"))]",
            members: held(10),
            sale("A1", #""amount":100,"redeem":[{"reward":"r"}]"#)
        )

        #expect(
            played.facts == "A1: +100 points; -60 points; r 1 for 60 off 0; due 100; points=50"
        )
    }

    @Test func `R31 more than is left cannot be spent`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, per: 1000000}]\nrewards: ["
                + "{id: ten, title: {zh-Hant: 十, en: Ten}, handOver: true, cost: {give: 10}},"
                + "{id: all, title: {zh-Hant: 百, en: All}, handOver: true, cost: {give: 100}}]",
            members: held(100),
            sale("A1", #""amount":100,"redeem":[{"reward":"ten"}]"#) + "\n"
                + sale("A2", #""amount":100,"redeem":[{"reward":"all"}]"#)
        )

        #expect(
            played.facts == """
                A1: -10 points; ten 1 for 10 off 0; due 100; points=90
                A2: refused not-enough; points=90
                """
        )
    }

    @Test func `R33 an invoice that redeems earns nothing under that policy`() throws {
        let played = try Played(
            """
            policies: {redeemingSaleEarns: false}
            rules: [{id: base, rate: 0.5}]
            rewards: [\(Self.reward("pays: 1, cost: {give: 1}"))]
            """,
            sale("A1", #""amount":4000"#) + "\n"
                + sale("A2", #""amount":4000,"redeem":[{"reward":"r","points":1000}]"#)
        )

        #expect(played.answers[1].facts.hasPrefix("A2: -1000 points;"))
        #expect(played.answers[1].facts.hasSuffix("points=1000"))
    }

    @Test func `R35 points at three hundredths are used exactly`() throws {
        let played = try Played(
            "rules: [{id: base, give: 1, per: 10000000}]\n"
                + "rewards: [\(Self.reward("pays: 3, cost: {give: 1}"))]",
            members: held(3_030),
            sale("A1", #""amount":300000,"redeem":[{"reward":"r","points":3030}]"#)
        )

        #expect(played.facts.contains("-3030 points"))
        #expect(played.facts.contains("for 3030 off 9090; due 290910"))
    }

    @Test func `R37 points may pay the rounded total under that policy`() throws {
        let played = try Played(
            """
            policies: {redemptionCeiling: {roundedTo: 100}}
            rules: [{id: base, give: 1, per: 10000000}]
            rewards: [\(Self.reward("pays: 10, cost: {give: 1}"))]
            """,
            members: held(10_000),
            sale("A1", #""amount":10060,"redeem":[{"reward":"r","points":"all"}]"#)
        )

        #expect(played.facts.contains("-1010 points"))
    }

    @Test func `R38 a point an order stays a point`() throws {
        let played = try Played(
            """
            policies: {redemptionCeiling: {roundedTo: 1000}}
            rules: [{id: base, give: 1, perSale: true}]
            """,
            sale("A1", #""amount":10060"#)
        )

        #expect(played.facts == "A1: +1 points; due 10060; points=1")
    }
}
