import GRDB

/// What HQ sends down: who the members are, whom to trust no more, and the programmes.
///
/// The members of the whole chain lie in one of two tables, the directory in use and the one that
/// the next snapshot is loaded into. A view names the directory in use, so that changing over is
/// one row and one view.
extension Schema {
    static let down = """
        CREATE TABLE directoryA \(directoryColumns);
        CREATE UNIQUE INDEX directoryA_mobileBarcode ON directoryA (mobileBarcode)
        WHERE mobileBarcode IS NOT NULL;
        CREATE TABLE directoryB \(directoryColumns);
        CREATE UNIQUE INDEX directoryB_mobileBarcode ON directoryB (mobileBarcode)
        WHERE mobileBarcode IS NOT NULL;
        CREATE TABLE directoryInUse (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            name TEXT NOT NULL CHECK (name IN ('directoryA', 'directoryB'))
        ) STRICT;
        INSERT INTO directoryInUse VALUES (1, 'directoryA');
        CREATE VIEW directory AS SELECT * FROM directoryA;

        INSERT INTO directoryA
        SELECT number, maskedName, isBlocked, mobileBarcode FROM member WHERE isKnown = 1;
        DELETE FROM member WHERE isKnown = 1
            AND number NOT IN (SELECT member FROM holding)
            AND number NOT IN (SELECT member FROM visit)
            AND number NOT IN (SELECT member FROM sale);
        UPDATE member SET maskedName = NULL, isBlocked = 0, isKnown = 0, mobileBarcode = NULL;

        CREATE TABLE feed (
            name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('changes', 'revocations')),
            epoch INTEGER NOT NULL CHECK (epoch >= 1),
            position INTEGER NOT NULL CHECK (position >= 0)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER feed_onlyRises BEFORE UPDATE ON feed
        WHEN (NEW.epoch, NEW.position) < (OLD.epoch, OLD.position)
        BEGIN SELECT RAISE(ABORT, 'places in a feed only rise'); END;
        CREATE TABLE revocation (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            PRIMARY KEY (kind, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE edition (
            name TEXT NOT NULL,
            version INTEGER NOT NULL CHECK (version >= 1),
            digest TEXT NOT NULL CHECK (length(digest) = 64),
            fromDay INTEGER NOT NULL,
            document TEXT,  -- once it was fetched and checked
            PRIMARY KEY (name, version)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE load (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            list BLOB NOT NULL,  -- HQ's signed list of the snapshot's parts
            partCount INTEGER NOT NULL,
            rowCount INTEGER NOT NULL,
            digest INTEGER NOT NULL
        ) STRICT;
        """

    private static let directoryColumns = """
        (
            number INTEGER PRIMARY KEY CHECK (number BETWEEN 0 AND 99999999999999),
            maskedName TEXT CHECK (length(maskedName) BETWEEN 1 AND 40),
            isBlocked INTEGER NOT NULL CHECK (isBlocked IN (0, 1)),
            mobileBarcode TEXT CHECK (length(mobileBarcode) = 8)
        ) STRICT
        """
}
