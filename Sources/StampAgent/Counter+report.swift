import LedgerDB
public import LoyaltyCore

extension Counter {
    /// What was sold, earned, redeemed and taken back on a day of trade.
    ///
    /// - Parameters:
    ///   - date: The day; nil for today's.
    ///   - till: The till; nil for all.
    /// - Returns: The report.
    /// - Throws: `CounterError.notRecorded`, if the ledger cannot be read.
    public func report(
        on date: BusinessDate?,
        till: String?
    ) async throws(CounterError) -> ShiftReport {
        let calendar = programme.calendar
        let today = BusinessDate(at: clock.reading().wall, in: calendar)
        do {
            return try await ledger.report(on: date ?? today, till: till, calendar: calendar)
        } catch {
            throw CounterError(ledger: error)
        }
    }
}
