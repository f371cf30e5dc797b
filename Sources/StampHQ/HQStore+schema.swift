import GRDB

extension HQStore {
    /// The steps that lead to today's tables; a step that was shipped is never touched.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 devices, logs, balances, members, programmes") { db in
            try db.execute(sql: deviceTables)
            try db.execute(sql: logTables)
            try db.execute(sql: bookTables)
            try db.execute(sql: publishedTables)
            try db.execute(sql: operatorTables)
        }
        migrator.registerMigration("2 anchors") { db in try db.execute(sql: anchorTable) }
        migrator.registerMigration("3 enrolments") { db in
            try db.execute(sql: enrolmentTables)
        }
        migrator.registerMigration("4 revocation after an entry") { db in
            // With revokedAtMs: entries up to this one are booked; null: nothing is taken.
            try db.execute(sql: "ALTER TABLE device ADD COLUMN revokedAfter INTEGER")
        }
        migrator.registerMigration("5 feeds and snapshots") { db in
            try db.execute(sql: feedTables)
            try seedFeeds(db)
        }
        migrator.registerMigration("6 keys that follow the first") { db in
            try db.execute(sql: keyTable)
        }
        migrator.registerMigration("7 when a device was heard") { db in
            // Of itself, by a request that its key signed; null for one that only others carry for.
            try db.execute(sql: "ALTER TABLE device ADD COLUMN heardAtMs INTEGER")
        }
        migrator.registerMigration("8 what is wanted of devices") { db in
            // A number is never given twice, so that what was done long ago forgets nothing new.
            try db.execute(
                sql: """
                    CREATE TABLE command (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        device INTEGER NOT NULL REFERENCES device (id),
                        action TEXT NOT NULL,
                        wantedAtMs INTEGER NOT NULL,
                        UNIQUE (device, action)
                    ) STRICT
                    """
            )
        }
        migrator.registerMigration("9 holes in logs") { db in try db.execute(sql: holeTable) }
        migrator.registerMigration("10 draws") { db in try db.execute(sql: drawTables) }
        migrator.registerMigration("11 decided again") { db in
            try db.execute(sql: differenceTables)
        }
        migrator.registerMigration("12 profiles and recoveries") { db in
            try db.execute(sql: profileTables)
        }
        migrator.registerMigration("13 refunds") { db in try db.execute(sql: refundTable) }
        migrator.registerMigration("14 rights") { db in try tellRights(db) }
        return migrator
    }

    private static let deviceTables = """
        CREATE TABLE setting (
            name TEXT NOT NULL PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO setting VALUES ('hqEpoch', 1);

        CREATE TABLE device (
            id INTEGER PRIMARY KEY,
            deviceID TEXT NOT NULL UNIQUE CHECK (length(deviceID) = 36),
            publicKey BLOB NOT NULL CHECK (length(publicKey) = 32),
            nonce BLOB NOT NULL CHECK (length(nonce) = 16),
            label TEXT NOT NULL,
            epoch INTEGER NOT NULL CHECK (epoch >= 1),  -- the one that may push
            addedAtMs INTEGER NOT NULL,
            revokedAtMs INTEGER,
            frozenAtMs INTEGER,  -- since a fork was seen: its rights rest
            lastSeenAtMs INTEGER,
            report TEXT,  -- the device's last report, JSON
            bootID TEXT,
            agentVersion TEXT
        ) STRICT;
        """

    private static let logTables = """
        CREATE TABLE log (
            id INTEGER PRIMARY KEY,
            device INTEGER NOT NULL REFERENCES device (id),
            epoch INTEGER NOT NULL CHECK (epoch >= 1),
            sequence INTEGER NOT NULL CHECK (sequence >= 0),
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            prunable INTEGER NOT NULL DEFAULT 0 CHECK (prunable BETWEEN 0 AND sequence),
            UNIQUE (device, epoch)
        ) STRICT;

        CREATE TABLE entry (
            log INTEGER NOT NULL REFERENCES log (id),
            sequence INTEGER NOT NULL CHECK (sequence >= 1),
            body BLOB NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            receivedAtMs INTEGER NOT NULL,
            PRIMARY KEY (log, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TRIGGER entry_keep BEFORE UPDATE ON entry
        BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
        CREATE TRIGGER entry_hold BEFORE DELETE ON entry
        BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;

        CREATE TABLE quarantine (
            log INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            code TEXT NOT NULL,
            PRIMARY KEY (log, sequence),
            FOREIGN KEY (log, sequence) REFERENCES entry (log, sequence)
        ) STRICT, WITHOUT ROWID;
        """

    private static let anchorTable = """
        CREATE TABLE anchor (
            log INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            boot INTEGER NOT NULL,
            sinceBootMs INTEGER NOT NULL,
            serverMs INTEGER NOT NULL CHECK (serverMs >= 0),
            roundTripMs INTEGER NOT NULL CHECK (roundTripMs >= 0),
            PRIMARY KEY (log, sequence),
            FOREIGN KEY (log, sequence) REFERENCES entry (log, sequence)
        ) STRICT, WITHOUT ROWID;
        """

    private static let bookTables = """
        CREATE TABLE sale (
            scope INTEGER NOT NULL,  -- a device's id, or 0: the key is unique in the whole chain
            key TEXT NOT NULL,
            log INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            voidedBy INTEGER,  -- the voiding entry's number in the same log
            PRIMARY KEY (scope, key)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE balance (
            member INTEGER NOT NULL,
            asset TEXT NOT NULL,
            bucket TEXT NOT NULL,
            amount INTEGER NOT NULL CHECK (amount >= 0),
            PRIMARY KEY (member, asset, bucket)
        ) STRICT, WITHOUT ROWID;
        """

    private static let publishedTables = """
        CREATE TABLE member (
            number INTEGER PRIMARY KEY CHECK (number BETWEEN 0 AND 99999999999999),
            maskedName TEXT NOT NULL,
            mobileBarcode TEXT,
            isBlocked INTEGER NOT NULL CHECK (isBlocked IN (0, 1)),
            changedAtMs INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX member_mobileBarcode ON member (mobileBarcode)
        WHERE mobileBarcode IS NOT NULL;

        CREATE TABLE programme (
            digest TEXT NOT NULL PRIMARY KEY CHECK (length(digest) = 64),
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            yaml TEXT NOT NULL,
            canonical TEXT NOT NULL,
            publishedAtMs INTEGER NOT NULL,
            UNIQUE (name, version)
        ) STRICT;
        """

    private static let operatorTables = """
        CREATE TABLE alarm (
            kind TEXT NOT NULL,
            deviceID TEXT NOT NULL,
            detail TEXT NOT NULL,
            firstAtMs INTEGER NOT NULL,
            lastAtMs INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (kind, deviceID)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE backup (
            id INTEGER PRIMARY KEY,
            path TEXT NOT NULL,
            takenAtMs INTEGER NOT NULL,
            confirmedAtMs INTEGER
        ) STRICT;
        CREATE TABLE backupHead (
            backup INTEGER NOT NULL REFERENCES backup (id),
            log INTEGER NOT NULL REFERENCES log (id),
            sequence INTEGER NOT NULL,
            PRIMARY KEY (backup, log)
        ) STRICT, WITHOUT ROWID;
        """

    private static let keyTable = """
        CREATE TABLE deviceKey (
            device INTEGER NOT NULL REFERENCES device (id),
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,  -- the entry that brought it; it signs what comes after
            publicKey BLOB NOT NULL CHECK (length(publicKey) = 32),
            PRIMARY KEY (device, epoch, sequence)
        ) STRICT, WITHOUT ROWID;
        """

    private static let holeTable = """
        CREATE TABLE hole (
            log INTEGER NOT NULL,
            sequence INTEGER NOT NULL,  -- the entry that reports it
            epoch INTEGER NOT NULL,
            "from" INTEGER NOT NULL,
            "to" INTEGER NOT NULL CHECK ("to" >= "from"),
            missingCount INTEGER NOT NULL,  -- of which HQ had none when it was told
            PRIMARY KEY (log, sequence),
            FOREIGN KEY (log, sequence) REFERENCES entry (log, sequence)
        ) STRICT, WITHOUT ROWID;
        """

    private static let differenceTables = """
        CREATE TABLE checked (
            log INTEGER NOT NULL PRIMARY KEY REFERENCES log (id),
            sequence INTEGER NOT NULL CHECK (sequence >= 0)  -- decided again up to this entry
        ) STRICT;

        CREATE TABLE difference (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            log INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            kind TEXT NOT NULL,
            programme TEXT,  -- the edition that the entry names; null for a void
            version INTEGER,
            hq TEXT NOT NULL,  -- HQ's side, JSON; the store's side is the entry
            foundAtMs INTEGER NOT NULL,
            UNIQUE (log, sequence, kind),
            FOREIGN KEY (log, sequence) REFERENCES entry (log, sequence)
        ) STRICT;
        CREATE INDEX difference_programme ON difference (kind, programme, version);
        """

    private static let enrolmentTables = """
        ALTER TABLE device ADD COLUMN store TEXT;  -- its name, from the code that let it in
        ALTER TABLE device ADD COLUMN hardware TEXT;  -- what it runs on, JSON

        CREATE TABLE enrolment (
            id INTEGER PRIMARY KEY,
            name BLOB NOT NULL UNIQUE CHECK (length(name) = 32),  -- keyed hash of the code's name
            proof BLOB NOT NULL CHECK (length(proof) = 32),  -- keyed hash of the code
            store TEXT NOT NULL,
            label TEXT NOT NULL,
            createdAtMs INTEGER NOT NULL,
            notAfterMs INTEGER NOT NULL,
            tryCount INTEGER NOT NULL DEFAULT 0,
            usedAtMs INTEGER,
            usedBy TEXT,  -- the device's id
            usedKey BLOB
        ) STRICT;
        """
}
