import LoyaltyCore
import Testing

/// What a shift sold, redeemed and took back.
struct ShiftReportTests {
    private let programme = makeProgramme(
        rules: [Rule(id: "r", per: 300, give: 1)],
        rewards: [makeReward("ten", .amountOff(1_000), cost: 2)]
    )

    @Test func `C12 what a shift redeemed and what came back are told apart`() throws {
        var sale = makeSale(amount: 1_300)
        sale.details.redemptions = [Redemption("ten")]
        let start = Standing(holdings: [Posting(.points, .never, 2)])
        let (award, sold) = try decide(sale, start)
        let standing = try #require(start.after(award.postings, tallies: award.tallies))
        let refund = try #require(
            Refund(of: sale, award, amount: 300, lines: [], before: Refunded())
        )
        guard case .award(let back) = programme.refund(refund, standing, on: today)
        else { return #expect(Bool(false)) }
        var report = ShiftReport(on: today)
        report.add(.sale(sold, award.redeemed))
        report.add(.refund(try refunded(sale, back, on: today)))

        #expect(report.sales.count == 1 && report.sales.amount == 1_300)
        #expect(report.sales.moved == [AssetAmount(.points, 1), AssetAmount(.points, -2)])
        #expect(report.redeemed == [RedeemedReward("ten", count: 1, cost: 2, value: 1_000)])
        #expect(report.refunds.count == 1 && report.refunds.amount == 300)
        // All that was paid came back, so what was spent on the bill did too, beside the sale.
        #expect(report.refunds.moved == [AssetAmount(.points, 2), AssetAmount(.points, -1)])
        #expect(report.voids.count == 0)
    }

    @Test func `what is of another day or another till is left out`() throws {
        let (award, sold) = try decide(makeSale(amount: 600), Standing())
        let refund = try refunded(sold.sale, award, on: today)
        let void = VoidFact(
            member: sold.member,
            key: sold.sale.key,
            sequence: 1,
            postings: [Posting(.points, .never, -2)]
        )
        for (date, till, count) in [
            (today, nil, 1), (today, "1", 1), (today, "2", 0), (today.adding(days: 1), nil, 0),
        ] as [(BusinessDate, String?, Int64)] {
            var report = ShiftReport(on: date, till: till)
            report.add(.sale(sold, []))
            report.add(.refund(refund))
            report.add(.void(void, on: today, till: "1"))
            #expect(report.sales.count == count)
            #expect(report.refunds.count == count)
            #expect(report.voids.count == count)
        }
    }

    @Test func `sums of many are the sums of each, reward by reward`() throws {
        let (_, sold) = try decide(makeSale(amount: 600), Standing())
        var report = ShiftReport(on: today)
        for value in [10, 20] as [Int64] {
            let rewards = [
                RedeemedReward("a", count: 1, cost: 2, value: value),
                RedeemedReward("b", count: 3, cost: 0, value: value),
            ]
            report.add(.sale(sold, rewards))
        }
        #expect(report.sales.count == 2 && report.sales.amount == 1_200)
        #expect(report.sales.moved == [AssetAmount(.points, 4)])
        #expect(report.redeemed.map(\.count) == [2, 6])
        #expect(report.redeemed.map(\.cost) == [4, 0])
        #expect(report.redeemed.map(\.value) == [30, 30])
    }

    private func decide(
        _ sale: Sale,
        _ standing: Standing
    ) throws -> (award: Award, fact: AwardFact) {
        let decided = programme.decide(standing, sale, at: makeMoment(sinceBootMs: 1))
        guard case .award(let award) = decided else { throw Unexpected(decision: decided) }
        let fact = AwardFact(
            member: try #require(MemberNumber(value: 1)),
            programme: edition,
            sale: sale,
            lastVisits: [:],
            postings: award.postings,
            tallies: award.tallies
        )
        return (award, fact)
    }

    private let edition = ProgrammeReference(
        name: "qingtian",
        version: 1,
        digest: String(repeating: "0", count: 64)
    )

    private struct Unexpected: Error { let decision: Decision }

    private func refunded(
        _ sale: Sale,
        _ award: Award,
        on date: BusinessDate
    ) throws -> RefundFact {
        RefundFact(
            refund: try #require(SaleKey("R/1")),
            member: try #require(MemberNumber(value: 1)),
            key: sale.key,
            sequence: 1,
            programme: edition,
            till: "1",
            businessDate: date,
            amount: 300,
            settled: 300,
            moved: award.refunded(300, []).moved,
            postings: award.postings,
            tallies: award.tallies
        )
    }
}
