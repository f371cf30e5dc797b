import GRDB

/// The database's shape, as the list of steps that built it.
///
/// A step that has shipped is never edited: stores out there have already run it. Add a new one.
enum Schema {
    /// Marks the file as ours: "stmp".
    static let applicationID: Int64 = 0x7374_6D70
    /// The number of steps.
    static let version: Int64 = 10

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration(
            "1 log, members, holdings and sales",
            foreignKeyChecks: .immediate
        ) { db in
            try db.execute(sql: log + watermark + standing + sales)
            try db.execute(sql: "PRAGMA user_version = 1")
        }
        migrator.registerMigration("2 the last anchor", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: anchor)
            try db.execute(sql: "PRAGMA user_version = 2")
        }
        migrator.registerMigration("3 what HQ sends down", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: down)
            try db.execute(sql: "PRAGMA user_version = 3")
        }
        migrator.registerMigration(
            "4 holdings without a row for the member",
            foreignKeyChecks: .immediate
        ) { db in
            try db.execute(sql: unlisted)
            try db.execute(sql: "PRAGMA user_version = 4")
        }
        migrator.registerMigration("5 keys that follow the first", foreignKeyChecks: .immediate) {
            db in
            try db.execute(sql: keyChange)
            try db.execute(sql: "PRAGMA user_version = 5")
        }
        migrator.registerMigration("6 epochs", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: epochs)
            try db.execute(sql: "PRAGMA user_version = 6")
        }
        migrator.registerMigration("7 every asset, and counts", foreignKeyChecks: .immediate) {
            db in
            try db.execute(sql: loyalty)
            try db.execute(sql: "PRAGMA user_version = 7")
        }
        migrator.registerMigration("8 profiles and approvals", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: profiles)
            // A view keeps the columns that its table had when it was made.
            try db.use(try db.directoryInUse())
            try db.execute(sql: "PRAGMA user_version = 8")
        }
        migrator.registerMigration("9 refunds", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: refunds)
            try db.execute(sql: "PRAGMA user_version = 9")
        }
        migrator.registerMigration("10 grants of rights", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: grants)
            try db.execute(sql: "PRAGMA user_version = 10")
        }
        return migrator
    }

    /// The log only grows, by one; the triggers hold off any program that thinks otherwise.
    ///
    /// `INSERT OR REPLACE` fires no delete trigger, but the trigger on insert stops it too.
    private static let log = """
        CREATE TABLE meta (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            device TEXT NOT NULL CHECK (length(device) = 36),
            epoch INTEGER NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295),
            publicKey BLOB NOT NULL CHECK (length(publicKey) = 32),
            nonce BLOB NOT NULL CHECK (length(nonce) = 16),
            memberCount INTEGER NOT NULL CHECK (memberCount >= 0)
        ) STRICT;
        CREATE TABLE boot (
            number INTEGER PRIMARY KEY CHECK (number > 0),
            bootID TEXT NOT NULL,
            version TEXT NOT NULL
        ) STRICT;
        CREATE TABLE log (
            sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
            body BLOB NOT NULL CHECK (length(body) BETWEEN 1 AND 16384),
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        CREATE TRIGGER log_hasNoGaps BEFORE INSERT ON log
        WHEN NEW.sequence <> 1 + (SELECT coalesce(max(sequence), 0) FROM log)
        BEGIN SELECT RAISE(ABORT, 'the log grows by one entry at a time'); END;
        CREATE TRIGGER log_neverChanges BEFORE UPDATE ON log
        BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
        CREATE TRIGGER log_keepsUnpruned BEFORE DELETE ON log
        WHEN OLD.sequence > (SELECT prunable FROM watermark)
            OR OLD.sequence = (SELECT max(sequence) FROM log)
        BEGIN SELECT RAISE(ABORT, 'HQ has not released this entry'); END;
        """

    private static let watermark = """
        CREATE TABLE watermark (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            received INTEGER NOT NULL CHECK (received >= 0),
            posted INTEGER NOT NULL CHECK (posted BETWEEN 0 AND received),
            prunable INTEGER NOT NULL CHECK (prunable BETWEEN 0 AND received)
        ) STRICT;
        INSERT INTO watermark VALUES (1, 0, 0, 0);
        CREATE TRIGGER watermark_onlyRises BEFORE UPDATE ON watermark
        WHEN NEW.received < OLD.received OR NEW.posted < OLD.posted
            OR NEW.prunable < OLD.prunable
            OR NEW.received > (SELECT coalesce(max(sequence), 0) FROM log)
        BEGIN SELECT RAISE(ABORT, 'watermarks only rise, up to the end of the log'); END;
        CREATE TRIGGER watermark_stays BEFORE DELETE ON watermark
        BEGIN SELECT RAISE(ABORT, 'watermarks only rise, up to the end of the log'); END;
        """

    /// HQ's last signed time, found without searching the log, which may be pruned.
    private static let anchor = """
        CREATE TABLE anchor (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            boot INTEGER NOT NULL CHECK (boot > 0),
            sinceBootMs INTEGER NOT NULL CHECK (sinceBootMs >= 0),
            serverMs INTEGER NOT NULL CHECK (serverMs >= 0),
            roundTripMs INTEGER NOT NULL CHECK (roundTripMs >= 0)
        ) STRICT;
        """

    /// Which key signs which entries, found without searching the log, which may be pruned.
    private static let keyChange = """
        CREATE TABLE keyChange (
            epoch INTEGER NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295),
            sequence INTEGER NOT NULL CHECK (sequence > 0),  -- the entry that brought the key
            publicKey BLOB NOT NULL UNIQUE CHECK (length(publicKey) = 32),
            wallMs INTEGER NOT NULL,
            PRIMARY KEY (epoch, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER keyChange_neverChanges BEFORE UPDATE ON keyChange
        BEGIN SELECT RAISE(ABORT, 'a key that was brought stays'); END;
        CREATE TRIGGER keyChange_stays BEFORE DELETE ON keyChange
        BEGIN SELECT RAISE(ABORT, 'a key that was brought stays'); END;
        """

    private static let standing = """
        CREATE TABLE member (
            number INTEGER PRIMARY KEY CHECK (number BETWEEN 0 AND 99999999999999),
            maskedName TEXT CHECK (length(maskedName) BETWEEN 1 AND 40),
            isBlocked INTEGER NOT NULL CHECK (isBlocked IN (0, 1)),
            isKnown INTEGER NOT NULL CHECK (isKnown IN (0, 1)),
            mobileBarcode TEXT CHECK (length(mobileBarcode) = 8)
        ) STRICT;
        CREATE UNIQUE INDEX member_mobileBarcode ON member (mobileBarcode)
        WHERE mobileBarcode IS NOT NULL;
        CREATE TABLE holding (
            member INTEGER NOT NULL REFERENCES member (number),
            asset TEXT NOT NULL CHECK (length(asset) BETWEEN 1 AND 47),
            bucket TEXT NOT NULL CHECK (bucket = 'never' OR length(bucket) = 10),
            amount INTEGER NOT NULL CHECK (amount >= 0),
            PRIMARY KEY (member, asset, bucket)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE visit (
            member INTEGER NOT NULL REFERENCES member (number),
            card TEXT NOT NULL CHECK (length(card) BETWEEN 1 AND 40),
            sequence INTEGER NOT NULL CHECK (sequence > 0),
            businessDay INTEGER NOT NULL,
            wallMs INTEGER NOT NULL,
            quality TEXT NOT NULL CHECK (quality IN ('ntp', 'anchor', 'rtc', 'floor')),
            boot INTEGER NOT NULL CHECK (boot > 0),
            sinceBootMs INTEGER NOT NULL CHECK (sinceBootMs >= 0),
            PRIMARY KEY (member, card)
        ) STRICT, WITHOUT ROWID;
        """

    /// The entry's number is the row's, so that a sale costs one appended row and one index page.
    ///
    /// No reference to the log: a receipt may come again after its line was pruned.
    private static let sales = """
        CREATE TABLE sale (
            sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
            key TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 80),
            member INTEGER NOT NULL REFERENCES member (number),
            till TEXT NOT NULL,
            answer BLOB NOT NULL,
            voidedBy INTEGER CHECK (voidedBy > sequence)
        ) STRICT;
        CREATE TRIGGER sale_isFirstAnswer
        BEFORE UPDATE OF sequence, key, member, till, answer ON sale
        BEGIN SELECT RAISE(ABORT, 'the first answer stands'); END;
        """
}
