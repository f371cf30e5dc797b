import Documents
import LoyaltyCore
import Testing

/// What the linter refuses (LOYALTY.md section 10), each with its line, its column and a sentence.
struct ProgrammeLintTests {
    @Test(arguments: refused)
    func `what makes no sense is refused at its place`(row: Row) {
        #expect(row.message == "p.yaml:" + row.expected)
    }

    @Test(arguments: taken)
    func `what only looks like it is taken`(row: Row) {
        #expect(row.message == "no mistake")
    }

    static let refused: [Row] =
        assetRows + chainRows + reachRows + multiplierRows + rewardRows + otherRows

    static let assetRows: [Row] = [
        // Paid value with an expiry.
        Row(
            "assets:\n  - {asset: value/paid, expiry: {yearEnd: 1}}",
            "10:33: value/paid was paid for and may not expire: use never"
        ),
        Row(
            "assets:\n  - {asset: pass/massage, expiry: {days: 365}}",
            "10:35: pass/massage was paid for and may not expire: use never"
        ),
        // A date of which no day lies in the programme.
        Row(
            "assets:\n  - {asset: points, expiry: {on: 2025-12-31}}",
            "10:29: asset points: expiry names no day of the programme: use its from to its through"
        ),
    ]

    static let chainRows: [Row] = [
        Row(
            chained("latte", to: "latte"),
            "10:121: card latte: next leads back to the card itself, so none of them ever begins:"
                + " leave out the last card's next"
        ),
        Row(
            chained("latte", to: "mocha") + chained("mocha", to: "latte").dropFirst(7),
            "10:121: card latte: next leads back to the card itself, so none of them ever begins:"
                + " leave out the last card's next"
        ),
        Row(
            chained("latte", to: "mocha").replacing(", completion: {give: 1}", with: "")
                + chained("mocha", to: nil).dropFirst(7),
            "10:98: card latte: next begins once this card is filled,"
                + " and without a completion it never is: add one"
        ),
    ]

    static let reachRows: [Row] = [
        // An unreachable tier.
        Row(
            "rules:\n  - {id: a, multiply: 2, when: {tiers: [platinum]}}\n" + tiers,
            "10:40: rule a: when.tiers names the tier 'platinum':"
                + " add it to 'tiers', or name another"
        ),
        Row(
            "policies: {tierGate: thisSaleAlone}\n" + tiers,
            "14:54: tier gold: min cannot be reached, nobody counts more than 1000:"
                + " use 1000 or less"
        ),
        Row(
            "rules: [{id: base, bonus: 1, of: voucher/a}]\n"
                + tiers.replacing("spend", with: "points"),
            "14:54: tier gold: min cannot be reached, nobody counts more than 0: use 0 or less"
        ),
        // An unreachable reward or rule.
        Row(
            card + reward("handOver: true, cost: {give: 11, of: stamps/latte}"),
            "12:75: reward pen: cost.give is 11, and its card never holds more than 10: use 1 to 10"
        ),
        Row(
            card.replacing("stamps: 10", with: "stamps: 10, completion: {give: 1, of: points}")
                + reward("handOver: true, cost: {give: 10, of: stamps/latte}"),
            "12:75: reward pen: cost.give is 10, and its card never holds more than 9: use 1 to 9"
        ),
        Row(
            reward("handOver: true, cost: {give: 1, of: voucher/tea}"),
            "10:68: reward pen: cost asks for voucher/tea, which nobody can get:"
                + " add a rule or a card that gives it"
        ),
        Row(
            reward("handOver: true, when: {holds: {asset: pass/prime}}"),
            "10:76: reward pen: when.holds asks for pass/prime, which nobody can get:"
                + " add a rule or a card that gives it"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {holds: {asset: ticket/may}}}",
            "10:37: rule a: when.holds asks for ticket/may, which nobody can get:"
                + " add a rule or a card that gives it"
        ),
        Row(
            "rules:\n  - {id: a, multiply: 2, of: ticket/may}",
            "10:23: rule a: multiply asks for ticket/may, which nobody can get:"
                + " add a rule or a card that gives it"
        ),
        Row(
            reward("handOver: true, when: {from: 2027-01-01}"),
            "10:75: reward pen: when.from names no day of the programme:"
                + " use its from to its through"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {through: 2025-12-31}}",
            "10:39: rule a: when.through names no day of the programme:"
                + " use its from to its through"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {amountMin: 1001}}",
            "10:41: rule a: when.amountMin is 1001: use 1 to 1000"
        ),
    ]

    static let multiplierRows: [Row] = [
        Row(
            two("", "{weekdays: [sat]}"),
            "11:23: rule b: multiply and rule a may meet on one line:"
                + " write policies.multipliers, bestWins or stack"
        ),
        Row(
            two("{include: {skus: [A]}}", "{include: {categories: [tea]}}"),
            "11:23: rule b: multiply and rule a may meet on one line:"
                + " write policies.multipliers, bestWins or stack"
        ),
        Row(
            two(
                "{hours: {from: \"22:00\", until: \"02:00\"}}",
                "{hours: {from: \"01:00\", until: \"03:00\"}}"
            ),
            "11:23: rule b: multiply and rule a may meet on one line:"
                + " write policies.multipliers, bestWins or stack"
        ),
    ]

    static let rewardRows: [Row] = [
        // Costs less than it gives back.
        Row(
            reward("gives: 11, of: points, cost: {give: 10}"),
            "10:5: reward pen gives back more points than it costs: raise the cost, or give less"
        ),
        Row(
            reward("gives: 1, of: points"),
            "10:5: reward pen gives back more points than it costs: raise the cost, or give less"
        ),
        Row(
            reward("gives: 1, of: voucher/tea, cost: {give: 10}")
                + "\n  - {id: back, title: {zh-Hant: 禮, en: Gift},"
                + " gives: 11, cost: {give: 1, of: voucher/tea}}",
            "10:5: reward pen gives back more points than it costs: raise the cost, or give less"
        ),
        Row(
            reward("pays: 36, cost: {give: 1}"),
            "10:5: reward pen gives back more points than it costs: raise the cost, or give less"
        ),
        Row(
            "policies: {earningBase: gross}\n" + reward("amountOff: 71, cost: {give: 2}"),
            "11:5: reward pen gives back more points than it costs: raise the cost, or give less"
        ),
    ]

    static let otherRows: [Row] = [
        // Amounts that overflow: 1,000 × 1,048,576 × 1,048,576 × 2^13 > 2^53.
        Row(
            "rules:\n  - {id: a, rate: 1048576}\n  - {id: b, multiply: 1048576}\n"
                + "  - {id: c, multiply: 9, stacks: true}",
            "10:5: rule a could give more points for one sale than can be counted"
                + " (9007199254740992): lower it, or amountMax"
        ),
        // An hundred times 3/2 is more than can be counted, too.
        Row(
            "rules:\n  - {id: a, per: 1, give: 1}\n"
                + (0..<100).map { "  - {id: m\($0), multiply: 3/2, stacks: true}\n" }.joined(),
            "10:5: rule a could give more points for one sale than can be counted"
                + " (9007199254740992): lower it, or amountMax"
        ),
        // An unknown list.
        Row(
            "lists: {drinks: [S1]}\nrules:\n"
                + "  - {id: a, bonus: 1, when: {include: {skus: {list: drink}}}}",
            "11:53: there is no list 'drink': write 'drinks'"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {include: {skus: {list: drink}}}}",
            "10:53: there is no list 'drink': add it to 'lists'"
        ),
        // An empty window.
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {from: 2026-03-02, through: 2026-03-01}}",
            "10:57: rule a ends before it begins: swap the dates"
        ),
    ]

    static let taken: [Row] = [
        Row(chained("latte", to: "mocha") + chained("mocha", to: nil).dropFirst(7), ""),
        Row("assets:\n  - {asset: value/paid, expiry: never, worth: 1}", ""),
        Row("assets:\n  - {asset: value/bonus, expiry: {days: 90}}", ""),
        Row(card + reward("handOver: true, cost: {give: 10, of: stamps/latte}"), ""),
        Row(
            "assets:\n  - {asset: voucher/prize}\n"
                + reward("handOver: true, cost: {give: 1, of: voucher/prize}"),
            ""
        ),
        Row(two("{include: {skus: [A]}}", "{include: {skus: [B]}}"), ""),
        Row(two("{weekdays: [sat]}", "{weekdays: [sun]}"), ""),
        Row(two("{through: 2026-05-31}", "{from: 2026-06-01}"), ""),
        Row(two("{include: {labels: [sale]}}", "{exclude: {labels: [sale, new]}}"), ""),
        Row(two("{tiers: [base]}", "{tiers: [gold]}") + "\n" + tiers, ""),
        Row("policies: {multipliers: stack}\n" + two("", ""), ""),
        Row(two("", "").replacing("b, multiply: 2", with: "b, multiply: 2, stacks: true"), ""),
        Row(two("", "").replacing("b, multiply: 2", with: "b, multiply: 2, of: voucher/v"), ""),
        Row(reward("gives: 10, of: points, cost: {give: 10}"), ""),
        Row(reward("pays: 35, cost: {give: 1}"), ""),
        // Fractions of large primes do not make a sum or a product overflow.
        Row(
            "rules:\n"
                + [999_983, 999_979, 999_961, 999_959, 999_953, 999_931, 999_917, 999_907]
                .map { "  - {id: r\($0), per: \($0), give: 1}\n" }.joined()
                + (0..<40).map { "  - {id: m\($0), multiply: 20000/19997, stacks: true}\n" }
                .joined(),
            ""
        ),
        Row(
            "policies: {earningBase: afterDiscountsAndPoints}\n"
                + reward("pays: 36, cost: {give: 1}"),
            ""
        ),
        Row(reward("gives: 1, of: points, caps: [{per: member, each: year, max: 1}]"), ""),
    ]

    @Test(arguments: [
        ("2026-12-31", "no mistake"),
        (
            "2027-01-01",
            "p.yaml:7:10: the programme ended on 2026-12-31, and today is 2027-01-01:"
                + " use a later date"
        ),
    ])
    func `a programme whose last day has passed is refused`(today: String, expected: String) throws
    {
        let date = try #require(BusinessDate(today))

        #expect(Row("", "").message(on: date) == expected)
    }

    @Test(arguments: [
        (
            yaml: "rules:\n  - {id: a, bonus: 1, when: {through: 2026-03-31}}",
            place: "10:39: rule a"
        ),
        (
            yaml: reward("handOver: true, when: {through: 2026-03-31}"),
            place: "10:78: reward pen"
        ),
    ])
    func `a window that has ended is refused`(yaml: String, place: String) throws {
        let row = Row(yaml, "")
        #expect(row.message(on: BusinessDate("2026-03-31")) == "no mistake")

        let expected =
            "\(place): when.through was 2026-03-31, and today is 2026-04-01:"
            + " use a later date, or remove it"
        #expect(row.message(on: BusinessDate("2026-04-01")) == "p.yaml:" + expected)
    }

    @Test(arguments: [
        (name: "p", version: 4, expected: "no mistake"),
        (
            name: "p", version: 5,
            expected: "p.yaml:2:10: version is 5, and the active one is 5: use 6 or more"
        ),
        (
            name: "q", version: 1,
            expected: "p.yaml:1:12: the programme is called p, and the active one q:"
                + " a programme keeps its name"
        ),
    ])
    func `an edition that would not replace the active one is refused`(
        name: String,
        version: Int,
        expected: String
    ) throws {
        let text = Row("", "").text.replacing("version: 5", with: "version: \(version)")
            .replacing("programme: p", with: "programme: \(name)")
        let active = try ProgrammeDocument.programme(from: text, file: "active.yaml")

        #expect(Row("", "").message(after: active) == expected)
    }

    private static let tiers = """
        tiers:
          counter: spend
          levels:
            - {id: base, title: {zh-Hant: 一, en: One}, min: 0}
            - {id: gold, title: {zh-Hant: 金, en: Gold}, min: 1001}
        """
    private static let card = """
        cards:
          - {id: latte, title: {zh-Hant: 卡, en: Card}, reward: {zh-Hant: 禮, en: Gift}, stamps: 10}

        """

    private static func chained(_ id: String, to next: String?) -> String {
        card.replacing("latte", with: id).replacing(
            "stamps: 10",
            with: "stamps: 10, completion: {give: 1}" + (next.map { ", next: \($0)" } ?? "")
        )
    }

    private static func reward(_ yaml: String) -> String {
        "rewards:\n  - {id: pen, title: {zh-Hant: 禮, en: Gift}, \(yaml)}"
    }

    private static func two(_ one: String, _ other: String) -> String {
        let conditions = [one, other].map { $0.isEmpty ? "" : ", when: \($0)" }
        return "rules:\n  - {id: a, multiply: 2\(conditions[0])}\n"
            + "  - {id: b, multiply: 2\(conditions[1])}"
    }

    /// What stands behind a programme's head, and what is said to it.
    struct Row: Sendable, CustomTestStringConvertible {
        let yaml: String
        let expected: String

        init(_ yaml: String, _ expected: String) {
            self.yaml = yaml
            self.expected = expected
        }

        var testDescription: String { yaml }

        /// The programme: a head of eight lines, and a rule for points where it brings none.
        var text: String {
            let head = """
                programme: p
                version: 5
                title: {zh-Hant: 集點, en: Rewards}
                currency: TWD
                utcOffset: "+08:00"
                from: 2026-01-01
                through: 2026-12-31
                amountMax: 1000

                """
            let base = "  - {id: base, per: 35, give: 1}\n  - {id: v, bonus: 1, of: voucher/v}\n"
            if yaml.contains("rules: [") { return head + yaml + "\n" }
            guard let rules = yaml.firstRange(of: "rules:\n") else {
                return head + yaml + "\nrules:\n" + base
            }
            // Behind its own rules, so that their lines stay what they are.
            let rest = yaml[rules.upperBound...].split(
                separator: "\n",
                omittingEmptySubsequences: false
            )
            let own = rest.prefix { $0.hasPrefix("  - ") }.joined(separator: "\n")
            let other = rest.drop { $0.hasPrefix("  - ") }.joined(separator: "\n")
            return head + yaml[..<rules.upperBound] + own + "\n" + base + other + "\n"
        }

        var message: String { message() }

        func message(on today: BusinessDate? = nil, after active: Programme? = nil) -> String {
            do throws(DocumentError) {
                _ = try ProgrammeDocument.programme(
                    from: text,
                    file: "p.yaml",
                    on: today,
                    after: active
                )
                return "no mistake"
            } catch {
                return "\(error)"
            }
        }
    }
}
