import LoyaltyCore
import Testing

/// What a member is told that they can have, against what the engine then gives.
struct OfferTests {
    /// Cases of one run.
    static let caseCount: UInt64 = 6_000
    /// Parts of a run, so that they can run side by side.
    static let partCount: UInt64 = 6

    @Test(arguments: 0..<partCount)
    func `what is offered is given, and what is not offered is not`(part: UInt64) {
        let size = Self.caseCount / Self.partCount
        var counts: [String: Int] = [:]
        for number in part * size..<(part + 1) * size {
            let one = OfferCase(PropertyCase(number))
            for breach in one.breaches(&counts) { Issue.record("case \(number): \(breach)") }
        }
        // Cases in which nothing is offered, or everything, would show nothing.
        for kind in ["handed over", "on a bill to come", "on a bill", "not offered"] {
            #expect(counts[kind, default: 0] > Int(size) / 20, "\(kind): \(counts)")
        }
    }

    @Test(arguments: 0..<partCount)
    func `an offer reads no other counts than it says`(part: UInt64) {
        let size = Self.caseCount / Self.partCount
        for number in part * size..<(part + 1) * size {
            let one = PropertyCase(number)
            let names = Set(one.programme.talliesForOffers(in: one.sale))
            let known = one.standing.knowing(names)
            #expect(
                one.programme.offers(to: known, in: one.sale, at: one.moment)
                    == one.programme.offers(to: one.standing, in: one.sale, at: one.moment),
                "case \(number)"
            )
        }
    }

    @Test(arguments: 0..<partCount)
    func `handing over alone earns nothing`(part: UInt64) {
        let size = Self.caseCount / Self.partCount
        var count = 0
        for number in part * size..<(part + 1) * size {
            let one = OfferCase(PropertyCase(number))
            for reward in one.programme.rewards {
                var sale = one.bare
                sale.details.redemptions = [Redemption(reward.id)]
                guard case .award(let award) = one.decide(sale) else { continue }
                count += 1
                let stamped = award.derivation.contains { $0.kind == .visitStamped }
                #expect(!stamped, "case \(number): \(reward.id)")
                let earned = award.derivation.filter { $0.subject.hasPrefix("r") }
                #expect(earned.isEmpty, "case \(number): \(earned)")
            }
        }
        #expect(count > 100)
    }

    @Test func `wishes for other rewards leave less`() throws {
        let shop = try OfferShop(points: 10)

        #expect(try shop.offered() == ["pen 2", "off 3", "pay 10"])
        #expect(try shop.offered([Redemption("pen")]) == ["pen 2", "off 2", "pay 6"])
        #expect(
            try shop.offered([Redemption("pen", count: 2)]) == ["pen 2", "pay 2"]
        )
        // All that fits takes what the others leave.
        #expect(try shop.offered([Redemption("pay")]) == ["pen 2", "off 3", "pay 10"])
        #expect(try shop.offered([Redemption("pay", amount: 7)]) == ["off 1", "pay 10"])
    }

    @Test func `a bill that is known decides what fits it`() throws {
        let shop = try OfferShop(points: 10)

        #expect(try shop.offered(amount: 25) == ["pen 2", "off 2", "pay 10"])
        #expect(try shop.offered(amount: 4) == ["pen 2", "off 1", "pay 4"])
        #expect(try shop.offered(amount: 0) == ["pen 2"])
    }

    @Test func `points that wait or have expired pay for nothing`() throws {
        let shop = try OfferShop(points: 0)
        let date = OfferShop.date
        let waiting = Posting(.points, Bucket(from: date.adding(days: 1), through: nil), 50)
        let expired = Posting(.points, .through(date.adding(days: -1)), 50)

        #expect(try shop.offered(holding: [waiting, expired]).isEmpty)
        #expect(try shop.offered(holding: [Posting(.points, .through(date), 4)]).contains("pen 1"))
    }

    @Test func `a member who is barred is offered nothing`() throws {
        let shop = try OfferShop(points: 10)

        #expect(try shop.offered(isBlocked: true).isEmpty)
    }
}

/// A random case, asked what can be redeemed.
private struct OfferCase {
    let one: PropertyCase
    var programme: Programme { one.programme }

    init(_ one: PropertyCase) {
        self.one = one
    }

    /// A till at which nothing was bought yet.
    var bare: Sale {
        sale(.visit, amount: nil, lines: [], opensVisit: false)
    }

    func decide(_ sale: Sale) -> Decision {
        programme.decide(one.standing, sale, at: one.moment)
    }

    func breaches(_ counts: inout [String: Int]) -> [String] {
        let before = offers(bare)
        var bill = one.sale
        bill.details.redemptions = []
        let isPurchase = bill.details.occasion == .purchase && bill.evidence != .visit
        let after = isPurchase ? offers(bill) : [:]
        return programme.rewards.flatMap { reward in
            breachBefore(before[reward.id], reward, &counts)
                + (isPurchase ? breachOn(bill, after[reward.id], reward, &counts) : [])
        }
    }

    private func offers(_ sale: Sale) -> [String: RewardOffer] {
        let offers = programme.offers(to: one.standing, in: sale, at: one.moment)
        return Dictionary(uniqueKeysWithValues: offers.map { ($0.reward.id, $0) })
    }

    /// What is wrong with an offer before there is a bill, or with its absence.
    private func breachBefore(
        _ offer: RewardOffer?,
        _ reward: Reward,
        _ counts: inout [String: Int]
    ) -> [String] {
        var found: [String] = []
        let handed = redeemed(in: bare, Redemption(reward.id))
        if let offer, !offer.needsBill {
            counts["handed over", default: 0] += 1
            found += breach(of: offer, in: bare)
        } else if handed != nil {
            found.append("\(reward.id) is handed over and not offered so")
        }
        guard let bill = witness(for: reward), !isOpen(reward) else { return found }
        if let offer, offer.needsBill {
            counts["on a bill to come", default: 0] += 1
            if redeemed(in: bill, wish(offer)) == nil {
                found.append("\(reward.id) is offered and refused: \(bill)")
            }
        } else if offer == nil {
            counts["not offered", default: 0] += 1
            if redeemed(in: bill, Redemption(reward.id)) != nil {
                found.append("\(reward.id) is given and not offered: \(bill)")
            }
        }
        return found
    }

    private func breachOn(
        _ bill: Sale,
        _ offer: RewardOffer?,
        _ reward: Reward,
        _ counts: inout [String: Int]
    ) -> [String] {
        guard let offer else {
            return redeemed(in: bill, Redemption(reward.id)) == nil
                ? [] : ["\(reward.id) is given on the bill and not offered"]
        }
        counts["on a bill", default: 0] += 1
        return breach(of: offer, in: bill)
    }

    /// What is wrong with the most that an offer says.
    private func breach(of offer: RewardOffer, in sale: Sale) -> [String] {
        let reward = offer.reward
        guard let most = redeemed(in: sale, wish(offer))
        else { return ["\(reward.id) is offered and refused"] }
        var found: [String] = []
        if reward.isPayment {
            if most.cost != offer.unitsMax { found.append("\(reward.id) pays \(most.cost)") }
        } else if most.count != offer.countMax {
            found.append("\(reward.id): \(most.count), not \(offer.countMax)")
        }
        if let value = offer.value, value != most.value {
            found.append("\(reward.id) is worth \(most.value), not \(value)")
        }
        let isBound = reward.cost != nil || !reward.caps.isEmpty
        guard isBound, !reward.isPayment, offer.countMax < .max else { return found }
        let more = redeemed(in: sale, Redemption(reward.id, count: offer.countMax + 1))
        if let more, more.count > offer.countMax {
            found.append("\(reward.id): \(more.count) are given, \(offer.countMax) are offered")
        }
        return found
    }

    private func wish(_ offer: RewardOffer) -> Redemption {
        offer.reward.isPayment
            ? Redemption(offer.reward.id, amount: min(offer.unitsMax ?? 0, Self.price))
            : Redemption(offer.reward.id, count: offer.countMax)
    }

    private func redeemed(in sale: Sale, _ wish: Redemption) -> RedeemedReward? {
        var sale = sale
        sale.details.redemptions = [wish]
        guard case .award(let award) = decide(sale) else { return nil }
        return award.redeemed.first
    }

    /// Whether a bill that is not known decides by more than its basket.
    private func isOpen(_ reward: Reward) -> Bool {
        programme.policies.spendsOwnPoints
            || programme.policies.tierGate == .thisSaleAlone && !reward.conditions.tiers.isEmpty
    }

    private static let price: Int64 = 2_000
    private static let units: Int64 = 10

    /// A bill that the reward's conditions on the basket fit; nil if no line does.
    private func witness(for reward: Reward) -> Sale? {
        let conditions = reward.conditions
        for sku in RandomProgramme.skus + ["S9"] {
            for category in RandomProgramme.categories + ["else"] {
                for label in RandomProgramme.labels + ["else"] {
                    let line = SaleLine(
                        sku: sku,
                        categories: [category],
                        labels: [label],
                        quantity: Self.units * SaleLine.unit,
                        gross: Self.units * Self.price
                    )
                    guard conditions.include?.matches(line) ?? true,
                        !(conditions.exclude?.matches(line) ?? false)
                    else { continue }
                    return sale(.pos, amount: line.gross, lines: [line], opensVisit: false)
                }
            }
        }
        return nil
    }

    private func sale(
        _ evidence: Evidence,
        amount: Int64?,
        lines: [SaleLine],
        opensVisit: Bool
    ) -> Sale {
        var details = SaleDetails()
        details.store = one.sale.details.store
        details.cashier = one.sale.details.cashier
        details.codes = one.sale.details.codes
        details.lines = lines
        return Sale(
            key: one.sale.key,
            evidence: evidence,
            amount: amount,
            businessDate: one.sale.businessDate,
            opensVisit: opensVisit,
            till: one.sale.till,
            details: details
        )
    }
}

extension Standing {
    /// The same standing with some counts and no others.
    fileprivate func knowing(_ names: Set<Tally>) -> Self {
        Self(
            isBlocked: isBlocked,
            holdings: holdings,
            lastVisits: lastVisits,
            tallies: tallies.filter { names.contains($0.key) },
            profile: profile
        )
    }
}

/// A shop with a reward of each kind that the till tells apart.
private struct OfferShop {
    static let date = BusinessDate(dayNumber: 20_779)
    let programme: Programme
    let points: Int64

    init(points: Int64) throws {
        self.points = points
        let title = LocalText(zhHant: "字", en: "word")
        programme = try Programme(
            name: "offers",
            version: 1,
            title: title,
            currency: "TWD",
            calendar: .taipei,
            firstDate: BusinessDate(dayNumber: 0),
            lastDate: BusinessDate(dayNumber: 100_000),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: []),
            cards: [],
            rules: [Rule(id: "base", per: 35, give: 1)],
            rewards: [
                Reward(id: "pen", title: title, benefit: .handOver, cost: .init(4, .points)),
                Reward(id: "off", title: title, benefit: .amountOff(20), cost: .init(3, .points)),
                Reward(id: "pay", title: title, benefit: .pays(.one), cost: .init(1, .points)),
            ]
        )
    }

    /// The offers as `pen 2`: which, and how many or how much at most.
    func offered(
        _ wishes: [Redemption] = [],
        amount: Int64? = nil,
        holding: [Posting]? = nil,
        isBlocked: Bool = false
    ) throws -> [String] {
        let wall = WallTime(unixMs: Int64(Self.date.dayNumber) * 86_400_000)
        var sale = Sale(
            key: try #require(SaleKey("trial")),
            evidence: amount == nil ? .visit : .keyed,
            amount: amount,
            businessDate: Self.date,
            opensVisit: false,
            till: "1"
        )
        sale.details.redemptions = wishes
        let standing = Standing(
            isBlocked: isBlocked,
            holdings: holding ?? [Posting(.points, .never, points)].filter { $0.amount > 0 }
        )
        let moment = Moment(wall: wall, quality: .ntp, boot: 1, sinceBootMs: 1)
        return programme.offers(to: standing, in: sale, at: moment)
            .map { "\($0.reward.id) \($0.unitsMax ?? $0.countMax)" }
    }
}
