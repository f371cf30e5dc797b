import LoyaltyCore

extension NaiveEngine {
    /// Grants the wishes in their order; answers a refusal's code.
    func redeem(_ work: inout NaiveWork) -> String? {
        for wish in work.scene.sale.details.redemptions
        where !programme.rewards.contains(where: { $0.id == wish.reward }) {
            return "reward-unknown"
        }
        let best = bestPercent(work)
        for (number, wish) in work.scene.sale.details.redemptions.enumerated() {
            guard let reward = programme.rewards.first(where: { $0.id == wish.reward })
            else { continue }
            guard allows(reward.conditions, work.scene) else { return "reward-unavailable" }
            let subject = "reward \(reward.id)"
            let before = work.memberCounts["\(subject) ever"] ?? 0
            let room = room(reward.caps, subject, work.scene).map { $0 - before }
            if let room, room <= 0 { return "reward-unavailable" }
            guard isOnOffer(reward, work.basket), !isPercentOfOrder(reward) || number == best
            else {
                work.isDropped = true
                continue
            }
            let count = work.answer.redeemed.count
            if let code = grant(reward, wish, room, &work) { return code }
            if work.answer.redeemed.count == count { work.isDropped = true }
        }
        return nil
    }

    /// Whether the basket has what the reward is for.
    private func isOnOffer(_ reward: Reward, _ basket: NaiveBasket) -> Bool {
        basket.fits(reward.conditions)
    }

    private func isOfOrder(_ reward: Reward) -> Bool {
        reward.conditions.include == nil && reward.conditions.exclude == nil
    }

    private func isPercentOfOrder(_ reward: Reward) -> Bool {
        if case .percentOff = reward.benefit { reward.conditions.include == nil } else { false }
    }

    /// The wish with the best share off the whole order.
    private func bestPercent(_ work: NaiveWork) -> Int? {
        var best: (number: Int, value: Int64)?
        for (number, wish) in work.scene.sale.details.redemptions.enumerated() {
            guard let reward = programme.rewards.first(where: { $0.id == wish.reward }),
                isPercentOfOrder(reward), allows(reward.conditions, work.scene),
                isOnOffer(reward, work.basket),
                case .percentOff(let percent, let most) = reward.benefit
            else { continue }
            let value = percentValue(percent, most, of: left(of: reward, work.basket))
            if value > best?.value ?? 0 { best = (number, value) }
        }
        return best?.number
    }

    /// What a discount can be taken off.
    private func left(of reward: Reward, _ basket: NaiveBasket) -> Int64 {
        let due = basket.due ?? 0
        if isOfOrder(reward) || basket.lines.isEmpty { return due }
        let nets = basket.ownLines(reward.conditions).map { basket.lines[$0].net }
        return min(due, nets.reduce(0, +))
    }

    private func percentValue(_ percent: Rate, _ most: Int64?, of amount: Int64) -> Int64 {
        let value = (NaiveFraction(amount) * NaiveFraction(percent) / NaiveFraction(100)).rounded
        return min(value, most ?? value)
    }

    private func grant(
        _ reward: Reward,
        _ wish: Redemption,
        _ room: Int64?,
        _ work: inout NaiveWork
    ) -> String? {
        if case .pays(let worth) = reward.benefit { return pay(reward, worth, wish, &work) }
        var after = work.basket
        let unitsPerCost: Int64 =
            if case .freeUnits(let units) = reward.benefit { units } else { 1 }
        var most = wish.count ?? .max
        if let count = wish.count {
            if count <= 0 { return nil }
            if let room, (count + unitsPerCost - 1) / unitsPerCost > room {
                return "reward-unavailable"
            }
        } else {
            if let cost = reward.cost {
                most = max(0, work.available(cost.asset.name)) / cost.amount * unitsPerCost
            }
            if let room { most = min(most, room * unitsPerCost) }
        }
        let (count, value) = apply(reward, most, &after)
        if count <= 0 { return nil }
        let times = (count + unitsPerCost - 1) / unitsPerCost
        let cost = times * (reward.cost?.amount ?? 0)
        if let asset = reward.cost?.asset.name {
            work.costs.append(NaiveCost(asset: asset, amount: cost, isOnBill: value > 0))
        }
        if case .gives(let amount, let asset) = reward.benefit {
            work.gifts.append(
                NaiveCost(asset: asset.name, amount: count * amount, isOnBill: false)
            )
        }
        work.basket = after
        work.answer.redeemed.append("\(reward.id) \(count) \(cost) \(value)")
        countUse("reward \(reward.id)", times, &work)
        return nil
    }

    /// Lowers the basket by at most so many of a reward; answers how many, and what that is worth.
    private func apply(
        _ reward: Reward,
        _ most: Int64,
        _ basket: inout NaiveBasket
    ) -> (count: Int64, value: Int64) {
        if most <= 0 { return (0, 0) }
        let left = left(of: reward, basket)
        switch reward.benefit {
        case .freeUnits:
            return freeUnits(reward, most, &basket)
        case .amountOff(let off):
            if left <= 0 { return (0, 0) }
            let count = min(most, (left + off - 1) / off)
            let value = min(left, count * off)
            takeOff(value, reward, &basket)
            return (count, value)
        case .percentOff(let percent, let maximum):
            let value = min(left, percentValue(percent, maximum, of: left))
            if value <= 0 { return (0, 0) }
            takeOff(value, reward, &basket)
            return (1, value)
        case .cheapestFree:
            return cheapestFree(reward, &basket)
        case .handOver, .gives:
            return (most == .max ? 1 : most, 0)
        case .pays: return (0, 0)
        }
    }

    /// Takes an amount off the order or, by their shares, off the reward's lines.
    private func takeOff(_ value: Int64, _ reward: Reward, _ basket: inout NaiveBasket) {
        if isOfOrder(reward) || basket.lines.isEmpty {
            basket.rewardsOff += value
            return
        }
        let own = basket.ownLines(reward.conditions)
        let all = own.map { basket.lines[$0].net }.reduce(0, +)
        // Whole minor units: each line's part of the sum of all parts up to it.
        var (sum, done): (Int64, Int64) = (0, 0)
        for number in own where all > 0 {
            sum += basket.lines[number].net
            let upTo = (NaiveFraction(value) * NaiveFraction(sum) / NaiveFraction(all)).floor
            basket.lines[number].off += upTo - done
            done = upTo
        }
    }

    /// The lines of a reward that still have a whole unit, the cheapest unit first.
    private func byPrice(_ reward: Reward, _ basket: NaiveBasket) -> [Int] {
        let whole = basket.ownLines(reward.conditions).filter { basket.lines[$0].units > 0 }
        return whole.sorted { left, right in
            let (one, two) = (basket.lines[left].price(1), basket.lines[right].price(1))
            return one == two ? left < right : one < two
        }
    }

    private func freeUnits(
        _ reward: Reward,
        _ most: Int64,
        _ basket: inout NaiveBasket
    ) -> (count: Int64, value: Int64) {
        if basket.lines.isEmpty { return (most == .max ? 1 : most, 0) }
        var (count, value): (Int64, Int64) = (0, 0)
        for number in byPrice(reward, basket) {
            let line = basket.lines[number]
            let units = min(most - count, line.units)
            if units <= 0 { break }
            let price = line.price(line.free + units) - line.price(line.free)
            let worth = min(price, line.net)
            basket.lines[number].free += units
            basket.lines[number].off += worth
            count += units
            value += worth
        }
        return (count, value)
    }

    private func cheapestFree(
        _ reward: Reward,
        _ basket: inout NaiveBasket
    ) -> (count: Int64, value: Int64) {
        guard let number = byPrice(reward, basket).first else { return (0, 0) }
        let value = min(basket.lines[number].price(1), basket.lines[number].net)
        if value <= 0 { return (0, 0) }
        basket.lines[number].off += value
        return (1, value)
    }

    /// Pays with points, so many as the member chose, at most what is to be paid.
    private func pay(
        _ reward: Reward,
        _ worth: Rate,
        _ wish: Redemption,
        _ work: inout NaiveWork
    ) -> String? {
        guard let asset = reward.cost?.asset.name, let due = work.basket.due else { return nil }
        let held = work.available(asset)
        if let chosen = wish.amount, chosen > held { return "not-enough" }
        let unit = NaiveFraction(programme.policies.ceilingUnit)
        let ceiling = (NaiveFraction(due) / unit).rounded * programme.policies.ceilingUnit
        let fitting = (NaiveFraction(ceiling) / NaiveFraction(worth)).floor
        let units = min(wish.amount ?? max(0, held), fitting)
        if units <= 0 { return nil }
        let value = (NaiveFraction(units) * NaiveFraction(worth)).floor
        if value <= 0 { return nil }
        work.basket.pointsPaid += value
        work.costs.append(NaiveCost(asset: asset, amount: units, isOnBill: true))
        work.answer.redeemed.append("\(reward.id) 1 \(units) \(value)")
        countUse("reward \(reward.id)", 1, &work)
        return nil
    }

    /// Pays with stored value, after all else.
    func payWithValue(_ work: inout NaiveWork) -> String? {
        guard let wished = work.scene.sale.details.storedValue, let due = work.basket.due
        else { return nil }
        let order =
            programme.policies.storedValue == .bonusFirst
            ? ["value/bonus", "value/paid"] : ["value/paid", "value/bonus"]
        let held = order.map { work.available($0) }.reduce(0, +)
        // Whoever wants to pay with all of it must hold some.
        if wished == .max ? due > 0 && held == 0 : wished > held { return "not-enough" }
        var left = min(wished, due, held)
        work.basket.valuePaid = left
        for asset in order {
            let part = min(left, work.available(asset))
            left -= part
            if let code = spend(NaiveCost(asset: asset, amount: part, isOnBill: true), &work) {
                return code
            }
        }
        return nil
    }

    /// Takes what rewards cost out of the buckets.
    func spend(_ work: inout NaiveWork) -> String? {
        for cost in work.costs {
            if let code = spend(cost, &work) { return code }
        }
        return nil
    }

    /// Takes an amount out of the buckets, nearest expiry first.
    private func spend(_ cost: NaiveCost, _ work: inout NaiveWork) -> String? {
        var left = cost.amount
        let there = work.answer.left(of: work.scene.member)
        for place in there.keys.sorted() where place.asset == cost.asset {
            guard place.bucket.isUsable(on: work.scene.date) else { continue }
            let part = min(left, there[place] ?? 0)
            work.take(place, part, isOnBill: cost.isOnBill)
            left -= part
        }
        return left > 0 ? "not-enough" : nil
    }
}
