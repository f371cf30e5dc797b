import GRDB
public import LoyaltyCore
public import SyncWire

/// What HQ sent, and how far; data and place change in one transaction.
extension Ledger {
    /// How far the ledger has come in a feed; nil before its begin.
    ///
    /// - Throws: `LedgerError`.
    public func place(in feed: Feed) throws -> FeedCursor? {
        try read { db in try db.place(in: feed) }
    }

    /// Takes changes up to a place where HQ's state is whole, all in one transaction.
    ///
    /// - Parameters:
    ///   - changes: Everything after the ledger's place.
    ///   - feed: Of which feed.
    ///   - cursor: The place reached.
    ///   - replacing: Whether these are all there are: what was revoked before is not any more.
    /// - Throws: `LedgerError.downRefused` if the place or a programme's version would go back;
    ///   nothing is changed then.
    public func apply(
        _ changes: [ChangeV1],
        of feed: Feed,
        upTo cursor: FeedCursor,
        replacing: Bool = false
    ) throws {
        try write(for: .bookkeeping) { db, state in
            try db.move(feed, to: cursor)
            if replacing { try db.run("DELETE FROM revocation") }
            let directory = try db.directoryInUse()
            let before = state.memberCount
            for change in changes { try db.take(change, directory, &state) }
            if state.memberCount != before { try db.keep(memberCount: state.memberCount) }
        }
    }

    /// Members after a number, as the digest of HQ's state is made of them.
    ///
    /// - Parameters:
    ///   - number: The last one seen; nil at the begin.
    ///   - countMax: Most members; some thousand at a time keep the tills waiting least.
    /// - Returns: The members by number; none at the end.
    /// - Throws: `LedgerError`.
    public func members(after number: MemberNumber?, countMax: Int) throws -> [MemberV1] {
        try read { db in
            try db.all(
                """
                SELECT number, maskedName, isBlocked, mobileBarcode, birthday, isReferred, tierFloor
                FROM directory WHERE number > ? ORDER BY number LIMIT ?
                """,
                .integer(number?.value ?? -1),
                .integer(Int64(countMax))
            ) { row in
                let member = MemberNumber(value: row.integer(0)).flatMap { number in
                    MemberV1(
                        number: number,
                        maskedName: row.isNull(1) ? nil : row.text(1),
                        mobileBarcode: row.isNull(3) ? nil : row.text(3),
                        isBlocked: row.integer(2) == 1,
                        profile: Profile(row, from: 4)
                    )
                }
                guard let member else { throw LedgerError.damaged("member \(row.integer(0))") }
                return member
            }
        }
    }
}

extension Database {
    fileprivate func place(in feed: Feed) throws -> FeedCursor? {
        try first("SELECT epoch, position FROM feed WHERE name = ?", .text(feed.rawValue)) { row in
            FeedCursor(epoch: row.integer(0), position: row.integer(1))
        } ?? nil
    }

    func move(_ feed: Feed, to cursor: FeedCursor) throws {
        if let place = try place(in: feed), cursor < place {
            throw LedgerError.downRefused(
                "HQ's \(feed.rawValue) went back from \(place.text) to \(cursor.text)"
            )
        }
        try run(
            """
            INSERT INTO feed (name, epoch, position) VALUES (?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, position = excluded.position
            """,
            .text(feed.rawValue),
            .integer(cursor.epoch),
            .integer(cursor.position)
        )
    }

    fileprivate func take(
        _ change: ChangeV1,
        _ directory: Directory,
        _ state: inout LedgerState
    ) throws {
        switch change.content {
        case .member(let member):
            if try put(MemberRow(member), into: directory) { state.memberCount += 1 }
        case .memberGone(let number):
            if try remove(number, from: directory) { state.memberCount -= 1 }
        case .programme(let edition): try take(edition)
        case .revoked(let revocation):
            try run(
                "INSERT OR IGNORE INTO revocation (kind, id) VALUES (?, ?)",
                .text(revocation.kind),
                .text(revocation.id)
            )
        case .restored(let revocation):
            try run(
                "DELETE FROM revocation WHERE kind = ? AND id = ?",
                .text(revocation.kind),
                .text(revocation.id)
            )
        case .unknown: break
        }
    }

    func keep(memberCount: Int64) throws {
        try run("UPDATE meta SET memberCount = ?", .integer(memberCount))
    }
}

extension MemberRow {
    /// A member as HQ sent it; what the wire lets through fits here.
    init(_ member: MemberV1) {
        let row = Self(
            number: member.number,
            maskedName: member.maskedName,
            isBlocked: member.isBlocked,
            mobileBarcode: member.mobileBarcode,
            profile: member.profile
        )
        guard let row else { preconditionFailure("a member of the wire is a row") }
        self = row
    }
}
