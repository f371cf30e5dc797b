import GRDB
import LoyaltyCore
import SyncWire

/// The logs of a salvaged ledger.
extension SalvageCopy {
    /// Keeps a log's run under its epoch.
    mutating func keep(_ log: SurveyedLog, _ survey: LogSurvey) throws {
        try db.run(
            "INSERT OR REPLACE INTO epoch (epoch, base) VALUES (?, ?)",
            .integer(log.identity.epoch),
            .integer(log.base)
        )
        try db.run(
            "INSERT INTO earlier (epoch, first, last, hash, received) VALUES (?, ?, ?, ?, ?)",
            .integer(log.identity.epoch),
            .integer(survey.first),
            .integer(survey.end.sequence),
            .blob(survey.end.hash.bytes),
            .integer(max(0, min(log.received, survey.end.sequence)))
        )
        guard let file, survey.end.sequence >= survey.first else { return }
        var place = survey.first == 1 ? log.identity.start : nil
        var previous = log.identity.start
        try log.eachLine(of: file, in: 1...survey.end.sequence) { line in
            var hash = line.hash
            if line.sequence >= survey.first {
                // Not the stored hash, which alone may be damaged.
                hash = place?.hash.extended(by: line.sequence, line.body) ?? line.hash
                place = LogPosition(sequence: line.sequence, hash: hash)
            }
            // What stands before the run is at HQ; it stays here too if it is sound.
            let isSound = line.sequence >= survey.first || line.follows(previous)
            previous = line.position
            guard isSound else { return }
            try db.run(
                "INSERT INTO earlierLog (number, body, hash) VALUES (?, ?, ?)",
                .integer(log.base + line.sequence),
                .blob(line.body),
                .blob(hash.bytes)
            )
            try rebuild(line, number: log.base + line.sequence)
            try keepNotes(line, of: log)
            try spill()
        }
    }

    /// Keeps which key an entry that stays has brought, which manager's code it used, and which
    /// grant it has accepted.
    private func keepNotes(_ line: LogLine, of log: SurveyedLog) throws {
        // Allowed: only entries that can be read have effects here.
        guard let entry = try? EntryLineV1.entry(from: line.body) else { return }
        switch entry.fact {
        case .award(let award): try award.sale.details.approval.map(db.keep)
        case .keyRotate(let fact):
            try db.write(
                KeyChange(
                    epoch: log.identity.epoch,
                    sequence: line.sequence,
                    publicKey: fact.publicKey,
                    at: entry.at.wall
                )
            )
        case .grant(let fact): try db.see(fact, entry: log.base + line.sequence)
        default: return
        }
    }

    /// Keeps which keys HQ knows of by a log, also where their entries are here no more.
    ///
    /// A key that HQ has not heard of goes with its entry: the key before it is then in force.
    func keepKeys(knownBy log: SurveyedLog) throws {
        do {
            try file?.each(
                """
                SELECT sequence, publicKey, wallMs FROM keyChange
                WHERE epoch = ? AND sequence <= ? ORDER BY sequence
                """,
                [.integer(log.identity.epoch), .integer(log.received)]
            ) { row in
                try db.write(
                    KeyChange(
                        epoch: log.identity.epoch,
                        sequence: row.integer(0),
                        publicKey: row.bytes(1),
                        at: WallTime(unixMs: row.integer(2))
                    )
                )
            }
        } catch is DamagedFile.Unreadable {
            // The entries that are kept tell too; without them the agent asks for the key.
        }
    }

    /// Makes the new log's place.
    mutating func begin(_ identity: LogIdentity, base: Int64) throws {
        try db.run(
            "INSERT INTO epoch (epoch, base) VALUES (?, ?)",
            .integer(identity.epoch),
            .integer(base)
        )
        try db.run(
            """
            INSERT INTO meta (id, device, epoch, publicKey, nonce, memberCount)
            VALUES (1, ?, ?, ?, ?, 0)
            """,
            .text(identity.device.text),
            .integer(identity.epoch),
            .blob(identity.publicKey),
            .blob(identity.nonce)
        )
    }

    /// Records awards and voids of an old log again, with their old times.
    mutating func record(
        _ log: SurveyedLog,
        _ ranges: [ClosedRange<Int64>],
        into state: inout LedgerState,
        common epoch: Int64
    ) throws {
        guard let file else { return }
        for range in ranges {
            try log.eachLine(of: file, in: range) { line in
                // Allowed: a line of a later version stays in the file that is set aside.
                guard let entry = try? EntryLineV1.entry(from: line.body) else { return }
                let old = log.base + line.sequence
                switch entry.fact {
                case .award(let award):
                    let new = state.base + (try state.append(entry.fact, at: entry.at, db))
                    moved[old] = new
                    try move(award, from: old, to: new)
                    try award.sale.details.approval.map(db.keep)
                case .void(let void):
                    let moved = try moved(void, of: log)
                    let new = state.base + (try state.append(.void(moved), at: entry.at, db))
                    try db.run(
                        "UPDATE sale SET voidedBy = ? WHERE key = ?",
                        .integer(new),
                        .text(void.key.text)
                    )
                case .refund(let refund):
                    let (sequence, epoch) = try place(refund.sequence, refund.epoch, of: log)
                    let fact = refund.with(sequence: sequence, epoch: epoch)
                    let new = state.base + (try state.append(.refund(fact), at: entry.at, db))
                    moved[old] = new
                    try move(refund, from: old, to: new)
                case .lost(let lost) where log.identity.epoch > epoch:
                    _ = try state.append(.lost(lost), at: entry.at, db)
                case .grant(let grant):
                    let new = state.base + (try state.append(.grant(grant), at: entry.at, db))
                    try db.see(grant, entry: new)
                case .lost, .salvage, .boot, .anchor, .keyRotate: return
                }
                try rebuild(line, number: moved[old] ?? old)
                try spill()
            }
        }
    }

    /// A void of an award that may have moved.
    private func moved(_ void: VoidFact, of log: SurveyedLog) throws -> VoidFact {
        let (sequence, epoch) = try place(void.sequence, void.epoch, of: log)
        return VoidFact(
            member: void.member,
            key: void.key,
            sequence: sequence,
            epoch: epoch,
            postings: void.postings,
            tallies: void.tallies
        )
    }

    /// Where an award is now that an entry of a log names; the epoch is nil for the new one.
    private func place(
        _ sequence: Int64,
        _ epoch: Int64?,
        of log: SurveyedLog
    ) throws -> (sequence: Int64, epoch: Int64?) {
        let epoch = epoch ?? log.identity.epoch
        let base =
            try db.first(
                "SELECT base FROM epoch WHERE epoch = ?",
                .integer(epoch),
                read: { $0.integer(0) }
            ) ?? log.base
        guard let new = moved[base + sequence] else { return (sequence, epoch) }
        return (try db.place(ofNumber: new).sequence, nil)
    }

    /// Has a refund's answer follow its entry to its new number.
    private func move(_ refund: RefundFact, from old: Int64, to new: Int64) throws {
        guard let row = try db.refund(refund.refund), row.number == old else { return }
        try db.run("DELETE FROM refund WHERE number = ?", .integer(old))
        try db.insert(
            RefundRow(number: new, key: row.key, sale: row.sale, answer: row.answer)
        )
    }

    /// Has the answer and the visits follow their award to its new number.
    private func move(_ award: AwardFact, from old: Int64, to new: Int64) throws {
        let member = SQLValue.integer(award.member.value)
        try db.run(
            "UPDATE visit SET sequence = ? WHERE member = ? AND sequence = ?",
            .integer(new),
            member,
            .integer(old)
        )
        guard let row = try db.sale(award.sale.key), row.number == old else { return }
        try db.run("DELETE FROM sale WHERE sequence = ?", .integer(old))
        let before = row.answer.visitsBefore.mapValues { moved[$0] ?? $0 }
        let answer = FirstAnswer(
            at: row.answer.at,
            businessDate: row.answer.businessDate,
            award: row.answer.award,
            visitsBefore: before,
            settled: row.answer.settled
        )
        try db.insert(
            SaleRow(number: new, key: row.key, member: row.member, answer: answer, voidedBy: nil),
            till: award.sale.till
        )
    }
}
