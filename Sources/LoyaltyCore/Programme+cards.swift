extension Programme {
    /// Stamps the cards that a visit counts for.
    func stamp(
        _ circumstances: Circumstances,
        _ purse: inout Purse,
        _ changes: TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) {
        let (standing, sale) = (circumstances.standing, circumstances.sale)
        guard sale.details.occasion == .purchase else { return }
        for card in cards
        where card.stampsPerVisit > 0 && card.counts(sale) && isCurrent(card, changes) {
            let own = standing.lastVisits[card.id]
            // The visit that filled the card before this one is the same visit for this one.
            let last = own ?? previous(card).flatMap { standing.lastVisits[$0.id] }
            if holds(card.doubleGrantGuard, after: last, sale, at: circumstances.moment) {
                steps.append(.visitGuarded(card: card.id, guard: card.doubleGrantGuard))
                continue
            }
            steps.append(.visitStamped(card: card.id, stamps: card.stampsPerVisit))
            var stamps = card.stampsPerVisit
            if own == nil, card.welcomeStamps > 0 {
                steps.append(
                    DerivationStep(.welcomed, card.id, card.asset, [card.welcomeStamps])
                )
                stamps += card.welcomeStamps
            }
            try give(stamps, card.asset, from: nil, &purse, &steps)
        }
    }

    /// Gives an amount in the bucket that the programme has for it.
    func give(
        _ amount: Int64,
        _ asset: Asset,
        from firstDate: BusinessDate?,
        _ purse: inout Purse,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) {
        guard asset.kind == .stamps, let card = cards.first(where: { $0.asset == asset }) else {
            let expiry = assets.first { $0.asset == asset }?.expiry ?? .never
            let last = expiry.lastDate(earnedOn: purse.date)
            if let last, last < purse.date { return }
            try purse.earn(amount, asset, Bucket(from: firstDate, through: last))
            return
        }
        switch card.expiry {
        case .never: try purse.earn(amount, asset, Bucket(from: firstDate, through: nil))
        case .fromFirstStamp(let days):
            let current = purse.holdings.first {
                $0.asset == asset && $0.bucket.isUsable(on: purse.date)
            }
            let last = current?.bucket.lastDate ?? purse.date.adding(days: Int(days))
            try purse.earn(amount, asset, Bucket(from: firstDate, through: last))
        case .fromLastStamp(let days):
            let (date, last) = (purse.date, purse.date.adding(days: Int(days)))
            let moved = try purse.take(.max, asset) {
                $0.isUsable(on: date) && $0 != .through(last)
            }
            if moved > 0 {
                steps.append(DerivationStep(.cardProlonged, card.id, asset, [moved]))
                try purse.earn(moved, asset, .through(last))
            }
            try purse.earn(amount, asset, Bucket(from: firstDate, through: last))
        }
    }

    /// Turns full cards into what they are worth.
    func complete(
        _ purse: inout Purse,
        _ changes: inout TallyChanges,
        _ steps: inout [DerivationStep]
    ) throws(Refusal) {
        for card in cardsInOrder {
            guard let completion = card.completion else { continue }
            let full = purse.usable(card.asset) / card.size
            let times = card.next == nil ? full : min(full, 1)
            guard times > 0 else { continue }
            try purse.spend(times * card.size, card.asset)
            let (amount, overflow) = times.multipliedReportingOverflow(by: completion.amount)
            guard !overflow else { throw .overflow }
            try give(amount, completion.asset, from: nil, &purse, &steps)
            steps.append(
                DerivationStep(.cardCompleted, card.id, completion.asset, [card.size, times])
            )
            guard isChained(card) else { continue }
            try changes.add(times, to: Tally(.card(card.id)))
            let rest = purse.usable(card.asset)
            guard let next = card.next, rest > 0 else { continue }
            try purse.spend(rest, card.asset)
            try give(rest, .stamps(ofCard: next), from: nil, &purse, &steps)
            steps.append(
                DerivationStep(.cardChanged, next, .stamps(ofCard: next), [rest])
            )
        }
    }

    /// The cards, each before the one that follows it in its chain.
    private var cardsInOrder: [StampCard] {
        guard cards.contains(where: { $0.next != nil }) else { return cards }
        var order: [StampCard] = []
        for card in cards where !isFollowing(card) {
            var next: StampCard? = card
            while let card = next, !order.contains(card) {
                order.append(card)
                next = card.next.flatMap { id in cards.first { $0.id == id } }
            }
        }
        return order
    }

    private func isFollowing(_ card: StampCard) -> Bool { previous(card) != nil }

    private func previous(_ card: StampCard) -> StampCard? {
        cards.first { $0.next == card.id }
    }

    /// Whether a card is the one of its chain that is being filled.
    private func isCurrent(_ card: StampCard, _ changes: TallyChanges) -> Bool {
        if card.next != nil, changes[Tally(.card(card.id))] > 0 { return false }
        return cards.allSatisfy { $0.next != card.id || changes[Tally(.card($0.id))] > 0 }
    }
}

extension StampCard {
    /// Whether a sale can be a visit that this card stamps.
    fileprivate func counts(_ sale: Sale) -> Bool {
        needsSale ? sale.evidence != .visit : sale.opensVisit
    }
}
