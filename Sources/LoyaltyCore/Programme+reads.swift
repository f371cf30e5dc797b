extension Programme {
    /// Every count that a decision on a sale may read or change.
    ///
    /// Whoever keeps the counts gives these to `decide`, and only these: an entry that stores them
    /// has all that HQ needs to decide again. None for a programme of plain cards and rules.
    public func tallies(for sale: Sale) -> [Tally] {
        var found = allTallies(for: sale)
        if let other = sale.otherDate { found += allTallies(for: sale.settled(on: other)) }
        var seen: Set<Tally> = []
        return found.filter { seen.insert($0).inserted }
    }

    /// Every count that `offers(to:in:at:)` may read, the debts included.
    public func talliesForOffers(in sale: Sale) -> [Tally] {
        var asked = sale
        asked.details.redemptions += rewards.map { Redemption($0.id) }
        return tallies(for: asked) + debts(for: asked)
    }

    private func allTallies(for sale: Sale) -> [Tally] {
        let date = sale.businessDate
        var found: [Tally] = index.salePeriods.map { Tally(.sales, in: $0.period(of: date)) }
        let cashier = sale.details.cashier ?? ""
        for cap in saleCaps { found.append(cap.tally(.sales, cashier, date)) }
        if index.readsVisitDay { found.append(Tally(.visitDay)) }
        if sale.details.occasion == .checkIn {
            found += [Tally(.streak), Tally(.streakDay)]
        }
        if case .vote(let id, _) = sale.details.occasion { found.append(Tally(.vote(id))) }
        if let tiers { found += tiers.tallies(on: date) }
        for candidate in index.candidates(for: sale) {
            found += rules[candidate.number].tallies(cashier, date)
        }
        for wish in sale.details.redemptions {
            guard let reward = rewards.first(where: { $0.id == wish.reward }) else { continue }
            for cap in reward.caps where cap.scope != .sale {
                found.append(cap.tally(.reward(reward.id), cashier, date))
            }
        }
        for card in cards where isChained(card) { found.append(Tally(.card(card.id))) }
        return found
    }

    /// The debts that a decision on a sale may repay, of whatever the programme gives.
    public func debts(for sale: Sale) -> [Tally] {
        var assets = index.candidates(for: sale).map { rules[$0.number].gift.asset }
        assets += cards.map(\.asset) + cards.compactMap { $0.completion?.asset }
        for wish in sale.details.redemptions {
            guard let reward = rewards.first(where: { $0.id == wish.reward }),
                case .gives(_, let asset) = reward.benefit
            else { continue }
            assets.append(asset)
        }
        var seen: Set<Asset> = []
        return assets.filter { seen.insert($0).inserted }.map { Tally(.debt($0)) }
    }

    /// Whether a decision on a sale reads what the member holds, so that its entry must tell.
    public func readsHoldings(for sale: Sale) -> Bool {
        if !sale.details.redemptions.isEmpty || sale.details.storedValue != nil { return true }
        return index.readsHoldings
            || cards.contains { $0.completion != nil || $0.expiry != .never }
    }

    /// What a decision on a sale may read of a profile; nothing else of it is kept with the entry.
    ///
    /// Whoever knows the profile gives this to `decide`, so that HQ decides on the same.
    public func reads(_ profile: Profile, for sale: Sale) -> Profile {
        if profile == Profile() { return profile }
        let asked = index.readsProfile ? conditions(for: sale) : []
        var read = Profile()
        if asked.contains(where: { $0.birthday != nil }) || sale.details.occasion == .birthday {
            read.birthday = profile.birthday
        }
        if asked.contains(where: { $0.referral?.role == .referred }) {
            read.isReferred = profile.isReferred
        }
        if tiers != nil { read.tierFloor = profile.tierFloor }
        return read
    }

    /// Whether a decision on a sale asks in which store it was, so that its entry must tell.
    public func readsStore(for sale: Sale) -> Bool {
        index.readsStore && conditions(for: sale).contains { !$0.stores.isEmpty }
    }

    /// What the rules that may match a sale ask, and the rewards that it names.
    private func conditions(for sale: Sale) -> [Conditions] {
        let wished = Set(sale.details.redemptions.map(\.reward))
        return index.candidates(for: sale).map { rules[$0.number].conditions }
            + rewards.filter { wished.contains($0.id) }.map(\.conditions)
    }

    /// Whether a sale needs a number from the system's randomness: some rule is an instant win.
    public var hasInstantWins: Bool {
        rules.contains { if case .instantWin = $0.gift { true } else { false } }
    }

    func isChained(_ card: StampCard) -> Bool {
        card.next != nil || cards.contains { $0.next == card.id }
    }
}

extension Rule {
    /// The counts that the rule reads or changes.
    fileprivate func tallies(_ cashier: String, _ date: BusinessDate) -> [Tally] {
        var found = caps.filter { $0.scope != .sale }.map { $0.tally(.rule(id), cashier, date) }
        if carriesRemainder { found.append(Tally(.remainder(id))) }
        if case .instantWin = gift { found.append(Tally(.win(id), for: .programme)) }
        return found
    }
}

extension Cap {
    /// The count that the cap looks at; for a single sale it has no meaning.
    func tally(_ subject: Tally.Subject, _ cashier: String, _ date: BusinessDate) -> Tally {
        switch scope {
        case .sale, .member: Tally(subject, in: period.period(of: date))
        case .cashier: Tally(subject, for: .cashier(cashier), in: period.period(of: date))
        case .programme: Tally(subject, for: .programme, in: period.period(of: date))
        }
    }
}

extension TierLadder {
    /// The counts that the tier of a date depends on.
    fileprivate func tallies(on date: BusinessDate) -> [Tally] {
        var found = [Tally(.tier), Tally(.tierYear)]
        switch window {
        case .lifetime: found.append(Tally(subject))
        case .calendarYear:
            found += ([date] + yearEnds(before: date)).map {
                Tally(subject, in: .year($0.firstOfYear))
            }
        case .rollingMonths(let months):
            // The window that ends today, and those that ended with the years before.
            for end in [date] + yearEnds(before: date) {
                var month = end.firstOfMonth
                for _ in 0..<months {
                    found.append(Tally(subject, in: .month(month)))
                    month = month.adding(days: -1).firstOfMonth
                }
            }
        }
        return found
    }
}
