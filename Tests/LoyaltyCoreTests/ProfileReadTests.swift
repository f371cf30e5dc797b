import LoyaltyCore
import Testing

/// What of a profile a decision reads: only that is kept with an entry.
struct ProfileReadTests {
    private let known = Profile(birthday: Birthday("11-22"), isReferred: true, tierFloor: "gold")

    @Test func `a programme that asks for nothing reads nothing`() throws {
        let programme = try programme([Rule(id: "base", per: 35, give: 1)])

        #expect(programme.reads(known, for: try sale()) == Profile())
        #expect(!programme.readsStore(for: try sale()))
    }

    @Test func `a rule that asks for the birthday reads it, and only where it may match`() throws {
        var conditions = Conditions()
        conditions.birthday = .month
        let programme = try programme([
            Rule(id: "cake", conditions: conditions, gift: .bonus(1, .points))
        ])

        #expect(programme.reads(known, for: try sale()) == Profile(birthday: Birthday("11-22")))
        #expect(programme.reads(known, for: try sale(.checkIn)) == Profile())
        #expect(
            programme.reads(known, for: try sale(.birthday)) == Profile(birthday: Birthday("11-22"))
        )
    }

    @Test func `a rule for those whom friends invited reads whether one did`() throws {
        var conditions = Conditions()
        conditions.referral = Referral(.referred, at: .firstSale)
        let programme = try programme([
            Rule(id: "invited", conditions: conditions, gift: .bonus(50, .points))
        ])

        #expect(
            programme.reads(known, for: try sale()) == Profile(birthday: nil, isReferred: true)
        )
    }

    @Test func `a rule for some stores reads the store`() throws {
        var conditions = Conditions()
        conditions.stores = ["bakery"]
        let programme = try programme([
            Rule(id: "bakery", conditions: conditions, gift: .bonus(1, .points))
        ])

        #expect(programme.readsStore(for: try sale()))
        #expect(!programme.readsStore(for: try sale(.checkIn)))
    }

    @Test func `what is decided on the part that is read is decided on the whole`() throws {
        var conditions = Conditions()
        conditions.birthday = .month
        let programme = try programme([
            Rule(id: "base", per: 35, give: 1),
            Rule(id: "cake", conditions: conditions, gift: .bonus(10, .points)),
        ])
        let moment = Moment(wall: WallTime(unixMs: 0), quality: .ntp, boot: 1, sinceBootMs: 0)
        let sale = try self.sale()
        let part = programme.reads(known, for: sale)

        #expect(
            programme.decide(Standing(profile: part), sale, at: moment)
                == programme.decide(Standing(profile: known), sale, at: moment)
        )
        #expect(
            programme.decide(Standing(profile: part), sale, at: moment)
                != programme.decide(Standing(), sale, at: moment)
        )
    }

    @Test(arguments: [
        (Occasion.join, "join/00000000000042"), (.birthday, "birthday/00000000000042/2026"),
        (.referral(.firstSale), "referral/firstSale/00000000000042"),
        (.referral(.join), "referral/join/00000000000042"),
    ])
    func `what happens once has one key`(occasion: Occasion, key: String) throws {
        #expect(occasion.isOnce)
        #expect(try self.key(of: occasion)?.text == key)
    }

    @Test(arguments: [
        Occasion.purchase, .topUp, .checkIn, .referral(.everySale), .survey("csat", answer: 5),
        .vote("flavour", option: "taro"), .recovery(severity: "minor", reason: "late"),
    ])
    func `what may happen again has the key that the POS gives it`(occasion: Occasion) throws {
        #expect(!occasion.isOnce)
        #expect(try key(of: occasion) == nil)
    }

    private func key(of occasion: Occasion) throws -> SaleKey? {
        occasion.onceKey(
            of: try #require(MemberNumber(value: 42)),
            on: try #require(BusinessDate("2026-11-22"))
        )
    }

    private func sale(_ occasion: Occasion = .purchase) throws -> Sale {
        var details = SaleDetails()
        details.occasion = occasion
        return Sale(
            key: try #require(SaleKey("P1/1")),
            evidence: .pos,
            amount: 100,
            businessDate: try #require(BusinessDate("2026-11-22")),
            opensVisit: false,
            till: "1",
            details: details
        )
    }

    private func programme(_ rules: [Rule]) throws -> Programme {
        try Programme(
            name: "cafe",
            version: 1,
            title: LocalText(zhHant: "青田咖啡", en: "Qingtian Coffee"),
            currency: "TWD",
            calendar: .taipei,
            firstDate: BusinessDate(dayNumber: 0),
            lastDate: BusinessDate(dayNumber: 100_000),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 7, sellerIDs: []),
            cards: [],
            rules: rules
        )
    }
}
