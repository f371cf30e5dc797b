import LoyaltyCore

/// What happens to a member of a random history.
enum RandomStep {
    case sale(member: Int, Sale, Moment)
    /// Refunds an earlier sale by its number; nil for all that is left of it.
    case refund(sale: Int, perMille: Int64?, on: BusinessDate)
    case pass(until: BusinessDate)
}

/// Sales, refunds and days that a seed decides.
struct RandomHistory {
    var numbers: SeededGenerator
    /// The day that it is.
    var date = RandomProgramme.firstDate.adding(days: 60)
    var minute = 600
    private(set) var saleCount = 0
    /// The stores at which sales happen.
    var stores = RandomProgramme.stores

    init(_ numbers: SeededGenerator) {
        self.numbers = numbers
    }

    /// Makes the next step of so many members.
    mutating func next(_ programme: Programme, memberCount: Int) -> RandomStep {
        if numbers.chance(12) {
            date = date.adding(days: Int(numbers.pick([1, 2, 10, 40, 366])))
            return .pass(until: date)
        }
        if saleCount > 0, numbers.chance(20) {
            return .refund(
                sale: numbers.below(saleCount),
                perMille: numbers.maybe(60, [100, 333, 500, 1_000]),
                on: date
            )
        }
        minute += numbers.pick([1, 40, 90, 300])
        if minute >= 1_440 || numbers.chance(15) {
            date = date.adding(days: 1)
            minute = 480 + numbers.below(400)
        }
        let member = numbers.below(memberCount)
        let sale = makeSale(programme, store: numbers.maybe(80, stores))
        return .sale(member: member, sale, moment)
    }

    /// Now, by a clock that is right.
    var moment: Moment {
        let unixMs = Int64(date.dayNumber) * 86_400_000 + Int64(minute - 480) * 60_000
        return Moment(
            wall: WallTime(unixMs: unixMs),
            quality: .ntp,
            boot: 1,
            sinceBootMs: unixMs - 1_700_000_000_000
        )
    }

    /// What a member holds to begin with.
    mutating func makeHoldings() -> [Posting] {
        var holdings: [Posting] = []
        if numbers.chance(60) {
            holdings.append(Posting(.points, .through(date.adding(days: 4)), numbers.within(1...9)))
        }
        if numbers.chance(60) { holdings.append(Posting(.points, .never, numbers.within(1...60))) }
        if numbers.chance(25) {
            holdings.append(Posting(.bonusValue, .through(date.adding(days: 9)), 50))
        }
        if numbers.chance(40) {
            holdings.append(Posting(.paidValue, .never, numbers.within(1...900)))
        }
        if numbers.chance(40) { holdings.append(Posting(.voucher("latte"), .never, 2)) }
        return holdings
    }

    mutating func makeProfile() -> Profile {
        var profile = Profile()
        if numbers.chance(60) {
            profile.birthday = numbers.pick([(11, 3), (11, 5), (2, 29), (12, 31), (1, 1)])
        }
        profile.isReferred = numbers.chance(30)
        profile.tierFloor = numbers.maybe(10, RandomProgramme.tiers)
        return profile
    }

    /// Makes a sale of today, or another occasion.
    mutating func makeSale(_ programme: Programme, store: String?) -> Sale {
        saleCount += 1
        guard let key = SaleKey("r/\(saleCount)") else { preconditionFailure("the key is one") }
        var details = SaleDetails()
        details.store = store
        details.cashier = numbers.maybe(70, RandomProgramme.cashiers)
        details.isCashiersOwn = numbers.chance(4)
        details.currency = numbers.maybe(30, ["TWD", "TWD", "TWD", "TWD", "TWD", "USD"])
        details.codes = numbers.chance(30) ? [numbers.pick(RandomProgramme.codes)] : []
        details.luck = numbers.chance(80) ? numbers.next() : nil
        details.occasion = makeOccasion()
        var amount: Int64?
        let evidence = numbers.pick([.pos, .pos, .pos] + Evidence.allCases)
        if details.occasion == .purchase, evidence != .visit { amount = addBasket(&details) }
        if case .topUp = details.occasion { amount = numbers.pick([500, 1_000]) }
        if details.occasion == .purchase, amount != nil || evidence == .visit {
            addWishes(programme, hasBill: amount != nil, &details)
        }
        return Sale(
            key: key,
            evidence: evidence,
            amount: amount,
            businessDate: date,
            opensVisit: numbers.chance(75),
            till: numbers.pick(RandomProgramme.tills),
            details: details
        )
    }

    private mutating func makeOccasion() -> Occasion {
        switch numbers.below(40) {
        case 0..<4: .checkIn
        case 4: .join
        case 5: .topUp
        case 6: .vote("song", option: "a")
        case 7: .referral(numbers.pick(Referral.Step.allCases))
        case 8: .birthday
        case 9: .recovery(severity: "small", reason: numbers.pick(["", "cold"]))
        default: .purchase
        }
    }

    /// Fills a basket; answers the amount.
    private mutating func addBasket(_ details: inout SaleDetails) -> Int64 {
        if numbers.chance(5) { details.paidWithPoints = 30 }
        guard numbers.chance(70) else {
            let amount = numbers.pick([0, 34, 35, 70, 105, 999, 1_680, numbers.within(1...3_000)])
            details.orderDiscount = numbers.chance(15) ? 20 : 0
            details.untaxed = numbers.chance(50) ? amount * 20 / 21 : nil
            return amount
        }
        for _ in 0...numbers.below(4) { details.lines.append(makeLine()) }
        let nets = details.lines.map(\.net).reduce(0, +)
        details.orderDiscount = numbers.chance(15) ? nets / numbers.within(4...20) : 0
        let amount = nets - details.orderDiscount
        return numbers.chance(3) ? amount + 1 : amount
    }

    private mutating func makeLine() -> SaleLine {
        let price = numbers.pick([50, 99, 100, 333, 640, 1_000] as [Int64])
        let quantity = numbers.pick([1_000, 1_000, 1_000, 2_000, 3_000, 5_000, 1_500] as [Int64])
        let gross = price * quantity / 1_000
        let net = numbers.chance(20) ? gross - gross / 7 : gross
        return SaleLine(
            sku: numbers.pick(RandomProgramme.skus),
            categories: numbers.chance(60) ? [numbers.pick(RandomProgramme.categories)] : [],
            labels: numbers.chance(30) ? [numbers.pick(RandomProgramme.labels)] : [],
            quantity: quantity,
            gross: gross,
            net: net,
            untaxed: numbers.chance(50) ? net * 20 / 21 : nil
        )
    }

    private mutating func addWishes(
        _ programme: Programme,
        hasBill: Bool,
        _ details: inout SaleDetails
    ) {
        if hasBill { details.storedValue = numbers.maybe(12, [.max, .max, 40, 400]) }
        guard !programme.rewards.isEmpty else { return }
        while details.redemptions.count < 3, numbers.chance(35) {
            let reward = numbers.pick(programme.rewards)
            var wish = Redemption(reward.id, count: numbers.pick([1, 1, 1, 2, 5, nil]))
            if case .pays = reward.benefit {
                wish = Redemption(reward.id, amount: numbers.pick([nil, 1, 7, 30]))
            }
            details.redemptions.append(wish)
        }
        if numbers.chance(1) { details.redemptions.append(Redemption("unknown")) }
    }
}
