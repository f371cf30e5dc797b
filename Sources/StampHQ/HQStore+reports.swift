import Foundation
import GRDB
public import LoyaltyCore
import SyncWire

/// What operators read.
extension HQStore {
    /// Most entries of one answer.
    ///
    /// Source: our own bound; some 500 kB.
    static let entryCountMax: Int64 = 1_000

    /// All devices with their logs' heads, by label.
    func devices() async throws -> CanonicalJSON {
        try await queue.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT d.*, coalesce(l.sequence, 0) AS received,
                        coalesce(l.prunable, 0) AS prunable
                    FROM device d LEFT JOIN log l ON l.device = d.id AND l.epoch = d.epoch
                    ORDER BY d.label, d.deviceID
                    """
            )
            return .array(rows.map(deviceJSON))
        }
    }

    private func deviceJSON(_ row: Row) -> CanonicalJSON {
        let number = { (name: String) in (row[name] as Int64?).map(CanonicalJSON.integer) ?? .null }
        let text = { (name: String) in (row[name] as String?).map(CanonicalJSON.string) ?? .null }
        let object = { (name: String) -> CanonicalJSON in
            guard let text = row[name] as String? else { return .null }
            do throws(CanonicalJSONError) {
                return try CanonicalJSON(parsing: text.utf8)
            } catch {
                return .null
            }
        }
        return [
            "device": text("deviceID"),
            "label": text("label"),
            "store": text("store"),
            "epoch": number("epoch"),
            "received": number("received"),
            "prunable": number("prunable"),
            "lastSeenAtMs": number("lastSeenAtMs"),
            "heardAtMs": number("heardAtMs"),
            "expectedByMs": expectedByMs(row).map(CanonicalJSON.integer) ?? .null,
            "isSilent": .bool(expectedByMs(row).map { nowMs() > $0 } ?? false),
            "revokedAtMs": number("revokedAtMs"),
            "revokedAfter": number("revokedAfter"),
            "frozenAtMs": number("frozenAtMs"),
            "agentVersion": text("agentVersion"),
            "hardware": object("hardware"),
            "report": object("report"),
        ]
    }

    /// What a member has, whoever holds it, by asset and bucket; empty amounts are left out.
    public func balances(of member: MemberNumber) async throws -> [Posting] {
        try await queue.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT asset, bucket, amount FROM balance
                    WHERE member = ? ORDER BY asset, bucket
                    """,
                arguments: [member.value]
            )
            var sums: [(posting: Posting, amounts: [Int64])] = []
            for row in rows {
                guard let asset = Asset(name: row["asset"]), let bucket = Bucket(row["bucket"])
                else { continue }
                let place = Posting(asset, bucket, 0)
                if sums.last?.posting != place { sums.append((place, [])) }
                sums[sums.count - 1].amounts.append(row["amount"])
            }
            return sums.map { sum in
                Posting(sum.posting.asset, sum.posting.bucket, .saturatingSum(sum.amounts))
            }.filter { $0.amount > 0 }
        }
    }

    /// A slice of a device's log as HQ holds it; nil means the epoch that may push.
    func entries(
        of device: DeviceID,
        epoch: Int64? = nil,
        after sequence: Int64,
        limit: Int64
    ) async throws -> CanonicalJSON {
        try await queue.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT e.log, e.sequence, e.body, e.hash, e.receivedAtMs, q.code
                    FROM device d
                    JOIN log l ON l.device = d.id AND l.epoch = coalesce(?, d.epoch)
                    JOIN entry e ON e.log = l.id
                    LEFT JOIN quarantine q ON q.log = e.log AND q.sequence = e.sequence
                    WHERE d.deviceID = ? AND e.sequence > ? ORDER BY e.sequence LIMIT ?
                    """,
                arguments: [epoch, device.text, sequence, min(limit, Self.entryCountMax)]
            )
            return .array(try rows.map { try Self.entryJSON($0, db) })
        }
    }

    private static func entryJSON(_ row: Row, _ db: Database) throws -> CanonicalJSON {
        [
            "seq": .integer(row["sequence"]),
            "h": .string(Base64.text(row["hash"] as Data)),
            "receivedAtMs": .integer(row["receivedAtMs"]),
            "quarantine": (row["code"] as String?).map(CanonicalJSON.string) ?? .null,
            "effectiveMs": try effectiveTime(of: row, db)?.json ?? .null,
            "line": .string(String(decoding: row["body"] as Data, as: UTF8.self)),
        ]
    }

    /// When an entry truly happened, told from the anchors around it; nil if its line has no time.
    private static func effectiveTime(of row: Row, _ db: Database) throws -> EffectiveTime? {
        guard case .success(let entry) = ParsedEntry.content(of: Array(row["body"] as Data))
        else { return nil }
        let (log, sequence): (Int64, Int64) = (row["log"], row["sequence"])
        return EffectiveTime(
            of: entry.at,
            before: try anchor("sequence <= ? ORDER BY sequence DESC", log, sequence, db),
            after: try anchor("sequence >= ? ORDER BY sequence", log, sequence, db),
            receivedAt: WallTime(unixMs: row["receivedAtMs"])
        )
    }

    private static func anchor(
        _ condition: String,
        _ log: Int64,
        _ sequence: Int64,
        _ db: Database
    ) throws -> Anchor? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT boot, sinceBootMs, serverMs, roundTripMs FROM anchor
                WHERE log = ? AND \(condition) LIMIT 1
                """
        )
        return try Row.fetchOne(statement, arguments: [log, sequence]).map { row in
            Anchor(
                boot: row["boot"],
                sinceBootMs: row["sinceBootMs"],
                fact: AnchorFact(serverMs: row["serverMs"], roundTripMs: row["roundTripMs"])
            )
        }
    }

    /// Entries kept without effect, the latest first.
    func quarantine() async throws -> CanonicalJSON {
        try await queue.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT d.deviceID, d.label, l.epoch, q.sequence, q.code, e.receivedAtMs
                    FROM quarantine q
                    JOIN entry e ON e.log = q.log AND e.sequence = q.sequence
                    JOIN log l ON l.id = q.log
                    JOIN device d ON d.id = l.device
                    ORDER BY e.receivedAtMs DESC, q.sequence DESC LIMIT ?
                    """,
                arguments: [Self.entryCountMax]
            )
            return .array(
                rows.map { row in
                    [
                        "device": .string(row["deviceID"]),
                        "label": .string(row["label"]),
                        "epoch": .integer(row["epoch"]),
                        "seq": .integer(row["sequence"]),
                        "code": .string(row["code"]),
                        "receivedAtMs": .integer(row["receivedAtMs"]),
                    ]
                }
            )
        }
    }
}

extension EffectiveTime {
    /// Earliest, likeliest and latest, in POSIX milliseconds.
    fileprivate var json: CanonicalJSON {
        [.integer(earliest.unixMs), .integer(best.unixMs), .integer(latest.unixMs)]
    }
}
