extension HQStore {
    /// What rules may ask of a member; a birthday has no year.
    static let profileTables = """
        ALTER TABLE member ADD COLUMN birthday TEXT CHECK (length(birthday) = 5);
        ALTER TABLE member ADD COLUMN isReferred INTEGER NOT NULL DEFAULT 0
            CHECK (isReferred IN (0, 1));
        ALTER TABLE member ADD COLUMN tierFloor TEXT;

        CREATE TABLE recovery (
            id INTEGER PRIMARY KEY,  -- in the order in which HQ booked them
            log INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            day INTEGER NOT NULL,  -- of trade, since 1970-01-01
            UNIQUE (log, sequence),
            FOREIGN KEY (log, sequence) REFERENCES entry (log, sequence)
        ) STRICT;
        CREATE INDEX recovery_day ON recovery (day);
        """
}
