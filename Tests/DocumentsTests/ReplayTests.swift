import Documents
import LoyaltyCore
import Testing

/// What a replay does beside asking the programme: keys, drafts, friends, birthdays, time.
struct ReplayTests {
    private let base = "rules: [{id: base, give: 1, per: 10}]"

    @Test func `a key that comes again gets the first answer, and another member a refusal`() throws
    {
        let played = try Played(
            base,
            """
            {"key":"A1","member":"X","date":"2026-03-03","amount":100}
            {"key":"A2","member":"X","date":"2026-03-03","amount":100}
            {"key":"A1","member":"X","date":"2026-03-04","amount":900}
            {"key":"A1","member":"Y","date":"2026-03-03","amount":100}
            {"key":"A1","member":"Y","date":"2026-03-03","amount":100,"store":"other"}
            """
        )

        #expect(
            played.facts == """
                A1: +10 points; due 100; points=10
                A2: +10 points; due 100; points=20
                A1: repeat; +10 points; due 100; points=20
                A1: refused sale-of-other-member; points=0
                A1: +10 points; due 100; points=10
                """
        )
        #expect(played.summary.repeatCount == 1)
        #expect(played.summary.sold == 300)
    }

    @Test func `a refusal is not kept: the rules are asked again`() throws {
        let played = try Played(
            base,
            """
            {"key":"A1","member":"X","date":"2026-03-03","amount":5}
            {"key":"A1","member":"X","date":"2026-03-03","amount":50}
            """
        )

        #expect(
            played.facts == """
                A1: refused amount-too-small; points=0
                A1: +5 points; due 50; points=5
                """
        )
    }

    @Test func `a draft is previewed any number of times and writes nothing`() throws {
        let draft =
            #"{"key":"D1","member":"X","date":"2026-03-03","amount":100,"draft":true}"#
        let played = try Played(
            base,
            [draft, draft, #"{"key":"D1","member":"X","date":"2026-03-03","amount":100}"#]
                .joined(separator: "\n")
        )

        #expect(
            played.facts == """
                D1: draft; +10 points; due 100; points=0
                D1: draft; +10 points; due 100; points=0
                D1: +10 points; due 100; points=10
                """
        )
        #expect((played.summary.draftCount, played.summary.sold) == (2, 100))
    }

    @Test func `a date outside the day of its time is refused, and the day turns at its hour`()
        throws
    {
        let head = Played.head + "dayTurnsAtHour: 4\n"
        let played = try Played(
            head + base,
            """
            {"key":"A1","member":"X","at":"2026-03-04T03:59+08:00","date":"2026-03-03","amount":10}
            {"key":"A2","member":"X","at":"2026-03-04T04:00+08:00","date":"2026-03-03","amount":10}
            {"key":"A3","member":"X","at":"2026-03-03T20:00:00Z","amount":10}
            """
        )

        #expect(
            played.facts == """
                A1: +1 points; due 10; points=1
                A2: refused date-outside-day; points=1
                A3: +1 points; due 10; points=2
                """
        )
        #expect(
            played.answers.map(\.date.description) == ["2026-03-03", "2026-03-03", "2026-03-04"]
        )
    }

    // MARK: - Friends

    private let friends = """
        rules:
          - {id: base, give: 1, per: 10}
          - {id: join-a, bonus: 5, when: {on: join, referral: {role: referred, at: join}}}
          - {id: join-b, bonus: 7, when: {referral: {role: referrer, at: join}}}
          - {id: first-a, bonus: 11, when: {referral: {role: referred, at: firstSale}}}
          - {id: first-b, bonus: 13, when: {referral: {role: referrer, at: firstSale}}}
          - {id: every-b, bonus: 1, when: {referral: {role: referrer, at: everySale}}}
        """

    @Test func `both friends get what the programme gives for each step`() throws {
        let played = try Played(
            friends,
            """
            {"type":"join","key":"J1","member":"new","referrer":"old","date":"2026-03-03"}
            {"key":"A1","member":"new","date":"2026-03-03","amount":100}
            {"key":"A2","member":"new","date":"2026-03-04","amount":100}
            """
        )

        #expect(
            played.facts == """
                J1: +5 points; points=5
                  referral/join/J1: +7 points; points=7
                A1: +21 points; due 100; points=26
                  referral/firstSale/A1: +13 points; points=20
                  referral/everySale/A1: +1 points; points=21
                A2: +10 points; due 100; points=36
                  referral/everySale/A2: +1 points; points=22
                """
        )
        #expect(played.answers[0].derived.map(\.member) == ["old"])
    }

    @Test func `nobody invites themselves or joins twice`() throws {
        let played = try Played(
            friends,
            """
            {"type":"join","key":"J1","member":"X","referrer":"X","date":"2026-03-03"}
            {"type":"join","key":"J2","member":"X","referrer":"Y","date":"2026-03-03"}
            {"type":"join","key":"J3","member":"X","referrer":"Z","date":"2026-03-04"}
            """
        )

        #expect(
            played.facts == """
                J1: refused self-referral; points=0
                J2: +5 points; points=5
                  referral/join/J2: +7 points; points=7
                J3: refused already-member; points=5
                """
        )
    }

    // MARK: - Time

    @Test func `a birthday comes once a year, to those who bought nothing too`() throws {
        let played = try Played(
            "rules: [{id: gift, bonus: 9, when: {on: birthday}}]",
            members: """
                {"member":"leap","birthday":"02-29"}
                {"member":"may","birthday":"1990-05-20"}
                """,
            """
            {"type":"time","key":"T0","until":"2026-02-27"}
            {"type":"time","key":"T1","until":"2026-03-01"}
            {"type":"time","key":"T2","until":"2028-03-01"}
            """
        )

        #expect(
            played.answers.map { $0.derived.map(\.facts) } == [
                [],
                ["birthday/2026-02-28: +9 points; points=9"],
                [
                    "birthday/2026-05-20: +9 points; points=9",
                    "birthday/2027-02-28: +9 points; points=18",
                    "birthday/2027-05-20: +9 points; points=18",
                    "birthday/2028-02-29: +9 points; points=27",
                ],
            ]
        )
    }

    @Test func `what expires is converted in whole blocks, on the day after its last`() throws {
        let played = try Played(
            """
            assets:
              - {asset: points, expiry: {days: 10},
                 convert: {each: 10, into: voucher/latte, give: 1}}
            rules: [{id: base, give: 1, per: 10}]
            """,
            """
            {"key":"A1","member":"X","date":"2026-03-03","amount":250}
            {"type":"time","key":"T1","member":"X","until":"2026-03-13"}
            {"type":"time","key":"T2","member":"X","until":"2026-03-14"}
            """
        )
        let points = try #require(played.summary.assets[.points])

        #expect(
            played.facts == """
                A1: +25 points; due 250; points=25; voucher/latte=0
                T1: points=25; voucher/latte=0
                T2: points=0; voucher/latte=2
                  expiry/X/2026-03-14: -25 points; +2 voucher/latte; points=0; voucher/latte=2
                """
        )
        #expect((points.earned, points.expired, points.held) == (25, 25, 0))
        #expect(played.summary.assets[.voucher("latte")]?.converted == 2)
    }

    @Test func `pending points are shown, and can be used from their day`() throws {
        let played = try Played(
            """
            rules: [{id: base, give: 1, per: 10, pendingDays: 7}]
            rewards: [{id: r, title: {zh-Hant: 禮, en: Gift}, handOver: true, cost: {give: 5}}]
            """,
            """
            {"key":"A1","member":"X","date":"2026-03-03","amount":100}
            {"key":"A2","member":"X","date":"2026-03-09","redeem":[{"reward":"r"}]}
            {"key":"A3","member":"X","date":"2026-03-10","redeem":[{"reward":"r"}]}
            """
        )

        #expect(
            played.facts == """
                A1: +10 points; due 100; points=0; points pending=10
                A2: refused not-enough; points=0; points pending=10
                A3: -5 points; r 1 for 5 off 0; points=5
                """
        )
    }

    @Test func `a debt is shown and repaid by what comes next`() throws {
        let played = try Played(
            base
                + "\nrewards: [{id: r, title: {zh-Hant: 禮, en: Gift}, handOver: true,"
                + " cost: {give: 8}}]",
            """
            {"key":"A1","member":"X","date":"2026-03-03","amount":100}
            {"key":"A2","member":"X","date":"2026-03-03","redeem":[{"reward":"r"}]}
            {"type":"cancel","key":"C1","of":"A1","date":"2026-03-04"}
            {"key":"A3","member":"X","date":"2026-03-05","amount":200}
            """
        )
        let points = try #require(played.summary.assets[.points])

        #expect(
            played.facts == """
                A1: +10 points; due 100; points=10
                A2: -8 points; r 1 for 8 off 0; points=2
                C1: -2 points; points=0; points owed=8
                A3: +20 points; -8 points; due 200; points=12
                """
        )
        #expect((points.earned, points.spent, points.repaid) == (30, 8, 8))
        #expect((points.takenBack, points.owed, points.held) == (2, 8, 12))
    }

    @Test func `a debt that a refund gives back for is repaid, and the sums still add up`() throws {
        let played = try Played(
            base + "\nrewards: [{id: r, title: {zh-Hant: 禮, en: Gift}, handOver: true,"
                + " cost: {give: 8}}]",
            """
            {"key":"A1","member":"X","date":"2026-03-03","amount":100}
            {"key":"A2","member":"X","date":"2026-03-03","redeem":[{"reward":"r"}]}
            {"type":"cancel","key":"C1","of":"A1","date":"2026-03-04"}
            {"type":"cancel","key":"C2","of":"A2","date":"2026-03-04"}
            """
        )
        let points = try #require(played.summary.assets[.points])

        #expect(played.answers[3].facts == "C2: +8 points; -8 points; points=0")
        #expect((points.takenBack, points.owed, points.repaid) == (2, 8, 8))
        #expect((points.earned, points.spent, points.givenBack, points.held) == (10, 8, 8, 0))
    }

    @Test func `an instant win falls the same each time the file is played`() throws {
        let yaml = "rules: [{id: win, win: {odds: 1/4, stock: 1000, give: 1}, of: ticket/may}]"
        let sales = (0..<400).map { index in
            #"{"key":"A\#(index)","member":"X","date":"2026-03-03","amount":1}"#
        }.joined(separator: "\n")
        let first = try Played(yaml, sales)
        let second = try Played(yaml, sales)
        let won = try #require(first.summary.assets[.ticket(ofDraw: "may")]?.earned)

        #expect(first.answers == second.answers)
        // 400 draws at a quarter: 100, give or take four times the deviation of 8.7.
        #expect((65...135).contains(won))
    }

    @Test func `what members held, earned, spent and lost adds up`() throws {
        let played = try Played(
            """
            assets: [{asset: points, expiry: {days: 30}}]
            rules: [{id: base, give: 1, per: 10}]
            rewards: [{id: pay, title: {zh-Hant: 折, en: Pay}, pays: 1, cost: {give: 1}}]
            """,
            members: #"{"member":"m1","balances":[{"asset":"points","amount":40}]}"#,
            (0..<300).map { index in
                let day = BusinessDate(dayNumber: 20_500 + Int32(index) / 3)
                let member = "m\(index % 7)"
                if index % 11 == 10 {
                    return #"{"type":"refund","of":"S\#(index - 3)","date":"\#(day)","amount":30}"#
                }
                let wish = index % 5 == 4 ? #","redeem":[{"reward":"pay","points":3}]"# : ""
                return
                    #"{"key":"S\#(index)","member":"\#(member)","date":"\#(day)","#
                    + #""amount":\#(index * 7)\#(wish)}"#
            }.joined(separator: "\n")
        )
        let sum = try #require(played.summary.assets[.points])

        #expect(sum.expired > 0 && sum.spent > 0 && sum.takenBack > 0)
        #expect(
            sum.opening + sum.earned + sum.givenBack + sum.converted
                == sum.held + sum.spent + sum.repaid + sum.takenBack + sum.expired
        )
    }

    @Test func `a comparison counts what differs and tells it per asset`() throws {
        let lines = #"""
            {"key":"A1","member":"X","date":"2026-03-03","amount":5}
            {"key":"A2","member":"X","date":"2026-03-03","amount":100}
            """#
        let old = try Played(base, lines)
        let new = try Played("rules: [{id: base, give: 2, per: 10}]", lines)
        var difference = ReplayDifference()
        for (index, pair) in zip(new.answers, old.answers).enumerated() {
            difference.note(line: index + 1, pair.0, against: pair.1)
        }

        #expect(difference.count == 1)
        #expect(
            difference.lines(new.summary, against: old.summary) == [
                "1 inputs are answered differently", "  line 2, A2: +20 points, before +10 points",
                "points: earned +10, held +10", "cost of rewards 0, liability 0",
            ]
        )
    }

    @Test func `an answer names everything that a reader may look for`() throws {
        let played = try Played(
            base
                + "\nrewards: [{id: r, title: {zh-Hant: 禮, en: Gift}, amountOff: 100,"
                + " cost: {give: 5}}]",
            members: #"{"member":"X","balances":[{"asset":"points","amount":5}]}"#,
            """
            {"key":"A1","member":"X","date":"2026-03-03","amount":300,"redeem":[{"reward":"r"}]}
            {"key":"A2","member":"X","date":"2026-03-03","amount":300,"redeem":[{"reward":"r"}]}
            """
        )

        #expect(
            played.answers.map { $0.json(explain: played.explanation).text } == [
                #"{"key":"A1","member":"X","date":"2026-03-03","decision":"award","#
                    + #""postings":[{"asset":"points","bucket":"never","amount":20},"#
                    + #"{"asset":"points","bucket":"never","amount":-5}],"due":200,"#
                    + #""redeemed":[{"reward":"r","count":1,"cost":5,"value":100}],"#
                    + #""balances":{"points":20},"explain":["#
                    + #"{"step":"redeemed","reward":"r","asset":"points","count":1,"cost":5,"#
                    + #""value":100,"zh-Hant":"兌換禮 1 份，扣 5 點，折 $1.00","#
                    + #""en":"Gift, 1: 5 points for $1.00 off"},"#
                    + #"{"step":"amount-earned","rule":"base","asset":"points","amount":200,"#
                    + #""per":10,"give":1,"points":20,"#
                    + #""zh-Hant":"消費 $2.00，每滿 $0.10 得 1 點 → 20 點","#
                    + #""en":"$2.00 spent, 1 point for each $0.10 → 20 points"}]}"#,
                #"{"key":"A2","member":"X","date":"2026-03-03","decision":"award","#
                    + #""postings":[{"asset":"points","bucket":"never","amount":20},"#
                    + #"{"asset":"points","bucket":"never","amount":-5}],"due":200,"#
                    + #""redeemed":[{"reward":"r","count":1,"cost":5,"value":100}],"#
                    + #""balances":{"points":35},"explain":["#
                    + #"{"step":"redeemed","reward":"r","asset":"points","count":1,"cost":5,"#
                    + #""value":100,"zh-Hant":"兌換禮 1 份，扣 5 點，折 $1.00","#
                    + #""en":"Gift, 1: 5 points for $1.00 off"},"#
                    + #"{"step":"amount-earned","rule":"base","asset":"points","amount":200,"#
                    + #""per":10,"give":1,"points":20,"#
                    + #""zh-Hant":"消費 $2.00，每滿 $0.10 得 1 點 → 20 點","#
                    + #""en":"$2.00 spent, 1 point for each $0.10 → 20 points"}]}"#,
            ]
        )
    }
}
