import LoyaltyCore
import Testing

/// What every decision keeps, whatever the programme and whoever the member.
struct PropertyTests {
    /// Cases of one run.
    static let caseCount: UInt64 = 10_000
    /// Parts of a run, so that they can run side by side.
    static let partCount: UInt64 = 10

    @Test(arguments: 0..<partCount)
    func `ten thousand random cases keep every promise`(part: UInt64) {
        let size = Self.caseCount / Self.partCount
        var awardCount = 0
        for number in part * size..<(part + 1) * size {
            let one = PropertyCase(number)
            if one.award != nil { awardCount += 1 }
            for promise in Promise.allCases {
                guard let broken = promise.breach(in: one) else { continue }
                Issue.record("case \(number): \(promise.rawValue): \(broken)")
                return
            }
        }
        // Cases that are all refused would show nothing.
        #expect(awardCount > Int(size) / 4)
    }
}

/// What a decision keeps.
enum Promise: String, CaseIterable {
    case conservation = "what is held is what was posted, and what is spent is for something"
    case noNegative = "nothing falls below zero, posting by posting"
    case refundOfAll = "a refund of everything returns to the start"
    case refundInParts = "refunds in parts come to the same"
    case refundOrder = "the order of refunds does not matter"
    case deviceOrder = "the order of devices does not matter"
    case flooredOnce = "rounding costs less than one unit for each rule and sale"
    case unmatched = "a rule that does not match changes nothing"
    case sameBytes = "the same inputs give the same bytes"

    /// What is wrong in a case; nil if the promise is kept.
    func breach(in one: PropertyCase) -> String? {
        switch self {
        case .conservation: one.conservationBreach
        case .noNegative: one.negativeBreach
        case .refundOfAll: one.refundBreach
        case .refundInParts: one.partsBreach
        case .refundOrder: one.refundOrderBreach
        case .deviceOrder: one.deviceOrderBreach
        case .flooredOnce: one.floorBreach
        case .unmatched: one.unmatchedBreach
        case .sameBytes: one.bytesBreach
        }
    }
}

extension PropertyCase {
    fileprivate var conservationBreach: String? {
        guard let award, let after = after(award) else { return nil }
        var expected: [Asset: Int64] = [:]
        for posting in standing.holdings + award.postings {
            expected[posting.asset, default: 0] += posting.amount
        }
        for (asset, amount) in expected where after.balance(of: asset) != amount {
            return "\(asset.name) is \(after.balance(of: asset)), not \(amount)"
        }
        // What went is what the steps say went: rewards, value, full cards, debts, other buckets.
        var went: [Asset: Int64] = [:]
        for posting in award.postings where posting.amount < 0 {
            went[posting.asset, default: 0] -= posting.amount
        }
        for step in award.derivation {
            guard let (asset, amount) = spent(by: step) else { continue }
            went[asset, default: 0] -= amount
        }
        return went.first { $0.value != 0 }.map { "\($0.value) of \($0.key.name) went for nothing" }
    }

    private func spent(by step: DerivationStep) -> (Asset, Int64)? {
        let card = programme.cards.first { $0.id == step.subject }
        switch step.kind {
        case .redeemed, .paidWith:
            return step.asset.map { ($0, step.number("cost") ?? 0) }
        case .valuePaid, .debtRepaid: return step.asset.map { ($0, step.number("points") ?? 0) }
        case .cardProlonged: return step.asset.map { ($0, step.number("stamps") ?? 0) }
        case .cardCompleted:
            let stamps = (step.number("stamps") ?? 0) * (step.number("times") ?? 0)
            return card.map { ($0.asset, stamps) }
        case .cardChanged:
            let before = programme.cards.first { $0.next == step.subject }
            return before.map { ($0.asset, step.number("stamps") ?? 0) }
        default: return nil
        }
    }

    fileprivate var negativeBreach: String? {
        guard let award else { return nil }
        if let due = award.due, due < 0 { return "\(due) is due" }
        var standing = standing
        for posting in award.postings {
            guard let next = standing.after([posting])
            else { return "\(posting.amount) of \(posting.asset.name) of \(standing.holdings)" }
            standing = next
        }
        return standing.holdings.first { $0.amount <= 0 }.map { "\($0)" }
    }

    /// The standing after refunds of so much each; nil where nothing was awarded.
    private func refunded(_ parts: [Int64]) -> Standing? {
        guard let award, let after = after(award) else { return nil }
        var (standing, before) = (after, Int64(0))
        for part in parts {
            let refund = Refund(
                original: sale,
                award: award,
                amount: part,
                refundedBefore: before
            )
            guard
                case .award(let moved) = programme.refund(refund, standing, on: sale.businessDate),
                let next = standing.after(moved.postings, tallies: moved.tallies)
            else { return nil }
            standing = next
            before += part
        }
        return standing
    }

    fileprivate var refundBreach: String? {
        guard let award else { return nil }
        guard let end = refunded([sale.settledAmount(award)]) else { return "it is refused" }
        if end.debts != standing.debts { return "\(end.debts) is owed, not \(standing.debts)" }
        return end.holdings == standing.holdings
            ? nil : "\(end.holdings)\nnot \(standing.holdings)\nafter \(award)"
    }

    fileprivate var partsBreach: String? {
        guard let award else { return nil }
        var (numbers, parts) = (numbers, [Int64]())
        var left = sale.settledAmount(award)
        while left > 0, parts.count < 3 {
            parts.append(numbers.within(0...left))
            left -= parts.last ?? 0
        }
        if left > 0 || parts.isEmpty { parts.append(left) }
        guard let end = refunded(parts) else { return "\(parts) is refused" }
        return end.worth == standing.worth
            ? nil : "\(end.worth)\nnot \(standing.worth)\nby \(parts) after \(award)"
    }

    fileprivate var refundOrderBreach: String? {
        guard let award, let one = after(award) else { return nil }
        guard case .award(let other) = programme.decide(one, otherSale, at: otherMoment),
            let both = one.after(
                other,
                visit: Visit(at: otherMoment, businessDate: otherSale.businessDate)
            )
        else { return nil }
        let sales = [(sale, award), (otherSale, other)]
        var ends: [[Asset: Int64]] = []
        for order in [sales, sales.reversed()] {
            var standing = both
            for (sale, award) in order {
                guard
                    case .award(let moved) = programme.refund(
                        .rest(of: sale, award),
                        standing,
                        on: otherSale.businessDate
                    ), let next = standing.after(moved.postings, tallies: moved.tallies)
                else { return "a refund of \(sale.key.text) is refused" }
                standing = next
            }
            ends.append(standing.worth)
        }
        return ends[0] == ends[1] ? nil : "\(ends[0])\nand \(ends[1])"
    }

    fileprivate var deviceOrderBreach: String? {
        guard let award,
            case .award(let other) = programme.decide(standing, otherSale, at: otherMoment)
        else { return nil }
        func merged(_ awards: [Award]) -> Standing? {
            var end: Standing? = standing
            for award in awards { end = end?.after(award.postings, tallies: award.tallies) }
            return end
        }
        guard let one = merged([award, other]), let two = merged([other, award])
        else { return nil }
        return one == two ? nil : "\(one)\nand \(two)"
    }

    fileprivate var floorBreach: String? {
        guard let award, let second = naiveBill else { return nil }
        for (rule, exact) in second.exact {
            let steps = award.derivation.filter { $0.subject == rule }
            // A cap takes more, and a rest is not lost.
            if steps.contains(where: { $0.kind == .capped || $0.kind == .carried }) { continue }
            guard let given = steps.compactMap({ $0.number("points") }).last else { continue }
            let lost = exact - NaiveFraction(given)
            if lost < .zero || lost >= NaiveFraction(1) {
                return "\(rule) gives \(given) of \(exact.top)/\(exact.bottom)"
            }
        }
        return nil
    }

    /// The sale by the naive engine, from the same standing, where nothing was counted before.
    private var naiveBill: NaiveBill? {
        guard standing.tallies.isEmpty else { return nil }
        var member = NaiveMember(profile: standing.profile)
        for holding in standing.holdings {
            member.holdings[NaivePlace(asset: holding.asset.name, bucket: holding.bucket)] =
                holding.amount
        }
        member.visits = standing.lastVisits
        var second = NaiveEngine(programme)
        return second.sell(sale, to: &member, at: moment).bill
    }

    fileprivate var unmatchedBreach: String? {
        var conditions = Conditions()
        conditions.codes = ["nobody-has-this"]
        let gifts: [Gift] = [
            .multiply(Rate(3), .points), .bonus(9, .points), .perSale(9, .voucher("latte")),
            .rate(Rate(9), .points),
        ]
        var numbers = numbers
        let rule = Rule(id: "unmatched", conditions: conditions, gift: numbers.pick(gifts))
        let with = programme.rebuilt(with: rule).decide(standing, sale, at: moment)
        return with == programme.decide(standing, sale, at: moment) ? nil : "\(with)"
    }

    fileprivate var bytesBreach: String? {
        var tallies: [Tally: Int64] = [:]
        tallies.reserveCapacity(200)
        for (tally, count) in standing.tallies { tallies[tally] = count }
        let again = Standing(
            isBlocked: standing.isBlocked,
            holdings: standing.holdings,
            lastVisits: standing.lastVisits,
            tallies: tallies,
            profile: standing.profile
        )
        let one = "\(programme.decide(standing, sale, at: moment))"
        let two = "\(programme.rebuilt().decide(again, sale, at: moment))"
        return one == two ? nil : "\(one)\nand \(two)"
    }
}
