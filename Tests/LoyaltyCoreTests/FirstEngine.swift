import LoyaltyCore

/// The engine under test, with what a store and HQ would remember between decisions.
struct FirstEngine {
    let programme: Programme
    /// The counts of cashiers and of the programme, over all members.
    var shared: [Tally: Int64] = [:]

    init(_ programme: Programme) {
        self.programme = programme
    }

    /// Decides a sale and, if it is an award, remembers it.
    mutating func sell(
        _ sale: Sale,
        to standing: inout Standing,
        at moment: Moment
    ) -> (answer: NaiveAnswer, award: Award?) {
        // Only what the programme says that it reads, as the ledger does.
        let known = seen(standing, programme.tallies(for: sale) + programme.debts(for: sale))
        switch programme.decide(known, sale, at: moment) {
        case .refusal(let refusal): return (.refused(refusal.code), nil)
        case .award(let award):
            let visit = Visit(at: moment, businessDate: sale.businessDate)
            guard let after = known.after(award, visit: visit)
            else { return (.refused("would fall below zero: \(award.postings)"), nil) }
            keep(after, award.tallies, &standing)
            return (NaiveAnswer(award), award)
        }
    }

    mutating func refund(
        _ refund: Refund,
        to standing: inout Standing,
        on date: BusinessDate
    ) -> NaiveAnswer {
        let read = Array(standing.tallies.keys) + refund.award.tallies.map(\.tally)
        let known = seen(standing, read)
        switch programme.refund(refund, known, on: date) {
        case .refusal(let refusal): return .refused(refusal.code)
        case .award(let award):
            guard let after = known.after(award.postings, tallies: award.tallies)
            else { return .refused("would fall below zero: \(award.postings)") }
            keep(after, award.tallies, &standing)
            return NaiveAnswer(award)
        }
    }

    func expire(_ standing: inout Standing, on date: BusinessDate) -> NaiveAnswer {
        guard let award = programme.expire(standing, on: date) else { return NaiveAnswer() }
        guard let after = standing.after(award.postings, tallies: award.tallies)
        else { return .refused("would fall below zero: \(award.postings)") }
        standing = after
        return NaiveAnswer(award)
    }

    /// A standing with some counts of a member and of all of them; all where none are named.
    func seen(_ standing: Standing, _ read: [Tally]? = nil) -> Standing {
        var tallies: [Tally: Int64] = [:]
        for tally in read ?? Array(standing.tallies.keys) + Array(shared.keys) {
            tallies[tally] = standing.tallies[tally] ?? shared[tally]
        }
        return standing.with(tallies)
    }

    private mutating func keep(
        _ after: Standing,
        _ changes: [TallyChange],
        _ standing: inout Standing
    ) {
        var tallies = standing.tallies
        for change in changes {
            if change.tally.scope == .member {
                tallies[change.tally] = after.tallies[change.tally]
            } else {
                shared[change.tally] = after.tallies[change.tally]
            }
        }
        standing = after.with(tallies)
    }
}

extension Standing {
    /// The same with other counts.
    func with(_ tallies: [Tally: Int64]) -> Self {
        Self(
            isBlocked: isBlocked,
            holdings: holdings,
            lastVisits: lastVisits,
            tallies: tallies,
            profile: profile
        )
    }
}

extension NaiveAnswer {
    /// What is left of both directions in each place; a refund may give and take in one.
    var net: Self {
        var net = self
        (net.plus, net.minus) = ([:], [:])
        for (place, amount) in plus {
            net.give(place.asset, place.bucket, amount - (minus[place] ?? 0))
        }
        for (place, amount) in minus {
            net.take(place.asset, place.bucket, amount - (plus[place] ?? 0))
        }
        return net
    }

    /// The first engine's answer in the second one's form.
    init(_ award: Award) {
        self.init()
        for posting in award.postings {
            if posting.amount > 0 {
                give(posting.asset.name, posting.bucket, posting.amount)
            } else {
                take(posting.asset.name, posting.bucket, -posting.amount)
            }
        }
        due = award.due
        redeemed = award.redeemed.map { "\($0.reward) \($0.count) \($0.cost) \($0.value)" }
        for change in award.tallies {
            if case .debt(let asset) = change.tally.subject, change.amount != 0 {
                owed[asset.name, default: 0] += change.amount
            }
        }
    }
}
