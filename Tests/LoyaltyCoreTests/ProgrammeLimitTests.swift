import LoyaltyCore
import Testing

/// Every number of a programme at its limit, and one past it.
struct ProgrammeLimitTests {
    @Test(arguments: numbers)
    func `a number is taken at its limits and refused past them`(limit: Limit) {
        for value in [limit.allowed.lowerBound, limit.allowed.upperBound] {
            #expect(limit.error(value) == nil, "\(limit.field) at \(value)")
        }
        for value in [limit.allowed.lowerBound - 1, limit.allowed.upperBound + 1] {
            #expect(
                limit.error(value)
                    == .outOfRange(field: limit.field, value: value, allowed: limit.allowed)
            )
        }
    }

    static let numbers: [Limit] = headNumbers + cardNumbers + ruleNumbers + rewardNumbers

    static let headNumbers: [Limit] = [
        Limit("version", 1...2_147_483_647) { $0.version = $1 },
        Limit("dayTurnsAtHour", 0...23) {
            $0.calendar = BusinessCalendar(utcOffsetMinutes: 480, dayTurnsAtHour: Int($1))
        },
        Limit("utcOffset in minutes", -720...840) {
            $0.calendar = BusinessCalendar(utcOffsetMinutes: Int($1), dayTurnsAtHour: 0)
        },
        Limit("amountMax", 1...8_589_934_592) { $0.saleAmountMax = $1 },
        Limit("receipts.ageDaysMax", 0...366) {
            $0.receipts = ReceiptPolicy(ageDaysMax: $1, sellerIDs: [])
        },
        Limit("policies.redemptionCeiling", 1...8_589_934_592) { $0.policies.ceilingUnit = $1 },
        Limit("limits.2.max", 1...8_589_934_592) {
            $0.saleCaps = [Cap(.cashier, max: 1), Cap(.member, each: .day, max: $1)]
        },
        Limit("tiers.window", 1...36) { $0.tiers.window = .rollingMonths($1) },
        Limit("asset points: expiry", 0...3_660) {
            $0.assets = [AssetRule(.points, expiry: .days($1))]
        },
        Limit("asset points: expiry", 0...120) {
            $0.assets = [AssetRule(.points, expiry: .monthEnd(months: $1))]
        },
        Limit("asset points: expiry", 0...10) {
            $0.assets = [AssetRule(.points, expiry: .yearEnd(years: $1))]
        },
        Limit("asset points: expiry.years", 0...10) {
            $0.assets = [AssetRule(.points, expiry: .dayOfYear(month: 6, day: 30, years: $1))]
        },
        Limit("asset points: worth", 1...1_048_576) {
            $0.assets = [AssetRule(.points, worth: Rate($1))]
        },
        Limit("asset points: convert.each", 1...8_589_934_592) {
            $0.assets = [AssetRule(.points, conversion: .init(block: $1, into: 1, .voucher("a")))]
        },
        Limit("asset points: convert.give", 1...1_048_576) {
            $0.assets = [AssetRule(.points, conversion: .init(block: 1, into: $1, .voucher("a")))]
        },
    ]

    static let cardNumbers: [Limit] = [
        Limit("card latte: stamps", 1...50) { $0.card.size = $1 },
        Limit("card latte: perVisit", 0...10) { $0.card.perVisit = $1 },
        Limit("card latte: guard hours", 1...168) { $0.card.guardedBy = .hours($1) },
        Limit("card latte: welcome", 0...9) { $0.card.welcome = $1 },
        Limit("card latte: completion.give", 1...1_048_576) {
            $0.card.completion = .init($1, .points)
        },
        Limit("card latte: expiry", 1...3_660) { $0.card.expiry = .fromLastStamp(days: $1) },
        Limit("card latte: expiry", 1...3_660) { $0.card.expiry = .fromFirstStamp(days: $1) },
    ]

    static let ruleNumbers: [Limit] = [
        Limit("rule base: per", 1...8_589_934_592) { $0.gift = .perAmount(1, per: $1, .points) },
        Limit("rule base: give", 1...1_048_576) { $0.gift = .perAmount($1, per: 1, .points) },
        Limit("rule base: perUnits", 1...8_589_934_592) {
            $0.gift = .perUnit(1, per: $1, .points)
        },
        Limit("rule base: give", 1...1_048_576) { $0.gift = .perUnit($1, per: 1, .points) },
        Limit("rule base: give", 1...1_048_576) { $0.gift = .perSale($1, .points) },
        Limit("rule base: bonus", 1...1_048_576) { $0.gift = .bonus($1, .points) },
        Limit("rule base: rate", 1...1_048_576) { $0.gift = .rate(Rate($1), .points) },
        Limit("rule base: rate", 1...1_048_576) { $0.gift = .rate(Rate(1, $1), .points) },
        Limit("rule base: multiply", 1...1_048_576) { $0.gift = .multiply(Rate($1), .points) },
        Limit("rule base: win.stock", 1...8_589_934_592) {
            $0.gift = .instantWin(odds: .one, stock: $1, 1, .points)
        },
        Limit("rule base: win.give", 1...1_048_576) {
            $0.gift = .instantWin(odds: .one, stock: 1, $1, .points)
        },
        Limit("rule base: pendingDays", 0...366) { $0.pendingDays = $1 },
        Limit("rule base: caps.1.max", 1...8_589_934_592) { $0.ruleCaps = [Cap(.sale, max: $1)] },
        Limit("rule base: when.weekdays", 0...6) { $0.conditions.weekdays = [Int($1)] },
        Limit("rule base: when.monthDays", 1...31) { $0.conditions.monthDays = [Int($1)] },
        Limit("rule base: when.awayDays", 1...3_660) { $0.conditions.awayDaysMin = $1 },
        Limit("rule base: when.amountMin", 1...8_589_934_592) { $0.conditions.amountMin = $1 },
        Limit("rule base: when.quantityMin", 1...8_589_934_592) {
            $0.conditions.quantityMin = $1
        },
        Limit("rule base: when.streak", 1...3_660) { $0.conditions.streakDays = $1 },
        Limit("rule base: when.holds.min", 1...8_589_934_592) {
            $0.conditions.holds = .init(.points, min: $1)
        },
        Limit("rule base: when.hours.from", 0...1_439) {
            $0.conditions.minutes = Int($1)..<(Int($1) + 1)
        },
    ]

    static let rewardNumbers: [Limit] = [
        Limit("reward pen: cost.give", 1...8_589_934_592) { $0.cost = Reward.Cost($1, .points) },
        Limit("reward pen: freeUnits", 1...1_048_576) { $0.benefit = .freeUnits($1) },
        Limit("reward pen: amountOff", 1...8_589_934_592) { $0.benefit = .amountOff($1) },
        Limit("reward pen: max", 1...8_589_934_592) {
            $0.benefit = .percentOff(.one, max: $1)
        },
        Limit("reward pen: gives", 1...1_048_576) { $0.benefit = .gives($1, .points) },
        Limit("reward pen: pays", 1...1_048_576) { $0.benefit = .pays(Rate($1)) },
        Limit("reward pen: caps.1.max", 1...8_589_934_592) {
            $0.rewardCaps = [Cap(.member, max: $1)]
        },
        Limit("reward pen: when.amountMin", 1...8_589_934_592) {
            $0.rewardConditions.amountMin = $1
        },
    ]

    /// Lists, by how many elements they may have.
    @Test(arguments: [
        Limit("number of cards", 0...16) { draft, count in
            draft.cards = (0..<count).map { makeCard("c\($0)", guardedBy: .none) }
        },
        Limit("number of rules", 1...1_000) { draft, count in
            draft.moreRules = (1..<count).map { Rule(id: "r\($0)", per: 1, give: 1) }
        },
        Limit("number of rewards", 1...200) { draft, count in
            draft.moreRewards = (1..<count).map {
                Reward(id: "r\($0)", title: draft.title, benefit: .handOver, cost: nil)
            }
        },
        Limit("number of assets", 0...64) { draft, count in
            draft.assets = (0..<count).map { AssetRule(.voucher("v\($0)")) }
        },
        Limit("number of limits", 0...8) { draft, count in
            draft.saleCaps = (0..<count).map { Cap(.member, max: $0 + 1) }
        },
        Limit("rule base: number of caps", 0...8) { draft, count in
            draft.ruleCaps = (0..<count).map { Cap(.sale, max: $0 + 1) }
        },
        Limit("reward pen: number of caps", 0...8) { draft, count in
            draft.rewardCaps = (0..<count).map { Cap(.sale, max: $0 + 1) }
        },
        Limit("tiers.number of levels", 1...10) { draft, count in
            draft.ladder = (0..<count).map { .init(id: "t\($0)", title: draft.title, min: $0) }
        },
        Limit("rule base: when.number of codes", 0...5_000) { draft, count in
            draft.conditions.codes = Set((0..<count).map { "c\($0)" })
        },
        Limit("rule base: when.number of exclude.skus", 0...5_000) { draft, count in
            draft.conditions.exclude = LineFilter(skus: Set((0..<count).map { "c\($0)" }))
        },
    ])
    func `a list has as many elements as its limit says`(limit: Limit) {
        let most = limit.allowed.upperBound
        #expect(limit.error(limit.allowed.lowerBound) == nil)
        #expect(limit.error(most) == nil)
        guard case .outOfRange(let field, most + 1, _) = limit.error(most + 1)
        else {
            Issue.record("\(limit.field): \(String(describing: limit.error(most + 1)))")
            return
        }
        #expect(field == limit.field)
    }

    @Test(arguments: [
        Change("asset points: redeemed") {
            $0.assets = [AssetRule(.points, redeemedShare: Rate(3, 2))]
        },
        Change("rule base: win.odds") {
            $0.gift = .instantWin(odds: Rate(3, 2), stock: 1, 1, .points)
        },
        Change("reward pen: percentOff") { $0.benefit = .percentOff(Rate(201, 2), max: nil) },
    ])
    func `a share is at most all`(change: Change) {
        guard case .shareAbove(change.field, _, _) = change.error
        else {
            Issue.record("\(change.field): \(String(describing: change.error))")
            return
        }
    }

    @Test func `a whole share is taken`() {
        var draft = Draft()
        draft.assets = [AssetRule(.points, redeemedShare: .one)]
        draft.gift = .instantWin(odds: .one, stock: 1, 1, .points)
        draft.benefit = .percentOff(Rate(100), max: nil)

        #expect(draft.error == nil)
    }

    @Test(arguments: [(1, true), (80, true), (0, false), (81, false)])
    func `a word has 1 to 80 characters`(count: Int, isAllowed: Bool) {
        let word = String(repeating: "店", count: count)
        var draft = Draft()
        draft.conditions.stores = [word]

        let expected = ProgrammeError.unfitWord(field: "rule base: when.stores", word: word)
        #expect(draft.error == (isAllowed ? nil : expected))
    }

    @Test(arguments: [
        Change("card latte: next") { $0.card.next = "tea" },
        Change("card latte: completion.of") {
            $0.card.completion = .init(1, .stamps(ofCard: "tea"))
        },
        Change("asset stamps/tea: asset") {
            $0.assets = [AssetRule(.stamps(ofCard: "tea"))]
        },
        Change("asset points: convert.into") {
            let card = Asset.stamps(ofCard: "tea")
            $0.assets = [AssetRule(.points, conversion: .init(block: 1, into: 1, card))]
        },
        Change("rule base: of") { $0.gift = .bonus(1, .stamps(ofCard: "tea")) },
        Change("rule base: when.holds.asset") {
            $0.conditions.holds = .init(.stamps(ofCard: "tea"), min: 1)
        },
        Change("reward pen: cost.of") {
            $0.cost = Reward.Cost(1, .stamps(ofCard: "tea"))
        },
        Change("reward pen: of") {
            $0.benefit = .gives(1, .stamps(ofCard: "tea"))
        },
    ])
    func `a card that is named exists`(change: Change) {
        #expect(change.error == .unknownCard(field: change.field, card: "tea"))
    }

    @Test func `a tier that is named exists`() {
        var draft = Draft()
        draft.conditions.tiers = ["gold", "platinum"]
        #expect(
            draft.error == .unknownTier(field: "rule base: when.tiers", tier: "platinum")
        )

        draft.conditions.tiers = ["gold"]
        #expect(draft.error == nil)
        draft.hasTiers = false
        #expect(draft.error == .unknownTier(field: "rule base: when.tiers", tier: "gold"))
    }

    @Test(arguments: [
        (thresholds: [Int64(1)], field: "tier t0: min"),
        (thresholds: [0, 10, 10], field: "tier t2: min"),
        (thresholds: [0, 10, 9], field: "tier t2: min"),
        (thresholds: [0, -1], field: "tier t1: min"),
    ])
    func `tiers rise from 0`(thresholds: [Int64], field: String) {
        var draft = Draft()
        draft.ladder = thresholds.enumerated().map {
            .init(id: "t\($0)", title: draft.title, min: $1)
        }

        #expect(draft.error?.field == field)
    }

    @Test(arguments: [CapScope.sale, .programme])
    func `sales are limited for a member or a cashier`(scope: CapScope) {
        var draft = Draft()
        draft.saleCaps = [Cap(scope, max: 1)]

        #expect(draft.error == .unfitScope(field: "limits.1.per", scope))
    }

    @Test func `points pay one by one`() {
        var draft = Draft()
        draft.benefit = .pays(.one)
        draft.cost = nil
        #expect(draft.error == .costMissing(field: "reward pen: pays"))

        draft.cost = Reward.Cost(2, .points)
        #expect(draft.error?.field == "reward pen: cost.give")
    }

    @Test func `of one thing one thing is said`() {
        var draft = Draft()
        draft.assets = [AssetRule(.points), AssetRule(.points, expiry: .days(1))]
        #expect(draft.error == .duplicateAsset(.points))

        draft = Draft()
        draft.moreRewards = [
            Reward(id: "pen", title: draft.title, benefit: .handOver, cost: nil)
        ]
        #expect(draft.error == .duplicateIdentifier("pen"))

        draft = Draft()
        draft.tiers.id = "base"
        #expect(draft.error == .duplicateIdentifier("base"))
    }
}

/// A number or a list of a programme, and the limits within which it must be.
struct Limit: Sendable, CustomTestStringConvertible {
    let field: String
    let allowed: ClosedRange<Int64>
    let set: @Sendable (inout Draft, Int64) -> Void

    init(
        _ field: String,
        _ allowed: ClosedRange<Int64>,
        _ set: @escaping @Sendable (inout Draft, Int64) -> Void
    ) {
        self.field = field
        self.allowed = allowed
        self.set = set
    }

    var testDescription: String { "\(field): \(allowed)" }

    func error(_ value: Int64) -> ProgrammeError? {
        var draft = Draft()
        set(&draft, value)
        return draft.error
    }
}

/// A change of a programme that makes one field wrong.
struct Change: Sendable, CustomTestStringConvertible {
    let field: String
    let make: @Sendable (inout Draft) -> Void

    init(_ field: String, _ make: @escaping @Sendable (inout Draft) -> Void) {
        self.field = field
        self.make = make
    }

    var testDescription: String { field }

    var error: ProgrammeError? {
        var draft = Draft()
        make(&draft)
        return draft.error
    }
}
