import LoyaltyCore
import Testing

struct ProgrammeCheckTests {
    @Test func `a programme with a card and a rule is in order`() {
        let programme = makeProgramme(
            cards: [makeCard(guardedBy: .businessDay)],
            rules: [Rule(id: "base", per: 35, give: 1)]
        )

        #expect(programme.cards.count == 1)
    }

    @Test(arguments: [
        (size: Int64(1), isAllowed: true), (size: 50, isAllowed: true),
        (size: 0, isAllowed: false), (size: 51, isAllowed: false),
    ])
    func `a card has 1 to 50 stamps`(size: Int64, isAllowed: Bool) {
        let card = makeCard(size: size, guardedBy: .none)

        #expect((check(cards: [card]) == nil) == isAllowed)
    }

    @Test(arguments: [
        (hours: Int64(1), isAllowed: true), (hours: 168, isAllowed: true),
        (hours: 0, isAllowed: false), (hours: 169, isAllowed: false),
    ])
    func `a guard holds for 1 to 168 hours`(hours: Int64, isAllowed: Bool) {
        #expect(
            (check(cards: [makeCard(guardedBy: .hours(hours))]) == nil) == isAllowed
        )
    }

    @Test func `cards and rules are counted to their limits`() {
        let rules = (0...Programme.ruleCountMax).map {
            Rule(id: "r\($0)", per: 1, give: 1)
        }
        let cards = (0...Programme.cardCountMax).map { makeCard("c\($0)", guardedBy: .none) }

        #expect(check(rules: Array(rules.dropLast())) == nil)
        #expect(check(rules: rules) != nil)
        #expect(check(cards: Array(cards.dropLast())) == nil)
        #expect(check(cards: cards) != nil)
    }

    @Test(arguments: [
        (rule: Rule(id: "Base", per: 35, give: 1), error: "malformed"),
        (rule: Rule(id: "base", per: 0, give: 1), error: "range"),
        (rule: Rule(id: "base", per: 1, give: 0), error: "range"),
        (rule: Rule(id: "base", per: Programme.amountMax + 1, give: 1), error: "range"),
        (rule: Rule(id: "base", per: 1, give: Programme.rateMax + 1), error: "range"),
        (
            rule: Rule(
                id: "base",
                per: 1,
                give: 1,
                firstDate: today,
                lastDate: today.adding(days: -1)
            ),
            error: "period"
        ),
    ])
    func `a rule out of range is refused`(rule: Rule, error: String) {
        switch check(rules: [rule]) {
        case .malformedIdentifier: #expect(error == "malformed")
        case .outOfRange: #expect(error == "range")
        case .emptyPeriod: #expect(error == "period")
        case let other: Issue.record("\(String(describing: other))")
        }
    }

    @Test func `two rules with one id, and a programme that gives nothing, are refused`() {
        let rule = Rule(id: "base", per: 35, give: 1)

        #expect(check(rules: [rule, rule]) == .duplicateIdentifier("base"))
        #expect(check() == .nothingToEarn)
    }

    @Test func `the canonical bytes tell any two programmes apart and are stable`() {
        let one = makeProgramme(rules: [Rule(id: "base", per: 35, give: 1)])
        let other = makeProgramme(rules: [Rule(id: "base", per: 36, give: 1)])

        #expect(one.canonicalBytes == one.canonicalBytes)
        #expect(one.canonicalBytes != other.canonicalBytes)
        #expect(
            String(decoding: one.canonicalBytes, as: UTF8.self).hasPrefix(
                #"{"programme":"qingtian","version":1,"title":{"zh-Hant":"青田咖啡","#
            )
        )
    }

    /// What a programme with these parts is refused for.
    private func check(cards: [StampCard] = [], rules: [Rule] = []) -> ProgrammeError? {
        do throws(ProgrammeError) {
            _ = try Programme(
                name: "qingtian",
                version: 1,
                title: LocalText(zhHant: "青田咖啡", en: "Qingtian"),
                currency: "TWD",
                calendar: .taipei,
                firstDate: today,
                lastDate: today,
                saleAmountMax: 100,
                receipts: ReceiptPolicy(ageDaysMax: 0, sellerIDs: []),
                cards: cards,
                rules: rules
            )
            return nil
        } catch {
            return error
        }
    }
}
