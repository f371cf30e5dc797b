import GRDB
import LoyaltyCore

extension HQStore {
    /// Asks the database for one row, so that a watchdog learns whether it still answers.
    public func probe() async throws {
        _ = try await queue.read { db in try hqEpoch(db) }
    }

    /// What a health check is told.
    func health(keyID: String) async throws -> CanonicalJSON {
        let nowMs = nowMs()
        let epoch = try await queue.read { db in try hqEpoch(db) }
        return [
            "status": "ok",
            "serverMs": .integer(nowMs),
            "hqEpoch": .integer(epoch),
            "keyID": .string(keyID),
        ]
    }
}
