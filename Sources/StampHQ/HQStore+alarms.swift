import GRDB
import LoyaltyCore
import SyncWire

/// Something an operator must look at.
enum AlarmKind: String {
    /// A device signed two histories: a copied disk, or tampering.
    case logFork = "log-fork"
    /// A device's log ends before what HQ received: a restored disk.
    case logRegressed = "log-regressed"
    /// A device's log was begun anew: look why, then `stamphq devices release`.
    case logSalvaged = "log-salvaged"
    /// Entries that neither the device nor HQ has.
    case entriesLost = "entries-lost"
    /// Requests in a device's name that its key did not sign.
    case signatureInvalid = "signature-invalid"
    /// Entries kept without effect.
    case quarantined
    /// An enrolment code was tried wrongly too often; named is the device that tried last.
    case enrolmentExhausted = "enrolment-exhausted"
    /// A device that asks HQ for news has not asked for too long; ends by itself.
    case deviceSilent = "device-silent"
    /// A device's members were not HQ's, and it took them anew.
    case digestMismatch = "digest-mismatch"
    /// HQ decides entries of a device otherwise: look at `stamphq report differences`.
    case decisionDiffers = "decision-differs"
    /// A device holds a grant that HQ signed and has forgotten: was HQ restored from a backup?
    case grantForgotten = "grant-forgotten"
}

extension HQStore {
    /// Notes an alarm; the same one again only counts.
    static func raise(
        _ kind: AlarmKind,
        _ detail: String,
        _ device: DeviceID,
        nowMs: Int64,
        _ db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO alarm (kind, deviceID, detail, firstAtMs, lastAtMs, count)
                VALUES (?, ?, ?, ?, ?, 1)
                ON CONFLICT DO UPDATE SET
                    detail = excluded.detail, lastAtMs = excluded.lastAtMs, count = count + 1
                """,
            arguments: [kind.rawValue, device.text, detail, nowMs, nowMs]
        )
    }

    /// Notes an alarm in a transaction of its own.
    func raise(_ kind: AlarmKind, _ detail: String, _ device: DeviceID) async throws {
        let nowMs = nowMs()
        try await queue.write { db in try Self.raise(kind, detail, device, nowMs: nowMs, db) }
    }

    /// All alarms, the latest first; those of silent devices last only while they are silent.
    func alarms() async throws -> CanonicalJSON {
        try await queue.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT * FROM alarm ORDER BY lastAtMs DESC")
            let kept: [CanonicalJSON] = rows.map { row in
                [
                    "kind": .string(row["kind"]),
                    "device": .string(row["deviceID"]),
                    "detail": .string(row["detail"]),
                    "firstAtMs": .integer(row["firstAtMs"]),
                    "lastAtMs": .integer(row["lastAtMs"]),
                    "count": .integer(row["count"]),
                ]
            }
            return .array(try silenceAlarms(db) + kept)
        }
    }
}
