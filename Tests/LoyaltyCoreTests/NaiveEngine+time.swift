import LoyaltyCore

extension NaiveEngine {
    /// The tier with which a sale counts.
    func tierID(_ scene: NaiveScene) -> String? {
        guard let ladder = programme.tiers else { return nil }
        var index = tierIndex(of: scene.member, on: scene.date)
        if programme.policies.tierGate == .thisSaleAlone {
            switch ladder.counter {
            case .spend: index = reached(scene.sale.amount ?? 0, ladder)
            case .visits, .points: index = 0
            }
            index = max(index, floorIndex(scene.member, ladder))
        }
        return ladder.tiers[index].id
    }

    private func reached(_ count: Int64, _ ladder: TierLadder) -> Int {
        var index = 0
        for (number, tier) in ladder.tiers.enumerated() where count >= tier.min { index = number }
        return index
    }

    private func floorIndex(_ member: NaiveMember, _ ladder: TierLadder) -> Int {
        for (number, tier) in ladder.tiers.enumerated() where tier.id == member.profile.tierFloor {
            return number
        }
        return 0
    }

    /// What the ladder's counter says in the window that ends in a month.
    func tierCount(_ member: NaiveMember, _ ladder: TierLadder, year: Int, month: Int) -> Int64 {
        let counter = ladder.counter.rawValue
        switch ladder.window {
        case .lifetime: return member.counts["\(counter) ever"] ?? 0
        case .calendarYear: return member.counts["\(counter) year \(year)"] ?? 0
        case .rollingMonths(let months):
            var (year, month, sum) = (year, month, Int64(0))
            for _ in 0..<months {
                sum += member.counts["\(counter) month \(year)-\(month)"] ?? 0
                month -= 1
                if month == 0 { (year, month) = (year - 1, 12) }
            }
            return sum
        }
    }

    /// The tier that a member has on a date, by all that was counted.
    func tierIndex(of member: NaiveMember, on date: BusinessDate) -> Int {
        guard let ladder = programme.tiers else { return 0 }
        var index = Int(member.counts["tier"] ?? 0)
        if let since = member.counts["tier year"], ladder.downgrade != .never {
            for year in Int(since)..<max(Int(since), date.year) {
                let fresh = reached(tierCount(member, ladder, year: year, month: 12), ladder)
                index = ladder.downgrade == .yearEnd ? fresh : max(index - 1, fresh)
            }
        }
        let now = tierCount(member, ladder, year: date.year, month: date.month)
        return max(index, reached(now, ladder), floorIndex(member, ladder))
    }

    /// What has expired becomes something else or lapses.
    func expire(_ member: inout NaiveMember, on date: BusinessDate) -> NaiveAnswer {
        var answer = NaiveAnswer()
        for (place, amount) in member.holdings where place.bucket.hasExpired(on: date) {
            answer.take(place.asset, place.bucket, amount)
            for rule in programme.assets where rule.asset.name == place.asset {
                guard let conversion = rule.conversion else { continue }
                var last: BusinessDate?
                for other in programme.assets where other.asset == conversion.asset {
                    last = other.expiry.lastDate(earnedOn: date)
                }
                answer.give(
                    conversion.asset.name,
                    Bucket(from: nil, through: last),
                    amount / conversion.block * conversion.amount
                )
            }
        }
        member.holdings = answer.left(of: member)
        return answer
    }
}
