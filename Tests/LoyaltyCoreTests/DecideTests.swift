import LoyaltyCore
import Testing

/// Rules for one sale, on cards and point rules that each test names.
struct DecideTests {
    @Test(arguments: [
        (amount: 34, points: 0), (amount: 35, points: 1), (amount: 69, points: 1),
        (amount: 70, points: 2),
    ])
    func `P23 one point for each whole 35, floored once per sale`(amount: Int64, points: Int64) {
        let programme = makeProgramme(rules: [Rule(id: "base", per: 35, give: 1)])

        #expect(earned(.points, by: programme, for: makeSale(amount: amount)) == points)
    }

    @Test(arguments: [
        (id: "P22", per: 10, give: 1, amount: 105, points: 10),
        (id: "P25", per: 100, give: 10, amount: 1_680, points: 160),
        (id: "P26", per: 1_000, give: 1, amount: 10_000, points: 10),
        (id: "P02 floored", per: 10, give: 1, amount: 265, points: 26),
    ])
    func `P22 P25 P26 amounts earn by whole blocks`(
        id: String,
        per: Int64,
        give: Int64,
        amount: Int64,
        points: Int64
    ) {
        let programme = makeProgramme(rules: [Rule(id: "base", per: per, give: give)])

        #expect(earned(.points, by: programme, for: makeSale(amount: amount)) == points, "\(id)")
    }

    @Test func `P17 rules add up, and every one is explained`() throws {
        let programme = makeProgramme(rules: [
            Rule(id: "base", per: 35, give: 1), Rule(id: "extra", per: 100, give: 5),
            Rule(id: "large", per: 1_000, give: 50),
        ])

        let award = try award(of: programme, for: makeSale(amount: 215))
        #expect(award.postings == [Posting(.points, .never, 16)])
        #expect(
            award.derivation == [
                .amountEarned(rule: "base", amount: 215, per: 35, give: 1, points: 6),
                .amountEarned(rule: "extra", amount: 215, per: 100, give: 5, points: 10),
                .amountTooSmall(rule: "large", amount: 215, per: 1_000),
            ]
        )
    }

    @Test(arguments: [
        (from: -10, through: -2, earns: false), (from: -10, through: 2, earns: true),
        (from: 2, through: 10, earns: false), (from: -2, through: 10, earns: true),
        (from: 1, through: 10, earns: false), (from: -10, through: -1, earns: false),
        (from: 0, through: 0, earns: true),
    ])
    func `P06 both ends of a period are inclusive`(from: Int, through: Int, earns: Bool) {
        let rule = Rule(
            id: "window",
            per: 1,
            give: 1,
            firstDate: today.adding(days: from),
            lastDate: today.adding(days: through)
        )
        let programme = makeProgramme(rules: [rule])

        #expect((earned(.points, by: programme, for: makeSale(amount: 5)) == 5) == earns)
    }

    @Test func `P28 a sale outside the programme's dates earns nothing`() {
        let programme = makeProgramme(rules: [Rule(id: "base", per: 1, give: 1)])
        let late = makeSale(amount: 100, on: programme.lastDate.adding(days: 1))

        #expect(
            programme.decide(Standing(), late, at: noon)
                == .refusal(
                    .programmeNotInForce(
                        firstDate: programme.firstDate,
                        lastDate: programme.lastDate
                    )
                )
        )
    }

    @Test(arguments: [
        (rule: DoubleGrantGuard.businessDay, gapMinutes: 1, sameDay: true, stamps: false),
        (rule: .businessDay, gapMinutes: 1, sameDay: false, stamps: true),
        (rule: .hours(1), gapMinutes: 59, sameDay: true, stamps: false),
        (rule: .hours(1), gapMinutes: 60, sameDay: true, stamps: true),
        (rule: .hours(24), gapMinutes: 1_439, sameDay: false, stamps: false),
        (rule: .hours(24), gapMinutes: 1_440, sameDay: false, stamps: true),
        (rule: .none, gapMinutes: 0, sameDay: true, stamps: true),
    ])
    func `P29 the double-grant guard holds a second visit back, to the minute`(
        rule: DoubleGrantGuard,
        gapMinutes: Int64,
        sameDay: Bool,
        stamps: Bool
    ) {
        let programme = makeProgramme(cards: [makeCard(guardedBy: rule)])
        let last = Visit(
            at: makeMoment(sinceBootMs: noon.sinceBootMs - gapMinutes * 60_000),
            businessDate: today.adding(days: sameDay ? 0 : -1)
        )
        let standing = Standing(lastVisits: ["latte": last])

        let decision = programme.decide(standing, makeVisit(), at: noon)
        let stamp = Posting(.stamps(ofCard: "latte"), .never, 1)
        if stamps {
            #expect(
                decision
                    == .award(
                        Award(
                            postings: [stamp],
                            derivation: [.visitStamped(card: "latte", stamps: 1)]
                        )
                    )
            )
        } else {
            #expect(decision == .refusal(.visitAlreadyStamped(guard: rule)))
        }
    }

    @Test func `a wall clock that steps back does not cost a stamp`() {
        let programme = makeProgramme(cards: [makeCard(guardedBy: .hours(1))])
        let beforeReboot = Moment(
            wall: WallTime(unixMs: noon.wall.unixMs + 600_000),
            quality: .rtc,
            boot: 1,
            sinceBootMs: 5
        )
        let standing = Standing(
            lastVisits: ["latte": Visit(at: beforeReboot, businessDate: today)])

        #expect(
            earned(.stamps(ofCard: "latte"), by: programme, for: makeVisit(), standing) == 1
        )
    }

    @Test func `within one boot the boot clock counts, whatever the wall clock was set to`() {
        let programme = makeProgramme(cards: [makeCard(guardedBy: .hours(1))])
        let longAgoByWall = Moment(
            wall: WallTime(unixMs: 0),
            quality: .floor,
            boot: noon.boot,
            sinceBootMs: noon.sinceBootMs - 60_000
        )
        let standing = Standing(
            lastVisits: ["latte": Visit(at: longAgoByWall, businessDate: today.adding(days: -9))])

        #expect(
            programme.decide(standing, makeVisit(), at: noon)
                == .refusal(.visitAlreadyStamped(guard: .hours(1)))
        )
    }

    @Test func `a guarded card does not keep the sale's points back`() throws {
        let programme = makeProgramme(
            cards: [makeCard(guardedBy: .businessDay)],
            rules: [Rule(id: "base", per: 35, give: 1)]
        )
        let standing = Standing(lastVisits: ["latte": Visit(at: noon, businessDate: today)])

        let award = try award(of: programme, for: makeSale(amount: 215), standing)
        #expect(award.postings == [Posting(.points, .never, 6)])
        #expect(
            award.derivation == [
                .visitGuarded(card: "latte", guard: .businessDay),
                .amountEarned(rule: "base", amount: 215, per: 35, give: 1, points: 6),
            ]
        )
    }

    @Test func `a sale that belongs to a recorded visit stamps only the cards of sales`() throws {
        let programme = makeProgramme(cards: [
            makeCard(guardedBy: .none), makeCard("meal", needsSale: true, guardedBy: .none),
        ])

        let sale = try award(of: programme, for: makeSale(amount: 215, opensVisit: false))
        #expect(sale.postings == [Posting(.stamps(ofCard: "meal"), .never, 1)])
        let visit = try award(of: programme, for: makeVisit())
        #expect(visit.postings == [Posting(.stamps(ofCard: "latte"), .never, 1)])
    }

    @Test(arguments: [
        (amount: Int64(-1), refusal: Refusal.amountNegative),
        (amount: 0, refusal: .amountTooSmall(least: 35)),
        (amount: 34, refusal: .amountTooSmall(least: 35)),
        (amount: 100_001, refusal: .amountAboveMax(100_000)),
        (amount: .max, refusal: .amountAboveMax(100_000)),
        (amount: .min, refusal: .amountNegative),
    ])
    func `an amount that cannot be is refused with its reason`(amount: Int64, refusal: Refusal) {
        let programme = makeProgramme(rules: [Rule(id: "base", per: 35, give: 1)])

        #expect(
            programme.decide(Standing(), makeSale(amount: amount), at: noon) == .refusal(refusal)
        )
    }

    @Test func `the largest plausible amount still earns`() {
        let programme = makeProgramme(rules: [Rule(id: "base", per: 1, give: 1)])

        #expect(earned(.points, by: programme, for: makeSale(amount: 100_000)) == 100_000)
    }

    @Test func `the largest amount under the most rules of the largest rate is counted exactly`() {
        let rules = (0..<Programme.ruleCountMax).map {
            Rule(id: "r\($0)", per: 1, give: Programme.rateMax)
        }
        let programme = makeProgramme(rules: rules, saleAmountMax: Programme.amountMax)

        #expect(
            earned(.points, by: programme, for: makeSale(amount: Programme.amountMax))
                == 9_007_199_254_740_992_000
        )
    }

    @Test func `a visit earns nothing where only amounts do`() {
        let programme = makeProgramme(rules: [Rule(id: "base", per: 35, give: 1)])

        #expect(programme.decide(Standing(), makeVisit(), at: noon) == .refusal(.amountMissing))
    }

    @Test func `a blocked member earns nothing`() {
        let programme = makeProgramme(cards: [makeCard(guardedBy: .none)])

        #expect(
            programme.decide(Standing(isBlocked: true), makeVisit(), at: noon)
                == .refusal(.memberBlocked)
        )
    }

    @Test(arguments: [
        (days: 0, refusal: nil), (days: -3, refusal: nil),
        (days: -4, refusal: Refusal.receiptTooOld(daysMax: 3)),
        (days: 1, refusal: nil), (days: 2, refusal: .receiptFromFuture),
    ])
    func `a receipt counts for as many days as the programme says`(
        days: Int,
        refusal: Refusal?
    ) {
        let decision = decideReceipt(dated: today.adding(days: days), at: noon)

        if let refusal {
            #expect(decision == .refusal(refusal))
        } else {
            #expect(decision.isAward)
        }
    }

    @Test func `a clock known to be wrong does not judge a receipt's age`() {
        let dead = Moment(wall: noon.wall, quality: .floor, boot: 2, sinceBootMs: 9)

        #expect(decideReceipt(dated: today.adding(days: -400), at: dead).isAward)
    }

    /// A clock that is known to be wrong stands on the same day for weeks.
    @Test(arguments: [
        (boot: Int64(2), laterMs: Int64(0), earns: false),
        (boot: 2, laterMs: 21_599_999, earns: false),  // within six hours
        (boot: 2, laterMs: 21_600_000, earns: true),
        (boot: 3, laterMs: 60_000, earns: true),  // nobody knows how long the machine was off
    ])
    func `a clock known to be wrong costs no stamp of another day`(
        boot: Int64,
        laterMs: Int64,
        earns: Bool
    ) {
        let programme = makeProgramme(cards: [makeCard(guardedBy: .businessDay)])
        let stamped = Moment(wall: noon.wall, quality: .floor, boot: 2, sinceBootMs: 5_000)
        let now = Moment(
            wall: noon.wall,
            quality: .floor,
            boot: boot,
            sinceBootMs: 5_000 + laterMs
        )
        let standing = Standing(lastVisits: ["latte": Visit(at: stamped, businessDate: today)])

        let decision = programme.decide(standing, makeVisit(), at: now)
        if earns {
            #expect(decision.isAward)
        } else {
            #expect(decision == .refusal(.visitAlreadyStamped(guard: .businessDay)))
        }
    }

    @Test func `a date that came with the sale counts, whatever the clock says`() {
        let programme = makeProgramme(cards: [makeCard(guardedBy: .businessDay)])
        let dead = Moment(wall: WallTime(unixMs: 0), quality: .floor, boot: 7, sinceBootMs: 9)
        let standing = Standing(lastVisits: ["latte": Visit(at: noon, businessDate: today)])

        #expect(
            programme.decide(standing, makeVisit(), at: dead)
                == .refusal(.visitAlreadyStamped(guard: .businessDay))
        )
    }

    @Test func `a clock known to be wrong does not put a programme out of force`() {
        let programme = makeProgramme(cards: [makeCard(guardedBy: .businessDay)])
        let longAgo = today.adding(days: -4_000)
        let wall = WallTime(unixMs: noon.wall.unixMs - 4_000 * 86_400_000)
        let dead = Moment(wall: wall, quality: .floor, boot: 2, sinceBootMs: 9)

        let visit = makeSale(amount: nil, on: longAgo, evidence: .visit)
        #expect(programme.decide(Standing(), visit, at: dead).isAward)
        let running = Moment(wall: wall, quality: .rtc, boot: 2, sinceBootMs: 9)
        #expect(!programme.decide(Standing(), visit, at: running).isAward)
    }

    @Test func `a receipt of another seller is refused`() {
        #expect(
            decideReceipt(dated: today, sellerID: "28433892", at: noon)
                == .refusal(.receiptOfOtherSeller)
        )
    }

    @Test func `the same inputs give the same decision, and rules that do not match change none`()
        throws
    {
        let rule = Rule(id: "base", per: 35, give: 1)
        let ended = Rule(
            id: "ended",
            per: 1,
            give: 9,
            lastDate: today.adding(days: -1)
        )
        let sale = makeSale(amount: 215)

        let plain = try award(of: makeProgramme(rules: [rule]), for: sale)
        #expect(try award(of: makeProgramme(rules: [ended, rule]), for: sale) == plain)
        #expect(try award(of: makeProgramme(rules: [rule]), for: sale) == plain)
    }

    // MARK: - Makers

    private let noon = makeMoment(sinceBootMs: 1_000_000_000)

    private func decideReceipt(
        dated date: BusinessDate,
        sellerID: String = "04595257",
        at moment: Moment
    ) -> Decision {
        let programme = makeProgramme(
            rules: [Rule(id: "base", per: 35, give: 1)],
            receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: ["04595257"])
        )
        let sale = makeSale(amount: 215, receipt: Receipt(date: date, sellerID: sellerID))
        return programme.decide(Standing(), sale, at: moment)
    }

    private func award(
        of programme: Programme,
        for sale: Sale,
        _ standing: Standing = Standing()
    ) throws -> Award {
        guard case .award(let award) = programme.decide(standing, sale, at: noon)
        else { throw NoAward() }
        return award
    }

    private func earned(
        _ asset: Asset,
        by programme: Programme,
        for sale: Sale,
        _ standing: Standing = Standing()
    ) -> Int64 {
        guard case .award(let award) = programme.decide(standing, sale, at: noon)
        else { return 0 }
        return award.postings.filter { $0.asset == asset }.reduce(0) { $0 + $1.amount }
    }
}

private struct NoAward: Error {}

extension Decision {
    fileprivate var isAward: Bool {
        if case .award = self { true } else { false }
    }
}
