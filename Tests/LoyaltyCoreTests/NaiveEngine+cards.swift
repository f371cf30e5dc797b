import LoyaltyCore

extension NaiveEngine {
    /// Stamps every card that the visit counts for.
    func stampCards(_ work: inout NaiveWork) {
        let sale = work.scene.sale
        guard sale.details.occasion == .purchase else { return }
        for card in programme.cards where isCurrent(card, work.scene) {
            guard card.needsSale ? sale.evidence != .visit : sale.opensVisit else { continue }
            if isGuarded(card, work.scene) {
                work.isGuarded = true
                continue
            }
            stamp(card, &work)
            work.stamped.append(card.id)
        }
    }

    /// Whether the card is the one of its chain that is being filled.
    private func isCurrent(_ card: StampCard, _ scene: NaiveScene) -> Bool {
        if let next = card.next, next != card.id, filled(card.id, scene) > 0 { return false }
        for before in programme.cards where before.next == card.id && before.id != card.id {
            if filled(before.id, scene) == 0 { return false }
        }
        return true
    }

    private func filled(_ card: String, _ scene: NaiveScene) -> Int64 {
        scene.count("card \(card) filled")
    }

    private func isGuarded(_ card: StampCard, _ scene: NaiveScene) -> Bool {
        var last = scene.member.visits[card.id]
        for before in programme.cards where before.next == card.id {
            // A card that was filled by a visit keeps the same visit from stamping the next.
            last = last ?? scene.member.visits[before.id]
        }
        guard let last else { return false }
        switch card.doubleGrantGuard {
        case .none: return false
        case .businessDay: return last.businessDate == scene.date
        case .hours(let hours):
            guard let elapsedMs = scene.moment.elapsedMs(since: last.at) else { return false }
            return elapsedMs / 60_000 < hours * 60
        }
    }

    private func stamp(_ card: StampCard, _ work: inout NaiveWork) {
        let isNew = work.scene.member.visits[card.id] == nil
        let extra = isNew ? card.welcomeStamps : 0
        give(card.asset.name, card.stampsPerVisit + extra, 0, by: card.id, &work)
    }

    /// Until when a stamp of a card that is given now can be used; the others may go with it.
    func prolong(_ card: StampCard, _ work: inout NaiveWork) -> BusinessDate? {
        let date = work.scene.date
        let there = work.answer.left(of: work.scene.member).filter {
            $0.key.asset == card.asset.name && $0.key.bucket.isUsable(on: date)
        }
        switch card.expiry {
        case .never: return nil
        case .fromFirstStamp(let days):
            return there.keys.min().map(\.bucket.lastDate) ?? date.adding(days: Int(days))
        case .fromLastStamp(let days):
            let last = date.adding(days: Int(days))
            for place in there.keys.sorted() where place.bucket != .through(last) {
                let amount = there[place] ?? 0
                work.answer.take(place.asset, place.bucket, amount)
                work.answer.give(place.asset, .through(last), amount)
                let move = NaiveSpending(place: place, amount: amount, isOnBill: false)
                work.prolonged.append(move)
                work.prolongedTo[card.asset.name] = .through(last)
                work.moves.append(move)
            }
            return last
        }
    }

    /// Full cards become what they are worth, and their chain goes on.
    func completeCards(_ work: inout NaiveWork) {
        for card in programme.cards {
            guard let completion = card.completion else { continue }
            var times = usableStamps(card, work) / card.size
            if card.next != nil { times = min(times, 1) }
            if times <= 0 { continue }
            takeStamps(card, times * card.size, &work)
            give(completion.asset.name, times * completion.amount, 0, by: card.id, &work)
            work.memberCounts["card \(card.id) filled", default: 0] += times
            if let next = card.next {
                let rest = usableStamps(card, work)
                if rest <= 0 { continue }
                takeStamps(card, rest, &work)
                give("stamps/\(next)", rest, 0, by: card.id, &work)
            }
        }
    }

    private func usableStamps(_ card: StampCard, _ work: NaiveWork) -> Int64 {
        work.answer.left(of: work.scene.member)
            .filter {
                $0.key.asset == card.asset.name && $0.key.bucket.isUsable(on: work.scene.date)
            }
            .map(\.value).reduce(0, +)
    }

    private func takeStamps(_ card: StampCard, _ count: Int64, _ work: inout NaiveWork) {
        var left = count
        let there = work.answer.left(of: work.scene.member)
        for place in there.keys.sorted() where place.asset == card.asset.name {
            guard place.bucket.isUsable(on: work.scene.date) else { continue }
            let part = min(left, there[place] ?? 0)
            work.take(place, part)
            left -= part
        }
    }
}
