import Foundation
import GRDB
public import SyncWire

/// A store's device as HQ knows it.
public struct Device: Equatable, Sendable {
    /// The row's number.
    let rowID: Int64
    /// Who it is, and which epoch of its log may push.
    public let identity: LogIdentity
    /// The operator's word for where it stands.
    public let label: String
    /// Since when HQ does not trust it any more.
    public let revokedAtMs: Int64?
    /// The last entry that counts, if the revocation names one: later ones are kept without effect.
    public let revokedAfter: Int64?
    /// Since when its rights rest, because it signed two histories.
    public let frozenAtMs: Int64?
    /// When it last pushed.
    public let lastSeenAtMs: Int64?

    /// Most characters of a label.
    ///
    /// Source: our own bound; it is a shop's name.
    public static let labelCharacterCountMax = 80

    /// Whether nothing at all is taken from it.
    var isRefused: Bool { revokedAtMs != nil && revokedAfter == nil }

    /// A later key, and the entry that brought it.
    struct Rotation: Equatable, Sendable {
        let epoch: Int64
        let sequence: Int64
        let publicKey: [UInt8]
    }

    /// The keys that followed the first, in the order of the log.
    fileprivate(set) var rotations: [Rotation] = []

    /// The key that signs now.
    var publicKey: PublicKey? { PublicKey(rotations.last?.publicKey ?? identity.publicKey) }

    /// The key that signs a checkpoint at an entry: the entry that brings a key is still the
    /// old one's.
    func publicKey(epoch: Int64, at sequence: Int64) -> PublicKey? {
        let last = rotations.last { ($0.epoch, $0.sequence) < (epoch, sequence) }
        return PublicKey(last?.publicKey ?? identity.publicKey)
    }

    /// The key of a name, if it is or was the device's: a batch that ends before a key's begin is
    /// signed with the old one whenever it is sent again.
    func publicKey(named keyID: KeyID) -> PublicKey? {
        ([identity.publicKey] + rotations.map(\.publicKey)).compactMap { PublicKey($0) }
            .last { $0.keyID == keyID }
    }

    init?(_ row: Row) {
        guard let deviceID = DeviceID(row["deviceID"]) else { return nil }
        let publicKey: Data = row["publicKey"]
        let nonce: Data = row["nonce"]
        rowID = row["id"]
        identity = LogIdentity(
            device: deviceID,
            epoch: row["epoch"],
            publicKey: Array(publicKey),
            nonce: Array(nonce)
        )
        label = row["label"]
        revokedAtMs = row["revokedAtMs"]
        revokedAfter = row["revokedAfter"]
        frozenAtMs = row["frozenAtMs"]
        lastSeenAtMs = row["lastSeenAtMs"]
    }
}

extension HQStore {
    /// Lets a device push, or gives back the one that is there if it is the same.
    ///
    /// - Parameters:
    ///   - identity: Who it is; its epoch is the one that may push.
    ///   - label: Where it stands, 1 to 80 characters.
    /// - Throws: `Problem` if the device is known with another key, or the label does not fit.
    public func addDevice(_ identity: LogIdentity, label: String) async throws {
        guard (1...Device.labelCharacterCountMax).contains(label.count),
            PublicKey(identity.publicKey) != nil, identity.nonce.count == 16, identity.epoch >= 1
        else {
            throw Problem(
                .badRequest,
                "Give a label of 1 to \(Device.labelCharacterCountMax) characters, a public key of"
                    + " 32 bytes and a nonce of 16 bytes."
            )
        }
        let nowMs = nowMs()
        try await queue.write { db in
            if let known = try Self.device(identity.device, db) {
                guard known.identity == identity
                else { throw Problem(.badRequest, "The device is known with another key.") }
                return
            }
            try db.execute(
                sql: """
                    INSERT INTO device (deviceID, publicKey, nonce, label, epoch, addedAtMs)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    identity.device.text, Data(identity.publicKey), Data(identity.nonce), label,
                    identity.epoch, nowMs,
                ]
            )
        }
    }

    /// Looks a device up, or gives nil.
    public func device(_ device: DeviceID) async throws -> Device? {
        try await queue.read { db in try Self.device(device, db) }
    }

    /// Stops trusting a device.
    ///
    /// What is booked already stays booked: replaying an entry never changes what became of it.
    ///
    /// - Parameters:
    ///   - device: The device.
    ///   - sequence: The last entry of its log that counts; later ones are taken and kept without
    ///     effect. Nil refuses its next push, whatever it holds.
    /// - Returns: The last entry that HQ holds.
    /// - Throws: `Problem` if HQ does not know the device, or the number is negative.
    @discardableResult
    func revokeDevice(_ device: DeviceID, after sequence: Int64? = nil) async throws -> Int64 {
        guard sequence.map({ $0 >= 0 }) ?? true
        else { throw Problem(.badRequest, "Entries are counted from 1; 0 lets none count.") }
        let nowMs = nowMs()
        defer { bell.ring() }
        return try await queue.write { db in
            try db.execute(
                sql: """
                    UPDATE device SET revokedAtMs = coalesce(revokedAtMs, ?), revokedAfter = ?
                    WHERE deviceID = ?
                    """,
                arguments: [nowMs, sequence, device.text]
            )
            guard db.changesCount == 1 else { throw Problem.unknown(device) }
            var draft = FeedDraft(nowMs: nowMs)
            draft.put(.revocations, Revocation.device(device).kind, device.text)
            try draft.publish(db)
            let held = try Int64.fetchOne(
                db,
                sql: """
                    SELECT l.sequence FROM log l JOIN device d ON d.id = l.device
                    WHERE d.deviceID = ? AND l.epoch = d.epoch
                    """,
                arguments: [device.text]
            )
            return held ?? 0
        }
    }

    /// Lets a later incarnation of a device's database push from its first entry on.
    func authoriseEpoch(_ epoch: Int64, of device: DeviceID) async throws {
        try await queue.write { db in
            guard let known = try Self.device(device, db) else { throw Problem.unknown(device) }
            guard epoch > known.identity.epoch, epoch <= Int64(UInt32.max) else {
                throw Problem(
                    .badRequest,
                    "Epoch \(known.identity.epoch) is authorised already; name a higher one."
                )
            }
            try db.execute(
                // Of a revoked device's next log, no entry counts.
                sql: """
                    UPDATE device SET epoch = ?, frozenAtMs = NULL,
                        revokedAfter = CASE WHEN revokedAfter IS NULL THEN NULL ELSE 0 END
                    WHERE id = ?
                    """,
                arguments: [epoch, known.rowID]
            )
            try callForGrants(known.rowID, db)
        }
        bell.ring(for: device)
    }

    /// Ends a device's freeze, after an operator has looked.
    func releaseDevice(_ device: DeviceID) async throws {
        try await queue.write { db in
            guard let known = try Self.device(device, db) else { throw Problem.unknown(device) }
            try db.execute(
                sql: "UPDATE device SET frozenAtMs = NULL WHERE id = ?",
                arguments: [known.rowID]
            )
            try callForGrants(known.rowID, db)
        }
        bell.ring(for: device)
    }

    static func device(_ device: DeviceID, _ db: Database) throws -> Device? {
        let statement = try db.cachedStatement(sql: "SELECT * FROM device WHERE deviceID = ?")
        guard var found = try Row.fetchOne(statement, arguments: [device.text]).flatMap(Device.init)
        else { return nil }
        let keys = try db.cachedStatement(
            sql: "SELECT * FROM deviceKey WHERE device = ? ORDER BY epoch, sequence"
        )
        found.rotations = try Row.fetchAll(keys, arguments: [found.rowID]).map { row in
            Device.Rotation(
                epoch: row["epoch"],
                sequence: row["sequence"],
                publicKey: Array(row["publicKey"] as Data)
            )
        }
        return found
    }
}

extension Problem {
    /// HQ does not know a device.
    static func unknown(_ device: DeviceID) -> Self {
        Self(.deviceUnknown, "HQ does not know \(device.text); add it with stamphq devices add.")
    }
}
