import GRDB
import LoyaltyCore
import SyncWire

extension HQStore {
    /// Changes that never make a snapshot worth while.
    ///
    /// Source: our own bound; three pages.
    static let smallDeltaCount: Int64 = 5_000

    /// What a feed has after a place.
    enum FeedAnswer: Sendable {
        /// The next page.
        case page(ChangePageV1)
        /// So much that a snapshot is the shorter way.
        case snapshot
    }

    /// Reads a page of a feed.
    ///
    /// - Parameters:
    ///   - feed: Which one.
    ///   - since: The last place that the reader has; nil at the begin.
    ///   - limit: Most changes.
    /// - Returns: The page, or word to take a snapshot.
    /// - Throws: `Problem` for a place that is too old or lies ahead.
    func page(_ feed: Feed, since: FeedCursor?, limit: Int) async throws -> FeedAnswer {
        let nowMs = nowMs()
        return try await queue.read { db in
            let head = try FeedHead(feed, epoch: hqEpoch(db), db)
            if let since { try head.check(since) }
            if feed == .changes, try Self.isFar(since, db) { return .snapshot }
            return .page(try head.page(since: since, limit: limit, nowMs: nowMs, db))
        }
    }

    /// Whether a reader is new, or so far behind that a snapshot is the shorter way.
    private static func isFar(_ since: FeedCursor?, _ db: Database) throws -> Bool {
        guard let since else { return true }
        // A fifth of all members: SYNC.md section 2.5.
        return try isMore(than: 5, after: since.position, db)
    }

    /// Whether more than a share of all members changed after a place.
    static func isMore(than share: Int64, after position: Int64, _ db: Database) throws -> Bool {
        let delta = """
            SELECT count(*) FROM (
                SELECT 1 FROM change WHERE feed = 'changes' AND position > ? LIMIT ?
            )
            """
        let count = try Int64.fetchOne(
            db,
            sql: delta,
            arguments: [position, smallDeltaCount + 1]
        )
        guard count ?? 0 > smallDeltaCount else { return false }
        let members = try Int64.fetchOne(db, sql: "SELECT count(*) FROM member") ?? 0
        let all = try Int64.fetchOne(db, sql: delta, arguments: [position, Int64.max]) ?? 0
        return all > max(smallDeltaCount, members / share)
    }
}

/// The end of a feed.
struct FeedHead {
    let feed: Feed
    let epoch: Int64
    let position: Int64
    let expired: Int64

    init(_ feed: Feed, epoch: Int64, _ db: Database) throws {
        let row = try Row.fetchOne(
            db,
            sql: "SELECT position, expired FROM feedHead WHERE feed = ?",
            arguments: [feed.rawValue]
        )
        guard let row else { throw Problem(.hqFailed, "The feed's head is missing.") }
        self.feed = feed
        self.epoch = epoch
        position = row["position"]
        expired = row["expired"]
    }

    /// Refuses a place from which the feed cannot go on.
    func check(_ since: FeedCursor) throws {
        guard since.epoch <= epoch, since.epoch < epoch || since.position <= position else {
            throw Problem(.cursorAhead, "HQ has not come so far; was it restored? Call HQ.")
        }
        guard since.epoch == epoch, since.position >= expired else {
            throw Problem(.cursorExpired, "HQ does not remember that far; begin anew.")
        }
    }

    /// Reads the changes after a place.
    func page(
        since: FeedCursor?,
        limit: Int,
        nowMs: Int64,
        _ db: Database
    ) throws -> ChangePageV1 {
        let rows = try Row.fetchAll(
            try db.cachedStatement(
                sql: """
                    SELECT position, through, kind, id, isGone FROM change
                    WHERE feed = ? AND position > ? ORDER BY position LIMIT ?
                    """
            ),
            arguments: [feed.rawValue, since?.position ?? 0, limit + 1]
        )
        let shown = rows.prefix(limit)
        let hasMore = rows.count > limit
        let last: Int64 = hasMore ? shown.last?["position"] ?? 0 : position
        let isCut =
            hasMore && rows.last?["through"] as Int64? == shown.last?["through"] as Int64?
        guard let next = FeedCursor(epoch: epoch, position: last)
        else { throw Problem(.hqFailed, "HQ's epoch is damaged.") }
        return ChangePageV1(
            feed: feed,
            since: since,
            changes: try shown.compactMap { try change($0, db) },
            next: next,
            hasMore: hasMore,
            isComplete: !isCut,
            digest: feed == .changes && !hasMore ? try HQStore.memberDigest(db) : nil,
            serverMs: nowMs
        )
    }

    /// What a thing is now; nil for a row that is no thing of ours.
    private func change(_ row: Row, _ db: Database) throws -> ChangeV1? {
        let (kind, id): (String, String) = (row["kind"], row["id"])
        let content: ChangeV1.Content?
        switch kind {
        case "member":
            guard let number = MemberNumber(id) else { return nil }
            content =
                try HQStore.member(number, db).map { .member($0.wire) } ?? .memberGone(number)
        case "programme":
            content = try edition(id, db).map { .programme($0) }
        default:
            let isGone: Bool = row["isGone"]
            content = Revocation(kind: kind, id: id)
                .map { isGone ? .restored($0) : .revoked($0) }
        }
        return content.map { ChangeV1(revision: row["position"], $0) }
    }

    private func edition(_ id: String, _ db: Database) throws -> EditionV1? {
        let parts = id.split(separator: "/")
        guard parts.count == 2, let version = Int64(parts[1]) else { return nil }
        return try Row.fetchOne(
            db,
            sql: "SELECT * FROM programme WHERE name = ? AND version = ?",
            arguments: [String(parts[0]), version]
        ).flatMap(HQStore.edition)
    }
}
