import GRDB
public import LoyaltyCore
public import SyncWire

/// A log that ended when a later epoch began; HQ gets it first.
public struct EarlierLog: Hashable, Sendable {
    /// Whose log, and which epoch.
    public let identity: LogIdentity
    /// The first entry of the run that ends the log here; unless it is entry 1, it only vouches by
    /// its hash for the next one.
    public internal(set) var first: Int64
    /// Where it ended.
    public let end: LogPosition
    /// HQ holds every entry up to this one.
    public var received: Int64
    /// What its entries' numbers are counted from in `sale` and `visit`.
    let base: Int64
}

/// The logs of all epochs.
extension Ledger {
    /// The logs that ended and are still here, oldest first.
    public func earlierLogs() -> [EarlierLog] { state.earlier }

    /// Why nothing may be redeemed here; nil while it may.
    public func freeze() -> RedemptionFreeze? { state.freeze }

    /// Lines of a log that ended, after an entry, oldest first.
    ///
    /// - Parameters:
    ///   - log: One of `earlierLogs()`.
    ///   - sequence: The last entry that the reader has.
    ///   - countMax: Most lines.
    ///   - byteCountMax: Most bytes of all lines; one line is given even if it is longer.
    /// - Returns: The lines; none if the reader has the last one.
    /// - Throws: `LedgerError.pruned` if the next line is not there.
    public func slice(
        of log: EarlierLog,
        after sequence: Int64,
        countMax: Int,
        byteCountMax: Int
    ) throws -> [LogLine] {
        guard countMax > 0, sequence < log.end.sequence else { return [] }
        let next = max(sequence, 0) + 1
        guard next >= log.first else { throw LedgerError.pruned(first: log.first) }
        return try read { db in
            var lines: [LogLine] = []
            var byteCount = 0
            try db.each(
                """
                SELECT number - ?1, body, hash FROM earlierLog
                WHERE number BETWEEN ?1 + ?2 AND ?1 + ?3 ORDER BY number LIMIT ?4
                """,
                [
                    .integer(log.base), .integer(next), .integer(log.end.sequence),
                    .integer(Int64(countMax)),
                ]
            ) { row in
                guard let hash = ChainHash(row.bytes(2))
                else { throw LedgerError.damaged("entry \(row.integer(0)) has no hash") }
                let line = LogLine(sequence: row.integer(0), body: row.bytes(1), hash: hash)
                byteCount += line.body.count
                guard lines.isEmpty || byteCount <= byteCountMax else { return false }
                lines.append(line)
                return true
            }
            return lines
        }
    }

    /// A place in a log that ended, with the hash up to it.
    ///
    /// - Returns: The place, or nil if the log has no such entry any more.
    /// - Throws: `LedgerError`.
    public func position(of sequence: Int64, in log: EarlierLog) throws -> LogPosition? {
        if sequence == 0 { return log.identity.start }
        if sequence == log.end.sequence { return log.end }
        guard sequence > 0, sequence < log.end.sequence else { return nil }
        return try slice(of: log, after: sequence - 1, countMax: 1, byteCountMax: .max)
            .first?.position
    }

    /// Notes how far HQ has come with a log that ended; less than before changes nothing.
    ///
    /// - Throws: `LedgerError.watermarksRefused` if it lies beyond the end.
    public func acknowledge(_ received: Int64, of log: EarlierLog) throws {
        guard received <= log.end.sequence else {
            throw LedgerError.watermarksRefused(
                "HQ holds \(received) entries of epoch \(log.identity.epoch), which has"
                    + " \(log.end.sequence)"
            )
        }
        try write(for: .bookkeeping) { db, state in
            guard let index = state.earlier.firstIndex(where: { $0.identity == log.identity }),
                state.earlier[index].received < received
            else { return }
            try db.run(
                "UPDATE earlier SET received = ? WHERE epoch = ?",
                .integer(received),
                .integer(log.identity.epoch)
            )
            state.earlier[index].received = received
        }
    }

    /// Keeps whether anything may be redeemed; what stands already is not written again.
    ///
    /// - Throws: `LedgerError`.
    public func setFreeze(_ freeze: RedemptionFreeze?) throws {
        guard freeze != state.freeze else { return }
        try write(for: .bookkeeping) { db, state in
            try db.write(freeze)
            state.freeze = freeze
        }
    }
}

extension Database {
    /// The logs that ended, oldest first.
    func earlierLogs(of identity: LogIdentity) throws -> [EarlierLog] {
        try all(
            """
            SELECT e.epoch, e.last, e.hash, e.received, p.base, e.first
            FROM earlier e JOIN epoch p ON p.epoch = e.epoch ORDER BY e.epoch
            """
        ) { row in
            guard let hash = ChainHash(row.bytes(2))
            else { throw LedgerError.damaged("the end of epoch \(row.integer(0))") }
            let (last, base) = (row.integer(1), row.integer(4))
            return EarlierLog(
                identity: identity.with(epoch: row.integer(0)),
                first: row.integer(5),
                end: LogPosition(sequence: last, hash: hash),
                received: row.integer(3),
                base: base
            )
        }
    }

    /// The freeze that stands; one that cannot be read stands for damage.
    func freeze() throws -> RedemptionFreeze? {
        try first("SELECT reason, sinceMs, epoch FROM freeze") { row in
            RedemptionFreeze(
                RedemptionFreeze.Reason(name: row.text(0)) ?? .salvage(.damaged),
                since: WallTime(unixMs: row.integer(1)),
                epoch: row.integer(2)
            )
        }
    }

    func write(_ freeze: RedemptionFreeze?) throws {
        guard let freeze else { return try run("DELETE FROM freeze") }
        try run(
            "INSERT OR REPLACE INTO freeze (id, reason, sinceMs, epoch) VALUES (1, ?, ?, ?)",
            .text(freeze.reason.name),
            .integer(freeze.since.unixMs),
            .integer(freeze.epoch)
        )
    }

    /// The epoch and the number in it of an entry that is counted over all epochs.
    func place(ofNumber number: Int64) throws -> (epoch: Int64, sequence: Int64) {
        let found = try first(
            "SELECT epoch, base FROM epoch WHERE base < ? ORDER BY base DESC LIMIT 1",
            .integer(number)
        ) { (epoch: $0.integer(0), sequence: number - $0.integer(1)) }
        guard let found else { throw LedgerError.damaged("entry \(number) is of no epoch") }
        return found
    }
}
