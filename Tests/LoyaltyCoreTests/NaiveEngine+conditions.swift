import LoyaltyCore

/// A sale and all that surrounds it, as the second engine looks at it.
struct NaiveScene {
    let member: NaiveMember
    let sale: Sale
    let moment: Moment
    let tier: String?

    var date: BusinessDate { sale.businessDate }

    func count(_ sentence: String) -> Int64 { member.counts[sentence] ?? 0 }

    /// The day in a row of check-ins that today is.
    var streak: Int64 {
        count("last check-in") == Int64(date.dayNumber) - 1 ? count("streak") + 1 : 1
    }
}

extension NaiveEngine {
    /// Whether all holds that has nothing to do with the basket.
    func allows(_ conditions: Conditions, _ scene: NaiveScene) -> Bool {
        isOccasion(conditions, scene) && isTime(conditions, scene) && isPlace(conditions, scene)
            && isMember(conditions, scene)
    }

    private func isOccasion(_ conditions: Conditions, _ scene: NaiveScene) -> Bool {
        let occasion = scene.sale.details.occasion
        if let referral = conditions.referral {
            if referral.role == .referrer {
                guard case .referral(let step) = occasion, step == referral.step
                else { return false }
            } else {
                guard scene.member.profile.isReferred, scene.sale.evidence != .visit else {
                    return false
                }
                switch referral.step {
                case .join: if occasion != .join { return false }
                case .everySale: if occasion != .purchase { return false }
                case .firstSale:
                    if occasion != .purchase || scene.count("sales ever") > 0 { return false }
                }
            }
        } else if occasion.kind != conditions.occasion {
            return false
        }
        if let subject = conditions.subject, subject != occasion.subject { return false }
        if conditions.opensVisit, !scene.sale.opensVisit { return false }
        if let days = conditions.streakDays {
            guard occasion == .checkIn else { return false }
            let streak = scene.streak
            if streak != days, !conditions.streakRepeats || streak % days != 0 { return false }
        }
        return true
    }

    private func isTime(_ conditions: Conditions, _ scene: NaiveScene) -> Bool {
        let date = scene.date
        if let first = conditions.firstDate, date < first { return false }
        if let last = conditions.lastDate, last < date { return false }
        // 2024-01-01, day 19,723, was a Monday.
        let weekday = ((Int(date.dayNumber) - 19_723) % 7 + 7) % 7
        if !conditions.weekdays.isEmpty, !conditions.weekdays.contains(weekday) { return false }
        if !conditions.monthDays.isEmpty, !conditions.monthDays.contains(date.day) { return false }
        if let minutes = conditions.minutes {
            let offset = Int64(programme.calendar.utcOffsetMinutes)
            let minute = Int((scene.moment.wall.unixMs / 60_000 + offset) % 1_440)
            if !minutes.contains(minute), !minutes.contains(minute + 1_440) { return false }
        }
        return true
    }

    private func isPlace(_ conditions: Conditions, _ scene: NaiveScene) -> Bool {
        let details = scene.sale.details
        func fails(_ wanted: Set<String>, _ found: String?) -> Bool {
            !wanted.isEmpty && (found == nil || !wanted.contains(found ?? ""))
        }
        if fails(conditions.stores, details.store) { return false }
        if fails(conditions.tills, scene.sale.till) { return false }
        if fails(conditions.cashiers, details.cashier) { return false }
        if !conditions.evidence.isEmpty, !conditions.evidence.contains(scene.sale.evidence) {
            return false
        }
        if !conditions.codes.isEmpty {
            return details.codes.contains { conditions.codes.contains($0) }
        }
        return true
    }

    private func isMember(_ conditions: Conditions, _ scene: NaiveScene) -> Bool {
        if !conditions.tiers.isEmpty {
            guard let tier = scene.tier, conditions.tiers.contains(tier) else { return false }
        }
        if let window = conditions.birthday {
            guard let birthday = scene.member.profile.birthday,
                isNear(birthday, scene.date, window)
            else { return false }
        }
        if conditions.first != nil, scene.sale.evidence == .visit { return false }
        switch conditions.first {
        case nil: break
        case .ever: if scene.count("sales ever") > 0 { return false }
        case .day: if scene.count("sales day \(scene.date)") > 0 { return false }
        case .month: if scene.count("sales month \(month(scene.date))") > 0 { return false }
        }
        if let days = conditions.awayDaysMin {
            guard let last = scene.member.counts["last visit"],
                Int64(scene.date.dayNumber) - last >= days
            else { return false }
        }
        if let holding = conditions.holds,
            scene.member.usable(holding.asset.name, on: scene.date) < holding.min
        {
            return false
        }
        return true
    }

    private func isNear(
        _ birthday: (month: Int, day: Int),
        _ date: BusinessDate,
        _ window: BirthdayWindow
    ) -> Bool {
        if window == .month { return date.month == birthday.month }
        for year in [date.year - 1, date.year, date.year + 1] {
            let found =
                BusinessDate(year: year, month: birthday.month, day: birthday.day)
                ?? BusinessDate(year: year, month: 2, day: 28)
            guard let found else { continue }
            let days = abs(Int(found.dayNumber) - Int(date.dayNumber))
            if days <= (window == .day ? 0 : 3) { return true }
        }
        return false
    }

    func month(_ date: BusinessDate) -> String { "\(date.year)-\(date.month)" }

    /// The period of a limit, in words.
    func words(_ period: LimitPeriod, _ date: BusinessDate) -> String {
        switch period {
        case .day: "day \(date)"
        case .week: "week \((Int(date.dayNumber) - 19_723) / 7)"
        case .month: "month \(month(date))"
        case .year: "year \(date.year)"
        case .programme: "ever"
        }
    }
}
