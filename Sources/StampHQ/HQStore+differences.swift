import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// Where an entry lies in HQ's database.
struct EntryPlace: Hashable, Sendable {
    let log: Int64
    let sequence: Int64
}

/// Booked entries that are to be decided again.
struct UncheckedSlice: Sendable {
    /// An entry's bytes and their place.
    struct Kept: Sendable {
        let place: EntryPlace
        let body: [UInt8]
    }

    /// The entries with effect, by log and number.
    var entries: [Kept] = []
    /// Up to which number each log is then checked; none for entries that are looked at again.
    var ends: [Int64: Int64] = [:]

    /// Whether the entries were looked at before, when HQ did not know their programme.
    var isRepeat: Bool { ends.isEmpty }
}

/// What was found in a slice.
struct CheckedSlice: Sendable {
    /// A difference and its place.
    struct Found: Sendable {
        let place: EntryPlace
        let difference: Difference
        /// The edition that the entry names; nil for a void.
        let programme: ProgrammeReference?
    }

    let slice: UncheckedSlice
    let found: [Found]
}

/// What HQ decided again, and how far.
extension HQStore {
    /// Most differences of one answer.
    ///
    /// Source: our own bound; each with both sides has some 50 kB at most.
    static let differenceCountMax: Int64 = 500

    /// The next entries to decide: first those whose programme came late, then the new ones.
    ///
    /// New ones are taken from all logs alike, so that no log's backlog holds up another.
    ///
    /// - Returns: `DecisionCheck.entryCountMax` entries at most; nil if all is checked.
    /// - Throws: `DatabaseError`.
    func uncheckedSlice() async throws -> UncheckedSlice? {
        try await queue.read { db in
            if let slice = try Self.repeatSlice(db) { return slice }
            let limit = DecisionCheck.entryCountMax
            let logs = try Row.fetchAll(
                db,
                sql: """
                    SELECT l.id, coalesce(c.sequence, 0) AS done
                    FROM log l LEFT JOIN checked c ON c.log = l.id
                    WHERE l.sequence > coalesce(c.sequence, 0) ORDER BY l.id LIMIT ?
                    """,
                arguments: [limit]
            )
            guard !logs.isEmpty else { return nil }
            var slice = UncheckedSlice()
            for row in logs {
                let (log, done): (Int64, Int64) = (row["id"], row["done"])
                try Self.add(log, after: done, limit / Int64(logs.count), to: &slice, db)
            }
            return slice.ends.isEmpty ? nil : slice
        }
    }

    private static func add(
        _ log: Int64,
        after done: Int64,
        _ limit: Int64,
        to slice: inout UncheckedSlice,
        _ db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT e.sequence, e.body, q.code FROM entry e
                LEFT JOIN quarantine q ON q.log = e.log AND q.sequence = e.sequence
                WHERE e.log = ? AND e.sequence > ? ORDER BY e.sequence LIMIT ?
                """
        )
        for row in try Row.fetchAll(statement, arguments: [log, done, limit]) {
            let place = EntryPlace(log: log, sequence: row["sequence"])
            slice.ends[log] = place.sequence
            guard (row["code"] as String?) == nil else { continue }
            slice.entries.append(.init(place: place, body: Array(row["body"] as Data)))
        }
    }

    /// Entries whose edition was unknown and is published now.
    private static func repeatSlice(_ db: Database) throws -> UncheckedSlice? {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT e.log, e.sequence, e.body FROM programme p
                JOIN difference x ON x.programme = p.name AND x.version = p.version
                    AND x.kind = 'programme-unknown'
                JOIN entry e ON e.log = x.log AND e.sequence = x.sequence LIMIT ?
                """,
            arguments: [DecisionCheck.entryCountMax]
        )
        guard !rows.isEmpty else { return nil }
        return UncheckedSlice(
            entries: rows.map { row in
                let place = EntryPlace(log: row["log"], sequence: row["sequence"])
                return .init(place: place, body: Array(row["body"] as Data))
            }
        )
    }

    /// Keeps what was found, and how far the logs are checked, in one transaction.
    ///
    /// Recording a slice twice, as after a crash, keeps each difference once.
    ///
    /// - Returns: The devices of which there was no alarm before.
    /// - Throws: `DatabaseError`; nothing was kept then.
    func record(_ checked: CheckedSlice) async throws -> [DeviceID] {
        let nowMs = nowMs()
        return try await queue.write { db in
            if checked.slice.isRepeat { try Self.forgetUnknown(checked.slice, db) }
            var news: [Int64: [CheckedSlice.Found]] = [:]
            for found in checked.found where try Self.insert(found, nowMs: nowMs, db) {
                news[found.place.log, default: []].append(found)
            }
            for (log, sequence) in checked.slice.ends {
                let statement = try db.cachedStatement(
                    sql: """
                        INSERT INTO checked (log, sequence) VALUES (?, ?)
                        ON CONFLICT DO UPDATE SET sequence = max(sequence, excluded.sequence)
                        """
                )
                try statement.execute(arguments: [log, sequence])
            }
            let alarmed = try news.compactMap { log, found in
                try Self.alarm(found, in: log, nowMs: nowMs, db)
            }
            if checked.slice.isRepeat { try Self.endAlarms(db) }
            return alarmed
        }
    }

    private static func insert(
        _ found: CheckedSlice.Found,
        nowMs: Int64,
        _ db: Database
    ) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO difference (log, sequence, kind, programme, version, hq, foundAtMs)
                VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """
        )
        try statement.execute(arguments: [
            found.place.log, found.place.sequence, found.difference.kind.rawValue,
            found.programme?.name, found.programme?.version, found.difference.hq.text, nowMs,
        ])
        return db.changesCount == 1
    }

    /// Raises the alarm of a log's device.
    ///
    /// - Returns: The device, if it had none.
    private static func alarm(
        _ found: [CheckedSlice.Found],
        in log: Int64,
        nowMs: Int64,
        _ db: Database
    ) throws -> DeviceID? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT d.deviceID, l.epoch, a.count FROM log l JOIN device d ON d.id = l.device
                LEFT JOIN alarm a ON a.deviceID = d.deviceID AND a.kind = ?
                WHERE l.id = ?
                """,
            arguments: [AlarmKind.decisionDiffers.rawValue, log]
        )
        guard let row, let device = DeviceID(row["deviceID"] as String), let last = found.last
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a log has no device") }
        let detail =
            "\(found.count) differences, the last in entry \(last.place.sequence) of epoch"
            + " \(row["epoch"] as Int64): \(last.difference.kind.rawValue)"
        try raise(.decisionDiffers, detail, device, nowMs: nowMs, db)
        return (row["count"] as Int64?) == nil ? device : nil
    }

    private static func forgetUnknown(_ slice: UncheckedSlice, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                DELETE FROM difference
                WHERE log = ? AND sequence = ? AND kind = 'programme-unknown'
                """
        )
        for kept in slice.entries {
            try statement.execute(arguments: [kept.place.log, kept.place.sequence])
        }
    }

    /// Ends the alarms of devices of which no difference is left.
    private static func endAlarms(_ db: Database) throws {
        try db.execute(
            sql: """
                DELETE FROM alarm WHERE kind = ? AND NOT EXISTS
                (SELECT 1 FROM device d JOIN log l ON l.device = d.id
                JOIN difference x ON x.log = l.id WHERE d.deviceID = alarm.deviceID)
                """,
            arguments: [AlarmKind.decisionDiffers.rawValue]
        )
    }
}

/// Editions, as the check asks for them.
extension HQStore {
    /// The digest and the document of a programme's version; nil if none is published.
    func edition(_ name: String, _ version: Int64) async throws -> (digest: String, yaml: String)? {
        try await queue.read { db in
            try Row.fetchOne(
                db,
                sql: "SELECT digest, yaml FROM programme WHERE name = ? AND version = ?",
                arguments: [name, version]
            ).map { ($0["digest"], $0["yaml"]) }
        }
    }

    /// The editions that could not be read when entries under them were checked.
    func unreadableEditions() async throws -> [ProgrammeReference] {
        try await queue.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT p.name, p.version, p.digest FROM programme p WHERE EXISTS
                    (SELECT 1 FROM difference x WHERE x.programme = p.name
                    AND x.version = p.version AND x.kind = 'programme-unreadable')
                    """
            ).map { row in
                ProgrammeReference(
                    name: row["name"],
                    version: row["version"],
                    digest: row["digest"]
                )
            }
        }
    }

    /// Has the entries of an edition looked at again.
    func reopen(_ reference: ProgrammeReference) async throws {
        try await queue.write { db in
            try db.execute(
                sql: """
                    UPDATE difference SET kind = 'programme-unknown'
                    WHERE kind = 'programme-unreadable' AND programme = ? AND version = ?
                    """,
                arguments: [reference.name, reference.version]
            )
        }
    }
}

/// What operators read of it.
extension HQStore {
    /// Differences with both sides, in the order in which they were found.
    ///
    /// - Parameters:
    ///   - device: Whose; nil for all devices.
    ///   - id: The last one that the reader has; 0 for none.
    ///   - limit: How many at most, up to `differenceCountMax`.
    /// - Returns: An array of objects.
    /// - Throws: `DatabaseError`.
    func differences(
        of device: DeviceID? = nil,
        after id: Int64 = 0,
        limit: Int64 = differenceCountMax
    ) async throws -> CanonicalJSON {
        try await queue.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT x.id, d.deviceID, d.label, l.epoch, x.sequence, x.kind, x.hq,
                        x.foundAtMs, e.body
                    FROM difference x
                    JOIN entry e ON e.log = x.log AND e.sequence = x.sequence
                    JOIN log l ON l.id = x.log
                    JOIN device d ON d.id = l.device
                    WHERE x.id > ? AND d.deviceID = coalesce(?, d.deviceID)
                    ORDER BY x.id LIMIT ?
                    """,
                arguments: [id, device?.text, min(limit, Self.differenceCountMax)]
            )
            return .array(try rows.map(Self.differenceJSON))
        }
    }

    private static func differenceJSON(_ row: Row) throws -> CanonicalJSON {
        var store = CanonicalJSON.null
        if case .success(let entry) = ParsedEntry.content(of: Array(row["body"] as Data)) {
            store = entry.fact.decisionJSON ?? .null
        }
        return [
            "id": .integer(row["id"]),
            "device": .string(row["deviceID"]),
            "label": .string(row["label"]),
            "epoch": .integer(row["epoch"]),
            "seq": .integer(row["sequence"]),
            "kind": .string(row["kind"]),
            "foundAtMs": .integer(row["foundAtMs"]),
            "store": store,
            "hq": try CanonicalJSON(parsing: (row["hq"] as String).utf8),
        ]
    }
}
