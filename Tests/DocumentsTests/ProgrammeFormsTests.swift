import Documents
import LoyaltyCore
import Testing

/// Every form in which a programme's file can say something, and what it comes to.
struct ProgrammeFormsTests {
    @Test(arguments: ruleForms)
    func `a rule gives what its form says`(form: Form<Rule>) throws {
        #expect(try form.programme(Self.ruleFrame).rules.last == form.expected)
    }

    @Test(arguments: conditionForms)
    func `a condition asks what its words say`(form: Form<Conditions>) throws {
        #expect(try form.programme(Self.conditionFrame).rules.last?.conditions == form.expected)
    }

    @Test(arguments: rewardForms)
    func `a reward does what its form says`(form: Form<Reward>) throws {
        let yaml = form.yaml.replacing(
            "{",
            with: "{id: a, title: {zh-Hant: 禮, en: Gift}, ",
            maxReplacements: 1
        )
        let programme = try Form(yaml, form.expected).programme(Self.rewardFrame)
        #expect(programme.rewards == [form.expected])
    }

    @Test(arguments: expiryForms)
    func `an asset expires when its form says`(form: Form<Expiry>) throws {
        #expect(try form.programme(Self.expiryFrame).assets.map(\.expiry) == [form.expected])
    }

    static let ruleForms: [Form<Rule>] = [
        Form<Rule>("{id: a, per: 35, give: 1}", Rule(id: "a", per: 35, give: 1)),
        Form<Rule>("{id: a, rate: 2.3}", Rule(id: "a", gift: .rate(Rate(23, 10), .points))),
        Form<Rule>("{id: a, rate: 23/10}", Rule(id: "a", gift: .rate(Rate(23, 10), .points))),
        Form<Rule>(
            "{id: a, give: 2, perUnits: 3, of: ticket/may}",
            Rule(id: "a", gift: .perUnit(2, per: 3, .ticket(ofDraw: "may")))
        ),
        Form<Rule>("{id: a, give: 10, perSale: true}", Rule(id: "a", gift: .perSale(10, .points))),
        Form<Rule>(
            "{id: a, bonus: 50, of: value/bonus, when: {on: topUp}}",
            rule(.bonus(50, .bonusValue)) { $0.occasion = .topUp }
        ),
        Form<Rule>(
            "{id: a, multiply: 3/2, stacks: true}",
            Rule(id: "a", gift: .multiply(Rate(3, 2), .points), stacks: true)
        ),
        Form<Rule>(
            "{id: a, win: {odds: 1/20, stock: 100}, of: voucher/latte}",
            Rule(id: "a", gift: .instantWin(odds: Rate(1, 20), stock: 100, 1, .voucher("latte")))
        ),
        Form<Rule>(
            """
            {id: a, per: 1, give: 1, group: g, pendingDays: 7, carryRemainder: true,
              caps: [{per: sale, max: 9}, {per: member, each: month, max: 10},
                {per: programme, max: 11}]}
            """,
            Rule(
                id: "a",
                gift: .perAmount(1, per: 1, .points),
                group: "g",
                caps: [
                    Cap(.sale, max: 9), Cap(.member, each: .month, max: 10),
                    Cap(.programme, max: 11),
                ],
                pendingDays: 7,
                carriesRemainder: true
            )
        ),
    ]

    static let conditionForms: [Form<Conditions>] = [
        asking("{from: 2026-03-01, through: 2026-03-31}") {
            $0.firstDate = BusinessDate("2026-03-01")
            $0.lastDate = BusinessDate("2026-03-31")
        },
        asking("{weekdays: [mon, sun], monthDays: [18, 28]}") {
            $0.weekdays = [0, 6]
            $0.monthDays = [18, 28]
        },
        asking("{hours: {from: \"14:00\", until: \"17:30\"}}") { $0.minutes = 840..<1_050 },
        asking("{hours: {from: \"22:00\", until: \"02:00\"}}") { $0.minutes = 1_320..<1_560 },
        asking("{hours: {from: \"00:00\", until: \"24:00\"}}") { $0.minutes = 0..<1_440 },
        asking("{stores: [taipei], tills: [\"1\"], cashiers: [amy], evidence: [pos, eInvoice]}") {
            $0.stores = ["taipei"]
            $0.tills = ["1"]
            $0.cashiers = ["amy"]
            $0.evidence = [.pos, .eInvoice]
        },
        asking("{tiers: [gold], birthday: week, first: month, awayDays: 30}") {
            $0.tiers = ["gold"]
            $0.birthday = .week
            $0.first = .month
            $0.awayDaysMin = 30
        },
        asking("{amountMin: 1000, amountOf: gross, quantityMin: 2, codes: [PROMO10]}") {
            $0.amountMin = 1_000
            $0.amountOf = .gross
            $0.quantityMin = 2
            $0.codes = ["PROMO10"]
        },
        asking("{include: {skus: {list: drinks}, labels: [hot]}, exclude: {categories: [gift]}}") {
            $0.include = LineFilter(skus: ["S1", "S2"], labels: ["hot"])
            $0.exclude = LineFilter(categories: ["gift"])
        },
        asking("{include: {skus: [A, \"4710088\"]}}") {
            $0.include = LineFilter(skus: ["A", "4710088"])
        },
        asking("{on: checkIn, streak: 3}") {
            $0.occasion = .checkIn
            $0.streakDays = 3
        },
        asking("{on: checkIn, streak: {days: 7, repeats: true}}") {
            $0.occasion = .checkIn
            $0.streakDays = 7
            $0.streakRepeats = true
        },
        asking("{referral: {role: referrer, at: firstSale}}") {
            $0.occasion = .referral
            $0.referral = Referral(.referrer, at: .firstSale)
        },
        asking("{on: join, referral: {role: referred, at: join}}") {
            $0.occasion = .join
            $0.referral = Referral(.referred, at: .join)
        },
        asking("{referral: {role: referred, at: everySale}}") {
            $0.referral = Referral(.referred, at: .everySale)
        },
        asking("{on: survey, subject: csat}") {
            $0.occasion = .survey
            $0.subject = "csat"
        },
        asking("{visit: true, holds: {asset: pass/prime}}") {
            $0.opensVisit = true
            $0.holds = Conditions.Holding(.pass("prime"), min: 1)
        },
    ]

    static let rewardForms: [Form<Reward>] = [
        Form<Reward>(
            "{freeUnits: 2, cost: {give: 3}}",
            reward(.freeUnits(2), Reward.Cost(3, .points))
        ),
        Form<Reward>(
            "{amountOff: 10, cost: {give: 2}}",
            reward(.amountOff(10), Reward.Cost(2, .points))
        ),
        Form<Reward>("{percentOff: 12.5}", reward(.percentOff(Rate(125, 10), max: nil), nil)),
        Form<Reward>("{percentOff: 10, max: 300}", reward(.percentOff(Rate(10), max: 300), nil)),
        Form<Reward>(
            "{pays: 0.1, cost: {give: 1}}",
            reward(.pays(Rate(1, 10)), Reward.Cost(1, .points))
        ),
        Form<Reward>("{cheapestFree: true}", reward(.cheapestFree, nil)),
        Form<Reward>(
            "{handOver: true, cost: {give: 5, of: stamps/latte}}",
            reward(.handOver, Reward.Cost(5, .stamps(ofCard: "latte")))
        ),
        Form<Reward>(
            "{gives: 1, of: voucher/tea, cost: {give: 30}}",
            reward(.gives(1, .voucher("tea")), Reward.Cost(30, .points))
        ),
    ]

    static let expiryForms: [Form<Expiry>] = [
        Form<Expiry>("never", Expiry.never), Form<Expiry>("{days: 30}", .days(30)),
        Form<Expiry>("{monthEnd: 12}", .monthEnd(months: 12)),
        Form<Expiry>("{yearEnd: 1}", .yearEnd(years: 1)),
        Form<Expiry>("{day: \"06-30\", years: 1}", .dayOfYear(month: 6, day: 30, years: 1)),
        Form<Expiry>("{day: 02-29}", .dayOfYear(month: 2, day: 29, years: 0)),
    ]

    static let head = """
        programme: p
        version: 1
        title: {zh-Hant: 集點, en: Rewards}
        currency: TWD
        utcOffset: "+08:00"
        from: 2026-01-01
        through: 2026-12-31
        amountMax: 100000
        lists: {drinks: [S1, S2]}
        tiers:
          levels:
            - {id: base, title: {zh-Hant: 一, en: One}, min: 0}
            - {id: gold, title: {zh-Hant: 金, en: Gold}, min: 10}
        cards:
          - {id: latte, title: {zh-Hant: 卡, en: Card}, reward: {zh-Hant: 禮, en: Gift}, stamps: 5}

        """
    static let earning = """
        rules:
          - {id: base, per: 35, give: 1}
          - {id: prime, bonus: 1, of: pass/prime, when: {codes: [P]}}

        """
    static let ruleFrame = head + earning + "  - "
    static let conditionFrame = head + earning + "  - {id: x, bonus: 1, when: "
    static let rewardFrame = head + earning + "rewards:\n  - "
    static let expiryFrame = head + earning + "assets:\n  - {asset: points, expiry: "

    private static func asking(
        _ yaml: String,
        _ change: (inout Conditions) -> Void
    ) -> Form<Conditions> {
        var conditions = Conditions()
        change(&conditions)
        return Form(yaml, conditions)
    }

    private static func rule(_ gift: Gift, _ change: (inout Conditions) -> Void) -> Rule {
        var conditions = Conditions()
        change(&conditions)
        return Rule(id: "a", conditions: conditions, gift: gift)
    }

    private static func reward(_ benefit: Reward.Benefit, _ cost: Reward.Cost?) -> Reward {
        Reward(
            id: "a",
            title: LocalText(zhHant: "禮", en: "Gift"),
            benefit: benefit,
            cost: cost
        )
    }
}

/// What a file says at one place, and what it means.
struct Form<Meaning: Sendable>: Sendable, CustomTestStringConvertible {
    let yaml: String
    let expected: Meaning

    init(_ yaml: String, _ expected: Meaning) {
        self.yaml = yaml
        self.expected = expected
    }

    var testDescription: String { yaml }

    /// The programme that has the form behind a frame, whose open brackets are closed.
    func programme(_ frame: String) throws -> Programme {
        let line = frame.split(separator: "\n").last ?? ""
        let openCount = line.count { $0 == "{" } - line.count { $0 == "}" }
        let text = frame + yaml + String(repeating: "}", count: openCount) + "\n"
        return try ProgrammeDocument.programme(from: text, file: "p.yaml")
    }
}
