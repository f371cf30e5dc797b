import LoyaltyCore

extension ProgrammeReplay {
    /// Answers a purchase or another occasion.
    mutating func answer(
        _ input: ReplayInput,
        _ sale: Sale,
        _ joining: Joining?,
        isDraft: Bool
    ) -> ReplayAnswer {
        guard let name = input.member else { return refused(input, .memberMissing) }
        let index = index(of: name)
        if let first = firstAnswer(to: input, by: index) { return first }
        if let refusal = refusal(of: input, joining) { return refused(input, refusal) }
        // A draft of a member's joining changes nothing of them either.
        let before = members[index]
        if let joining { join(index, joining) }
        var answer = decide(index, sale, at: input.at, type: input.type, isDraft: isDraft)
        if isDraft {
            members[index] = before
            answer.isDraft = true
            return answer
        }
        guard case .award(let award) = answer.outcome else {
            if joining != nil { feedReferrer(of: index, sale, at: input.at, to: &answer) }
            return answer
        }
        keep(sale, award, of: index, store: input.store)
        feedReferrer(of: index, sale, at: input.at, to: &answer)
        if sale.isPurchase { members[index].purchaseCount += 1 }
        return answer
    }

    /// The first answer again, if the key is known.
    private func firstAnswer(to input: ReplayInput, by index: Int) -> ReplayAnswer? {
        let store = input.store
        guard
            let kept = sales[input.key.text]?.first(where: { $0.sale.store == store })
        else { return nil }
        guard kept.member == index else { return refused(input, .programme(.saleOfOtherMember)) }
        guard !kept.isWhollyRefunded else { return refused(input, .programme(.saleVoided)) }
        var answer = ReplayAnswer(
            key: input.key.text,
            member: input.member,
            type: input.type,
            date: kept.sale.businessDate,
            .award(kept.award)
        )
        answer.isRepeat = true
        answer.position = position(of: index, on: input.date)
        return answer
    }

    /// What bars an input before the programme is asked.
    private func refusal(of input: ReplayInput, _ joining: Joining?) -> ReplayRefusal? {
        let day = BusinessDate(at: input.at, in: programme.calendar)
        if let stated = input.statedDate, stated != day { return .dateOutsideDay(day) }
        guard let joining, let name = input.member else { return nil }
        if joining.referrer == name { return .selfReferral }
        return knownIndex(name).map { members[$0].hasJoined } == true ? .alreadyMember : nil
    }

    private mutating func join(_ index: Int, _ joining: Joining) {
        var profile = members[index].standing.profile
        if let birthday = joining.birthday { profile.birthday = (birthday.month, birthday.day) }
        profile.isReferred = joining.referrer != nil
        let standing = members[index].standing
        members[index].standing = Standing(
            isBlocked: standing.isBlocked,
            holdings: standing.holdings,
            lastVisits: standing.lastVisits,
            tallies: standing.tallies,
            profile: profile
        )
        members[index].birthday = joining.birthday ?? members[index].birthday
        members[index].hasJoined = true
        members[index].referrer = joining.referrer.map { self.index(of: $0) }
    }

    /// Asks the programme, and writes what it awards unless it is a draft.
    mutating func decide(
        _ index: Int,
        _ sale: Sale,
        at wall: WallTime,
        type: String,
        isDraft: Bool = false
    ) -> ReplayAnswer {
        let moment = Moment(wall: wall, quality: .ntp, boot: 1, sinceBootMs: wall.unixMs)
        let cashier = sale.details.cashier
        let standing = shared.added(to: members[index].standing, cashier: cashier)
        var decision = programme.decide(standing, sale, at: moment)
        if case .award(let award) = decision {
            let visit = Visit(at: moment, businessDate: sale.businessDate)
            if let after = standing.after(award, visit: visit) {
                if !isDraft { write(award, after, of: index, .decision(sale)) }
            } else {
                decision = .refusal(.overflow)
            }
        }
        var answer = ReplayAnswer(
            key: sale.key.text,
            member: members[index].name,
            type: type,
            date: sale.businessDate,
            decision.outcome
        )
        answer.position = position(of: index, on: sale.businessDate)
        return answer
    }

    /// Makes an award part of the member's standing.
    mutating func write(
        _ award: Award,
        _ after: Standing,
        of index: Int,
        _ kind: ReplaySummary.Kind
    ) {
        let standing = shared.removed(from: after, changes: award.tallies)
        members[index].standing = clock.map(standing.pruned(on:)) ?? standing
        summary.add(award, kind)
        schedule(index)
    }

    private mutating func keep(_ sale: Sale, _ award: Award, of index: Int, store: String) {
        guard memory.keeps(sale.key.text, store: store) else { return }
        sales[sale.key.text, default: []].append(
            KeptSale(
                member: index,
                sale: sale,
                award: award
            )
        )
    }

    /// Gives the one who invited a member what the programme gives for the member's step.
    private mutating func feedReferrer(
        of index: Int,
        _ sale: Sale,
        at wall: WallTime,
        to answer: inout ReplayAnswer
    ) {
        guard !feeds.referrers.isEmpty, let referrer = members[index].referrer else { return }
        var steps: [Referral.Step] = []
        if sale.details.occasion == .join { steps = [.join] }
        if sale.isPurchase {
            steps = members[index].purchaseCount == 0 ? [.firstSale, .everySale] : [.everySale]
        }
        for step in steps where feeds.referrers.contains(step) {
            let fallback = SaleKey("referral") ?? sale.key
            let occasion = Sale.derived(
                SaleKey("referral/\(step.rawValue)/\(sale.key.text)") ?? fallback,
                .referral(step),
                on: sale.businessDate,
                store: sale.details.store,
                till: sale.till
            )
            let reply = decide(referrer, occasion, at: wall, type: "referral")
            if reply.isWorthTelling { answer.add(reply) }
        }
    }

    func refused(_ input: ReplayInput, _ refusal: ReplayRefusal) -> ReplayAnswer {
        var answer = ReplayAnswer(
            key: input.key.text,
            member: input.member,
            type: input.type,
            date: input.date,
            .refusal(refusal)
        )
        answer.position = input.member.flatMap(knownIndex).map { position(of: $0, on: input.date) }
        return answer
    }
}

extension ReplayAnswer {
    /// Whether a derived occasion gave something; a programme without a rule for it says nothing.
    var isWorthTelling: Bool {
        outcome != .refusal(.programme(.nothingForOccasion))
    }
}

extension Standing {
    /// Most counts of a member before those of days that are long over are forgotten.
    ///
    /// Source: our own bound; a programme reads fewer, and a year has 365 days.
    private static let tallyCountMax = 24

    /// How many days the counts of a day that is over are kept, for sales that come late.
    ///
    /// Source: our own bound; a till that was offline longer is a matter for people.
    static let lateDays = 31

    /// The standing without the counts of days and weeks that are long over.
    func pruned(on date: BusinessDate) -> Standing {
        guard tallies.count > Self.tallyCountMax else { return self }
        let last = date.adding(days: -Self.lateDays)
        return replacing(tallies.filter { !$0.key.period.isOver(before: last) })
    }
}

extension Decision {
    var outcome: ReplayAnswer.Outcome {
        switch self {
        case .award(let award): .award(award)
        case .refusal(let refusal): .refusal(.programme(refusal))
        }
    }
}

extension Sale {
    /// Whether something was bought, not only a code scanned.
    var isPurchase: Bool { details.occasion == .purchase && evidence != .visit }

    var store: String { details.store ?? "" }

    /// An occasion that follows from something else.
    static func derived(
        _ key: SaleKey,
        _ occasion: Occasion,
        on date: BusinessDate,
        store: String? = nil,
        till: String = "1"
    ) -> Sale {
        var details = SaleDetails()
        details.occasion = occasion
        details.store = store
        details.luck = key.luck
        return Sale(
            key: key,
            evidence: .pos,
            amount: nil,
            businessDate: date,
            opensVisit: false,
            till: till,
            details: details
        )
    }
}
