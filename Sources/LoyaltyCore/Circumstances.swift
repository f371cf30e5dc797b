/// All that the conditions of a programme may ask, but for the basket.
struct Circumstances {
    let programme: Programme
    let standing: Standing
    let sale: Sale
    let moment: Moment
    /// The tier whose benefits the sale has.
    let tier: String?
    /// The number of days in a row with a check-in, this one included; 0 if it is none.
    let streak: Int64

    private let minuteOfDay: Int

    init(_ programme: Programme, _ standing: Standing, _ sale: Sale, _ moment: Moment) {
        self.programme = programme
        self.standing = standing
        self.sale = sale
        self.moment = moment
        tier = programme.tierOfSale(standing, sale)?.tier.id
        streak = sale.details.occasion == .checkIn ? standing.streak(on: sale.businessDate) : 0
        let localMs =
            moment.wall.unixMs % 86_400_000 + Int64(programme.calendar.utcOffsetMinutes) * 60_000
        minuteOfDay = Int((localMs + 2 * 86_400_000) % 86_400_000 / 60_000)
    }

    /// Whether all conditions hold but those on the basket.
    func allow(_ conditions: Conditions) -> Bool {
        allowDate(conditions) && allowsOccasion(conditions) && allowsDay(conditions)
            && allowsPlace(conditions)
            && allowsMember(conditions)
    }

    /// Whether the date is one of those on which the conditions hold.
    func allowDate(_ conditions: borrowing Conditions) -> Bool {
        let date = sale.businessDate
        if let first = conditions.firstDate, date < first { return false }
        if let last = conditions.lastDate, last < date { return false }
        return true
    }

    private func allowsOccasion(_ conditions: Conditions) -> Bool {
        let occasion = sale.details.occasion
        let isOccasion =
            conditions.referral.map { allows($0, occasion) }
            ?? (occasion.kind == conditions.occasion)
        guard isOccasion else { return false }
        if let subject = conditions.subject, subject != occasion.subject { return false }
        if let days = conditions.streakDays {
            guard streak == days || (conditions.streakRepeats && streak > 0 && streak % days == 0)
            else { return false }
        }
        return !conditions.opensVisit || sale.opensVisit
    }

    private func allows(_ referral: Referral, _ occasion: Occasion) -> Bool {
        switch referral.role {
        case .referrer: occasion == .referral(referral.step)
        case .referred:
            switch referral.step {
            case .join: standing.profile.isReferred && occasion == .join
            case .firstSale:
                standing.profile.isReferred && occasion == .purchase
                    && sale.evidence != .visit && standing.tallies[Tally(.sales)] ?? 0 == 0
            case .everySale:
                standing.profile.isReferred && occasion == .purchase && sale.evidence != .visit
            }
        }
    }

    private func allowsDay(_ conditions: Conditions) -> Bool {
        let date = sale.businessDate
        if !conditions.weekdays.isEmpty, !conditions.weekdays.contains(date.weekdayIndex) {
            return false
        }
        if !conditions.monthDays.isEmpty, !conditions.monthDays.contains(date.day) { return false }
        guard let minutes = conditions.minutes else { return true }
        // Past midnight, the window goes on at the minutes beyond the day's 1,440.
        return minutes.contains(minuteOfDay) || minutes.contains(minuteOfDay + 1_440)
    }

    private func allowsPlace(_ conditions: Conditions) -> Bool {
        let details = sale.details
        if !conditions.stores.isEmpty, !(details.store.map(conditions.stores.contains) ?? false) {
            return false
        }
        if !conditions.tills.isEmpty, !conditions.tills.contains(sale.till) { return false }
        if !conditions.cashiers.isEmpty,
            !(details.cashier.map(conditions.cashiers.contains) ?? false)
        {
            return false
        }
        if !conditions.evidence.isEmpty, !conditions.evidence.contains(sale.evidence) {
            return false
        }
        return conditions.codes.isEmpty || details.codes.contains(where: conditions.codes.contains)
    }

    private func allowsMember(_ conditions: Conditions) -> Bool {
        let date = sale.businessDate
        if !conditions.tiers.isEmpty, !(tier.map(conditions.tiers.contains) ?? false) {
            return false
        }
        if let window = conditions.birthday,
            !standing.profile.hasBirthday(within: window, of: date)
        {
            return false
        }
        if let first = conditions.first {
            guard sale.evidence != .visit,
                standing.tallies[Tally(.sales, in: first.period(of: date))] ?? 0 == 0
            else { return false }
        }
        if let days = conditions.awayDaysMin {
            let last = standing.tallies[Tally(.visitDay)] ?? 0
            guard last > 0, Int64(date.dayNumber) - last >= days else { return false }
        }
        guard let holding = conditions.holds else { return true }
        return Purse(standing.holdings, on: date).usable(holding.asset) >= holding.min
    }
}

extension FirstSale {
    /// The period of which a sale is the first.
    func period(of date: BusinessDate) -> Tally.Period {
        switch self {
        case .ever: .ever
        case .day: .day(date)
        case .month: .month(date.firstOfMonth)
        }
    }
}

extension Profile {
    /// Whether a date lies in the window around the member's birthday.
    public func hasBirthday(within window: BirthdayWindow, of date: BusinessDate) -> Bool {
        guard let birthdate else { return false }
        switch window {
        case .month: return birthdate.month == date.month
        case .day: return birthdate.date(in: date.year) == date
        case .week:
            // The days around a birthday may lie in another year.
            return (-1...1).contains { years in
                let day = birthdate.date(in: date.year + years)
                return day.map { abs(Int64($0.dayNumber) - Int64(date.dayNumber)) <= 3 } ?? false
            }
        }
    }
}

extension Standing {
    /// The number of days in a row with a check-in, if the member checks in on a date.
    ///
    /// 0 if the member checked in on that date already.
    func streak(on date: BusinessDate) -> Int64 {
        let last = tallies[Tally(.streakDay)] ?? 0
        let length = tallies[Tally(.streak)] ?? 0
        let day = Int64(date.dayNumber)
        if length > 0, last >= day { return 0 }
        return length > 0 && last == day - 1 ? length + 1 : 1
    }
}
