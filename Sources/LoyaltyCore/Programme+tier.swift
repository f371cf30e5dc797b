extension Programme {
    /// The tier that a member has on a date, and what is missing to the next.
    ///
    /// Where a year has ended since the tier was set, this is the tier after the year's end: points
    /// and money of the new year count from zero, and the tier is set before they do.
    ///
    /// - Returns: The tier; nil if the programme has none.
    public func evaluateTier(_ standing: Standing, on date: BusinessDate) -> TierStanding? {
        guard let tiers else { return nil }
        let count = tiers.count(standing.tallies, on: date)
        return tiers.standing(atIndex: tierIndex(standing, tiers, on: date), count: count)
    }

    /// The tier whose benefits a sale has.
    func tierOfSale(_ standing: Standing, _ sale: Sale) -> TierStanding? {
        guard let tiers else { return nil }
        switch policies.tierGate {
        case .includingThisSale: return evaluateTier(standing, on: sale.businessDate)
        case .thisSaleAlone:
            let amount = tiers.counter == .spend ? sale.amount ?? 0 : 0
            let floor = tiers.index(ofTier: standing.profile.tierFloor) ?? 0
            return tiers.standing(
                atIndex: max(floor, tiers.index(reachedBy: amount)),
                count: amount
            )
        }
    }

    private func tierIndex(
        _ standing: Standing,
        _ tiers: TierLadder,
        on date: BusinessDate
    ) -> Int {
        let tallies = standing.tallies
        let reached = tiers.index(reachedBy: tiers.count(tallies, on: date))
        let kept = Int(tallies[Tally(.tier)] ?? 0)
        let year = Int(tallies[Tally(.tierYear)] ?? Int64(date.year))
        let floor = tiers.index(ofTier: standing.profile.tierFloor) ?? 0
        guard tiers.downgrade != .never, year < date.year else { return max(floor, kept, reached) }
        var held = kept
        for end in tiers.yearEnds(before: date) where end.year >= year {
            let earned = tiers.index(reachedBy: tiers.count(tallies, on: end))
            held = tiers.downgrade == .oneStep ? max(earned, held - 1) : earned
        }
        return max(floor, held, reached)
    }

    /// The counts that change because the tier changes, and the step that says so.
    func noteTier(
        _ standing: Standing,
        on date: BusinessDate,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) {
        guard let tiers else { return }
        var tallies = standing.tallies
        for change in changes.changes { tallies[change.tally, default: 0] += change.amount }
        let after = Standing(tallies: tallies, profile: standing.profile)
        let index = tierIndex(after, tiers, on: date)
        if index != Int(standing.tallies[Tally(.tier)] ?? 0) {
            steps.append(DerivationStep(.tierReached, tiers.tiers[index].id))
        }
        try changes.set(Tally(.tier), to: Int64(index))
        if tiers.downgrade != .never { try changes.set(Tally(.tierYear), to: Int64(date.year)) }
    }
}

extension TierLadder {
    /// What is counted, as a count's subject.
    var subject: Tally.Subject {
        switch counter {
        case .spend: .spend
        case .visits: .visits
        case .points: .points
        }
    }

    /// The period into which a date's count falls.
    func period(of date: BusinessDate) -> Tally.Period {
        switch window {
        case .lifetime: .ever
        case .calendarYear: .year(date.firstOfYear)
        case .rollingMonths: .month(date.firstOfMonth)
        }
    }

    /// The count of the window that ends on a date.
    func count(_ tallies: [Tally: Int64], on date: BusinessDate) -> Int64 {
        if tallies.isEmpty { return 0 }
        guard case .rollingMonths(let months) = window
        else { return tallies[Tally(subject, in: period(of: date))] ?? 0 }
        var month = date.firstOfMonth
        var sum: Int64 = 0
        for _ in 0..<months {
            let (next, overflow) = sum.addingReportingOverflow(
                tallies[Tally(subject, in: .month(month))] ?? 0
            )
            sum = overflow ? .max : next
            month = month.adding(days: -1).firstOfMonth
        }
        return sum
    }

    /// The last days of the years whose ends may have changed the tier that counts on a date, the
    /// earliest first: a member who falls by steps has reached the lowest tier after that many.
    func yearEnds(before date: BusinessDate) -> [BusinessDate] {
        let count =
            switch downgrade {
            case .never: 0
            case .yearEnd: 1
            case .oneStep: max(1, tiers.count - 1)
            }
        return (0..<count).reversed().map { years in
            (BusinessDate(year: date.year - years, month: 1, day: 1) ?? date.firstOfYear)
                .adding(days: -1)
        }
    }

    /// The highest tier that a count reaches.
    func index(reachedBy count: Int64) -> Int {
        tiers.lastIndex { $0.min <= count } ?? 0
    }

    func index(ofTier id: String?) -> Int? {
        id.flatMap { id in tiers.firstIndex { $0.id == id } }
    }

    func standing(atIndex index: Int, count: Int64) -> TierStanding {
        let index = min(index, tiers.count - 1)
        let next = tiers.indices.contains(index + 1) ? tiers[index + 1] : nil
        return TierStanding(
            tier: tiers[index],
            index: index,
            count: count,
            next: next,
            missing: next.map { max(0, $0.min - count) } ?? 0
        )
    }
}
