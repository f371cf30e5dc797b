import Crypto
import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// Snapshots: all members as parts that never change.
///
/// Members are read in slices, so that pushes get through meanwhile. A member who changes while a
/// snapshot is made may stand in it as before or after; the feed from the snapshot's place on has
/// that change in any case.
extension HQStore {
    /// Members read at once.
    ///
    /// Source: our own bound; some 30 ms.
    static let snapshotSliceCount = 10_000

    /// The newest snapshot, if a new one would not be much newer.
    ///
    /// - Parameter since: A place that it must have reached; one that HQ has not reached counts
    ///   for nothing.
    /// - Returns: The snapshot, or nil if one must be made.
    /// - Throws: `DatabaseError`.
    func freshSnapshot(since: FeedCursor? = nil) async throws -> SnapshotV1? {
        try await queue.read { db in
            let head = try FeedHead(.changes, epoch: hqEpoch(db), db)
            let isAhead = since.map { $0.epoch != head.epoch || $0.position > head.position }
            let least = isAhead == false ? since?.position ?? 0 : 0
            let row = try Row.fetchOne(
                db,
                sql: "SELECT * FROM snapshot ORDER BY number DESC LIMIT 1"
            )
            guard let row, row["epoch"] == head.epoch,
                row["position"] as Int64 >= max(head.expired, least),
                // Half of what sends a reader to a snapshot, or it would be sent there again.
                try !Self.isMore(than: 10, after: row["position"], db)
            else { return nil }
            return try Self.snapshot(row, db)
        }
    }

    /// Makes a snapshot of all members as they are now; the caller makes one at a time.
    ///
    /// - Throws: `DatabaseError`; the parts stored by then are forgotten by the next.
    func makeSnapshot() async throws -> SnapshotV1 {
        let (epoch, place) = try await queue.read { db in
            let head = try FeedHead(.changes, epoch: hqEpoch(db), db)
            return (head.epoch, head.position)
        }
        var writer = SnapshotWriter()
        while let slice = try await slice(after: writer.last) {
            for part in writer.add(slice) { try await store(part) }
        }
        if let part = writer.finish() { try await store(part) }
        let (digest, count, parts) = (writer.digest, writer.memberCount, writer.parts)
        return try await queue.write { db in
            let list = parts.map { "\($0.sha256) \($0.byteCount)" }.joined(separator: "\n")
            let id = SHA256.hash(data: Array("\(epoch).\(place)\n\(list)".utf8))
            try db.execute(
                sql: """
                    INSERT INTO snapshot (id, epoch, position, memberCount, digest, parts)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    Hex.text(id), epoch, place, count, Int64(bitPattern: digest.value), list,
                ]
            )
            try Self.forgetOldSnapshots(db)
            let row = try Row.fetchOne(
                db,
                sql: "SELECT * FROM snapshot ORDER BY number DESC LIMIT 1"
            )
            guard let row, let snapshot = try Self.snapshot(row, db)
            else { throw Problem(.hqFailed, "The snapshot just made is damaged.") }
            return snapshot
        }
    }

    /// The bytes of a part, or nil if HQ has no such part any more.
    func part(_ sha256: String) async throws -> [UInt8]? {
        try await queue.read { db in
            try Data.fetchOne(
                db,
                sql: "SELECT content FROM snapshotPart WHERE sha256 = ?",
                arguments: [sha256]
            ).map(Array.init)
        }
    }

    private func slice(after number: Int64) async throws -> [Member]? {
        let members = try await queue.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM member WHERE number > ? ORDER BY number LIMIT ?",
                arguments: [number, Self.snapshotSliceCount]
            ).compactMap { Member($0) }
        }
        return members.isEmpty ? nil : members
    }

    private func store(_ part: [UInt8]) async throws {
        guard let name = SnapshotV1.Part(of: part) else { return }
        try await queue.write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO snapshotPart (sha256, content) VALUES (?, ?)",
                arguments: [name.sha256, Data(part)]
            )
        }
    }

    /// Keeps the last two: a device may be in the middle of the one before.
    private static func forgetOldSnapshots(_ db: Database) throws {
        try db.execute(
            sql: """
                DELETE FROM snapshot WHERE number NOT IN
                    (SELECT number FROM snapshot ORDER BY number DESC LIMIT 2);
                DELETE FROM snapshotPart WHERE NOT EXISTS
                    (SELECT 1 FROM snapshot WHERE instr(parts, sha256) > 0);
                """
        )
    }

    private static func snapshot(_ row: Row, _ db: Database) throws -> SnapshotV1? {
        let parts = (row["parts"] as String).split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            return words.count == 2
                ? SnapshotV1.Part(byteCount: Int64(words[1]) ?? 0, sha256: String(words[0])) : nil
        }
        guard let cursor = FeedCursor(epoch: row["epoch"], position: row["position"]),
            parts.allSatisfy({ $0 != nil })
        else { return nil }
        return SnapshotV1(
            id: row["id"],
            cursor: cursor,
            rowCount: row["memberCount"],
            digest: StateDigest(.members, value: UInt64(bitPattern: row["digest"] as Int64)),
            parts: parts.compactMap(\.self),
            editions: try editions(db)
        )
    }
}

/// Cuts members' lines into parts.
private struct SnapshotWriter {
    private(set) var last: Int64 = -1
    private(set) var memberCount: Int64 = 0
    private(set) var digest = StateDigest(.members)
    private(set) var parts: [SnapshotV1.Part] = []
    private var open: [UInt8] = []

    /// Adds members, by number.
    ///
    /// - Returns: The parts that are full.
    mutating func add(_ members: [Member]) -> [[UInt8]] {
        var full: [[UInt8]] = []
        for member in members {
            let line = member.wire.line
            if open.count + line.count + 1 > Int(SnapshotV1.partByteCountMax),
                let part = finish()
            {
                full.append(part)
            }
            open += line
            open.append(UInt8(ascii: "\n"))
            digest.add(line)
            memberCount += 1
            last = member.number.value
        }
        return full
    }

    /// The part that is open, or nil if there is none.
    mutating func finish() -> [UInt8]? {
        guard let part = SnapshotV1.Part(of: open) else { return nil }
        defer { open = [] }
        parts.append(part)
        return open
    }
}
