/// The month and the day of a birthday; the year is nobody's business here.
public struct Birthday: Hashable, Sendable {
    /// The month, from 1.
    public let month: Int
    /// The day of the month, from 1; 29 February is one.
    public let day: Int

    /// Creates a birthday, or nil if no year has such a day.
    public init?(month: Int, day: Int) {
        // A leap year has every day on which anybody is born.
        guard BusinessDate(year: 2024, month: month, day: day) != nil else { return nil }
        (self.month, self.day) = (month, day)
    }

    /// Reads `05-20`, or a date whose year is not kept, or gives nil.
    public init?(_ text: String) {
        let day = text.utf8.count == 5 ? "2024-\(text)" : text
        guard let date = BusinessDate(day) else { return nil }
        (month, self.day) = (date.month, date.day)
    }

    /// The birthday's date in a year; 28 February where 29 February is missing.
    public func date(in year: Int) -> BusinessDate? {
        BusinessDate(year: year, month: month, day: day)
            ?? BusinessDate(year: year, month: month, day: day - 1)
    }
}

extension Birthday: CustomStringConvertible {
    /// The birthday as `05-20`.
    public var description: String { "\(padded(month, to: 2))-\(padded(day, to: 2))" }
}
