import LoyaltyCore

extension ProgrammeReplay {
    /// Lets time pass until a date, for every member.
    ///
    /// - Returns: What that moved, as far as it is listed, and how many times something moved.
    mutating func pass(until date: BusinessDate) -> (answers: [ReplayAnswer], count: Int) {
        guard let last = clock else {
            begin(on: date)
            return run(through: date)
        }
        guard last < date else { return ([], 0) }
        clock = date
        shared.prune(before: date.adding(days: -Standing.lateDays))
        return run(through: date)
    }

    /// Starts the clock at the first input's date: what was over before is done now.
    private mutating func begin(on date: BusinessDate) {
        clock = date
        for index in members.indices {
            members[index].doneThrough = date.adding(days: -1)
            members[index].standing = standing(of: members[index], on: date)
            schedule(index)
        }
    }

    /// A member's standing with what was counted before the first input.
    private func standing(of member: Member, on date: BusinessDate) -> Standing {
        var tallies = member.standing.tallies
        for (subject, count) in member.counts {
            for period in subject.countedPeriods {
                tallies[Tally(subject, in: period.period(of: date))] = count
            }
        }
        let standing = member.standing.replacing(tallies)
        guard let ladder = programme.tiers else { return standing }
        // The tier that the counts reach is kept, as it is when a sale reaches it.
        let reached = programme.evaluateTier(standing, on: date)?.index ?? 0
        let stated = ladder.tiers.firstIndex { $0.id == member.firstTier } ?? 0
        tallies[Tally(.tier)] = Int64(max(reached, stated))
        tallies[Tally(.tierYear)] = Int64(date.year)
        return member.standing.replacing(tallies)
    }

    private mutating func run(
        through date: BusinessDate
    ) -> (answers: [ReplayAnswer], count: Int) {
        var answers: [ReplayAnswer] = []
        var count = 0
        while let due = dueDates.next(through: date) {
            guard members[due.member].nextDue == due.date else { continue }
            members[due.member].nextDue = nil
            members[due.member].doneThrough = due.date
            for answer in doDue(due.member, on: due.date) {
                count += 1
                if answers.count < ReplayAnswer.derivedCountMax { answers.append(answer) }
            }
            schedule(due.member)
        }
        return (answers, count)
    }

    /// Notes when something is next due for a member, where that is sooner than what is noted.
    mutating func schedule(_ index: Int) {
        guard let date = nextDue(of: members[index]) else { return }
        if let noted = members[index].nextDue, noted <= date { return }
        members[index].nextDue = date
        dueDates.insert(date, member: index)
    }

    /// The first date after the last one done on which something may have to be done.
    private func nextDue(of member: Member) -> BusinessDate? {
        guard let done = member.doneThrough else { return nil }
        let first = done.adding(days: 1)
        var dates: [BusinessDate] = member.standing.holdings.compactMap { holding in
            holding.bucket.lastDate.map { max(first, $0.adding(days: 1)) }
        }
        if feeds.yearEnds, let turn = BusinessDate(year: done.year + 1, month: 1, day: 1) {
            dates.append(turn)
        }
        if feeds.birthdays, let birthday = member.birthday {
            let years = [first.year, first.year + 1]
            dates += years.compactMap(birthday.date(in:)).filter { $0 >= first }.prefix(1)
        }
        return dates.min()
    }

    private mutating func doDue(_ index: Int, on date: BusinessDate) -> [ReplayAnswer] {
        var answers: [ReplayAnswer] = []
        let name = members[index].name
        if let award = programme.expire(members[index].standing, on: date),
            let after = members[index].standing.after(award.postings, tallies: award.tallies)
        {
            write(award, after, of: index, .expiry)
            answers.append(
                ReplayAnswer(
                    key: "expiry/\(name)/\(date)",
                    member: name,
                    type: "expiry",
                    date: date,
                    .award(award)
                )
            )
        }
        answers += tierChange(index, on: date)
        if feeds.birthdays, members[index].birthday?.date(in: date.year) == date {
            answers += feedBirthday(index, on: date)
        }
        for place in answers.indices { answers[place].position = position(of: index, on: date) }
        return answers
    }

    /// What a year's end makes of a member's tier.
    private func tierChange(_ index: Int, on date: BusinessDate) -> [ReplayAnswer] {
        guard feeds.yearEnds, date.month == 1, date.day == 1 else { return [] }
        let standing = members[index].standing
        let before = programme.evaluateTier(standing, on: date.adding(days: -1))
        guard let after = programme.evaluateTier(standing, on: date), after.tier != before?.tier
        else { return [] }
        let step = DerivationStep(.tierReached, after.tier.id)
        let name = members[index].name
        return [
            ReplayAnswer(
                key: "tier/\(name)/\(date)",
                member: name,
                type: "tier",
                date: date,
                .award(Award(postings: [], derivation: [step]))
            )
        ]
    }

    private mutating func feedBirthday(_ index: Int, on date: BusinessDate) -> [ReplayAnswer] {
        guard let key = SaleKey("birthday/\(date)") else { return [] }
        let sale = Sale.derived(key, .birthday, on: date)
        let at = WallTime(middleOf: date, in: programme.calendar)
        let answer = decide(index, sale, at: at, type: "birthday")
        return answer.isWorthTelling ? [answer] : []
    }
}

extension Tally.Subject {
    /// In which periods something counts that was counted before a replay begins.
    fileprivate var countedPeriods: [LimitPeriod] {
        switch self {
        case .spend, .visits, .points: [.programme, .year, .month]
        default: [.programme]
        }
    }
}
