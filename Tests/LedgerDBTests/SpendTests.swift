import LedgerDB
import LoyaltyCore
import Testing

/// Rewards, counts and debts, as far as they must outlive a power cut.
struct SpendTests {
    let bench: Bench
    let member: MemberNumber

    init() throws {
        bench = try Bench()
        member = try .test(42)
    }

    @Test func `a redemption and its counts are still there after a restart`() async throws {
        let ledger = try bench.open()
        _ = try await record(in: ledger, "P1/1", amount: 350)
        let recorded = try await record(in: ledger, "P1/2", amount: 100, wish: Redemption("pen"))
        await ledger.close()

        #expect(
            recorded.award?.postings
                == [Posting(.points, .never, 2), Posting(.points, .never, -4)]
        )
        #expect(recorded.award?.due == 90)
        let again = try bench.open()
        let repeated = try await record(in: again, "P1/2", amount: 100, wish: Redemption("pen"))
        #expect(repeated.isRepeat)
        #expect(repeated.award == recorded.award)
        #expect(try await again.member(member).standing.balance(of: .points) == 8)
        // The limit of one redemption for each member was kept with it.
        let second = try await record(in: again, "P1/3", amount: 100, wish: Redemption("pen"))
        #expect(second.refusal == .rewardUnavailable("pen"))
    }

    @Test func `an award's entry holds all that its decision read`() async throws {
        let ledger = try bench.open()
        _ = try await record(in: ledger, "P1/1", amount: 350)
        let recorded = try await record(in: ledger, "P1/2", amount: 100, wish: Redemption("pen"))

        let sequence = try #require(recorded.sequence)
        let found = try await ledger.entry(sequence)
        let entry = try #require(found)
        guard case .award(let fact) = entry.fact else { return #expect(Bool(false)) }
        let decision = try programme().decide(fact.standing, fact.sale, at: entry.at)
        guard case .award(let award) = decision else { return #expect(Bool(false)) }
        #expect(award.postings == fact.postings)
        #expect(award.tallies == fact.tallies)
        #expect(!fact.tallies.isEmpty)
    }

    @Test func `what was spent before a void is owed, and repaid by the next award`() async throws {
        let ledger = try bench.open()
        _ = try await record(in: ledger, "P1/1", amount: 140)
        _ = try await record(in: ledger, "P1/2", amount: 34, wish: Redemption("pen"))
        let key = try #require(SaleKey("P1/1"))
        guard case .voided(let award) = try await ledger.void(key, at: .noon(plusMs: 1_000))
        else { return #expect(Bool(false)) }

        #expect(award.fact.postings.isEmpty)
        #expect(award.fact.tallies == [TallyChange(Tally(.debt(.points)), 4)])
        guard case .voided(let again) = try await ledger.void(key, at: .noon(plusMs: 2_000))
        else { return #expect(Bool(false)) }
        #expect(again.isRepeat && again.fact == award.fact)
        let next = try await record(in: ledger, "P1/3", amount: 350)
        #expect(
            next.award?.postings
                == [Posting(.points, .never, 10), Posting(.points, .never, -4)]
        )
        #expect(next.standing.balance(of: .points) == 6)
    }

    @Test func `a reward that the balance does not reach is refused, nothing written`()
        async throws
    {
        let ledger = try bench.open()
        _ = try await record(in: ledger, "P1/1", amount: 105)
        let head = try await ledger.head()
        let recorded = try await record(in: ledger, "P1/2", amount: 100, wish: Redemption("pen"))

        #expect(recorded.refusal == .notEnough(.points, needed: 4, held: 3))
        #expect(try await ledger.head() == head)
        #expect(try await ledger.member(member).standing.balance(of: .points) == 3)
    }

    @Test func `a store that may have lost entries redeems nothing, and goes on earning`()
        async throws
    {
        let ledger = try bench.open()
        _ = try await record(in: ledger, "P1/1", amount: 350)
        try await ledger.setFreeze(
            RedemptionFreeze(.hq, since: WallTime(unixMs: 0), epoch: 1)
        )
        let recorded = try await record(in: ledger, "P1/2", amount: 100, wish: Redemption("pen"))

        #expect(recorded.refusal == .redemptionFrozen)
        #expect(try await record(in: ledger, "P1/3", amount: 100).award != nil)
    }

    @Test func `what can be redeemed is read, with its limits, and nothing is written`()
        async throws
    {
        let ledger = try bench.open()
        _ = try await record(in: ledger, "P1/1", amount: 105)
        let few = try await offers(of: ledger)
        #expect(few.offers.isEmpty)
        #expect(few.refusal(of: "pen") == .notEnough(.points, needed: 4, held: 3))
        #expect(few.refusal(of: "cup") == .rewardUnknown("cup"))

        _ = try await record(in: ledger, "P1/2", amount: 350)
        let head = try await ledger.head()
        let some = try await offers(of: ledger).offers
        #expect(some.map(\.reward.id) == ["pen", "mug"])
        #expect(some.map(\.countMax) == [1, 2])
        #expect(some.map(\.needsBill) == [true, false])
        #expect(try await ledger.head() == head)

        _ = try await record(in: ledger, "P1/3", amount: 100, wish: Redemption("pen"))
        let none = try await offers(of: ledger)
        #expect(none.offers.map(\.reward.id) == ["mug"])
        #expect(none.refusal(of: "pen") == .rewardUnavailable("pen"))
    }

    @Test func `what is handed over without a bill is an entry that can be decided again`()
        async throws
    {
        let ledger = try bench.open()
        _ = try await record(in: ledger, "P1/1", amount: 350)
        var sale = Sale(
            key: try #require(SaleKey("visit/1/1")),
            evidence: .visit,
            amount: nil,
            businessDate: try #require(BusinessDate("2026-11-22")),
            opensVisit: false,
            till: "1"
        )
        sale.details.redemptions = [Redemption("mug", count: 2)]
        let handed = try await ledger.record(
            sale,
            of: member,
            at: .noon,
            under: try programme()
        )
        await ledger.close()

        #expect(handed.award?.postings == [Posting(.points, .never, -10)])
        #expect(handed.award?.due == nil)
        let again = try bench.open()
        let sequence = try #require(handed.sequence)
        let found = try await again.entry(sequence)
        let entry = try #require(found)
        guard case .award(let fact) = entry.fact,
            case .award(let award) = try programme().decide(fact.standing, fact.sale, at: entry.at)
        else { return #expect(Bool(false), "it is no award") }
        #expect(fact.sale.details.redemptions == sale.details.redemptions)
        #expect(award.postings == fact.postings)
        #expect(try await again.member(member).standing.balance(of: .points) == 0)
    }

    @Test func `a store that may have lost entries offers nothing, and says why`() async throws {
        let ledger = try bench.open()
        _ = try await record(in: ledger, "P1/1", amount: 350)
        try await ledger.setFreeze(
            RedemptionFreeze(.hq, since: WallTime(unixMs: 0), epoch: 1)
        )

        let offered = try await offers(of: ledger)
        #expect(offered.offers.isEmpty)
        #expect(offered.refusal(of: "pen") == .redemptionFrozen)
    }

    @Test func `a basket that no entry holds is refused, one that fits is recorded`() async throws {
        let ledger = try bench.open()
        let name = String(repeating: "x", count: 60)
        func sale(_ key: String, lineCount: Int) throws -> Sale {
            var sale = try Sale.pos(key, amount: Int64(lineCount))
            sale.details.lines = (0..<lineCount).map { _ in
                SaleLine(sku: "S1", categories: [name], gross: 1)
            }
            return sale
        }
        let large = try await ledger.record(
            try sale("P1/1", lineCount: 190),
            of: member,
            at: .noon,
            under: try programme()
        )
        let small = try await ledger.record(
            try sale("P1/2", lineCount: 100),
            of: member,
            at: .noon,
            under: try programme()
        )

        #expect(large.refusal == .saleTooLarge)
        #expect(small.award != nil)
    }

    private func offers(of ledger: Ledger) async throws -> Offered {
        let sale = try Sale.pos("trial", amount: 100)
        return try await ledger.offers(to: member, in: sale, at: .noon, under: try programme())
    }

    private func record(
        in ledger: Ledger,
        _ key: String,
        amount: Int64,
        wish: Redemption? = nil
    ) async throws -> Recorded {
        var sale = try Sale.pos(key, amount: amount)
        sale.details.redemptions = wish.map { [$0] } ?? []
        return try await ledger.record(sale, of: member, at: .noon, under: try programme())
    }

    /// One point for each whole 35, a pen of 10 for 4 points, once for each member, and mugs for 5.
    private func programme() throws -> Programme {
        let words = LocalText(zhHant: "點數", en: "Points")
        return try Programme(
            name: "pens",
            version: 1,
            title: words,
            currency: "TWD",
            calendar: .taipei,
            firstDate: try #require(BusinessDate("2026-01-01")),
            lastDate: try #require(BusinessDate("2099-12-31")),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 7, sellerIDs: []),
            cards: [],
            rules: [Rule(id: "base", per: 35, give: 1)],
            rewards: [
                Reward(
                    id: "pen",
                    title: words,
                    benefit: .amountOff(10),
                    cost: Reward.Cost(4, .points),
                    caps: [Cap(.member, max: 1)]
                ),
                Reward(
                    id: "mug",
                    title: words,
                    benefit: .handOver,
                    cost: Reward.Cost(5, .points)
                ),
            ]
        )
    }
}
