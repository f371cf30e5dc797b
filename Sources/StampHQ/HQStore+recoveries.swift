import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// Compensations for bad service, for those who answer for them.
extension HQStore {
    /// Most compensations of one answer.
    ///
    /// Source: our own bound; some 200 kB.
    static let recoveryCountMax: Int64 = 500

    /// Notes that an entry is a compensation, so that a report finds it without reading all logs.
    static func noteRecovery(
        _ date: BusinessDate,
        _ log: Int64,
        _ sequence: Int64,
        _ db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO recovery (log, sequence, day) VALUES (?, ?, ?)"
        )
        try statement.execute(arguments: [log, sequence, date.dayNumber])
    }

    /// Compensations in the order in which HQ booked them, those taken back included.
    ///
    /// - Parameters:
    ///   - dates: The days of trade that are asked for.
    ///   - id: The last one seen; 0 at the begin.
    ///   - limit: How many at most, up to `recoveryCountMax`.
    /// - Returns: One object for each.
    /// - Throws: `DatabaseError`.
    func recoveries(
        on dates: ClosedRange<BusinessDate>,
        after id: Int64,
        limit: Int64
    ) async throws -> CanonicalJSON {
        try await queue.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT r.id, d.deviceID, d.label, d.store, d.id AS device, l.epoch, r.sequence,
                        e.body
                    FROM recovery r
                    JOIN entry e ON e.log = r.log AND e.sequence = r.sequence
                    JOIN log l ON l.id = r.log
                    JOIN device d ON d.id = l.device
                    WHERE r.day BETWEEN ? AND ? AND r.id > ? ORDER BY r.id LIMIT ?
                    """,
                arguments: [
                    dates.lowerBound.dayNumber, dates.upperBound.dayNumber, id,
                    min(limit, Self.recoveryCountMax),
                ]
            )
            return .array(try rows.compactMap { try Self.recoveryJSON($0, db) })
        }
    }

    private static func recoveryJSON(_ row: Row, _ db: Database) throws -> CanonicalJSON? {
        guard case .success(let entry) = ParsedEntry.content(of: Array(row["body"] as Data)),
            case .award(let award) = entry.fact,
            case .recovery(let severity, let reason) = award.sale.details.occasion
        else { return nil }
        let voidedBy = try Int64.fetchOne(
            db,
            sql: "SELECT voidedBy FROM sale WHERE scope = ? AND key = ?",
            arguments: [row["device"] as Int64, award.sale.key.text]
        )
        let details = award.sale.details
        return [
            "id": .integer(row["id"]),
            "device": .string(row["deviceID"]),
            "store": .string(row["store"] ?? row["label"]),
            "epoch": .integer(row["epoch"]),
            "seq": .integer(row["sequence"]),
            "date": .string(award.sale.businessDate.description),
            "wallMs": .integer(entry.at.wall.unixMs),
            "clock": .string(entry.at.quality.rawValue),
            "member": .string(award.member.description),
            "severity": .string(severity),
            "manager": details.approval.map { .string($0.manager) } ?? .null,
            "cashier": details.cashier.map(CanonicalJSON.string) ?? .null,
            "reason": .string(reason),
            "postings": .array(
                award.postings.map { [.string($0.asset.name), .integer($0.amount)] }
            ),
            "isVoided": .bool(voidedBy != nil),
        ]
    }
}
