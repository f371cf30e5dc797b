import GRDB
import LoyaltyCore
import SyncWire

/// Copies of the database, and how they let devices delete entries.
///
/// HQ cannot know whether a copy ever left its machine. So `prunable` stays where it is until an
/// operator says so: an HQ whose disk dies gets the day back from the devices.
extension HQStore {
    /// Copies the database to a new file and notes how far each log goes in it.
    ///
    /// - Parameter path: A file that does not exist yet.
    /// - Returns: The copy's number, for `confirmBackup`.
    /// - Throws: `DatabaseError`, as when the file exists or the disk is full.
    func takeBackup(to path: String) async throws -> Int64 {
        let nowMs = nowMs()
        return try await queue.writeWithoutTransaction { db in
            var id: Int64 = 0
            try db.inTransaction {
                try db.execute(
                    sql: "INSERT INTO backup (path, takenAtMs) VALUES (?, ?)",
                    arguments: [path, nowMs]
                )
                id = db.lastInsertedRowID
                try db.execute(
                    sql: "INSERT INTO backupHead SELECT ?, id, sequence FROM log",
                    arguments: [id]
                )
                return .commit
            }
            try db.execute(sql: "VACUUM INTO ?", arguments: [path])
            return id
        }
    }

    /// Believes the operator that a copy is safe outside this machine.
    func confirmBackup(_ id: Int64) async throws {
        let nowMs = nowMs()
        try await queue.write { db in
            try db.execute(
                sql: "UPDATE backup SET confirmedAtMs = coalesce(confirmedAtMs, ?) WHERE id = ?",
                arguments: [nowMs, id]
            )
            guard db.changesCount == 1
            else { throw Problem(.notFound, "There is no backup \(id).") }
            try db.execute(
                sql: """
                    UPDATE log SET prunable = max(prunable, h.sequence)
                    FROM backupHead h WHERE h.log = log.id AND h.backup = ?
                    """,
                arguments: [id]
            )
        }
    }
}
