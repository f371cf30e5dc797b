import GRDB
public import LoyaltyCore
import SyncWire

extension Ledger {
    /// For how many days an entry stays in the store although HQ has released it.
    ///
    /// Source: SYNC.md section 2.4; an HQ restored from a backup asks for them again.
    public static let keptDayCount: Int64 = 30

    /// Forgets entries that HQ has released and that are old enough.
    ///
    /// Answers to sales and balances are not touched.
    ///
    /// - Parameters:
    ///   - reading: What the clocks say; by a clock that stood still nothing is old.
    ///   - countMax: Most entries to forget in this call, so that no till waits long.
    /// - Returns: How many entries were forgotten; `countMax` means that there may be more.
    /// - Throws: `LedgerError`.
    @discardableResult
    public func prune(at reading: ClockReading, countMax: Int64 = 1_000) throws -> Int64 {
        guard reading.quality != .floor else { return 0 }
        try pruneEarlier(at: reading)
        let last = state.watermarks.lastPrunable(
            head: state.tail.sequence,
            quality: reading.quality
        )
        let horizonMs = reading.wall.unixMs - Self.keptDayCount * 86_400_000
        let kept = try firstKept(through: min(last, state.first + countMax - 1), horizonMs)
        let count = kept - state.first
        guard count > 0 else { return 0 }
        try write(for: .bookkeeping) { db, state in
            try db.run("DELETE FROM log WHERE sequence < ?", .integer(kept))
            state.first = kept
        }
        return count
    }

    /// Forgets the lines of logs that ended, once HQ has the epoch that followed in a backup and
    /// that epoch is old enough.
    private func pruneEarlier(at reading: ClockReading) throws {
        guard state.watermarks.prunable >= 1,
            state.earlier.contains(where: { $0.first <= $0.end.sequence }),
            let begin = try entry(state.first)?.at.wall,
            begin.unixMs < reading.wall.unixMs - Self.keptDayCount * 86_400_000
        else { return }
        try write(for: .bookkeeping) { db, state in
            try db.run("DELETE FROM earlierLog")
            try db.run("UPDATE earlier SET first = last + 1, received = last")
            for index in state.earlier.indices {
                state.earlier[index].first = state.earlier[index].end.sequence + 1
                state.earlier[index].received = state.earlier[index].end.sequence
            }
        }
    }

    /// The first entry, among those that may go, that is too young to go.
    private func firstKept(through last: Int64, _ horizonMs: Int64) throws -> Int64 {
        let first = state.first
        return try read { db in
            var kept = first
            try db.eachLogLine(
                "WHERE sequence <= ? ORDER BY sequence",
                [.integer(last)]
            ) { line in
                guard try line.entry().at.wall.unixMs < horizonMs else { return false }
                kept = line.sequence + 1
                return true
            }
            return kept
        }
    }
}
