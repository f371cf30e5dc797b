import LoyaltyCore

/// Programmes that a seed decides, of few articles and places so that much matches.
struct RandomProgramme {
    static let skus = ["S1", "S2", "S3", "S4", "S5"]
    static let categories = ["drink", "food", "bean"]
    static let labels = ["new", "sale"]
    static let stores = ["taipei", "tainan"]
    static let tills = ["1", "2"]
    static let cashiers = ["amy", "bob"]
    static let codes = ["PROMO10", "WELCOME"]
    static let tiers = ["basic", "gold", "black"]
    static let firstDate = BusinessDate(dayNumber: 20_700)
    static let lastDate = BusinessDate(dayNumber: 21_600)
    /// What rules give, the commonest most often.
    static let assets: [Asset] = [
        .points, .points, .points, .ticket(ofDraw: "moon"), .voucher("latte"),
    ]

    var numbers: SeededGenerator

    init(_ numbers: SeededGenerator) {
        self.numbers = numbers
    }

    /// Makes a programme; the rules are as many as asked for.
    mutating func make(ruleCount: Int) -> Programme {
        let ladder = numbers.chance(40) ? makeLadder() : nil
        let cards = numbers.chance(50) ? makeCards() : []
        var rules: [Rule] = []
        for number in 0..<ruleCount { rules.append(makeRule("r\(number)", ladder, cards)) }
        var rewards: [Reward] = []
        for number in 0..<numbers.below(5) {
            rewards.append(makeReward("w\(number)", ladder, cards))
        }
        do {
            return try Programme(
                name: "random",
                version: 1,
                title: Self.text,
                currency: "TWD",
                calendar: .taipei,
                firstDate: Self.firstDate,
                lastDate: Self.lastDate,
                saleAmountMax: 100_000,
                receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: []),
                cards: cards,
                rules: rules,
                policies: makePolicies(),
                assets: makeAssetRules(),
                rewards: rewards,
                tiers: ladder,
                saleCaps: makeSaleCaps(),
                cashiersEarn: numbers.chance(80)
            )
        } catch {
            preconditionFailure("the random programme is wrong: \(error)")
        }
    }

    static let text = LocalText(zhHant: "字", en: "word")

    private mutating func makePolicies() -> Policies {
        Policies(
            earningBase: numbers.pick([.afterDiscounts] + Policies.EarningBase.allCases),
            orderDiscounts: numbers.pick(Policies.OrderDiscounts.allCases),
            spendsOwnPoints: numbers.chance(30),
            redeemingSaleEarns: numbers.chance(85),
            partialRefund: numbers.pick(Policies.PartialRefund.allCases),
            tierGate: numbers.pick(Policies.TierGate.allCases),
            multipliers: numbers.pick(Policies.Multipliers.allCases),
            storedValue: numbers.pick(Policies.StoredValue.allCases),
            ceilingUnit: numbers.pick([1, 1, 100])
        )
    }

    private mutating func makeAssetRules() -> [AssetRule] {
        let expiries: [Expiry] = [
            .never, .days(3), .days(30), .monthEnd(months: 0), .monthEnd(months: 12),
            .yearEnd(years: 1), .dayOfYear(month: 6, day: 30, years: 1),
        ]
        var rules: [AssetRule] = []
        if numbers.chance(60) {
            rules.append(
                AssetRule(
                    .points,
                    expiry: numbers.pick(expiries),
                    worth: Rate(1, 10),
                    conversion: numbers.chance(40)
                        ? AssetRule.Conversion(block: 10, into: 1, .voucher("latte")) : nil
                )
            )
        }
        if numbers.chance(30) {
            rules.append(AssetRule(.voucher("latte"), expiry: numbers.pick(expiries)))
        }
        return rules
    }

    private mutating func makeSaleCaps() -> [Cap] {
        guard numbers.chance(15) else { return [] }
        return [
            Cap(
                numbers.pick([.member, .cashier]),
                each: numbers.pick([.day, .week, .month]),
                max: numbers.within(1...4)
            )
        ]
    }

    private mutating func makeLadder() -> TierLadder {
        let counter = numbers.pick(TierLadder.Counter.allCases)
        let step: Int64 = counter == .spend ? 1_000 : counter == .visits ? 2 : 20
        return TierLadder(
            counter: counter,
            window: numbers.pick([
                .lifetime, .calendarYear, .rollingMonths(1), .rollingMonths(3), .rollingMonths(12),
            ]),
            downgrade: numbers.pick(TierLadder.Downgrade.allCases),
            tiers: Self.tiers.enumerated().map { number, id in
                TierLadder.Tier(id: id, title: Self.text, min: Int64(number) * step)
            }
        )
    }

    private mutating func makeCards() -> [StampCard] {
        let isChain = numbers.chance(30)
        let expiry: CardExpiry = numbers.pick([
            .never, .never, .fromFirstStamp(days: 20), .fromLastStamp(days: 20),
        ])
        var cards: [StampCard] = []
        for id in isChain ? ["green", "gold"] : ["green"] {
            let size = numbers.within(2...5)
            let hasCompletion = isChain || numbers.chance(60)
            cards.append(
                StampCard(
                    id: id,
                    title: Self.text,
                    reward: Self.text,
                    size: size,
                    stampsPerVisit: numbers.within(1...2),
                    needsSale: numbers.chance(50),
                    doubleGrantGuard: numbers.pick([.none, .businessDay, .hours(2)]),
                    completion: hasCompletion
                        ? StampCard.Completion(1, numbers.pick([.voucher("latte"), .points])) : nil,
                    next: isChain && id == "green" ? "gold" : nil,
                    welcomeStamps: numbers.chance(20) ? 1 : 0,
                    expiry: expiry
                )
            )
        }
        return cards
    }
}

extension RandomProgramme {
    /// Makes a rule of any kind.
    mutating func makeRule(_ id: String, _ ladder: TierLadder?, _ cards: [StampCard]) -> Rule {
        let gift = makeGift(cards)
        let isMultiplier = if case .multiply = gift { true } else { false }
        return Rule(
            id: id,
            conditions: makeConditions(ladder, isReward: false),
            gift: gift,
            group: isMultiplier ? nil : numbers.maybe(15, ["a"]),
            caps: isMultiplier ? [] : makeCaps(),
            pendingDays: isMultiplier ? 0 : numbers.maybe(10, [1, 7]) ?? 0,
            carriesRemainder: !isMultiplier && numbers.chance(10),
            stacks: numbers.chance(25)
        )
    }

    private mutating func makeGift(_ cards: [StampCard]) -> Gift {
        var asset = numbers.pick(Self.assets)
        if let card = cards.first, numbers.chance(10) { asset = card.asset }
        switch numbers.below(14) {
        case 0..<3:
            return .perAmount(numbers.within(1...3), per: numbers.pick([10, 35, 100, 350]), asset)
        case 3..<5:
            return .rate(numbers.pick([Rate(1, 10), Rate(23, 100), Rate(1, 100), .one]), asset)
        case 5..<7: return .perUnit(numbers.within(1...2), per: numbers.within(1...2), asset)
        case 7..<9: return .perSale(numbers.within(1...10), asset)
        case 9: return .bonus(numbers.pick([1, 5, 50]), asset)
        case 10..<13:
            return .multiply(numbers.pick([Rate(2), Rate(3), Rate(3, 2), Rate(1, 2)]), asset)
        default: return .instantWin(odds: Rate(1, 3), stock: 2, 1, asset)
        }
    }

    private mutating func makeCaps() -> [Cap] {
        var caps: [Cap] = []
        while caps.count < 2, numbers.chance(12) {
            caps.append(
                Cap(
                    numbers.pick(CapScope.allCases),
                    each: numbers.pick(LimitPeriod.allCases),
                    max: numbers.pick([1, 3, 10, 40])
                )
            )
        }
        return caps
    }

    private mutating func makeFilter() -> LineFilter {
        switch numbers.below(3) {
        case 0: LineFilter(skus: [numbers.pick(Self.skus), numbers.pick(Self.skus)])
        case 1: LineFilter(categories: [numbers.pick(Self.categories)])
        default:
            LineFilter(skus: [numbers.pick(Self.skus)], labels: [numbers.pick(Self.labels)])
        }
    }

    mutating func makeConditions(_ ladder: TierLadder?, isReward: Bool) -> Conditions {
        var conditions = Conditions()
        conditions.include = numbers.chance(30) ? makeFilter() : nil
        conditions.exclude = numbers.chance(12) ? makeFilter() : nil
        conditions.amountMin = numbers.maybe(15, [100, 350, 1_000])
        conditions.amountOf = numbers.pick(Conditions.AmountKind.allCases)
        conditions.quantityMin = numbers.maybe(8, [1, 2, 3])
        if numbers.chance(8) { conditions.weekdays = [0, 1, 2, 5] }
        if numbers.chance(5) { conditions.monthDays = [18, 28] }
        if numbers.chance(5) { conditions.minutes = numbers.pick([840..<1_020, 1_320..<1_560]) }
        if numbers.chance(6) { conditions.stores = [numbers.pick(Self.stores)] }
        if numbers.chance(4) { conditions.tills = [numbers.pick(Self.tills)] }
        if numbers.chance(4) { conditions.cashiers = [numbers.pick(Self.cashiers)] }
        if numbers.chance(6) { conditions.codes = [numbers.pick(Self.codes)] }
        if numbers.chance(8) {
            conditions.firstDate = Self.firstDate.adding(days: Int(numbers.within(50...90)))
            conditions.lastDate = conditions.firstDate?.adding(days: Int(numbers.within(0...40)))
        }
        conditions.birthday = numbers.maybe(6, BirthdayWindow.allCases)
        if ladder != nil, numbers.chance(15) { conditions.tiers = [numbers.pick(Self.tiers)] }
        if numbers.chance(4) {
            conditions.holds = Conditions.Holding(.voucher("latte"), min: 1)
        }
        if !isReward { addOccasion(&conditions) }
        return conditions
    }

    private mutating func addOccasion(_ conditions: inout Conditions) {
        conditions.evidence = numbers.chance(6) ? [numbers.pick(Evidence.allCases)] : []
        conditions.opensVisit = numbers.chance(6)
        conditions.first = numbers.maybe(6, [.ever, .day, .month])
        conditions.awayDaysMin = numbers.maybe(4, [2, 30])
        switch numbers.below(40) {
        case 0..<3:
            conditions.occasion = .checkIn
            conditions.streakDays = numbers.maybe(70, [2, 3])
            conditions.streakRepeats = numbers.chance(50)
        case 3: conditions.occasion = .join
        case 4: conditions.occasion = .topUp
        case 5:
            conditions.occasion = .vote
            conditions.subject = numbers.maybe(50, ["song"])
        case 6:
            conditions.referral = Referral(
                numbers.pick(Referral.Role.allCases),
                at: numbers.pick(Referral.Step.allCases)
            )
        case 7: conditions.occasion = .birthday
        default: break
        }
    }

    mutating func makeReward(_ id: String, _ ladder: TierLadder?, _ cards: [StampCard]) -> Reward {
        var asset: Asset = numbers.pick([.points, .points, .points, .voucher("latte")])
        if let card = cards.first, numbers.chance(10) { asset = card.asset }
        var cost: Reward.Cost? = Reward.Cost(numbers.pick([1, 2, 3, 10]), asset)
        let benefit: Reward.Benefit
        switch numbers.below(10) {
        case 0..<2: benefit = .freeUnits(numbers.within(1...2))
        case 2..<4: benefit = .amountOff(numbers.pick([10, 50, 99, 500]))
        case 4..<6:
            benefit = .percentOff(numbers.pick([Rate(10), Rate(12), Rate(25, 2)]), max: nil)
        case 6:
            benefit = .pays(numbers.pick([.one, Rate(3), Rate(1, 3)]))
            cost = Reward.Cost(1, asset)
        case 7: benefit = .cheapestFree
        case 8: benefit = .handOver
        default: benefit = .gives(1, .ticket(ofDraw: "moon"))
        }
        if case .pays = benefit {} else if numbers.chance(15) { cost = nil }
        var conditions = makeConditions(ladder, isReward: true)
        switch benefit {
        case .pays, .handOver, .gives: (conditions.include, conditions.exclude) = (nil, nil)
        default: break
        }
        return Reward(
            id: id,
            title: Self.text,
            benefit: benefit,
            cost: cost,
            conditions: conditions,
            caps: numbers.chance(20) ? makeCaps() : []
        )
    }
}
