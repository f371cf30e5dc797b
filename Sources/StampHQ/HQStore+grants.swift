import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// Grants on their way, as devices and operators ask for them, and as the books end them.
extension HQStore {
    /// Most grants in flight of one answer to an operator.
    ///
    /// Source: our own bound; some 200 kB.
    static let grantCountMax: Int64 = 500

    /// A grant that is in no device's log yet.
    struct InFlight: Sendable {
        let id: GrantID
        let member: MemberNumber
        let postings: [Posting]
        let reason: String
    }

    /// The grants of a device that its log does not tell of, after one, in the order of names.
    ///
    /// - Parameters:
    ///   - device: The device that asks; one that is frozen gets none until it is released.
    ///   - id: The last one that it has seen; nil at the begin.
    /// - Returns: At most `GrantListV1.grantCountMax`.
    /// - Throws: `DatabaseError`.
    func grants(of device: Device, after id: GrantID?) async throws -> [InFlight] {
        guard device.frozenAtMs == nil else { return [] }
        return try await queue.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT hqEpoch, number, member, reason FROM placement
                    WHERE device = ?1 AND acceptedLog IS NULL
                        AND (hqEpoch, number) > (?2, ?3)
                    ORDER BY hqEpoch, number LIMIT ?4
                    """,
                arguments: [
                    device.rowID, id?.hqEpoch ?? 0, id?.number ?? 0, GrantListV1.grantCountMax,
                ]
            )
            return try rows.map { row in
                guard let id = GrantID(hqEpoch: row["hqEpoch"], number: row["number"]),
                    let member = MemberNumber(value: row["member"])
                else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a grant") }
                return InFlight(
                    id: id,
                    member: member,
                    postings: try Self.parts(of: id.number, db),
                    reason: row["reason"]
                )
            }
        }
    }

    private static func parts(of number: Int64, _ db: Database) throws -> [Posting] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT asset, bucket, amount FROM placementPart WHERE number = ?
                ORDER BY asset, bucket
                """,
            arguments: [number]
        ).map { row in
            guard let asset = Asset(name: row["asset"]), let bucket = Bucket(row["bucket"])
            else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a grant's part") }
            return Posting(asset, bucket, row["amount"])
        }
    }

    // MARK: Books

    /// What the books have of a grant that a device says it accepted.
    static func knownGrant(
        _ id: GrantID,
        for device: Device,
        _ db: Database
    ) throws -> KnownGrant? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT device, member, acceptedLog FROM placement
                WHERE number = ? AND hqEpoch = ?
                """,
            arguments: [id.number, id.hqEpoch]
        )
        guard let row, let member = MemberNumber(value: row["member"]) else { return nil }
        return KnownGrant(
            isForThisDevice: row["device"] == device.rowID,
            isAccepted: row["acceptedLog"] as Int64? != nil,
            member: member,
            postings: try parts(of: id.number, db)
        )
    }

    /// Notes which entry accepted a grant.
    static func accept(_ id: GrantID, log: Int64, at sequence: Int64, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE placement SET acceptedLog = ?, acceptedSequence = ?
                WHERE number = ? AND hqEpoch = ?
                """,
            arguments: [log, sequence, id.number, id.hqEpoch]
        )
    }

    /// Takes a grant back into the books that HQ signed and has forgotten, out of what is free.
    static func adopt(
        _ grant: GrantFact,
        by device: Device,
        log: Int64,
        at sequence: Int64,
        nowMs: Int64,
        _ db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO placement (number, hqEpoch, device, member, reason, operator,
                    placedAtMs, acceptedLog, acceptedSequence)
                VALUES (?, ?, ?, ?, ?, '', ?, ?, ?)
                """,
            arguments: [
                grant.id.number, grant.id.hqEpoch, device.rowID, grant.member.value, grant.reason,
                nowMs, log, sequence,
            ]
        )
        try insert(grant.postings, of: grant.id, db)
        for posting in grant.postings {
            let arguments: StatementArguments = [
                grant.member.value, posting.asset.name, posting.bucket.description,
            ]
            let before = try Int64.fetchOne(
                db,
                sql: "SELECT amount FROM free WHERE member = ? AND asset = ? AND bucket = ?",
                arguments: arguments
            )
            let after = (before ?? 0) - posting.amount
            try write(free: after, grant.member, posting.asset, posting.bucket, db)
        }
        try raise(
            .grantForgotten,
            "grant \(grant.id.text) of entry \(sequence) was HQ's, which has forgotten it: it was"
                + " taken from what is free",
            device.identity.device,
            nowMs: nowMs,
            db
        )
    }
}

/// What operators read of rights.
extension HQStore {
    /// Who holds what of a member's rights, and what is in flight.
    ///
    /// - Throws: `DatabaseError`.
    func rights(of member: MemberNumber) async throws -> CanonicalJSON {
        try await queue.read { db in
            let free = try Row.fetchAll(
                db,
                sql: """
                    SELECT asset, bucket, amount FROM free
                    WHERE member = ? AND amount <> 0 ORDER BY asset, bucket
                    """,
                arguments: [member.value]
            )
            let held = try Row.fetchAll(
                db,
                sql: """
                    SELECT d.deviceID, d.label, h.asset, h.bucket, h.amount
                    FROM held h JOIN device d ON d.id = h.device
                    WHERE h.member = ? AND h.amount <> 0
                    ORDER BY h.asset, h.bucket, d.label, d.deviceID
                    """,
                arguments: [member.value]
            )
            return [
                "free": .array(free.map { .object(Self.amount($0)) }),
                "held": .array(held.map { .object(Self.holder($0) + Self.amount($0)) }),
                "inFlight": .array(
                    try Self.inFlight("p.member = ?", [member.value], limit: Self.grantCountMax, db)
                ),
            ]
        }
    }

    /// The grants that are in no device's log yet, the oldest first.
    ///
    /// - Parameters:
    ///   - number: The number of the last one that the reader has; 0 for none.
    ///   - limit: How many at most, up to `grantCountMax`.
    /// - Returns: An array of objects.
    /// - Throws: `DatabaseError`.
    func grantsInFlight(after number: Int64, limit: Int64) async throws -> CanonicalJSON {
        try await queue.read { db in
            .array(try Self.inFlight("p.number > ?", [number], limit: limit, db))
        }
    }

    private static func inFlight(
        _ condition: String,
        _ arguments: StatementArguments,
        limit: Int64,
        _ db: Database
    ) throws -> [CanonicalJSON] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT p.*, d.deviceID, d.label FROM placement p JOIN device d ON d.id = p.device
                WHERE \(condition) AND p.acceptedLog IS NULL ORDER BY p.number LIMIT ?
                """,
            arguments: arguments + [min(limit, grantCountMax)]
        ).map { row in
            let number: Int64 = row["number"]
            let member = MemberNumber(value: row["member"])
            return .object(
                [
                    .init("grant", .string("\(row["hqEpoch"] as Int64).\(number)")),
                    .init("number", .integer(number)),
                    .init("member", member.map { .string($0.description) } ?? .null),
                ] + holder(row) + [
                    .init("amounts", .array(try parts(of: number, db).map(\.operatorJSON))),
                    .init("reason", .string(row["reason"])),
                    .init("by", .string(row["operator"])),
                    .init("placedAtMs", .integer(row["placedAtMs"])),
                ]
            )
        }
    }

    private static func holder(_ row: Row) -> [CanonicalJSON.Member] {
        [
            .init("device", .string(row["deviceID"])),
            .init("label", .string(row["label"])),
        ]
    }

    private static func amount(_ row: Row) -> [CanonicalJSON.Member] {
        [
            .init("asset", .string(row["asset"])),
            .init("through", .string(row["bucket"])),
            .init("amount", .integer(row["amount"])),
        ]
    }
}

extension Posting {
    /// An amount as operators read it.
    var operatorJSON: CanonicalJSON {
        [
            "asset": .string(asset.name),
            "through": .string(bucket.description),
            "amount": .integer(amount),
        ]
    }
}
