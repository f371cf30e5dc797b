import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

/// Parts of sales that are taken back.
struct RefundTests {
    let bench: Bench
    let ledger: Ledger
    let member: MemberNumber

    init() throws {
        bench = try Bench()
        ledger = try bench.open()
        member = try .test(42)
    }

    @Test func `a refund takes back its share, and its entry says all that it read`() async throws {
        let sold = try await sell("P1/1", 350)
        let part = try refunded(try await refund("R/1", of: "P1/1", 175))

        #expect(part.sequence == 3 && part.award == sold.sequence)
        #expect(part.postings == [Posting(.points, .never, -5)])
        #expect(part.standing.balance(of: .points) == 5)
        #expect(part.standing.balance(of: .latteStamps) == 1)
        let entry = try #require(try await ledger.entry(3))
        let award = try #require(sold.award)
        guard case .refund(let fact) = entry.fact else { return #expect(Bool(false)) }
        #expect(fact.member == member && fact.key.text == "P1/1" && fact.refund.text == "R/1")
        #expect(fact.sequence == 2 && fact.epoch == nil && fact.before == Refunded())
        #expect(fact.amount == 175 && fact.settled == 350 && fact.till == "till-1")
        #expect(fact.programme == ProgrammeReference(try .latte()))
        let again = Refund(
            of: try .pos("P1/1"),
            award,
            amount: fact.amount,
            lines: fact.lines,
            before: fact.before
        )
        let decision = try Programme.latte()
            .refund(try #require(again), fact.standing, on: fact.businessDate)
        guard case .award(let moved) = decision else { return #expect(Bool(false)) }
        #expect(moved.postings == fact.postings && moved.tallies == fact.tallies)
    }

    @Test func `the same refund again is answered alike and writes nothing`() async throws {
        _ = try await sell("P1/1", 350)
        let first = try refunded(try await refund("R/1", of: "P1/1", 100))
        let again = try refunded(try await refund("R/1", of: "P1/1", 999))
        await ledger.close()
        let reopened = try bench.open()
        let later = try refunded(try await refund("R/1", of: "P1/1", 100, in: reopened))

        #expect(!first.isRepeat && again.isRepeat && later.isRepeat)
        for answer in [again, later] {
            #expect(answer.sequence == first.sequence && answer.postings == first.postings)
            #expect(answer.derivation == first.derivation && answer.amount == 100)
        }
        #expect(try await reopened.answer(toRefund: key("R/1"))?.sequence == first.sequence)
        #expect(try await reopened.answer(toRefund: key("R/2")) == nil)
        #expect(try await reopened.head().sequence == 3)
    }

    @Test func `parts add up to the sale, and no more is refunded than was paid`() async throws {
        _ = try await sell("P1/1", 350)
        for (number, amount) in [(1, 34), (2, 34), (3, 282)] as [(Int, Int64)] {
            _ = try refunded(try await refund("R/\(number)", of: "P1/1", amount))
            if number == 2 {
                // Of 10 points the refunded 68 of 350 are 1, rounded down.
                #expect(try await ledger.member(member).standing.balance(of: .points) == 9)
                let head = try await ledger.head()
                #expect(
                    try await refund("R/9", of: "P1/1", 283)
                        == .refused(.refundAboveSale(left: 282))
                )
                #expect(try await ledger.head() == head)
            }
        }
        #expect(try await ledger.member(member).standing.holdings.isEmpty)
        #expect(try await refund("R/4", of: "P1/1", 0) == .refused(.refundAboveSale(left: 0)))
        let entry = try #require(try await ledger.entry(5))
        guard case .refund(let fact) = entry.fact else { return #expect(Bool(false)) }
        #expect(fact.before == Refunded(amount: 68, moved: [AssetAmount(.points, -1)]))
    }

    @Test func `C06 an unknown sale, or another member's, is no refund, and nothing is written`()
        async throws
    {
        _ = try await sell("P1/1", 350)
        _ = try await sell("P1/2", 350)
        _ = try await ledger.void(key("P1/2"), at: .noon)
        _ = try await refund("R/1", of: "P1/1", 1)
        let head = try await ledger.head()

        #expect(try await refund("R/2", of: "P1/none", 1) == .refused(.saleUnknown))
        #expect(try await refund("R/2", of: "P1/2", 1) == .refused(.saleVoided))
        #expect(try await refund("R/1", of: "P1/2", 1) == .refused(.refundOfOtherSale))
        #expect(
            try await refund("R/2", of: "P1/1", 1, member: .test(7))
                == .refused(.saleOfOtherMember)
        )
        #expect(
            try await refund("R/1", of: "P1/1", 1, member: .test(7))
                == .refused(.saleOfOtherMember)
        )
        #expect(try await refund("R/2", of: "P1/1", -1) == .refused(.amountNegative))
        #expect(try await ledger.head() == head)
    }

    @Test func `a void after refunds takes back the rest, and ends them`() async throws {
        _ = try await sell("P1/1", 350)
        _ = try await refund("R/1", of: "P1/1", 175)
        guard case .voided(let void) = try await ledger.void(key("P1/1"), at: .noon)
        else { return #expect(Bool(false)) }

        #expect(
            void.fact.postings
                == [Posting(.latteStamps, .never, -1), Posting(.points, .never, -5)]
        )
        #expect(void.standing == Standing())
        #expect(try await refund("R/2", of: "P1/1", 1) == .refused(.saleVoided))
        // What was answered once stays so.
        #expect(try refunded(try await refund("R/1", of: "P1/1", 175)).isRepeat)
    }

    @Test func `a sale that was refunded wholly leaves a void nothing but the visit`() async throws
    {
        _ = try await sell("P1/1", 350)
        let whole = try refunded(try await refund("R/1", of: "P1/1", 350))
        #expect(whole.standing.holdings.isEmpty && whole.standing.lastVisits["latte"] != nil)
        guard case .voided(let void) = try await ledger.void(key("P1/1"), at: .noon)
        else { return #expect(Bool(false)) }

        #expect(void.fact.postings.isEmpty && void.fact.tallies.isEmpty)
        #expect(void.standing == Standing())
    }

    @Test func `what was spent before a refund is owed`() async throws {
        let programme = try Self.tea(.byAmount)
        _ = try await sell("P1/1", 350, under: programme)
        _ = try await sell("P1/2", 30, wish: "pen", under: programme)
        let part = try refunded(try await refund("R/1", of: "P1/1", 300, under: programme))

        #expect(part.tallies.owed == [AssetAmount(.points, 2)])
        #expect(part.postings == [Posting(.points, .never, -6)])
        #expect(part.standing.balance(of: .points) == 0)
        let again = try refunded(try await refund("R/1", of: "P1/1", 300, under: programme))
        #expect(again.tallies.owed == part.tallies.owed)
    }

    @Test func `a refund gives back what the sale spent, with its last part`() async throws {
        let programme = try Self.tea(.byAmount)
        _ = try await sell("P1/1", 350, under: programme)
        let sold = try await sell("P1/2", 45, wish: "pen", under: programme)
        #expect(sold.award?.due == 35)
        #expect(
            try await refund("R/1", of: "P1/2", 36, under: programme)
                == .refused(.refundAboveSale(left: 35))
        )
        let half = try refunded(try await refund("R/2", of: "P1/2", 17, under: programme))
        let rest = try refunded(try await refund("R/3", of: "P1/2", 18, under: programme))

        #expect(half.postings == [Posting(.points, .never, 2)])
        #expect(rest.postings == [Posting(.points, .never, 2), Posting(.points, .never, -1)])
        #expect(rest.standing.balance(of: .points) == 10)
    }

    @Test func `lines that come back count where the programme looks at them`() async throws {
        let programme = try Self.tea(.byLine)
        _ = try await sell("P1/1", 100, lines: Self.lines, under: programme)
        let bread = [ReturnedArticle("B1", 1_000)]
        let none = try refunded(
            try await refund("R/1", of: "P1/1", 50, articles: bread, under: programme)
        )
        #expect(none.postings == [Posting(.points, .never, -1)])
        let tea = [ReturnedArticle("T1", 1_000)]
        let half = try refunded(
            try await refund("R/2", of: "P1/1", 25, articles: tea, under: programme)
        )
        #expect(half.postings.first == Posting(.points, .never, -5))
        #expect(
            try await refund("R/3", of: "P1/1", 25, articles: bread, under: programme)
                == .refused(.refundAboveSale(left: 25))
        )
        let entry = try #require(try await ledger.entry(half.sequence))
        guard case .refund(let fact) = entry.fact else { return #expect(Bool(false)) }
        #expect(fact.lines == [ReturnedLine(0, 1_000)])
        #expect(fact.before.lines == [ReturnedLine(1, 1_000)])
    }

    @Test func `where the award's line was pruned, the amount counts`() async throws {
        let programme = try Self.tea(.byLine)
        _ = try await sell("P1/1", 100, lines: Self.lines, under: programme)
        let tea = [ReturnedArticle("T1", 1_000)]
        _ = try await refund("R/1", of: "P1/1", 25, articles: tea, under: programme)
        try await prune()
        #expect(try await ledger.entry(2) == nil)
        let part = try refunded(
            try await refund("R/2", of: "P1/1", 25, articles: tea, under: programme)
        )

        let entry = try #require(try await ledger.entry(part.sequence))
        guard case .refund(let fact) = entry.fact else { return #expect(Bool(false)) }
        #expect(fact.lines.isEmpty && fact.before.lines.isEmpty && fact.before.amount == 25)
        #expect(fact.settled == 100)
        let rest = try refunded(try await refund("R/3", of: "P1/1", 50, under: programme))
        #expect(rest.standing.holdings.isEmpty)
    }

    @Test func `a visit is given back once, and not once its line was pruned`() async throws {
        _ = try await sell("V/1", nil)
        #expect(try await refund("R/0", of: "V/1", 1) == .refused(.refundAboveSale(left: 0)))
        let part = try refunded(try await refund("R/1", of: "V/1", 0))
        #expect(part.postings == [Posting(.latteStamps, .never, -1)])
        #expect(try await refund("R/2", of: "V/1", 0) == .refused(.refundAboveSale(left: 0)))

        _ = try await sell("V/2", nil, day: 1)
        _ = try await sell("P1/3", 35, day: 1)
        try await prune()
        #expect(try await refund("R/3", of: "V/2", 0) == .refused(.saleTooOld))
        guard case .voided = try await ledger.void(key("V/2"), at: .noon)
        else { return #expect(Bool(false)) }
    }

    @Test func `a full disk keeps nobody from hearing the first answer again`() async throws {
        _ = try await sell("P1/1", 350)
        let first = try refunded(try await refund("R/1", of: "P1/1", 100))
        await ledger.close()
        await #expect(throws: LedgerError.closed) {
            _ = try await ledger.refund(
                RefundRequest(key: key("R/2"), of: key("P1/1"), amount: 1),
                at: .noon,
                under: try .latte()
            )
        }
        let again = try bench.open()
        #expect(
            try refunded(try await refund("R/1", of: "P1/1", 100, in: again)).sequence
                == first.sequence
        )
    }

    // MARK: Helpers

    private static let lines = [
        SaleLine(sku: "T1", categories: ["tea"], quantity: 2_000, gross: 50),
        SaleLine(sku: "B1", gross: 50),
    ]

    /// One point for each whole 35, ten for tea, and a pen of 10 for 4 points.
    private static func tea(_ policy: Policies.PartialRefund) throws -> Programme {
        let words = LocalText(zhHant: "點數", en: "Points")
        var tea = Conditions()
        tea.include = LineFilter(categories: ["tea"])
        return try Programme(
            name: "tea",
            version: 1,
            title: words,
            currency: "TWD",
            calendar: .taipei,
            firstDate: try #require(BusinessDate("2026-01-01")),
            lastDate: try #require(BusinessDate("2099-12-31")),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 7, sellerIDs: []),
            cards: [],
            rules: [
                Rule(id: "base", per: 35, give: 1),
                Rule(id: "tea", conditions: tea, gift: .perUnit(5, per: 1, .points)),
            ],
            policies: Policies(partialRefund: policy),
            rewards: [
                Reward(
                    id: "pen",
                    title: words,
                    benefit: .amountOff(10),
                    cost: Reward.Cost(4, .points)
                )
            ]
        )
    }

    private func key(_ text: String) throws -> SaleKey { try #require(SaleKey(text)) }

    private func sell(
        _ key: String,
        _ amount: Int64?,
        lines: [SaleLine] = [],
        wish: String? = nil,
        day: Int = 0,
        under programme: Programme? = nil
    ) async throws -> Recorded {
        var sale = try Sale.pos(key, amount: amount, dayOffset: day)
        sale.details.lines = lines
        sale.details.redemptions = wish.map { [Redemption($0)] } ?? []
        return try await ledger.record(
            sale,
            of: member,
            at: .noon(plusMs: Int64(day) * 86_400_000),
            under: try programme ?? .latte()
        )
    }

    private func refund(
        _ key: String,
        of sale: String,
        _ amount: Int64,
        articles: [ReturnedArticle] = [],
        member: MemberNumber? = nil,
        under programme: Programme? = nil,
        in other: Ledger? = nil
    ) async throws -> RefundOutcome {
        let request = RefundRequest(
            key: try self.key(key),
            of: try self.key(sale),
            amount: amount,
            articles: articles,
            member: member
        )
        return try await (other ?? ledger).refund(
            request,
            at: .noon(plusMs: 2 * 86_400_000),
            under: try programme ?? .latte()
        )
    }

    private func refunded(_ answer: RefundOutcome) throws -> RefundedAward {
        guard case .refunded(let award) = answer else {
            Issue.record("not refunded: \(answer)")
            throw LedgerError.closed
        }
        return award
    }

    /// Forgets every line but the last.
    private func prune() async throws {
        let head = try await ledger.head().sequence
        try await ledger.acknowledge(Watermarks(received: head, posted: head, prunable: head))
        try await ledger.prune(at: .noon(plusMs: 400 * 86_400_000))
        _ = try await ledger.record(
            try .pos("Z/\(head)", dayOffset: 400),
            of: .test(1),
            at: .noon(plusMs: 400 * 86_400_000),
            under: try .latte()
        )
        let next = try await ledger.head().sequence
        try await ledger.acknowledge(Watermarks(received: next, posted: next, prunable: head))
        try await ledger.prune(at: .noon(plusMs: 400 * 86_400_000))
    }
}
