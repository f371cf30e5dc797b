/// Holdings, visits and sales without a row for their member.
///
/// Since the directory came down from HQ, such a row held nothing but its number, and writing it
/// at a member's first award cost the disk a third of that award.
extension Schema {
    static let unlisted = """
        CREATE TABLE newHolding (
            member INTEGER NOT NULL CHECK (member BETWEEN 0 AND 99999999999999),
            asset TEXT NOT NULL CHECK (length(asset) BETWEEN 1 AND 47),
            bucket TEXT NOT NULL CHECK (bucket = 'never' OR length(bucket) = 10),
            amount INTEGER NOT NULL CHECK (amount >= 0),
            PRIMARY KEY (member, asset, bucket)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO newHolding SELECT member, asset, bucket, amount FROM holding;
        DROP TABLE holding;
        ALTER TABLE newHolding RENAME TO holding;

        CREATE TABLE newVisit (
            member INTEGER NOT NULL CHECK (member BETWEEN 0 AND 99999999999999),
            card TEXT NOT NULL CHECK (length(card) BETWEEN 1 AND 40),
            sequence INTEGER NOT NULL CHECK (sequence > 0),
            businessDay INTEGER NOT NULL,
            wallMs INTEGER NOT NULL,
            quality TEXT NOT NULL CHECK (quality IN ('ntp', 'anchor', 'rtc', 'floor')),
            boot INTEGER NOT NULL CHECK (boot > 0),
            sinceBootMs INTEGER NOT NULL CHECK (sinceBootMs >= 0),
            PRIMARY KEY (member, card)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO newVisit SELECT
            member, card, sequence, businessDay, wallMs, quality, boot, sinceBootMs FROM visit;
        DROP TABLE visit;
        ALTER TABLE newVisit RENAME TO visit;

        CREATE TABLE newSale (
            sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
            key TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 80),
            member INTEGER NOT NULL CHECK (member BETWEEN 0 AND 99999999999999),
            till TEXT NOT NULL,
            answer BLOB NOT NULL,
            voidedBy INTEGER CHECK (voidedBy > sequence)
        ) STRICT;
        INSERT INTO newSale SELECT sequence, key, member, till, answer, voidedBy FROM sale;
        DROP TABLE sale;
        ALTER TABLE newSale RENAME TO sale;
        CREATE TRIGGER sale_isFirstAnswer
        BEFORE UPDATE OF sequence, key, member, till, answer ON sale
        BEGIN SELECT RAISE(ABORT, 'the first answer stands'); END;

        DROP TABLE member;
        UPDATE meta SET memberCount = (SELECT count(*) FROM directory);
        """
}
