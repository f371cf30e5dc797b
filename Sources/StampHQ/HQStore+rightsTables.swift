import Foundation
import GRDB
import LoyaltyCore

/// Who holds which rights, told from the logs for an HQ that had only the sum of all devices.
extension HQStore {
    /// Replaces the table of balances by who holds them; a balance is the sum over all holders.
    static func tellRights(_ db: Database) throws {
        try db.execute(sql: rightsTables)
        let add = try db.makeStatement(
            sql: """
                INSERT INTO held (member, asset, bucket, device, amount) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET amount = amount + excluded.amount
                """
        )
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT l.device, e.body FROM entry e JOIN log l ON l.id = e.log
                WHERE NOT EXISTS (SELECT 1 FROM quarantine q
                    WHERE q.log = e.log AND q.sequence = e.sequence)
                """
        )
        while let row = try rows.next() {
            guard case .success(let entry) = ParsedEntry.content(of: Array(row["body"] as Data)),
                let (member, postings) = entry.fact.movement
            else { continue }
            for posting in postings {
                try add.execute(arguments: [
                    member.value, posting.asset.name, posting.bucket.description,
                    row["device"] as Int64, posting.amount,
                ])
            }
        }
        try db.execute(sql: "DROP TABLE balance; \(balanceView)")
    }

    private static let rightsTables = """
        CREATE TABLE held (
            member INTEGER NOT NULL,
            asset TEXT NOT NULL,
            bucket TEXT NOT NULL,
            device INTEGER NOT NULL REFERENCES device (id),
            -- Below zero: the device has spent what HQ keeps without effect.
            amount INTEGER NOT NULL,
            PRIMARY KEY (member, asset, bucket, device)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE free (
            member INTEGER NOT NULL,
            asset TEXT NOT NULL,
            bucket TEXT NOT NULL,
            amount INTEGER NOT NULL,  -- below zero: an HQ that was restored had given more
            PRIMARY KEY (member, asset, bucket)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE mint (
            id INTEGER PRIMARY KEY,
            member INTEGER NOT NULL,
            asset TEXT NOT NULL,
            bucket TEXT NOT NULL,
            amount INTEGER NOT NULL CHECK (amount > 0),
            reason TEXT NOT NULL,
            operator TEXT NOT NULL,
            mintedAtMs INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE placement (
            number INTEGER PRIMARY KEY CHECK (number >= 1),
            hqEpoch INTEGER NOT NULL CHECK (hqEpoch >= 1),
            device INTEGER NOT NULL REFERENCES device (id),
            member INTEGER NOT NULL,
            reason TEXT NOT NULL,
            operator TEXT NOT NULL,
            placedAtMs INTEGER NOT NULL,
            acceptedLog INTEGER REFERENCES log (id),  -- null: in flight
            acceptedSequence INTEGER
        ) STRICT;
        CREATE INDEX placement_member ON placement (member) WHERE acceptedLog IS NULL;
        CREATE INDEX placement_device ON placement (device, number) WHERE acceptedLog IS NULL;
        CREATE TABLE placementPart (
            number INTEGER NOT NULL REFERENCES placement (number),
            asset TEXT NOT NULL,
            bucket TEXT NOT NULL,
            amount INTEGER NOT NULL CHECK (amount > 0),
            PRIMARY KEY (number, asset, bucket)
        ) STRICT, WITHOUT ROWID;
        """

    /// What members have, a row for each holder: a device, HQ, or a grant in flight.
    private static let balanceView = """
        CREATE VIEW balance AS
            SELECT member, asset, bucket, amount FROM held
            UNION ALL SELECT member, asset, bucket, amount FROM free
            UNION ALL SELECT p.member, t.asset, t.bucket, t.amount
            FROM placement p JOIN placementPart t ON t.number = p.number
            WHERE p.acceptedLog IS NULL;
        """
}
