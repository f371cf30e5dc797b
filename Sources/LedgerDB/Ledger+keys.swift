import GRDB
public import LoyaltyCore
import SyncWire

/// A key that followed the device's first, and the entry that brought it.
public struct KeyChange: Hashable, Sendable {
    /// The incarnation of the log that holds the entry.
    public let epoch: Int64
    /// The entry: the old key still signs for it, the new one for what comes after.
    public let sequence: Int64
    /// The new Ed25519 public key, 32 bytes.
    public let publicKey: [UInt8]
    /// When it was, by the store's wall clock.
    public let at: WallTime

    /// Creates a change.
    public init(epoch: Int64, sequence: Int64, publicKey: [UInt8], at: WallTime) {
        self.epoch = epoch
        self.sequence = sequence
        self.publicKey = publicKey
        self.at = at
    }
}

extension Ledger {
    /// The keys that followed the first, oldest first; kept when their entries are forgotten.
    public func keyChanges() -> [KeyChange] { state.keyChanges }

    /// The first entry that the log still holds; 1 if it holds none yet.
    public func firstSequence() -> Int64 { state.first }

    /// Brings a device's new key into the log; one that is there already is not brought again.
    ///
    /// - Parameters:
    ///   - fact: The new key and its proof; the disk must hold the key itself by now.
    ///   - reading: What the clocks say.
    /// - Returns: The change, after its entry is on the disk.
    /// - Throws: `LedgerError`.
    public func rotateKey(_ fact: KeyRotateFact, at reading: ClockReading) throws -> KeyChange {
        let known = state.keyChanges.first { $0.publicKey == fact.publicKey }
        if let known { return known }
        return try write(for: .bookkeeping) { db, state in
            let moment = state.moment(reading)
            let change = KeyChange(
                epoch: identity.epoch,
                sequence: try state.append(.keyRotate(fact), at: moment, db),
                publicKey: fact.publicKey,
                at: moment.wall
            )
            try db.write(change)
            state.keyChanges.append(change)
            return change
        }
    }
}

extension Database {
    func keyChanges() throws -> [KeyChange] {
        var changes: [KeyChange] = []
        try each(
            "SELECT epoch, sequence, publicKey, wallMs FROM keyChange ORDER BY epoch, sequence",
            []
        ) { row in
            changes.append(
                KeyChange(
                    epoch: row.integer(0),
                    sequence: row.integer(1),
                    publicKey: row.bytes(2),
                    at: WallTime(unixMs: row.integer(3))
                )
            )
            return true
        }
        return changes
    }

    /// Keeps a change; one that is there already is kept once.
    func write(_ change: KeyChange) throws {
        try run(
            """
            INSERT OR IGNORE INTO keyChange (epoch, sequence, publicKey, wallMs)
            VALUES (?, ?, ?, ?)
            """,
            .integer(change.epoch),
            .integer(change.sequence),
            .blob(change.publicKey),
            .integer(change.at.unixMs)
        )
    }
}
