public import LoyaltyCore

extension BusinessDate {
    /// What to add to a year of the Republic of China, whose year 1 is 1912.
    static let rocYearOffset = 1911

    /// Reads a day as an invoice's code writes it: `yyyMMdd` in the Republic of China's calendar.
    ///
    /// - Parameter digits: Seven digits; nil comes back if no calendar has that day.
    init?(roc digits: some Collection<UInt8>) {
        guard digits.count == 7, let value = digits.decimalValue, value >= 1_00_00 else {
            return nil
        }
        self.init(
            year: Int(value / 1_00_00) + Self.rocYearOffset,
            month: Int(value / 100 % 100),
            day: Int(value % 100)
        )
    }

    /// The two-month invoice period that the day belongs to.
    public var invoicePeriod: InvoicePeriod {
        InvoicePeriod(rocYear: year - Self.rocYearOffset, evenMonth: month + month % 2)
    }
}

/// The two months that an invoice number belongs to, named by the even one.
///
/// Invoice numbers come back in later periods, so a number alone identifies nothing.
public struct InvoicePeriod: Hashable, Sendable {
    /// The year of the Republic of China, 1 to 999.
    public let rocYear: Int
    /// 2, 4, 6, 8, 10 or 12.
    public let evenMonth: Int

    init(rocYear: Int, evenMonth: Int) {
        self.rocYear = rocYear
        self.evenMonth = evenMonth
    }

    /// Reads a period as the one-dimensional code writes it: `yyyMM`, the month even.
    ///
    /// - Parameter digits: Five ASCII digits; nil comes back for an odd or impossible month.
    public init?(_ digits: some Collection<UInt8>) {
        guard digits.count == 5, let value = digits.decimalValue, value >= 1_00 else { return nil }
        let month = Int(value % 100)
        guard month % 2 == 0, (2...12).contains(month) else { return nil }
        self.init(rocYear: Int(value / 100), evenMonth: month)
    }

    /// The period that follows.
    public var next: InvoicePeriod {
        evenMonth == 12
            ? InvoicePeriod(rocYear: rocYear + 1, evenMonth: 2)
            : InvoicePeriod(rocYear: rocYear, evenMonth: evenMonth + 2)
    }
}

extension InvoicePeriod: CustomStringConvertible {
    /// The period as `yyyMM`, such as `11510`.
    public var description: String { padded(rocYear, 3) + padded(evenMonth, 2) }
}

private func padded(_ value: Int, _ count: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
}
