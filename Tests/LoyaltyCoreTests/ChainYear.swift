import LoyaltyCore

/// A generated year of a chain of stores: its programme, its members and what they do.
struct ChainYear {
    static let storeCount = 100
    static let memberCount = 3_000

    /// What happened, by kind, and how many sales there were.
    private(set) var kinds: [String: Int] = [:]
    private(set) var saleCount = 0

    /// Runs the year through both engines.
    ///
    /// - Parameters:
    ///   - seed: What decides everything.
    ///   - salesPerMille: Sales of a store in a thousand days.
    /// - Returns: The first difference; nil if there is none.
    mutating func firstDifference(seed: UInt64, salesPerMille: Int) -> String? {
        var numbers = SeededGenerator(seed: seed)
        var history = RandomHistory(SeededGenerator(seed: numbers.next()))
        history.stores = (0..<Self.storeCount).map { "store-\($0)" }
        history.date = Self.firstDate
        var run = TwinRun(Self.programme, history, memberCount: Self.memberCount)
        defer { (kinds, saleCount) = (run.kinds, run.saleCount) }
        for day in 0..<365 {
            let date = Self.firstDate.adding(days: day)
            history.date = date
            // Points expire at the end of months.
            if date.day == 1, let difference = run.pass(until: date) { return difference }
            for store in history.stores {
                var count = salesPerMille / 1_000
                if numbers.below(1_000) < salesPerMille % 1_000 { count += 1 }
                for _ in 0..<count {
                    history.minute = 540 + numbers.below(840)
                    let sale = history.makeSale(Self.programme, store: store)
                    let member = numbers.below(Self.memberCount)
                    if let difference = run.sell(sale, to: member, at: history.moment) {
                        return "\(date) \(store): \(difference)"
                    }
                }
            }
            for _ in 0..<max(1, salesPerMille / 200) where run.saleCount > 0 {
                let back = 1 + numbers.below(min(run.saleCount, 2_000))
                let share = numbers.maybe(60, [250, 500, 1_000] as [Int64])
                let number = run.saleCount - back
                if let difference = run.refund(sale: number, perMille: share, on: date) {
                    return "\(date) refund: \(difference)"
                }
            }
        }
        return run.pass(until: Self.firstDate.adding(days: 366))
    }

    static let firstDate = BusinessDate(dayNumber: 20_820)  // 2027-01-02

    static let programme: Programme = {
        do {
            return try Programme(
                name: "chain",
                version: 1,
                title: RandomProgramme.text,
                currency: "TWD",
                calendar: .taipei,
                firstDate: firstDate,
                lastDate: firstDate.adding(days: 400),
                saleAmountMax: 100_000,
                receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: []),
                cards: [
                    StampCard(
                        id: "green",
                        title: RandomProgramme.text,
                        reward: RandomProgramme.text,
                        size: 4,
                        stampsPerVisit: 1,
                        needsSale: false,
                        doubleGrantGuard: .businessDay,
                        completion: StampCard.Completion(1, .voucher("latte")),
                        welcomeStamps: 1,
                        expiry: .fromLastStamp(days: 120)
                    )
                ],
                rules: rules,
                assets: [
                    AssetRule(
                        .points,
                        expiry: .monthEnd(months: 3),
                        conversion: AssetRule.Conversion(block: 20, into: 1, .voucher("latte"))
                    )
                ],
                rewards: rewards,
                tiers: TierLadder(
                    counter: .spend,
                    window: .rollingMonths(12),
                    downgrade: .yearEnd,
                    tiers: RandomProgramme.tiers.enumerated().map { number, id in
                        TierLadder.Tier(
                            id: id,
                            title: RandomProgramme.text,
                            min: Int64(number) * 5_000
                        )
                    }
                ),
                saleCaps: [Cap(.member, each: .day, max: 3)]
            )
        } catch {
            preconditionFailure("the chain's programme is wrong: \(error)")
        }
    }()

    private static var rules: [Rule] {
        let drinks = LineFilter(categories: ["drink"])
        return [
            Rule(id: "base", per: 35, give: 1),
            Rule(
                id: "member-day",
                conditions: makeConditions {
                    $0.monthDays = [18, 28]
                    $0.include = drinks
                },
                gift: .multiply(Rate(2), .points)
            ),
            Rule(
                id: "gold",
                conditions: makeConditions { $0.tiers = ["gold", "black"] },
                gift: .multiply(Rate(3, 2), .points),
                stacks: true
            ),
            Rule(
                id: "beans",
                conditions: makeConditions { $0.include = LineFilter(categories: ["bean"]) },
                gift: .perUnit(2, per: 1, .points),
                caps: [Cap(.member, each: .month, max: 20)],
                pendingDays: 7
            ),
            Rule(
                id: "large",
                conditions: makeConditions { $0.amountMin = 1_000 },
                gift: .bonus(5, .points),
                group: "amount"
            ),
            Rule(
                id: "larger",
                conditions: makeConditions { $0.amountMin = 3_000 },
                gift: .bonus(20, .points),
                group: "amount",
                caps: [Cap(.cashier, each: .week, max: 400)]
            ),
            Rule(
                id: "welcome",
                conditions: makeConditions { $0.first = .ever },
                gift: .bonus(10, .points)
            ),
            Rule(
                id: "back",
                conditions: makeConditions { $0.awayDaysMin = 30 },
                gift: .perSale(1, .voucher("latte")),
                caps: [Cap(.programme, each: .month, max: 40)]
            ),
            Rule(
                id: "streak",
                conditions: makeConditions {
                    $0.occasion = .checkIn
                    $0.streakDays = 2
                    $0.streakRepeats = true
                },
                gift: .perSale(3, .points)
            ),
            Rule(
                id: "check-in",
                conditions: makeConditions { $0.occasion = .checkIn },
                gift: .perSale(1, .points)
            ),
            Rule(
                id: "birthday",
                conditions: makeConditions { $0.birthday = .week },
                gift: .perSale(1, .ticket(ofDraw: "moon"))
            ),
            Rule(id: "win", gift: .instantWin(odds: Rate(1, 50), stock: 60, 1, .voucher("latte"))),
        ]
    }

    private static var rewards: [Reward] {
        [
            makeReward("pay", .pays(.one), cost: 1),
            makeReward("latte", .freeUnits(1), cost: 1, of: .voucher("latte")) {
                $0.include = LineFilter(categories: ["drink"])
            },
            makeReward("ten", .amountOff(10), cost: 12, caps: [Cap(.member, each: .week, max: 2)]),
            makeReward("member-day", .percentOff(Rate(12), max: 200)) { $0.monthDays = [18, 28] },
            makeReward("mug", .handOver, cost: 30),
        ]
    }
}
