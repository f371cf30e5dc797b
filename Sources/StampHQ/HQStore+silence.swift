import GRDB
import LoyaltyCore
import SyncWire

/// By when a device is heard of, and which are not.
///
/// A device that asks for what HQ sends down is heard at least every 55 seconds, so an idle one
/// needs no heartbeat of its own. One whose log is pulled or carried asks nothing, and is not
/// expected.
enum Heartbeat {
    /// The longest silence of a device that is well, in milliseconds.
    ///
    /// Source: SYNC.md section 2.4: a heartbeat every 15 minutes.
    static let silenceMsMax: Int64 = 900_000
    /// How old the time may be that HQ keeps of a device's last request, in milliseconds.
    ///
    /// Source: our own bound; 2,000 stores then cost some 7 commits a second.
    static let noteMsMax: Int64 = 300_000

    /// By when a device is heard again, in POSIX milliseconds.
    ///
    /// - Parameters:
    ///   - heardAtMs: When HQ noted that it was heard.
    ///   - listeningSinceMs: When HQ started: while it was away it heard nobody.
    /// - Returns: The time after which the device is silent.
    static func expectedByMs(heardAtMs: Int64, listeningSinceMs: Int64) -> Int64 {
        max(heardAtMs, listeningSinceMs) + silenceMsMax + noteMsMax
    }
}

extension HQStore {
    /// Notes that a device sent a request of its own.
    func noteHeard(_ device: DeviceID) async throws {
        let nowMs = nowMs()
        try await queue.write { db in
            try db.execute(
                sql: "UPDATE device SET heardAtMs = ? WHERE deviceID = ?",
                arguments: [nowMs, device.text]
            )
        }
    }

    /// By when a device is heard again; nil for one that is not expected.
    func expectedByMs(_ row: Row) -> Int64? {
        guard let heardAtMs: Int64 = row["heardAtMs"], (row["revokedAtMs"] as Int64?) == nil
        else { return nil }
        return Heartbeat.expectedByMs(
            heardAtMs: heardAtMs,
            listeningSinceMs: listeningSinceMs
        )
    }

    /// An alarm for each device that should have been heard by now; it ends when it is heard.
    func silenceAlarms(_ db: Database) throws -> [CanonicalJSON] {
        let nowMs = nowMs()
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT * FROM device WHERE heardAtMs IS NOT NULL ORDER BY heardAtMs DESC"
        )
        return rows.compactMap { row -> CanonicalJSON? in
            guard let dueMs = expectedByMs(row), nowMs > dueMs else { return nil }
            let minutes = (nowMs - (row["heardAtMs"] as Int64)) / 60_000
            return [
                "kind": .string(AlarmKind.deviceSilent.rawValue),
                "device": .string(row["deviceID"]),
                "detail": .string(
                    "nothing was heard of \(row["label"] as String) for \(minutes) minutes"
                ),
                "firstAtMs": .integer(dueMs),
                "lastAtMs": .integer(nowMs),
                "count": 1,
            ]
        }
    }
}
