import GRDB
import LoyaltyCore
import SyncWire

/// Builds a ledger anew, with the next epoch, from what can be read of an old one.
///
/// The old files are only read. The new one is complete, checked and synced under the name
/// `newPath` when `build` returns; `LedgerSwap` then puts it in the old one's place.
struct Salvage {
    let settings: Ledger.Settings
    /// The device; its epoch is not looked at.
    let identity: LogIdentity
    let request: SalvageRequest?
    let reason: SalvageReason
    let mark: LedgerMark.Place?
    let reading: ClockReading

    /// Most holes that are told one by one; the last one told reaches to the end of all.
    ///
    /// Source: our own bound; a hole is a page or a run of pages.
    static let holeCountMax = 64

    static func newPath(_ settings: Ledger.Settings) -> String { settings.path + ".new" }

    /// The old ledger's epoch as far as it can be told.
    static func epoch(of file: DamagedFile?, _ mark: LedgerMark.Place?) -> Int64 {
        let epochs = 1...Int64(UInt32.max) - 1
        let read: (SQLRow) -> Int64? = { row in
            epochs.contains(row.integer(0)) ? row.integer(0) : nil
        }
        return file?.first("SELECT max(epoch) FROM epoch", read: read)
            ?? file?.first("SELECT epoch FROM meta", read: read) ?? mark?.epoch ?? 1
    }

    /// Builds the new ledger; repeating it after a crash begins again.
    ///
    /// - Returns: The end of the new log.
    /// - Throws: `LedgerError`; the old files are as they were.
    func build() throws -> LogHead {
        // Allowed: without it all is lost, and told.
        let file = try? DamagedFile(settings.path)
        var target = settings
        target.path = Self.newPath(settings)
        for suffix in ["", "-wal"] { try SmallFile.remove(target.path + suffix) }
        do {
            try fill(target, from: file)
            let built = try LedgerFile(opening: target, identity: identity)
            let tail = built.state.tail
            return LogHead(
                epoch: built.identity.epoch,
                sequence: tail.sequence,
                hash: tail.hash,
                oldestUnacknowledged: nil
            )
        } catch let error as DatabaseError {
            throw LedgerError(error, path: target.path)
        }
    }

    private func fill(_ target: Ledger.Settings, from file: DamagedFile?) throws {
        let connection = try LedgerConnection(target)
        try connection.migrate()
        try connection.access { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            // Committed now and then on the way: the file counts only once it is whole.
            try db.immediately {
                var copy = SalvageCopy(db, file)
                try copy.copyTables()
                let plan = try SalvagePlan(self, file)
                try write(plan, &copy)
                try copy.finish()
            }
        }
        try connection.checkpoint(truncating: true)
    }

    /// Writes the logs: those that are kept under their epochs, then the new one.
    private func write(_ plan: SalvagePlan, _ copy: inout SalvageCopy) throws {
        let db = copy.db
        try copy.drop(above: plan.nextBase)
        for log in plan.kept {
            try copy.keep(log.log, log.survey)
            try copy.keepKeys(knownBy: log.log)
        }
        for log in plan.again { try copy.keepKeys(knownBy: log.log) }
        try copy.begin(identity.with(epoch: plan.nextEpoch), base: plan.nextBase)
        var state = try LedgerState(db, identity.with(epoch: plan.nextEpoch))
        let now = state.moment(reading)
        _ = try state.append(.salvage(plan.fact), at: now, db)
        for lost in plan.lost { _ = try state.append(.lost(lost), at: now, db) }
        try copy.settleGrants(lostFrom: plan, at: now, into: &state)
        for log in plan.again {
            try copy.record(log.log, log.ranges, into: &state, common: plan.fact.epoch)
        }
        try db.write(
            RedemptionFreeze(.salvage(reason), since: reading.wall, epoch: plan.nextEpoch)
        )
    }
}

/// What goes where: which logs stay, what is recorded again, what is lost.
struct SalvagePlan {
    var kept: [(log: SurveyedLog, survey: LogSurvey)] = []
    var again: [(log: SurveyedLog, ranges: [ClosedRange<Int64>])] = []
    var lost: [LostFact] = []
    let fact: SalvageFact
    let nextEpoch: Int64
    let nextBase: Int64

    init(_ salvage: Salvage, _ file: DamagedFile?) throws {
        let epoch = Salvage.epoch(of: file, salvage.mark)
        let logs = Self.logs(salvage, file, epoch: epoch)
        let common = salvage.request?.common
        var end: (identity: LogIdentity, place: LogPosition)?
        for log in logs {
            guard let file else { break }
            let isCut = common?.epoch == log.identity.epoch
            let survey = try LogSurvey(log, of: file, through: isCut ? common?.sequence : nil)
            if end == nil {
                kept.append((log, survey))
                // What HQ has begun to take of the last log needs nothing of the ones before.
                let isBehind = log.identity.epoch < epoch && (logs.last?.received ?? 0) > 0
                if isBehind || (survey.isWhole && log.identity.epoch < epoch) { continue }
                end = (log.identity, survey.end)
                again.append((log, survey.sound))
            } else {
                let run = max(1, survey.first)...max(1, survey.end.sequence)
                again.append((log, (survey.end.sequence > 0 ? [run] : []) + survey.sound))
            }
            lost += survey.lost.map { range in
                LostFact(
                    epoch: log.identity.epoch,
                    from: range.lowerBound,
                    to: range.upperBound
                )
            }
        }
        let last =
            end ?? (salvage.identity.with(epoch: epoch), salvage.identity.with(epoch: epoch).start)
        if end == nil, let known = logs.last?.known, known > 0 {
            lost = [LostFact(epoch: epoch, from: 1, to: known)]
        }
        fact = SalvageFact(
            epoch: last.identity.epoch,
            last: last.place.sequence,
            hash: last.place.hash.bytes,
            reason: salvage.reason
        )
        let asked = salvage.request?.nextEpoch ?? 0
        nextEpoch = max(epoch + 1, asked, (salvage.mark?.epoch ?? 0) + 1)
        let bases = logs.map { $0.base + max($0.known, 1) }
        nextBase = bases.max() ?? 1
        join()
    }

    /// Has no more holes than are told one by one.
    private mutating func join() {
        guard lost.count > Salvage.holeCountMax, let end = lost.last else { return }
        let first = lost[Salvage.holeCountMax - 1]
        lost.removeSubrange((Salvage.holeCountMax - 1)...)
        let to = end.epoch == first.epoch ? end.to : first.to
        lost.append(LostFact(epoch: first.epoch, from: first.from, to: to))
    }

    /// The logs of the file, oldest first.
    private static func logs(
        _ salvage: Salvage,
        _ file: DamagedFile?,
        epoch: Int64
    ) -> [SurveyedLog] {
        let base = { (epoch: Int64) in
            file?.first("SELECT base FROM epoch WHERE epoch = ?", .integer(epoch)) {
                max(0, $0.integer(0))
            } ?? 0
        }
        var logs: [SurveyedLog] = []
        do {
            try file?.each("SELECT epoch, last, received FROM earlier ORDER BY epoch") { row in
                guard (1..<epoch).contains(row.integer(0)) else { return }
                let base = base(row.integer(0))
                logs.append(
                    SurveyedLog(
                        identity: salvage.identity.with(epoch: row.integer(0)),
                        base: base,
                        received: row.integer(2),
                        known: row.integer(1),
                        table: "earlierLog",
                        key: "number",
                        offset: base
                    )
                )
            }
        } catch {
            // Those that were read before stand; HQ tells if it lacks one.
        }
        let received = file?.first("SELECT received FROM watermark") { $0.integer(0) } ?? 0
        let known = known(salvage, file, epoch: epoch, base: base(epoch), received: received)
        logs.append(
            SurveyedLog(
                identity: salvage.identity.with(epoch: epoch),
                base: base(epoch),
                received: received,
                known: known,
                table: "log",
                key: "sequence",
                offset: 0
            )
        )
        return logs
    }

    /// The last entry of an epoch that is known to have been.
    ///
    /// Rows may claim any number after a bit has flipped; the mark bounds what is believed.
    private static func known(
        _ salvage: Salvage,
        _ file: DamagedFile?,
        epoch: Int64,
        base: Int64,
        received: Int64
    ) -> Int64 {
        let mark = salvage.mark.flatMap { $0.epoch == epoch ? $0.committed : nil }
        let vouched =
            [received, mark, salvage.request?.known].compactMap(\.self)
            .filter { $0 <= BatchHeaderV1.sequenceMax }.max() ?? 0
        let bound =
            mark == nil ? BatchHeaderV1.sequenceMax : vouched + LedgerMark.blockEntryCount
        let claimed = [
            file?.first("SELECT max(sequence) FROM log WHERE sequence <= ?", .integer(bound)) {
                $0.integer(0)
            },
            mark == nil
                ? nil
                : file?.first(
                    "SELECT max(sequence) FROM sale WHERE sequence <= ?",
                    .integer(base + bound)
                ) { $0.integer(0) - base },
        ]
        return max(vouched, claimed.compactMap(\.self).max() ?? 0)
    }
}
