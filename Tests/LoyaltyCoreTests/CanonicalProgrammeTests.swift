import LoyaltyCore
import Testing

/// The bytes by whose digest a programme is known.
struct CanonicalProgrammeTests {
    /// Every field of a programme, changed one at a time.
    static let changes: [Change] = header + policies + parts + gifts + conditions + benefits

    @Test func `a change of any field of a programme changes its bytes`() {
        var seen: [String: String] = [text(Draft()): "the programme itself"]
        for change in Self.changes {
            var draft = Draft()
            change.make(&draft)
            let text = text(draft)
            #expect(seen[text] == nil, "\(change.name) has the bytes of \(seen[text] ?? "")")
            seen[text] = change.name
        }
    }

    @Test func `sets are written in one order`() {
        for _ in 0..<20 {
            var draft = Draft()
            draft.conditions.stores = Set((0..<9).map { "s\($0)" }.shuffled())
            draft.conditions.weekdays = Set((0..<7).shuffled())
            #expect(
                text(draft).contains(
                    #""stores":["s0","s1","s2","s3","s4","s5","s6","s7","s8"]"#
                )
            )
            #expect(text(draft).contains(#""weekdays":[0,1,2,3,4,5,6]"#))
        }
    }

    @Test func `a programme without codes has the bytes that it had before there were any`() {
        #expect(text(Draft()).contains(#""caps":[]}],"tiers""#))
        #expect(!text(Draft()).contains(#""code""#))
    }

    private func text(_ draft: Draft) -> String {
        String(decoding: draft.programme.canonicalBytes, as: UTF8.self)
    }

    struct Change: Sendable {
        let name: String
        let make: @Sendable (inout Draft) -> Void

        init(_ name: String, _ make: @escaping @Sendable (inout Draft) -> Void) {
            self.name = name
            self.make = make
        }
    }

    static let header: [Change] = [
        Change("name") { $0.name = "other" },
        Change("version") { $0.version = 2 },
        Change("title.zh") { $0.title = LocalText(zhHant: "別", en: "Qingtian") },
        Change("title.en") { $0.title = LocalText(zhHant: "青田咖啡", en: "Other") },
        Change("currency") { $0.currency = "JPY" },
        Change("offset") { $0.calendar = BusinessCalendar(utcOffsetMinutes: 0, dayTurnsAtHour: 0) },
        Change("turn") { $0.calendar = BusinessCalendar(utcOffsetMinutes: 480, dayTurnsAtHour: 4) },
        Change("from") { $0.firstDate = today.adding(days: -99) },
        Change("through") { $0.lastDate = today.adding(days: 99) },
        Change("amountMax") { $0.saleAmountMax = 99 },
        Change("age") { $0.receipts = ReceiptPolicy(ageDaysMax: 4, sellerIDs: []) },
        Change("sellers") { $0.receipts = ReceiptPolicy(ageDaysMax: 3, sellerIDs: ["01234567"]) },
        Change("limits") { $0.saleCaps = [Cap(.member, each: .day, max: 5)] },
        Change("limits.per") { $0.saleCaps = [Cap(.cashier, each: .day, max: 5)] },
        Change("limits.each") { $0.saleCaps = [Cap(.member, each: .week, max: 5)] },
        Change("limits.max") { $0.saleCaps = [Cap(.member, each: .day, max: 6)] },
        Change("cashiersEarn") { $0.cashiersEarn = false },
    ]

    static let policies: [Change] = [
        Change("earningBase") { $0.policies.earningBase = .gross },
        Change("orderDiscounts") { $0.policies.orderDiscounts = .shared },
        Change("spendsOwnPoints") { $0.policies.spendsOwnPoints = true },
        Change("redeemingSaleEarns") { $0.policies.redeemingSaleEarns = false },
        Change("partialRefund") { $0.policies.partialRefund = .byLine },
        Change("tierGate") { $0.policies.tierGate = .thisSaleAlone },
        Change("multipliers") { $0.policies.multipliers = .stack },
        Change("storedValue") { $0.policies.storedValue = .paidFirst },
        Change("ceiling") { $0.policies.ceilingUnit = 100 },
    ]

    static let parts: [Change] = [
        Change("asset") { $0.assets = [AssetRule(.points)] },
        Change("asset.name") { $0.assets = [AssetRule(.voucher("a"))] },
        Change("expiry.days") { $0.assets = [AssetRule(.points, expiry: .days(1))] },
        Change("expiry.month") { $0.assets = [AssetRule(.points, expiry: .monthEnd(months: 1))] },
        Change("expiry.year") { $0.assets = [AssetRule(.points, expiry: .yearEnd(years: 1))] },
        Change("expiry.day") {
            $0.assets = [AssetRule(.points, expiry: .dayOfYear(month: 6, day: 30, years: 1))]
        },
        Change("expiry.on") { $0.assets = [AssetRule(.points, expiry: .on(today))] },
        Change("worth") { $0.assets = [AssetRule(.points, worth: .one)] },
        Change("redeemed") { $0.assets = [AssetRule(.points, redeemedShare: Rate(1, 2))] },
        Change("convert") {
            $0.assets = [AssetRule(.points, conversion: .init(block: 9, into: 1, .voucher("a")))]
        },
        Change("convert.give") {
            $0.assets = [AssetRule(.points, conversion: .init(block: 9, into: 2, .voucher("a")))]
        },
        Change("convert.into") {
            $0.assets = [AssetRule(.points, conversion: .init(block: 9, into: 1, .voucher("b")))]
        },
        Change("card.id") { $0.card.id = "tea" },
        Change("card.title") { $0.card.title = LocalText(zhHant: "茶", en: "Tea") },
        Change("card.reward") { $0.card.reward = LocalText(zhHant: "茶", en: "Tea") },
        Change("card.size") { $0.card.size = 9 },
        Change("card.perVisit") { $0.card.perVisit = 2 },
        Change("card.needsSale") { $0.card.needsSale = true },
        Change("card.guard") { $0.card.guardedBy = .none },
        Change("card.hours") { $0.card.guardedBy = .hours(1) },
        Change("card.completion") { $0.card.completion = .init(1, .points) },
        Change("card.completion.give") { $0.card.completion = .init(2, .points) },
        Change("card.completion.of") { $0.card.completion = .init(1, .voucher("a")) },
        Change("card.next") { $0.card.next = "latte" },
        Change("card.welcome") { $0.card.welcome = 1 },
        Change("card.first") { $0.card.expiry = .fromFirstStamp(days: 9) },
        Change("card.last") { $0.card.expiry = .fromLastStamp(days: 9) },
        Change("counter") { $0.tiers.counter = .visits },
        Change("window") { $0.tiers.window = .calendarYear },
        Change("months") { $0.tiers.window = .rollingMonths(3) },
        Change("downgrade") { $0.tiers.downgrade = .yearEnd },
        Change("level.id") { $0.tiers.id = "silver" },
        Change("level.title") { $0.tiers.title = LocalText(zhHant: "銀", en: "Silver") },
        Change("level.min") { $0.tiers.min = 9 },
        Change("no tiers") { $0.hasTiers = false },
    ]

    static let gifts: [Change] = [
        Change("rule.id") { $0.ruleID = "other" },
        Change("per") { $0.gift = .perAmount(1, per: 36, .points) },
        Change("give") { $0.gift = .perAmount(2, per: 35, .points) },
        Change("of") { $0.gift = .perAmount(1, per: 35, .bonusValue) },
        Change("rate") { $0.gift = .rate(Rate(23, 10), .points) },
        Change("units") { $0.gift = .perUnit(1, per: 35, .points) },
        Change("units.give") { $0.gift = .perUnit(2, per: 35, .points) },
        Change("perSale") { $0.gift = .perSale(1, .points) },
        Change("bonus") { $0.gift = .bonus(1, .points) },
        Change("multiply") { $0.gift = .multiply(Rate(23, 10), .points) },
        Change("odds") { $0.gift = .instantWin(odds: Rate(1, 2), stock: 1, 1, .points) },
        Change("odds.denominator") {
            $0.gift = .instantWin(odds: Rate(1, 3), stock: 1, 1, .points)
        },
        Change("stock") { $0.gift = .instantWin(odds: Rate(1, 2), stock: 2, 1, .points) },
        Change("prize") { $0.gift = .instantWin(odds: Rate(1, 2), stock: 1, 2, .points) },
        Change("group") { $0.group = "g" },
        Change("rule.caps") { $0.ruleCaps = [Cap(.sale, max: 1)] },
        Change("pending") { $0.pendingDays = 7 },
        Change("carry") { $0.carriesRemainder = true },
        Change("stacks") { $0.stacks = true },
    ]

    static let conditions: [Change] = [
        Change("on") { $0.conditions.occasion = .join },
        Change("when.from") { $0.conditions.firstDate = today },
        Change("when.through") { $0.conditions.lastDate = today },
        Change("weekdays") { $0.conditions.weekdays = [1] },
        Change("monthDays") { $0.conditions.monthDays = [1] },
        Change("hours.from") { $0.conditions.minutes = 1..<9 },
        Change("hours.until") { $0.conditions.minutes = 1..<10 },
        Change("stores") { $0.conditions.stores = ["a"] },
        Change("tills") { $0.conditions.tills = ["a"] },
        Change("cashiers") { $0.conditions.cashiers = ["a"] },
        Change("evidence") { $0.conditions.evidence = [.pos] },
        Change("tiers") { $0.conditions.tiers = ["base"] },
        Change("birthday") { $0.conditions.birthday = .day },
        Change("first") { $0.conditions.first = .day },
        Change("awayDays") { $0.conditions.awayDaysMin = 30 },
        Change("amountMin") { $0.conditions.amountMin = 30 },
        Change("amountOf") { $0.conditions.amountOf = .gross },
        Change("quantityMin") { $0.conditions.quantityMin = 30 },
        Change("include.skus") { $0.conditions.include = LineFilter(skus: ["a"]) },
        Change("include.categories") { $0.conditions.include = LineFilter(categories: ["a"]) },
        Change("include.labels") { $0.conditions.include = LineFilter(labels: ["a"]) },
        Change("exclude") { $0.conditions.exclude = LineFilter(skus: ["a"]) },
        Change("codes") { $0.conditions.codes = ["a"] },
        Change("streak") { $0.conditions.streakDays = 3 },
        Change("repeats") { $0.conditions.streakRepeats = true },
        Change("role") { $0.conditions.referral = Referral(.referrer, at: .join) },
        Change("role2") { $0.conditions.referral = Referral(.referred, at: .join) },
        Change("step") { $0.conditions.referral = Referral(.referrer, at: .firstSale) },
        Change("subject") { $0.conditions.subject = "a" },
        Change("visit") { $0.conditions.opensVisit = true },
        Change("holds") { $0.conditions.holds = .init(.points, min: 1) },
        Change("holds.min") { $0.conditions.holds = .init(.points, min: 2) },
        Change("holds.asset") { $0.conditions.holds = .init(.bonusValue, min: 1) },
    ]

    static let benefits: [Change] = [
        Change("reward.id") { $0.rewardID = "other" },
        Change("reward.title") { $0.rewardTitle = LocalText(zhHant: "茶", en: "Tea") },
        Change("free") { $0.benefit = .freeUnits(1) },
        Change("amountOff") { $0.benefit = .amountOff(1) },
        Change("percentOff") { $0.benefit = .percentOff(.one, max: nil) },
        Change("max") { $0.benefit = .percentOff(.one, max: 1) },
        Change("pays") { $0.benefit = .pays(.one) },
        Change("cheapest") { $0.benefit = .cheapestFree },
        Change("gives") { $0.benefit = .gives(1, .points) },
        Change("gives.of") { $0.benefit = .gives(1, .bonusValue) },
        Change("no cost") { $0.cost = nil },
        Change("cost") { $0.cost = Reward.Cost(2, .points) },
        Change("cost.of") { $0.cost = Reward.Cost(1, .bonusValue) },
        Change("reward.when") { $0.rewardConditions.monthDays = [1] },
        Change("reward.caps") { $0.rewardCaps = [Cap(.member, max: 1)] },
        Change("reward.code") { $0.rewardCode = 1 },
        Change("another code") { $0.rewardCode = 2 },
    ]
}
