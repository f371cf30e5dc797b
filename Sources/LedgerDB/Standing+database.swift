import GRDB
import LoyaltyCore
import SyncWire

/// A member's visit of one card as the ledger keeps it.
struct KeptVisit {
    /// The award that the visit was, counted over all epochs.
    let number: Int64
    let visit: Visit
}

/// A member's standing as the ledger keeps it.
struct KeptStanding {
    /// Whether HQ has named the member.
    let isKnown: Bool
    let maskedName: String?
    let mobileBarcode: String?
    let standing: Standing
    /// The entries of the last visits, by card, counted over all epochs.
    let visitNumbers: [String: Int64]
}

extension Database {
    /// Reads what the ledger knows of a member; four indexed statements.
    func standing(of member: MemberNumber) throws -> KeptStanding {
        let number = SQLValue.integer(member.value)
        let row = try first(
            """
            SELECT isBlocked, maskedName, mobileBarcode, birthday, isReferred, tierFloor
            FROM directory WHERE number = ?
            """,
            number
        ) { row in
            (
                isBlocked: row.integer(0) == 1,
                maskedName: row.isNull(1) ? nil : row.text(1),
                mobileBarcode: row.isNull(2) ? nil : row.text(2),
                profile: Profile(row, from: 3)
            )
        }
        let visits = try visits(of: member)
        return KeptStanding(
            isKnown: row != nil,
            maskedName: row?.maskedName,
            mobileBarcode: row?.mobileBarcode,
            standing: Standing(
                isBlocked: try row?.isBlocked == true || isRevoked(.member(member)),
                holdings: try holdings(of: member),
                lastVisits: visits.mapValues(\.visit),
                profile: row?.profile ?? Profile()
            ),
            visitNumbers: visits.mapValues(\.number)
        )
    }

    /// Whether HQ trusts something no more.
    private func isRevoked(_ revocation: Revocation) throws -> Bool {
        let found = try first(
            "SELECT 1 FROM revocation WHERE kind = ? AND id = ?",
            .text(revocation.kind),
            .text(revocation.id)
        ) { $0.integer(0) }
        return found != nil
    }

    private func holdings(of member: MemberNumber) throws -> [Posting] {
        try all(
            "SELECT asset, bucket, amount FROM holding WHERE member = ? ORDER BY asset, bucket",
            .integer(member.value)
        ) { row in
            guard let asset = Asset(name: row.text(0)), let bucket = Bucket(row.text(1))
            else { throw LedgerError.damaged("a holding of '\(row.text(0))' until \(row.text(1))") }
            return Posting(asset, bucket, row.integer(2))
        }
    }

    private func visits(of member: MemberNumber) throws -> [String: KeptVisit] {
        var visits: [String: KeptVisit] = [:]
        try each(
            """
            SELECT card, sequence, businessDay, wallMs, quality, boot, sinceBootMs
            FROM visit WHERE member = ?
            """,
            [.integer(member.value)]
        ) { row in
            let at = Moment(
                wall: WallTime(unixMs: row.integer(3)),
                quality: ClockQuality(rawValue: row.text(4)) ?? .floor,
                boot: row.integer(5),
                sinceBootMs: row.integer(6)
            )
            let date = BusinessDate(dayNumber: Int32(truncatingIfNeeded: row.integer(2)))
            visits[row.text(0)] = KeptVisit(
                number: row.integer(1),
                visit: Visit(at: at, businessDate: date)
            )
            return true
        }
        return visits
    }

    /// The counts that a decision on a sale may read, as far as they are not zero.
    func tallies(_ names: [Tally], of member: MemberNumber) throws -> [TallyChange] {
        try names.compactMap { tally in
            try first(
                "SELECT count FROM tally WHERE member = ? AND name = ?",
                .integer(tally.row(of: member)),
                .text(tally.description)
            ) { TallyChange(tally, $0.integer(0)) }
        }
    }

    /// Notes that a manager's code was used, which it can be once.
    ///
    /// - Throws: `LedgerError.approvalUsed` if it or a later one was used before.
    func note(_ approval: Approval) throws {
        let manager = SQLValue.text(approval.manager)
        let last = try first("SELECT step FROM approval WHERE manager = ?", manager) {
            $0.integer(0)
        }
        if let last, approval.step <= last {
            throw LedgerError.approvalUsed(manager: approval.manager)
        }
        try keep(approval)
    }

    /// Keeps a manager's code as used, unless a later one is.
    func keep(_ approval: Approval) throws {
        try run(
            """
            INSERT INTO approval (manager, step) VALUES (?, ?)
            ON CONFLICT (manager) DO UPDATE SET step = excluded.step
            WHERE excluded.step > approval.step
            """,
            .text(approval.manager),
            .integer(approval.step)
        )
    }

    /// Writes the counts that have changed.
    func write(_ changes: [TallyChange], of member: MemberNumber) throws {
        for change in changes {
            let row = SQLValue.integer(change.tally.row(of: member))
            let name = SQLValue.text(change.tally.description)
            let before = try first(
                "SELECT count FROM tally WHERE member = ? AND name = ?",
                row,
                name
            ) { $0.integer(0) }
            let (count, overflow) = (before ?? 0).addingReportingOverflow(change.amount)
            guard !overflow else { throw LedgerError.damaged("the count \(change.tally)") }
            if count == 0 {
                try run("DELETE FROM tally WHERE member = ? AND name = ?", row, name)
            } else {
                try run(
                    """
                    INSERT INTO tally (member, name, count) VALUES (?, ?, ?)
                    ON CONFLICT (member, name) DO UPDATE SET count = excluded.count
                    """,
                    row,
                    name,
                    .integer(count)
                )
            }
        }
    }

    /// Writes the amounts that postings have changed.
    func write(_ postings: [Posting], of member: MemberNumber, giving standing: Standing) throws {
        for posting in postings {
            let amount = standing.amount(of: posting.asset, posting.bucket)
            let key: [SQLValue] = [
                .integer(member.value), .text(posting.asset.name),
                .text(posting.bucket.description),
            ]
            if amount == 0 {
                try run(
                    "DELETE FROM holding WHERE member = ? AND asset = ? AND bucket = ?",
                    key[0],
                    key[1],
                    key[2]
                )
            } else {
                try run(
                    """
                    INSERT INTO holding (member, asset, bucket, amount) VALUES (?, ?, ?, ?)
                    ON CONFLICT (member, asset, bucket) DO UPDATE SET amount = excluded.amount
                    """,
                    key[0],
                    key[1],
                    key[2],
                    .integer(amount)
                )
            }
        }
    }

    /// Keeps a visit as the last one of a card.
    func write(_ kept: KeptVisit, of card: String, for member: MemberNumber) throws {
        try run(
            """
            INSERT INTO visit
                (member, card, sequence, businessDay, wallMs, quality, boot, sinceBootMs)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (member, card) DO UPDATE SET
                sequence = excluded.sequence, businessDay = excluded.businessDay,
                wallMs = excluded.wallMs, quality = excluded.quality,
                boot = excluded.boot, sinceBootMs = excluded.sinceBootMs
            """,
            .integer(member.value),
            .text(card),
            .integer(kept.number),
            .integer(Int64(kept.visit.businessDate.dayNumber)),
            .integer(kept.visit.at.wall.unixMs),
            .text(kept.visit.at.quality.rawValue),
            .integer(kept.visit.at.boot),
            .integer(kept.visit.at.sinceBootMs)
        )
    }
}

extension Tally {
    /// The row's member: the member's own, or the one under which shared counts stand.
    func row(of member: MemberNumber) -> Int64 {
        scope == .member ? member.value : Schema.sharedTallies
    }
}

extension Standing {
    /// The standing with the counts and that part of the profile which are read for one sale.
    func counting(_ tallies: [TallyChange], reading profile: Profile = Profile()) -> Self {
        Self(
            isBlocked: isBlocked,
            holdings: holdings,
            lastVisits: lastVisits,
            tallies: Dictionary(tallies.map { ($0.tally, $0.amount) }) { $1 },
            profile: profile
        )
    }
}
