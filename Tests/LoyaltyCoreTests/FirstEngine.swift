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
        let known = seen(standing)
        // Only what the programme says that it reads, as the ledger does.
        let read = Set(programme.tallies(for: sale) + programme.debts(for: sale))
        let given = known.keeping(read)
        switch programme.decide(given, sale, at: moment) {
        case .refusal(let refusal): return (.refused(refusal.code), nil)
        case .award(let award):
            let visit = Visit(at: moment, businessDate: sale.businessDate)
            guard let after = known.after(award, visit: visit)
            else { return (.refused("would fall below zero: \(award.postings)"), nil) }
            keep(after, &standing)
            return (NaiveAnswer(award), award)
        }
    }

    mutating func refund(
        _ refund: Refund,
        to standing: inout Standing,
        on date: BusinessDate
    ) -> NaiveAnswer {
        let known = seen(standing)
        switch programme.refund(refund, known, on: date) {
        case .refusal(let refusal): return .refused(refusal.code)
        case .award(let award):
            guard let after = known.after(award.postings, tallies: award.tallies)
            else { return .refused("would fall below zero: \(award.postings)") }
            keep(after, &standing)
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

    /// A standing with all that is counted of a member and of all of them.
    func seen(_ standing: Standing) -> Standing {
        Standing(
            isBlocked: standing.isBlocked,
            holdings: standing.holdings,
            lastVisits: standing.lastVisits,
            tallies: standing.tallies.merging(shared) { $1 },
            profile: standing.profile
        )
    }

    private mutating func keep(_ after: Standing, _ standing: inout Standing) {
        shared = after.tallies.filter { $0.key.scope != .member }
        standing = Standing(
            isBlocked: after.isBlocked,
            holdings: after.holdings,
            lastVisits: after.lastVisits,
            tallies: after.tallies.filter { $0.key.scope == .member },
            profile: after.profile
        )
    }
}

extension Standing {
    /// The same with some counts only.
    func keeping(_ read: Set<Tally>) -> Self {
        Self(
            isBlocked: isBlocked,
            holdings: holdings,
            lastVisits: lastVisits,
            tallies: tallies.filter { read.contains($0.key) },
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
