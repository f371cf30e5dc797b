/// Grants of rights that the device has accepted, kept when their entries are forgotten.
extension Schema {
    static let grants = """
        CREATE TABLE grantSeen (
            number INTEGER NOT NULL CHECK (number > 0),
            hqEpoch INTEGER NOT NULL CHECK (hqEpoch > 0),
            entry INTEGER NOT NULL CHECK (entry > 0),  -- counted over all epochs
            signed BLOB NOT NULL,  -- the grant as HQ signed it
            PRIMARY KEY (number, hqEpoch)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER grantSeen_isOnce BEFORE UPDATE OF number, hqEpoch, signed ON grantSeen
        BEGIN SELECT RAISE(ABORT, 'a grant that was accepted stays'); END;
        """
}
