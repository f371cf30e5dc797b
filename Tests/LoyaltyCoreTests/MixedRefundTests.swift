import LoyaltyCore
import Testing

/// Refunds of one sale that were not all counted alike: by amounts and by lines, under editions
/// whose policies differ, and a cancellation after them.
struct MixedRefundTests {
    /// 10 points for the tea of 50, nothing for the bread of 50, and 40 points for a reward of 20.
    private static func programme(_ policy: Policies.PartialRefund) -> Programme {
        var conditions = Conditions()
        conditions.include = LineFilter(categories: ["tea"])
        return makeProgramme(
            rules: [Rule(id: "tea", conditions: conditions, gift: .perUnit(5, per: 1, .points))],
            rewards: [makeReward("off", .amountOff(20), cost: 40)],
            policies: Policies(partialRefund: policy)
        )
    }

    private static let lines = [
        SaleLine(sku: "T1", categories: ["tea"], quantity: 2_000, gross: 50),
        SaleLine(sku: "B1", gross: 50),
    ]

    private struct Bill {
        let programme: Programme
        let sale: Sale
        let award: Award
        var standing: Standing
        var refunded = Refunded()
        var left: Int64 { sale.settledAmount(award) - refunded.amount }

        /// Refunds a part under a policy, and checks that no balance falls below zero.
        mutating func refund(
            _ amount: Int64,
            _ lines: [ReturnedLine] = [],
            under policy: Policies.PartialRefund
        ) throws {
            let refund = try #require(
                Refund(of: sale, award, amount: amount, lines: lines, before: refunded)
            )
            let decided = MixedRefundTests.programme(policy).refund(refund, standing, on: today)
            guard case .award(let moved) = decided else {
                Issue.record("\(decided)")
                return
            }
            standing = try #require(standing.after(moved.postings, tallies: moved.tallies))
            refunded.add(moved.refunded(amount, lines))
        }

        mutating func cancel() throws {
            let isWhole = refunded.amount >= sale.settledAmount(award)
            let decided = Programme.cancel(
                award,
                after: refunded,
                isWhollyRefunded: isWhole,
                standing,
                on: today
            )
            guard case .award(let moved) = decided else {
                Issue.record("\(decided)")
                return
            }
            standing = try #require(standing.after(moved.postings, tallies: moved.tallies))
        }
    }

    private static func bill() throws -> Bill {
        let programme = programme(.byLine)
        var sale = makeSale(amount: 100)
        sale.details.lines = lines
        sale.details.redemptions = [Redemption("off")]
        let start = Standing(holdings: [Posting(.points, .never, 40)])
        let decided = programme.decide(start, sale, at: makeMoment(sinceBootMs: 1))
        guard case .award(let award) = decided else { throw Unexpected(decision: decided) }
        let standing = try #require(start.after(award.postings, tallies: award.tallies))
        return Bill(programme: programme, sale: sale, award: award, standing: standing)
    }

    private struct Unexpected: Error { let decision: Decision }

    @Test func `a sale refunded by amount and then by line gives back no more than it moved`()
        throws
    {
        var bill = try Self.bill()
        #expect(bill.standing.balance(of: .points) == 10)
        try bill.refund(40, under: .byLine)
        #expect(bill.refunded.taken(.points) == 5)
        try bill.refund(30, [ReturnedLine(0, 2_000)], under: .byLine)

        #expect(bill.refunded.taken(.points) == 10)
        try bill.refund(bill.left, under: .byLine)
        #expect(bill.refunded.taken(.points) == 10)
        #expect(bill.refunded.given(.points) == 40)
        #expect(bill.standing.balance(of: .points) == 40)
        #expect(bill.standing.tallies.isEmpty)
    }

    @Test(arguments: Policies.PartialRefund.allCases, Policies.PartialRefund.allCases)
    func `an edition with another policy moves no more than the sale did`(
        first: Policies.PartialRefund,
        second: Policies.PartialRefund
    ) throws {
        for lines in [[], [ReturnedLine(0, 1_000)], [ReturnedLine(1, 1_000)]] {
            var bill = try Self.bill()
            try bill.refund(20, lines, under: first)
            try bill.refund(30, under: second)
            #expect(bill.refunded.taken(.points) <= 10)
            #expect(bill.refunded.given(.points) <= 40)
            try bill.refund(bill.left, under: first)

            #expect(bill.refunded.taken(.points) == 10)
            #expect(bill.refunded.given(.points) == 40)
            #expect(bill.standing.balance(of: .points) == 40)
        }
    }

    @Test(arguments: [[], [1], [40], [20, 30], [80]] as [[Int64]])
    func `a cancellation takes back what refunds left`(parts: [Int64]) throws {
        var bill = try Self.bill()
        for part in parts { try bill.refund(part, under: .byAmount) }
        try bill.cancel()

        #expect(bill.standing.balance(of: .points) == 40)
        #expect(bill.standing.tallies.isEmpty)
    }

    @Test func `parts of a line cost together what the line cost`() throws {
        let bill = try Self.bill()
        let third = ReturnedLine(0, 667)
        let first = try #require(
            Refund(of: bill.sale, bill.award, amount: 0, lines: [third], before: Refunded())
        )
        let rest = try #require(
            Refund(
                of: bill.sale,
                bill.award,
                amount: 0,
                lines: [ReturnedLine(0, 1_333)],
                before: Refunded(lines: [third])
            )
        )
        #expect(first.lines.map(\.net) == [16] && rest.lines.map(\.net) == [34])
        #expect(rest.linesBefore == first.lines)
    }

    @Test(arguments: [
        [ReturnedLine(2, 1)], [ReturnedLine(-1, 1)], [ReturnedLine(0, 2_001)],
        [ReturnedLine(0, .max)],
    ])
    func `a line that was not sold, or not so much of it, is no refund`(lines: [ReturnedLine])
        throws
    {
        let bill = try Self.bill()
        let refund = Refund(
            of: bill.sale,
            bill.award,
            amount: 0,
            lines: lines,
            before: Refunded()
        )
        #expect(refund == nil)
    }

    @Test func `a POS names articles, and the first lines of them come back first`() throws {
        var sale = makeSale(amount: 100)
        sale.details.lines = Self.lines + [SaleLine(sku: "T1", gross: 20)]
        let before = Refunded(lines: [ReturnedLine(0, 1_500)])

        #expect(
            sale.returnedLines([ReturnedArticle("T1", 1_000)], after: before)
                == [ReturnedLine(0, 500), ReturnedLine(2, 500)]
        )
        #expect(
            sale.returnedLines([ReturnedArticle("T1", 1_500)], after: before)
                == [ReturnedLine(0, 500), ReturnedLine(2, 1_000)]
        )
        let twice = [ReturnedArticle("T1", 1_000), ReturnedArticle("T1", 501)]
        #expect(sale.returnedLines(twice, after: before) == nil)
        #expect(sale.returnedLines([ReturnedArticle("X", 1)], after: before) == nil)
    }
}
