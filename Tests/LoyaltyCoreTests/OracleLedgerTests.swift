import LoyaltyCore
import Testing

/// Expiry, tiers and the ledger as others publish them: rows X of the oracle.
///
/// X11 asks for exactly one entry of a sale that comes twice and X18 for a liability: the tests of
/// the ledger and of liability have them.
struct OracleLedgerTests {
    @Test func `X02 the nearest expiry is spent first, then the oldest, then what never expires`()
        throws
    {
        var till = OracleTill(rewards: [makeReward("spend", .handOver, cost: 1)])
        let order: [Bucket] = [
            .through(today), .pending(from: today.adding(days: -2), through: today.adding(days: 3)),
            .pending(from: today.adding(days: -1), through: today.adding(days: 3)),
            .through(today.adding(days: 9)), .never,
        ]
        for bucket in [order[4], order[2], order[0], order[3], order[1]] {
            till.give(1, .points, bucket)
        }
        till.give(1, .points, .pending(from: today.adding(days: 1), through: nil))

        var spent: [Bucket] = []
        for _ in order {
            let receipt = try till.ring(till.makeSale(100, redeem: [Redemption("spend")]))
            spent += receipt.award.postings.map(\.bucket)
        }
        #expect(spent == order)
        let more = till.makeSale(100, redeem: [Redemption("spend")])
        #expect(try till.refusal(of: more) == "not-enough")
    }

    @Test func `X03 what has expired cannot be spent`() throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .rate(Rate(1, 100), .points))],
            rewards: [
                makeReward("lot", .handOver, cost: 200), makeReward("one", .handOver, cost: 1),
            ],
            assets: [AssetRule(.points, expiry: .days(30))]
        )
        till.date = date(2_026, 1, 1)
        try till.ring(till.makeSale(30_000))
        till.date = date(2_026, 1, 20)
        try till.ring(till.makeSale(20_000))
        till.date = date(2_026, 1, 25)
        try till.ring(till.makeSale(0, redeem: [Redemption("lot")]))
        #expect(till.balance() == 300)

        till.date = date(2_026, 2, 20)
        let late = till.makeSale(0, redeem: [Redemption("one")])
        #expect(try till.refusal(of: late) == "not-enough")
        till.pass(until: till.date)
        #expect(till.balance() == 0)
        #expect(try till.refusal(of: late) == "not-enough")
    }

    @Test(
        arguments: [
            (.yearEnd(years: 1), "2025-08-30", "2026-12-31"),
            (.dayOfYear(month: 6, day: 30, years: 1), "2025-08-30", "2026-06-30"),
            (.monthEnd(months: 12), "2023-01-15", "2024-01-31"),
            (.monthEnd(months: 12), "2023-12-01", "2024-12-31"),
        ] as [(Expiry, String, String)]
    )
    func `X05 points are usable through the day that the programme says`(
        expiry: Expiry,
        earned: String,
        last: String
    ) throws {
        let last = try #require(BusinessDate(last))
        var till = OracleTill(
            rules: [
                Rule(
                    id: "r",
                    conditions: makeConditions { $0.first = .ever },
                    gift: .perSale(1, .points)
                )
            ],
            rewards: [makeReward("one", .handOver, cost: 1)],
            assets: [AssetRule(.points, expiry: expiry)],
            dates: -2_000...2_000
        )
        till.date = try #require(BusinessDate(earned))

        #expect(
            try till.ring(till.makeSale(100)).award.postings == [
                Posting(.points, .through(last), 1)
            ]
        )
        till.pass(until: last)
        let inTime = till.makeSale(100, redeem: [Redemption("one")])
        guard case .award = till.preview(inTime) else {
            Issue.record("the last day is included")
            return
        }
        till.pass(until: last.adding(days: 1))
        let late = till.makeSale(100, redeem: [Redemption("one")])
        #expect(try till.refusal(of: late) == "not-enough")
    }

    @Test(
        arguments: [
            (0, 6_000, "bronze"), (0, 15_000, "silver"), (0, 25_000, "gold"),
            (4_000, 500, "bronze"),
            (8_000, 3_000, "silver"), (18_000, 3_000, "gold"), (22_000, 5_000, "gold"),
        ] as [(Int64, Int64, String)]
    )
    func `X07 the tier counts this sale and all before it`(
        before: Int64,
        now: Int64,
        tier: String
    ) throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .perSale(1, .points))],
            tiers: makeLadder(.spend, [("bronze", 0), ("silver", 1_000_000), ("gold", 2_000_000)])
        )
        if before > 0 { try till.ring(till.makeSale(before * 100)) }
        try till.ring(till.makeSale(now * 100))

        let standing = try #require(till.programme.evaluateTier(till["X"], on: till.date))
        #expect(standing.tier.id == tier)
        #expect(standing.count == (before + now) * 100)
    }

    @Test(arguments: [(196_000, 196), (20_000, 0), (300_000, 333)] as [(Int64, Int64)])
    func `X08 under thisSaleAlone the sale itself decides its rate`(
        amount: Int64,
        points: Int64
    ) throws {
        func rule(_ id: String, per: Int64, for tier: String) -> Rule {
            let conditions = makeConditions { $0.tiers = [tier] }
            return Rule(id: id, conditions: conditions, gift: .perAmount(1, per: per, .points))
        }
        var till = OracleTill(
            rules: [
                rule("thousand", per: 100_000, for: "hundred"),
                rule("nine-hundred", per: 90_000, for: "three"),
            ],
            policies: Policies(tierGate: .thisSaleAlone),
            tiers: makeLadder(
                .spend,
                [("none", 0), ("hundred", 10_000_000), ("three", 30_000_000)]
            )
        )

        _ = try till.refusal(of: till.makeSale(amount * 100))
        #expect(till.balance() == points)
    }

    @Test(arguments: [(5, 0), (10, 1), (30, 2)] as [(Int64, Int)])
    func `X10 at the year's end the level is set, and then the count begins anew`(
        points: Int64,
        level: Int
    ) throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .rate(Rate(1, 100), .points))],
            tiers: TierLadder(
                counter: .points,
                window: .calendarYear,
                downgrade: .yearEnd,
                tiers: [("l0", 0), ("l1", 10), ("l2", 30), ("l3", 100)].map(makeTier)
            )
        )
        till.date = date(2_025, 6, 1)
        try till.ring(till.makeSale(10_000))
        till.date = date(2_026, 6, 1)
        try till.ring(till.makeSale(points * 100))

        let ending = try #require(
            till.programme.evaluateTier(till["X"], on: date(2_026, 12, 31))
        )
        #expect(ending.index == 3)
        #expect(ending.count == points)
        let begun = try #require(till.programme.evaluateTier(till["X"], on: date(2_027, 1, 1)))
        #expect(begun.index == level)
        #expect(begun.count == 0)
    }

    @Test func `X12 what is issued and what is used are both kept`() throws {
        var till = OracleTill(
            rules: [Rule(id: "r", gift: .rate(Rate(1, 100), .points))],
            rewards: [makeReward("five", .handOver, cost: 5)]
        )
        till.give(5)

        let receipt = try till.ring(till.makeSale(1_000, redeem: [Redemption("five")]))
        #expect(receipt.earned() == 10)
        #expect(receipt.spent() == 5)
        #expect(till.balance() == 10)
    }

    @Test func `X16 three gift cards hold what was paid for them`() throws {
        let topUp = Rule(
            id: "top-up",
            conditions: makeConditions { $0.occasion = .topUp },
            gift: .rate(.one, .paidValue)
        )
        var till = OracleTill(rules: [topUp])
        for (card, amount) in [("one", 125), ("two", 250), ("three", 100)] as [(String, Int64)] {
            try till.ring(till.makeSale(amount * 100) { $0.occasion = .topUp }, by: card)
        }

        #expect(till.standings.count == 3)
        #expect(till.standings.values.map { $0.balance(of: .paidValue) }.reduce(0, +) == 47_500)
    }

    @Test func `X17 a coupon for the next order shows its points and is then used up`() throws {
        let coupon = Asset.voucher("next")
        let rule = Rule(
            id: "next",
            conditions: makeConditions { $0.amountMin = 10_000 },
            gift: .perUnit(1, per: 1, coupon)
        )
        var till = OracleTill(
            rules: [rule],
            rewards: [makeReward("coupon", .amountOff(1_500), cost: 3, of: coupon)]
        )
        try till.ring(till.makeSale(lines: [makeLine("A", 5_000, units: 3)]))
        #expect(till.balance(coupon) == 3)

        let next = till.makeSale(lines: [makeLine("A", 5_000)], redeem: [Redemption("coupon")])
        #expect(try till.ring(next).due == 3_500)
        #expect(till.balance(coupon) == 0)
    }

    /// Each argument is what HQ is sent, in order.
    ///
    /// That is by which store, from which entry of its log, and how many. What it has already, and
    /// what would leave a gap, changes nothing.
    @Test(
        arguments: [
            [(0, 0, 2), (1, 0, 2)], [(1, 0, 2), (0, 0, 2)],
            [(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)],
            [(1, 1, 1), (1, 0, 2), (0, 1, 1), (0, 0, 2), (1, 0, 2)],
            [(0, 0, 2), (0, 0, 2), (0, 1, 1), (1, 0, 1), (1, 0, 2)],
        ] as [[(Int, Int, Int)]]
    )
    func `X20 two stores lease 60 and 40 of 100, not 60 each, and can spend no more`(
        order: [(store: Int, first: Int, count: Int)]
    ) throws {
        var model = RightsModel(seed: 1, deviceCount: 2)
        try model.mint(100, .never)
        let first = try #require(try model.place(60, at: 0))
        #expect(try model.place(60, at: 1) == nil)
        let second = try #require(try model.place(40, at: 1))

        // Both are offline from here on, take what they were given and burn all of it, and more.
        for (store, id, amount) in [(0, first, 60), (1, second, 40)] as [(Int, GrantID, Int64)] {
            model.accept(id)
            model.accept(id)
            model.spend(amount, .never, at: store)
            model.spend(1, .never, at: store)
        }
        for (store, first, count) in order {
            let log = model.devices[store].log
            try model.ingest(Array(log[first..<first + count]), from: first, of: store)
            let total = try #require(model.hq.total)
            #expect(total >= 0 && model.hq.free == [.never: 0])
        }
        #expect(model.hq.total == 0)
        #expect(model.hq.inFlight.isEmpty)
        try model.settle()
        #expect(model.spent == [.never: 100])
    }

    // MARK: - Makers

    private func date(_ year: Int, _ month: Int, _ day: Int) -> BusinessDate {
        guard let date = BusinessDate(year: year, month: month, day: day)
        else { preconditionFailure("the calendar has no such day") }
        return date
    }

    private func makeTier(_ id: String, _ min: Int64) -> TierLadder.Tier {
        TierLadder.Tier(id: id, title: OracleTill.text, min: min)
    }

    private func makeLadder(
        _ counter: TierLadder.Counter,
        _ tiers: [(String, Int64)]
    ) -> TierLadder {
        TierLadder(
            counter: counter,
            window: .lifetime,
            downgrade: .never,
            tiers: tiers.map(makeTier)
        )
    }
}
