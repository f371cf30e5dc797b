/// Until when an amount that is earned can be used (LOYALTY.md section 9).
public enum Expiry: Hashable, Sendable {
    /// For ever.
    case never
    /// For this many days after the day of trade, the last included.
    case days(Int64)
    /// Through the end of the month that lies this many months ahead; 0 is this month.
    case monthEnd(months: Int64)
    /// Through 31 December of the year that lies this many years ahead; 0 is this year.
    case yearEnd(years: Int64)
    /// Through a day of the year that lies this many years ahead, such as 30 June of the next.
    case dayOfYear(month: Int, day: Int, years: Int64)
    /// Through one date.
    case on(BusinessDate)

    /// Most days, months or years ahead, by their number of days.
    ///
    /// Source: our own bound; a decade is as good as never.
    public static let aheadMax: (days: Int64, months: Int64, years: Int64) = (3_660, 120, 10)

    /// The last date on which something earned on a date is usable; nil for never.
    public func lastDate(earnedOn date: BusinessDate) -> BusinessDate? {
        switch self {
        case .never: nil
        case .days(let days): date.adding(days: Int(days))
        case .monthEnd(let months): date.monthEnd(months: Int(months))
        case .yearEnd(let years): Self.dayOfYear(12, 31, years, after: date)
        case .dayOfYear(let month, let day, let years):
            Self.dayOfYear(month, day, years, after: date)
        case .on(let last): last
        }
    }

    private static func dayOfYear(
        _ month: Int,
        _ day: Int,
        _ years: Int64,
        after date: BusinessDate
    ) -> BusinessDate? {
        let year = date.year + Int(years)
        // 29 February is the last day of its month in a year without one.
        return BusinessDate(year: year, month: month, day: day)
            ?? BusinessDate(year: year, month: month, day: 1)?.monthEnd(months: 0)
    }
}

extension BusinessDate {
    /// The day of the week, 0 for Monday to 6 for Sunday.
    public var weekdayIndex: Int { Int(((dayNumber % 7) + 10) % 7) }

    /// The last day of the month that lies some months ahead.
    func monthEnd(months: Int) -> Self {
        let next = year * 12 + month + months
        let first = Self(year: next / 12, month: next % 12 + 1, day: 1)
        return first?.adding(days: -1) ?? self
    }
}
