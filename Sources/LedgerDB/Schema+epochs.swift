/// Logs that ended, and what they leave behind.
///
/// A row of `sale` or `visit` counts entries over all epochs: its number is the epoch's base plus
/// the entry's. So one key orders the entries of all logs, and a ledger of one epoch sees no
/// difference.
extension Schema {
    static let epochs = """
        CREATE TABLE epoch (
            epoch INTEGER PRIMARY KEY CHECK (epoch BETWEEN 1 AND 4294967295),
            base INTEGER NOT NULL UNIQUE CHECK (base >= 0)
        ) STRICT;
        INSERT INTO epoch SELECT epoch, 0 FROM meta;
        CREATE TABLE earlier (
            epoch INTEGER PRIMARY KEY REFERENCES epoch (epoch),
            first INTEGER NOT NULL CHECK (first >= 1),  -- of the run that ends with the last
            last INTEGER NOT NULL CHECK (last >= 0),
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            received INTEGER NOT NULL CHECK (received BETWEEN 0 AND last)
        ) STRICT;
        CREATE TRIGGER earlier_onlyRises BEFORE UPDATE ON earlier
        WHEN NEW.received < OLD.received OR NEW.last <> OLD.last OR NEW.hash <> OLD.hash
        BEGIN SELECT RAISE(ABORT, 'a log that ended is only acknowledged'); END;
        CREATE TABLE earlierLog (
            number INTEGER PRIMARY KEY CHECK (number > 0),  -- the epoch's base plus the entry's
            body BLOB NOT NULL CHECK (length(body) BETWEEN 1 AND 16384),
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        CREATE TRIGGER earlierLog_neverChanges BEFORE UPDATE ON earlierLog
        BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
        CREATE TABLE freeze (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            reason TEXT NOT NULL,
            sinceMs INTEGER NOT NULL,
            epoch INTEGER NOT NULL
        ) STRICT;
        """
}
