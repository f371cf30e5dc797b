import Foundation
import GRDB
import LoyaltyCore

/// An award that another entry names, as HQ booked it.
struct NamedAward {
    /// Where the entry lies that has effect.
    let place: EntryPlace
    let fact: AwardFact
    let at: Moment
}

/// Awards, as what takes them back names them.
extension HQStore {
    /// An award that an entry of a log names, with what was refunded of it.
    ///
    /// - Parameters:
    ///   - sequence: The award's number.
    ///   - epoch: Its epoch, if it is another than the log's.
    ///   - log: The log of the entry that names it.
    /// - Returns: The award and its refunds; nil if HQ booked none.
    /// - Throws: `DatabaseError`.
    func award(
        _ sequence: Int64,
        ofEpoch epoch: Int64?,
        in log: Int64
    ) async throws -> (award: NamedAward, refunds: [RefundFact])? {
        try await queue.read { db in
            guard let award = try Self.award(sequence, ofEpoch: epoch, in: log, db)
            else { return nil }
            return (award, try Self.refunds(of: award.place, db))
        }
    }

    /// The award that an entry of a log names, if it has effect.
    ///
    /// A device that mends its log records what HQ may lack again. Where HQ had booked the sale
    /// before, the second entry has no effect, and whatever names it is about the first.
    static func award(
        _ sequence: Int64,
        ofEpoch epoch: Int64?,
        in log: Int64,
        _ db: Database
    ) throws -> NamedAward? {
        guard let awardLog = try Self.log(ofEpoch: epoch, in: log, db),
            let (named, at, code) = try entry(sequence, in: awardLog, db)
        else { return nil }
        let place = EntryPlace(log: awardLog, sequence: sequence)
        guard let code else { return NamedAward(place: place, fact: named, at: at) }
        guard code == QuarantineCode.duplicateSale.rawValue,
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT s.log, s.sequence FROM sale s JOIN log l ON l.id = s.log
                    WHERE s.key = ? AND s.scope IN (0, l.device)
                    AND l.device = (SELECT device FROM log WHERE id = ?)
                    """,
                arguments: [named.sale.key.text, log]
            )
        else { return nil }
        let first = EntryPlace(log: row["log"], sequence: row["sequence"])
        guard let booked = try entry(first.sequence, in: first.log, db), booked.code == nil,
            booked.fact.member == named.member, booked.fact.postings == named.postings
        else { return nil }
        return NamedAward(place: first, fact: booked.fact, at: booked.at)
    }

    /// The log of an epoch of the device that wrote a log; its own if none is named.
    private static func log(
        ofEpoch epoch: Int64?,
        in log: Int64,
        _ db: Database
    ) throws -> Int64? {
        guard let epoch else { return log }
        return try Int64.fetchOne(
            db,
            sql: """
                SELECT id FROM log
                WHERE epoch = ? AND device = (SELECT device FROM log WHERE id = ?)
                """,
            arguments: [epoch, log]
        )
    }

    /// The award that an entry of a log recorded, and why it has no effect, if it has none.
    private static func entry(
        _ sequence: Int64,
        in log: Int64,
        _ db: Database
    ) throws -> (fact: AwardFact, at: Moment, code: String?)? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT e.body, q.code FROM entry e
                LEFT JOIN quarantine q ON q.log = e.log AND q.sequence = e.sequence
                WHERE e.log = ? AND e.sequence = ?
                """
        )
        guard let row = try Row.fetchOne(statement, arguments: [log, sequence]),
            case .success(let entry) = ParsedEntry.content(of: Array(row["body"] as Data)),
            case .award(let award) = entry.fact
        else { return nil }
        return (award, entry.at, row["code"])
    }
}
