import LoyaltyCore

/// A second engine, written from the specification alone and as simply as can be.
///
/// Loops over all rules, sentences for counts, fractions everywhere: it shares no code with the
/// first one, so what both agree on was understood twice.
struct NaiveEngine {
    let programme: Programme
    /// What is counted over all members, by sentences.
    var chain: [String: Int64] = [:]

    init(_ programme: Programme) {
        self.programme = programme
    }

    /// Decides a sale and, if it is an award, remembers it.
    mutating func sell(
        _ sale: Sale,
        to member: inout NaiveMember,
        at moment: Moment
    ) -> (answer: NaiveAnswer, bill: NaiveBill?) {
        let sale = programme.policies.spendsOwnPoints ? counted(sale, member, moment) : sale
        var scene = NaiveScene(member: member, sale: sale, moment: moment, tier: nil)
        if let code = bar(scene) { return (.refused(code), nil) }
        scene = NaiveScene(member: member, sale: sale, moment: moment, tier: tierID(scene))
        var work = NaiveWork(scene, NaiveBasket(sale, programme.policies))
        if let code = move(&work) { return (.refused(code), nil) }
        count(&work)
        settle(work, &member)
        let isEmpty =
            work.answer.plus.isEmpty && work.answer.minus.isEmpty && work.answer.redeemed.isEmpty
        // What moves nothing may still be counted, as by a ladder of visits.
        return isEmpty ? (.refused(emptyCode(work)), work.bill) : (work.answer, work.bill)
    }

    /// The sale with a number for each "all": one more, as long as that can be paid for.
    private func counted(_ sale: Sale, _ member: NaiveMember, _ moment: Moment) -> Sale {
        var sale = sale
        let all = sale.details.redemptions.indices.filter { place in
            let wish = sale.details.redemptions[place]
            guard let reward = programme.rewards.first(where: { $0.id == wish.reward })
            else { return false }
            if case .pays = reward.benefit { return false }
            return wish.count == nil && reward.cost != nil
        }
        for place in all {
            sale.details.redemptions[place] = Redemption(
                sale.details.redemptions[place].reward,
                count: 0
            )
        }
        for place in all {
            let reward = sale.details.redemptions[place].reward
            var before: [String] = []
            for count in Int64(1)... {
                let was = sale
                sale.details.redemptions[place] = Redemption(reward, count: count)
                var (engine, buyer) = (self, member)
                let scene = NaiveScene(member: buyer, sale: sale, moment: moment, tier: nil)
                if bar(scene) != nil { break }
                let answer = engine.sell(sale, to: &buyer, at: moment).answer
                if answer.redeemed.isEmpty || answer.redeemed == before {
                    sale = was
                    break
                }
                before = answer.redeemed
            }
        }
        return sale
    }

    /// Moves what a sale moves, in the specification's order; answers a refusal's code.
    private func move(_ work: inout NaiveWork) -> String? {
        let policies = programme.policies
        if let code = redeem(&work) { return code }
        if !policies.spendsOwnPoints, let code = spend(&work) { return code }
        if let code = payWithValue(&work) { return code }
        // Handing over alone is no purchase, and nobody came for it.
        let sale = work.scene.sale
        let isHandOver =
            sale.evidence == .visit && sale.amount == nil && !sale.opensVisit
            && !sale.details.redemptions.isEmpty
        if policies.redeemingSaleEarns || work.costs.isEmpty, !isHandOver {
            stampCards(&work)
            earn(&work)
        }
        repayDebts(&work)
        if policies.spendsOwnPoints, let code = spend(&work) { return code }
        for gift in work.gifts { give(gift.asset, gift.amount, 0, by: "gift", &work) }
        completeCards(&work)
        repayDebts(&work)
        work.answer.due = work.basket.due
        return nil
    }

    private func emptyCode(_ work: NaiveWork) -> String {
        if work.isGuarded { return "visit-already-stamped" }
        if work.isDropped { return "reward-unavailable" }
        if work.scene.sale.details.occasion != .purchase { return "nothing-for-occasion" }
        let sale = work.scene.sale
        if sale.amount == nil, sale.details.lines.isEmpty { return "amount-missing" }
        return work.isTooSmall ? "amount-too-small" : "nothing-for-occasion"
    }

    /// Writes an answer into a member's holdings and counts.
    private mutating func settle(_ work: NaiveWork, _ member: inout NaiveMember) {
        member.holdings = work.answer.left(of: member)
        for (asset, amount) in work.answer.owed { member.debts[asset, default: 0] += amount }
        for (sentence, amount) in work.memberCounts {
            member.counts[sentence, default: 0] += amount
        }
        for (sentence, amount) in work.chainCounts { chain[sentence, default: 0] += amount }
        for (sentence, value) in work.memberSets { member.counts[sentence] = value }
        for card in work.stamped {
            member.visits[card] = Visit(at: work.scene.moment, businessDate: work.scene.date)
        }
    }

    // MARK: - What bars a sale

    private func bar(_ scene: NaiveScene) -> String? {
        let (sale, details) = (scene.sale, scene.sale.details)
        if scene.member.isBlocked { return "member-blocked" }
        if scene.date < programme.firstDate || programme.lastDate < scene.date {
            return "programme-not-in-force"
        }
        if let amount = sale.amount {
            if amount < 0 { return "amount-negative" }
            if amount > programme.saleAmountMax { return "amount-above-max" }
        }
        if let currency = details.currency, currency != programme.currency {
            return "currency-other"
        }
        for line in details.lines where line.quantity < 0 || line.gross < 0 || line.net < 0 {
            return "line-negative"
        }
        if details.isCashiersOwn, !programme.cashiersEarn { return "sale-of-cashier" }
        for cap in programme.saleCaps where details.occasion == .purchase {
            let period = words(cap.period, scene.date)
            switch cap.scope {
            case .member:
                if scene.count("sales \(period)") >= cap.max { return "too-often" }
            case .cashier:
                // Sales without a cashier count as those of one.
                let cashier = details.cashier ?? ""
                if chain["sales of \(cashier) \(period)"] ?? 0 >= cap.max { return "too-often" }
            case .sale, .programme: break
            }
        }
        return barOccasion(scene)
    }

    private func barOccasion(_ scene: NaiveScene) -> String? {
        switch scene.sale.details.occasion {
        case .checkIn where scene.count("last check-in") == Int64(scene.date.dayNumber):
            "already-checked-in"
        case .vote(let id, _) where scene.count("vote \(id)") > 0: "already-voted"
        case .recovery(_, let reason) where reason.isEmpty || !scene.sale.details.isApproved:
            "recovery-not-approved"
        default: nil
        }
    }

    // MARK: - Counts

    private func count(_ work: inout NaiveWork) {
        let (scene, date) = (work.scene, work.scene.date)
        let isPurchase = scene.sale.details.occasion == .purchase
        for period in LimitPeriod.allCases where isPurchase && scene.sale.evidence != .visit {
            work.memberCounts["sales \(words(period, date))", default: 0] += 1
            let cashier = scene.sale.details.cashier ?? ""
            work.chainCounts["sales of \(cashier) \(words(period, date))", default: 0] += 1
        }
        if isPurchase {
            let spent = work.basket.amount(of: Conditions(), programme.policies.earningBase)
            countForTier(&work, "spend", spent?.floor ?? 0)
            if scene.sale.opensVisit { countForTier(&work, "visits", 1) }
            work.memberSets["last visit"] = Int64(date.dayNumber)
        }
        let points = work.earned.filter { $0.asset == "points" }.map(\.amount).reduce(0, +)
        countForTier(&work, "points", points)
        switch scene.sale.details.occasion {
        case .checkIn:
            work.memberSets["streak"] = scene.streak
            work.memberSets["last check-in"] = Int64(date.dayNumber)
        case .vote(let id, _): work.memberCounts["vote \(id)", default: 0] += 1
        default: break
        }
        if programme.tiers != nil {
            var after = scene.member
            for (sentence, amount) in work.memberCounts {
                after.counts[sentence, default: 0] += amount
            }
            work.memberSets["tier"] = Int64(tierIndex(of: after, on: date))
            work.memberSets["tier year"] = Int64(date.year)
        }
    }

    private func countForTier(_ work: inout NaiveWork, _ counter: String, _ amount: Int64) {
        let date = work.scene.date
        for period in ["ever", "year \(date.year)", "month \(month(date))"] {
            work.memberCounts["\(counter) \(period)", default: 0] += amount
        }
    }

    /// How much room caps leave for something that is counted by a sentence; nil for no bound.
    func room(_ caps: [Cap], _ subject: String, _ scene: NaiveScene) -> Int64? {
        var room: Int64?
        for cap in caps {
            let used: Int64
            let period = words(cap.period, scene.date)
            switch cap.scope {
            case .sale: used = 0
            case .member: used = scene.count("\(subject) \(period)")
            case .cashier:
                let cashier = scene.sale.details.cashier ?? ""
                used = chain["\(subject) of \(cashier) \(period)"] ?? 0
            case .programme: used = chain["\(subject) \(period)"] ?? 0
            }
            room = min(room ?? .max, max(0, cap.max - used))
        }
        return room
    }

    func countUse(_ subject: String, _ amount: Int64, _ work: inout NaiveWork) {
        for period in LimitPeriod.allCases {
            let period = words(period, work.scene.date)
            work.memberCounts["\(subject) \(period)", default: 0] += amount
            work.chainCounts["\(subject) \(period)", default: 0] += amount
            let cashier = work.scene.sale.details.cashier ?? ""
            work.chainCounts["\(subject) of \(cashier) \(period)", default: 0] += amount
        }
    }
}

/// A decision in the making.
struct NaiveWork {
    let scene: NaiveScene
    var basket: NaiveBasket
    var answer = NaiveAnswer()
    /// What is to be spent, in order.
    var costs: [NaiveCost] = []
    /// What rewards give, after all is spent.
    var gifts: [NaiveCost] = []
    var earned: [NaiveEarning] = []
    /// What each rule gave before it was floored and capped.
    var exact: [String: NaiveFraction] = [:]
    var spent: [NaiveSpending] = []
    /// Stamps that can be used longer, by where they were.
    var prolonged: [NaiveSpending] = []
    var prolongedTo: [String: Bucket] = [:]
    /// Both, in the order in which they were taken.
    var moves: [NaiveSpending] = []
    /// Whether a card's guard held the visit, and whether a wish did not fit the basket.
    var isGuarded = false
    var isDropped = false
    var isTooSmall = false
    var stamped: [String] = []
    var memberCounts: [String: Int64] = [:]
    var chainCounts: [String: Int64] = [:]
    var memberSets: [String: Int64] = [:]

    init(_ scene: NaiveScene, _ basket: NaiveBasket) {
        self.scene = scene
        self.basket = basket
    }

    /// How much of an asset can be spent beside what is spoken for already.
    func available(_ asset: String) -> Int64 {
        scene.member.usable(asset, on: scene.date)
            - costs.filter { $0.asset == asset }.map(\.amount).reduce(0, +)
    }

    /// Takes from a bucket, and remembers it for a refund.
    mutating func take(_ place: NaivePlace, _ amount: Int64, isOnBill: Bool = false) {
        if amount <= 0 { return }
        answer.take(place.asset, place.bucket, amount)
        let spending = NaiveSpending(place: place, amount: amount, isOnBill: isOnBill)
        spent.append(spending)
        moves.append(spending)
    }

    /// What a refund must know later.
    var bill: NaiveBill {
        NaiveBill(
            sale: scene.sale,
            settled: max(0, (basket.amount ?? 0) - basket.discounts),
            earned: earned,
            exact: exact,
            spent: spent,
            prolonged: prolonged,
            moves: moves,
            prolongedTo: prolongedTo,
            memberCounts: memberCounts,
            chainCounts: chainCounts
        )
    }
}

/// What is to be spent, and whether for something on the bill.
struct NaiveCost {
    let asset: String
    let amount: Int64
    let isOnBill: Bool
}

/// What a rule, a card or a reward gave.
struct NaiveEarning {
    let rule: String
    let asset: String
    let bucket: Bucket
    let amount: Int64
}

/// What was spent from one bucket.
struct NaiveSpending {
    let place: NaivePlace
    let amount: Int64
    let isOnBill: Bool
}

/// What a refund must know of a sale.
struct NaiveBill {
    let sale: Sale
    let settled: Int64
    let earned: [NaiveEarning]
    let exact: [String: NaiveFraction]
    let spent: [NaiveSpending]
    let prolonged: [NaiveSpending]
    let moves: [NaiveSpending]
    /// Where prolonged stamps went, by asset.
    let prolongedTo: [String: Bucket]
    let memberCounts: [String: Int64]
    let chainCounts: [String: Int64]

    /// The place to which stamps were prolonged.
    func prolongedTo(_ asset: String) -> NaivePlace {
        NaivePlace(asset: asset, bucket: prolongedTo[asset] ?? .never)
    }
}
