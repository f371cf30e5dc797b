import GRDB
import SyncWire

/// What operators want devices to do, kept until the devices have done it.
extension HQStore {
    /// Wants something of a device; wanting it again before it is done changes nothing.
    ///
    /// It is kept until the device has taken it, however long that takes.
    ///
    /// - Returns: The command's number, after it is on the disk.
    /// - Throws: `Problem` for a device that HQ does not know or trusts no more; `DatabaseError`.
    @discardableResult
    func want(_ action: CommandListV1.Action, of device: DeviceID) async throws -> Int64 {
        let nowMs = nowMs()
        let id = try await queue.write { db in
            guard let known = try Self.device(device, db) else { throw Problem.unknown(device) }
            guard !known.isRefused else { throw Problem.revoked(device) }
            try db.execute(
                sql: """
                    INSERT INTO command (device, action, wantedAtMs) VALUES (?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """,
                arguments: [known.rowID, action.rawValue, nowMs]
            )
            return try Int64.fetchOne(
                db,
                sql: "SELECT id FROM command WHERE device = ? AND action = ?",
                arguments: [known.rowID, action.rawValue]
            ) ?? 0
        }
        bell.ring(for: device)
        return id
    }

    /// What is wanted of a device, and forgets what it has done.
    ///
    /// - Parameters:
    ///   - device: The device that asks.
    ///   - doneID: The last command that it did; 0 for none.
    /// - Returns: What it has not done, in order.
    /// - Throws: `DatabaseError`.
    func commands(of device: Device, after doneID: Int64) async throws -> [CommandListV1.Command] {
        if doneID > 0 {
            try await queue.write { db in
                try db.execute(
                    sql: "DELETE FROM command WHERE device = ? AND id <= ?",
                    arguments: [device.rowID, doneID]
                )
            }
        }
        return try await queue.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT id, action FROM command WHERE device = ? ORDER BY id",
                arguments: [device.rowID]
            ).map { row in
                CommandListV1.Command(
                    id: row["id"],
                    action: CommandListV1.Action(rawValue: row["action"])
                )
            }
        }
    }
}
