import GRDB
public import LoyaltyCore

extension Ledger {
    /// Most entries that a report looks through.
    ///
    /// Source: our own bound; a busy store records 2,000 a day, and 100,000 are read in a second.
    static let reportEntryCountMax: Int64 = 100_000
    /// How long before a day of trade begins its first entry may have been recorded.
    ///
    /// Source: our own bound; a POS's books are a day ahead of the clock at most.
    static let reportMarginMs: Int64 = 2 * 86_400_000

    /// What was sold, earned, redeemed and taken back on a day of trade.
    ///
    /// Told from the entries that the store still has, of the epoch that goes on.
    ///
    /// - Parameters:
    ///   - date: The day.
    ///   - till: The till; nil for all.
    ///   - calendar: When a day of trade turns.
    /// - Returns: The report.
    /// - Throws: `LedgerError`.
    public func report(
        on date: BusinessDate,
        till: String? = nil,
        calendar: BusinessCalendar
    ) throws -> ShiftReport {
        let beginMs = Int64(date.dayNumber) * 86_400_000 - Self.reportMarginMs
        return try read { db in
            var events: [ShiftReport.Event] = []
            try db.eachLogLine(
                "ORDER BY sequence DESC LIMIT ?",
                [.integer(Self.reportEntryCountMax)]
            ) { line in
                let entry = try line.entry()
                // A clock that may be wrong by years says nothing of where the day begins.
                let isTrusted = [.ntp, .anchor].contains(entry.at.quality)
                if isTrusted, entry.at.wall.unixMs < beginMs { return false }
                if let event = try db.event(of: entry, calendar) { events.append(event) }
                return true
            }
            var report = ShiftReport(on: date, till: till)
            for event in events.reversed() { report.add(event) }
            return report
        }
    }
}

extension Database {
    /// What an entry adds to a report; nil for one that moves nothing.
    fileprivate func event(
        of entry: Entry,
        _ calendar: BusinessCalendar
    ) throws -> ShiftReport.Event? {
        switch entry.fact {
        case .award(let award):
            return .sale(award, try sale(award.sale.key)?.answer.award.redeemed ?? [])
        case .refund(let refund): return .refund(refund)
        case .void(let void):
            let till = try first("SELECT till FROM sale WHERE key = ?", .text(void.key.text)) {
                $0.text(0)
            }
            let date = BusinessDate(at: entry.at.wall, in: calendar)
            return .void(void, on: date, till: till ?? "")
        case .boot, .anchor, .keyRotate, .salvage, .lost, .grant: return nil
        }
    }
}
