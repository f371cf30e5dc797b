/// A day of trade, such as 2026-11-22, in the proleptic Gregorian calendar.
public struct BusinessDate: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01.
    public let dayNumber: Int32

    /// The year, from 1 to 9999.
    public var year: Int { civil.year }
    /// The month, from 1 to 12.
    public var month: Int { civil.month }
    /// The day of the month, from 1.
    public var day: Int { civil.day }

    /// Creates a date from its number of days since 1970-01-01.
    public init(dayNumber: Int32) {
        self.dayNumber = dayNumber
    }

    /// Creates a date, or nil if the calendar has no such day.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        // Days from civil, counting years from March so that a leap day is the year's last.
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        self.init(dayNumber: Int32(era * 146_097 + dayOfEra - 719_468))
        guard self.month == month, self.day == day else { return nil }
    }

    /// Reads a date written as `2026-11-22` (ISO 8601 calendar date, extended form).
    public init?(_ text: String) {
        // By bytes: HQ reads one for each entry, and splitting the text took longer than all else.
        let bytes = Array(text.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count == 10, bytes[4] == dash, bytes[7] == dash,
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }

    /// The day of trade to which a moment belongs.
    ///
    /// - Parameters:
    ///   - wall: The moment.
    ///   - calendar: The programme's offset from UTC and the hour at which its day turns.
    public init(at wall: WallTime, in calendar: BusinessCalendar) {
        let shiftMs = Int64(calendar.utcOffsetMinutes) * 60_000
        let turnMs = Int64(calendar.dayTurnsAtHour) * 3_600_000
        // Clamped to years that have a date at all; a clock outside them is flagged elsewhere.
        let bounded = min(max(wall.unixMs, -62_000_000_000_000), 250_000_000_000_000)
        let days = (bounded + shiftMs - turnMs).flooringQuotient(by: 86_400_000)
        self.init(dayNumber: Int32(truncatingIfNeeded: days))
    }

    /// The day of trade of a reading, and the other one that the clock's error leaves open.
    ///
    /// - Parameters:
    ///   - reading: What the clocks say.
    ///   - calendar: When the day turns.
    /// - Returns: The clock's day, and its neighbour if the turn lies within the clock's error.
    public static func open(
        at reading: ClockReading,
        in calendar: BusinessCalendar
    ) -> (date: Self, other: Self?) {
        let date = Self(at: reading.wall, in: calendar)
        guard let errorMs = reading.quality.errorMaxMs else { return (date, nil) }
        let others = [-errorMs, errorMs].map { errorMs in
            Self(at: WallTime(unixMs: reading.wall.unixMs &+ errorMs), in: calendar)
        }
        return (date, others.first { $0 != date })
    }

    /// The date some days later, or earlier if negative.
    public func adding(days: Int) -> Self {
        Self(dayNumber: dayNumber &+ Int32(truncatingIfNeeded: days))
    }

    /// Whether the first date comes before the second.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.dayNumber < rhs.dayNumber
    }

    private var civil: (year: Int, month: Int, day: Int) {
        let shifted = Int(dayNumber) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension BusinessDate: CustomStringConvertible {
    /// The date as `2026-11-22`.
    public var description: String {
        let parts = civil
        return
            "\(padded(parts.year, to: 4))-\(padded(parts.month, to: 2))-\(padded(parts.day, to: 2))"
    }
}

/// Where a programme's day begins and ends.
public struct BusinessCalendar: Hashable, Sendable {
    /// Minutes that local time is ahead of UTC; 480 in Taiwan, all year round.
    public let utcOffsetMinutes: Int
    /// The local hour at which a new day of trade begins, 0 to 23.
    public let dayTurnsAtHour: Int

    /// Taiwan's time, with a day that turns at midnight.
    public static let taipei = Self(utcOffsetMinutes: 480, dayTurnsAtHour: 0)

    /// Creates a calendar; the caller has checked the ranges (`Programme.init` does).
    public init(utcOffsetMinutes: Int, dayTurnsAtHour: Int) {
        self.utcOffsetMinutes = utcOffsetMinutes
        self.dayTurnsAtHour = dayTurnsAtHour
    }
}

/// Writes a number with leading zeros.
func padded(_ number: some BinaryInteger, to digitCount: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, digitCount - digits.count)) + digits
}

extension Int64 {
    /// Division that rounds toward negative infinity, so that times before 1970 fall into place.
    fileprivate func flooringQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
