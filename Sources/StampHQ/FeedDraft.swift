import GRDB
import LoyaltyCore
import SyncWire

/// What one transaction puts into the feeds.
///
/// Each thing stands in its feed once, at its latest change; what it is then is read where it is
/// kept. So a feed is never longer than the things that ever were, and a store that was away for
/// long gets each of them once.
struct FeedDraft {
    private struct Thing: Hashable {
        let feed: Feed
        let kind: String
        let id: String
    }

    private let nowMs: Int64
    private var order: [Thing] = []
    private var isGone: [Thing: Bool] = [:]

    /// How long is remembered that something is gone, in milliseconds: 45 days.
    ///
    /// Source: SYNC.md section 2.5.
    static let tombstoneLifeMs: Int64 = 45 * 86_400_000

    init(nowMs: Int64) {
        self.nowMs = nowMs
    }

    /// Notes that a thing is new or changed, or gone.
    mutating func put(_ feed: Feed, _ kind: String, _ id: String, isGone: Bool = false) {
        let thing = Thing(feed: feed, kind: kind, id: id)
        if self.isGone.updateValue(isGone, forKey: thing) == nil { order.append(thing) }
    }

    /// Notes a member who is new or changed.
    mutating func note(_ member: Member, before: Member?) {
        let id = member.number.description
        put(.changes, "member", id)
        guard member.isBlocked != (before?.isBlocked ?? false) else { return }
        let kind = Revocation.member(member.number).kind
        put(.revocations, kind, id, isGone: !member.isBlocked)
    }

    /// Gives the changes their places; must be the last that the transaction does.
    ///
    /// The places are taken from the feed's head in one statement. Writers thus commit in the order
    /// of their places, and a reader that has seen a place has seen all before it.
    func publish(_ db: Database) throws {
        for feed in Feed.allCases {
            let things = order.filter { $0.feed == feed }
            guard !things.isEmpty else { continue }
            try forgetTombstones(of: feed, db)
            let count = Int64(things.count)
            let last = try Int64.fetchOne(
                db,
                sql: """
                    UPDATE feedHead SET position = position + ? WHERE feed = ? RETURNING position
                    """,
                arguments: [count, feed.rawValue]
            )
            guard let last else { throw Problem(.hqFailed, "The feed's head is missing.") }
            for (index, thing) in things.enumerated() {
                try db.cachedStatement(sql: Self.insert).execute(arguments: [
                    feed.rawValue, last - count + 1 + Int64(index), last, thing.kind, thing.id,
                    isGone[thing] ?? false, nowMs,
                ])
            }
        }
    }

    private static let insert = """
        INSERT INTO change (feed, position, through, kind, id, isGone, changedAtMs)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (feed, kind, id) DO UPDATE SET
            position = excluded.position, through = excluded.through,
            isGone = excluded.isGone, changedAtMs = excluded.changedAtMs
        """

    /// Forgets what is gone for long; places before it can then no longer be gone on from.
    private func forgetTombstones(of feed: Feed, _ db: Database) throws {
        let condition = "feed = ? AND isGone = 1 AND changedAtMs < ?"
        let arguments: StatementArguments = [feed.rawValue, nowMs - Self.tombstoneLifeMs]
        let expired = try Int64.fetchOne(
            db,
            sql: "SELECT max(position) FROM change WHERE \(condition)",
            arguments: arguments
        )
        guard let expired else { return }
        try db.execute(sql: "DELETE FROM change WHERE \(condition)", arguments: arguments)
        try db.execute(
            sql: "UPDATE feedHead SET expired = max(expired, ?) WHERE feed = ?",
            arguments: [expired, feed.rawValue]
        )
    }
}

extension HQStore {
    static let feedTables = """
        CREATE TABLE change (
            feed TEXT NOT NULL CHECK (feed IN ('changes', 'revocations')),
            position INTEGER NOT NULL CHECK (position >= 1),
            through INTEGER NOT NULL,  -- the last place of the same transaction
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            isGone INTEGER NOT NULL CHECK (isGone IN (0, 1)),
            changedAtMs INTEGER NOT NULL,
            PRIMARY KEY (feed, position),
            UNIQUE (feed, kind, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX change_gone ON change (feed, changedAtMs) WHERE isGone = 1;

        CREATE TABLE feedHead (
            feed TEXT NOT NULL PRIMARY KEY,
            position INTEGER NOT NULL,
            expired INTEGER NOT NULL  -- the last place whose tombstone was forgotten
        ) STRICT, WITHOUT ROWID;
        INSERT INTO feedHead VALUES ('changes', 0, 0), ('revocations', 0, 0);
        INSERT INTO setting VALUES ('memberDigest', 0);

        CREATE TABLE snapshotPart (
            sha256 TEXT NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
            content BLOB NOT NULL
        ) STRICT;
        CREATE TABLE snapshot (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            position INTEGER NOT NULL,
            memberCount INTEGER NOT NULL,
            digest INTEGER NOT NULL,
            parts TEXT NOT NULL  -- SHA-256 and size of each, one a line
        ) STRICT;
        """

    /// Puts what an older HQ held into the feeds.
    static func seedFeeds(_ db: Database) throws {
        var digest = StateDigest(.members)
        var draft = FeedDraft(nowMs: 0)
        for row in try Row.fetchAll(db, sql: "SELECT * FROM programme ORDER BY version") {
            draft.put(.changes, "programme", "\(row["name"] as String)/\(row["version"] as Int64)")
        }
        let revoked = "SELECT deviceID FROM device WHERE revokedAtMs IS NOT NULL"
        for id in try String.fetchAll(db, sql: revoked) {
            draft.put(.revocations, "device", id)
        }
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM member ORDER BY number")
        while let row = try rows.next() {
            guard let number = MemberNumber(value: row["number"]) else { continue }
            let member = Member(
                number: number,
                maskedName: row["maskedName"],
                mobileBarcode: row["mobileBarcode"],
                isBlocked: row["isBlocked"]
            )
            digest.add(member.wire.line)
            draft.note(member, before: nil)
        }
        try setMemberDigest(digest, db)
        try draft.publish(db)
    }

    /// What all members' lines add up to.
    static func memberDigest(_ db: Database) throws -> StateDigest {
        let value = try Int64.fetchOne(
            db,
            sql: "SELECT value FROM setting WHERE name = 'memberDigest'"
        )
        return StateDigest(.members, value: UInt64(bitPattern: value ?? 0))
    }

    static func setMemberDigest(_ digest: StateDigest, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE setting SET value = ? WHERE name = 'memberDigest'",
            arguments: [Int64(bitPattern: digest.value)]
        )
    }
}
