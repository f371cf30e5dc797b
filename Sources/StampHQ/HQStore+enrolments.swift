import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// What became of a device's wish to be let in.
enum EnrolmentOutcome: Sendable {
    /// It is in; sign this.
    case enrolled(DeviceStatementV1, hqEpoch: Int64)
    /// It is not; what changed is on the disk.
    case refused(Problem)
}

/// The codes that let devices in.
extension HQStore {
    /// How long a code that nobody used is kept, in milliseconds, so that it is called too old
    /// rather than wrong.
    ///
    /// Source: our own bound: a day.
    static let enrolmentKeptMs: Int64 = 86_400_000

    /// Keeps a new code.
    ///
    /// - Parameters:
    ///   - code: The code; only hashes of it are kept.
    ///   - seal: Makes the hashes.
    ///   - store: The name of the store whose device may use it, an identifier.
    ///   - label: What operators call the device, 1 to 80 characters.
    /// - Returns: When its life ends, in POSIX milliseconds; nil if another code has its name.
    /// - Throws: `Problem` if store or label have another form.
    func addEnrolment(
        _ code: EnrolmentCode,
        seal: EnrolmentSeal,
        store: String,
        label: String
    ) async throws -> Int64? {
        guard Programme.isIdentifier(store),
            (1...Device.labelCharacterCountMax).contains(label.count)
        else {
            throw Problem(
                .badRequest,
                "Give the store's name, 1 to \(Programme.identifierCharacterCountMax) of a-z, 0-9"
                    + " and -, and a label of 1 to \(Device.labelCharacterCountMax) characters."
            )
        }
        let nowMs = nowMs()
        let notAfterMs = nowMs + EnrolmentCode.lifeMs
        return try await queue.write { db in
            try db.execute(
                sql: "DELETE FROM enrolment WHERE usedAtMs IS NULL AND notAfterMs < ?",
                arguments: [nowMs - Self.enrolmentKeptMs]
            )
            try db.execute(
                sql: """
                    INSERT INTO enrolment (name, proof, store, label, createdAtMs, notAfterMs)
                    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING
                    """,
                arguments: [
                    seal.name(of: code), seal.proof(of: code), store, label, nowMs, notAfterMs,
                ]
            )
            return db.changesCount == 1 ? notAfterMs : nil
        }
    }

    /// Lets a device in by its code, or says again that it is in.
    ///
    /// The device whose key has used a code gets the same answer for as long as the code lives, so
    /// that a lost reply costs no code.
    ///
    /// - Parameters:
    ///   - wish: What the device says, in a request that its key signed.
    ///   - seal: Makes the hashes by which codes are kept.
    /// - Returns: The outcome, after everything it says is on the disk.
    /// - Throws: `DatabaseError`; nothing was changed then.
    func enrol(_ wish: EnrolmentV1, seal: EnrolmentSeal) async throws -> EnrolmentOutcome {
        let nowMs = nowMs()
        return try await queue.write { db in
            try Enrolment(db: db, wish: wish, nowMs: nowMs).run(seal: seal, store: self)
        }
    }
}

/// One wish inside its transaction.
private struct Enrolment {
    let db: Database
    let wish: EnrolmentV1
    let nowMs: Int64

    private var device: DeviceID { wish.identity.device }

    func run(seal: EnrolmentSeal, store: HQStore) throws -> EnrolmentOutcome {
        let row = try Row.fetchOne(
            db,
            sql: "SELECT * FROM enrolment WHERE name = ?",
            arguments: [seal.name(of: wish.code)]
        )
        guard let row else { return .refused(.enrolmentInvalid) }
        guard seal.isProof(row["proof"], of: wish.code) else {
            try count(row)
            return .refused(.enrolmentInvalid)
        }
        if let problem = try refusal(row) { return .refused(problem) }
        let known = try HQStore.device(device, db)
        if let problem = refusal(known) { return .refused(problem) }

        let issuedAtMs: Int64 = try row["usedAtMs"] ?? letIn(row, known)
        let identity = LogIdentity(
            device: device,
            epoch: known?.identity.epoch ?? wish.identity.epoch,
            publicKey: wish.identity.publicKey,
            nonce: wish.identity.nonce
        )
        return .enrolled(
            DeviceStatementV1(identity: identity, store: row["store"], issuedAtMs: issuedAtMs),
            hqEpoch: try store.hqEpoch(db)
        )
    }

    /// Counts a wrong try against an open code; the last one ends it and is an alarm.
    private func count(_ row: Row) throws {
        let tryCount: Int64 = row["tryCount"]
        guard row["usedAtMs"] == nil, nowMs < row["notAfterMs"],
            tryCount < EnrolmentCode.tryCountMax
        else { return }
        try db.execute(
            sql: "UPDATE enrolment SET tryCount = tryCount + 1 WHERE id = ?",
            arguments: [row["id"] as Int64]
        )
        guard tryCount + 1 == EnrolmentCode.tryCountMax else { return }
        let store: String = row["store"]
        let detail = "the enrolment code of store \(store) was tried wrongly too often"
        try HQStore.raise(.enrolmentExhausted, detail, device, nowMs: nowMs, db)
    }

    /// Why a right code lets this device not in.
    private func refusal(_ row: Row) throws -> Problem? {
        guard row["tryCount"] < EnrolmentCode.tryCountMax else { return .enrolmentExhausted }
        guard nowMs < row["notAfterMs"] else { return .enrolmentExpired }
        guard let usedBy: String = row["usedBy"] else { return nil }
        let usedKey: Data? = row["usedKey"]
        return usedBy == device.text && usedKey.map(Array.init) == wish.identity.publicKey
            ? nil : .enrolmentUsed
    }

    /// Why a device that HQ knows is not let in again.
    private func refusal(_ known: Device?) -> Problem? {
        guard let known else { return nil }
        if known.revokedAtMs != nil { return .revoked(device) }
        guard known.publicKey?.bytes == wish.identity.publicKey,
            known.identity.nonce == wish.identity.nonce
        else {
            return Problem(
                .badRequest,
                "HQ knows \(device.text) with another key: set the device up anew, with an empty"
                    + " state directory."
            )
        }
        return nil
    }

    /// Makes the device known and the code used.
    ///
    /// - Returns: When.
    private func letIn(_ row: Row, _ known: Device?) throws -> Int64 {
        let identity = wish.identity
        if known == nil {
            try db.execute(
                sql: """
                    INSERT INTO device (deviceID, publicKey, nonce, label, epoch, addedAtMs)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    device.text, Data(identity.publicKey), Data(identity.nonce),
                    row["label"] as String, identity.epoch, nowMs,
                ]
            )
        }
        try db.execute(
            sql: "UPDATE device SET store = ?, label = ?, hardware = ? WHERE deviceID = ?",
            arguments: [
                row["store"] as String, row["label"] as String, wish.hardware.json.text,
                device.text,
            ]
        )
        try db.execute(
            sql: "UPDATE enrolment SET usedAtMs = ?, usedBy = ?, usedKey = ? WHERE id = ?",
            arguments: [nowMs, device.text, Data(identity.publicKey), row["id"] as Int64]
        )
        return nowMs
    }
}

extension Problem {
    static let enrolmentInvalid = Self(
        .enrolmentInvalid,
        "This code lets nobody in: read it again from HQ's operator; after"
            + " \(EnrolmentCode.tryCountMax) wrong tries a code is worth nothing."
    )

    static let enrolmentUsed = Self(
        .enrolmentUsed,
        "Another device was let in with this code: have HQ's operator make one for this device, and"
            + " look at stamphq devices list."
    )

    static let enrolmentExpired = Self(
        .enrolmentExpired,
        "This code is older than \(EnrolmentCode.lifeMs / 60_000) minutes: have HQ's operator make"
            + " another with stamphq enrolments create."
    )

    static let enrolmentExhausted = Self(
        .enrolmentExhausted,
        "Somebody tried this code wrongly \(EnrolmentCode.tryCountMax) times: have HQ's operator"
            + " make another, and look at stamphq alarms."
    )
}
