import ArgumentParser
import LoyaltyCore

/// Decisions a second on one thread, on a basket of twenty lines.
///
/// The rules are a chain's: an amount, a member day, a category's multiplier, a bonus with a limit,
/// and one rule for each of so many articles. The basket has two of those articles, whatever the
/// number of rules, so that only rules that do not match are added.
struct Decisions: AsyncParsableCommand {
    @Argument(help: "How many decisions.")
    var decisionCount: Int
    @Option(help: "How many rules the programme has, 4 or more.")
    var rules: Int

    func run() async throws {
        report(["per_s": try perSecond()])
    }

    private func perSecond() throws -> Double {
        let sale = try Self.sale()
        let programme = try Self.programme(rules)
        let standing = Standing(holdings: [Posting(.points, .never, 100)])
        let moment = Moment(
            wall: WallTime(unixMs: 1_795_320_000_000),
            quality: .ntp,
            boot: 1,
            sinceBootMs: 1
        )
        var sum: Int64 = 0
        let started = monotonicNow()
        for _ in 0..<decisionCount {
            guard case .award(let award) = programme.decide(standing, sale, at: moment)
            else { throw BenchError("the sale earned nothing") }
            sum &+= award.postings[0].amount
        }
        let time = monotonicNow() - started
        // 22 for the amount, times the drinks' share, two articles and the bonus.
        guard sum == Int64(decisionCount) * 36
        else { throw BenchError("the sales earned \(sum) in all") }
        return Double(decisionCount) / (time / .seconds(1))
    }

    private static func sale() throws -> Sale {
        var details = SaleDetails()
        for number in 0..<20 {
            details.lines.append(
                SaleLine(
                    sku: number < 2 ? "R\(number)" : "S\(number)",
                    categories: [number.isMultiple(of: 5) ? "drinks" : "food"],
                    labels: ["plain"],
                    gross: 40
                )
            )
        }
        guard let key = SaleKey("bench/1"), let date = BusinessDate("2026-11-22")
        else { throw BenchError("the sale's key or date is none") }
        return Sale(
            key: key,
            evidence: .pos,
            amount: 800,
            businessDate: date,
            opensVisit: true,
            till: "1",
            details: details
        )
    }

    private static func programme(_ ruleCount: Int) throws -> Programme {
        let words = LocalText(zhHant: "點數", en: "Points")
        guard let first = BusinessDate("2026-01-01"), let last = BusinessDate("2026-12-31")
        else { throw BenchError("the programme's dates are none") }
        return try Programme(
            name: "bench",
            version: 1,
            title: words,
            currency: "TWD",
            calendar: .taipei,
            firstDate: first,
            lastDate: last,
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: []),
            cards: [],
            rules: chainRules
                + (0..<ruleCount - chainRules.count).map { number in
                    var conditions = Conditions()
                    conditions.include = LineFilter(skus: ["R\(number)"])
                    return Rule(
                        id: "article-\(number)",
                        conditions: conditions,
                        gift: .perUnit(1, per: 1, .points)
                    )
                }
        )
    }

    private static let chainRules: [Rule] = {
        var memberDay = Conditions()
        memberDay.monthDays = [18, 28]
        var drinks = Conditions()
        drinks.include = LineFilter(categories: ["drinks"])
        var large = Conditions()
        large.amountMin = 500
        return [
            Rule(id: "base", per: 35, give: 1),
            Rule(id: "day", conditions: memberDay, gift: .multiply(Rate(2), .points)),
            Rule(id: "drinks", conditions: drinks, gift: .multiply(Rate(3, 2), .points)),
            Rule(
                id: "large",
                conditions: large,
                gift: .bonus(10, .points),
                caps: [Cap(.member, each: .day, max: 20)]
            ),
        ]
    }()
}
