import GRDB
public import LoyaltyCore

extension Ledger {
    /// Most entries that a report looks through.
    ///
    /// Source: our own bound; a busy store records 2,000 a day.
    static let reportEntryCountMax: Int64 = 100_000
    /// How long before a day of trade begins its first entry may have been recorded.
    ///
    /// Source: our own bound; a POS's books are a day ahead of the clock at most.
    static let reportMarginMs: Int64 = 2 * 86_400_000

    /// Entries that are read at once: a scan that comes meanwhile waits for no more.
    ///
    /// Source: our own bound; some 10 ms.
    static let reportSliceCount: Int64 = 1_000

    /// What was sold, earned, redeemed and taken back on a day of trade.
    ///
    /// Told from the entries that the store still has, of the epoch that goes on. What is recorded
    /// while it reads is not in it. It leaves the ledger's thread between its slices, also for a
    /// caller that works there, as the counter does.
    ///
    /// - Parameters:
    ///   - date: The day.
    ///   - till: The till; nil for all.
    ///   - calendar: When a day of trade turns.
    /// - Returns: The report.
    /// - Throws: `LedgerError`.
    @concurrent public nonisolated func report(
        on date: BusinessDate,
        till: String? = nil,
        calendar: BusinessCalendar
    ) async throws -> ShiftReport {
        let beginMs = Int64(date.dayNumber) * 86_400_000 - Self.reportMarginMs
        var events: [ShiftReport.Event] = []
        var next = try await head().sequence
        let last = max(0, next - Self.reportEntryCountMax)
        while next > last {
            let first = max(last, next - Self.reportSliceCount) + 1
            let slice = try await reportSlice(first...next, since: beginMs, calendar)
            events += slice.events
            if slice.isEnd { break }
            next = first - 1
        }
        var report = ShiftReport(on: date, till: till)
        for event in events.reversed() { report.add(event) }
        return report
    }

    /// What some entries add to a report, the newest first, and whether those before add nothing.
    private func reportSlice(
        _ range: ClosedRange<Int64>,
        since beginMs: Int64,
        _ calendar: BusinessCalendar
    ) throws -> (events: [ShiftReport.Event], isEnd: Bool) {
        try read { db in
            var events: [ShiftReport.Event] = []
            var isEnd = false
            try db.eachLogLine(
                "WHERE sequence BETWEEN ? AND ? ORDER BY sequence DESC",
                [.integer(range.lowerBound), .integer(range.upperBound)]
            ) { line in
                let entry = try line.entry()
                // A clock that may be wrong by years says nothing of where the day begins.
                let isTrusted = [.ntp, .anchor].contains(entry.at.quality)
                isEnd = isTrusted && entry.at.wall.unixMs < beginMs
                if isEnd { return false }
                if let event = try db.event(of: entry, calendar) { events.append(event) }
                return true
            }
            return (events, isEnd)
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
