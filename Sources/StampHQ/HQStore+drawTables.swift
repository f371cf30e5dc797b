extension HQStore {
    /// What HQ keeps of draws.
    static let drawTables = """
        CREATE TABLE draw (
            id TEXT NOT NULL PRIMARY KEY,
            announcement TEXT NOT NULL,  -- the line as published
            nonce BLOB NOT NULL CHECK (length(nonce) = 32),  -- with HQ's key: seed and names
            announcedAtMs INTEGER NOT NULL,
            closedAtMs INTEGER,
            ranAtMs INTEGER CHECK (ranAtMs IS NULL OR closedAtMs IS NOT NULL),
            proof TEXT CHECK ((proof IS NULL) = (ranAtMs IS NULL))  -- the line as published
        ) STRICT, WITHOUT ROWID;

        CREATE TRIGGER draw_keep BEFORE UPDATE ON draw
        WHEN NEW.id IS NOT OLD.id OR NEW.announcement IS NOT OLD.announcement
            OR NEW.nonce IS NOT OLD.nonce OR NEW.announcedAtMs IS NOT OLD.announcedAtMs
            OR (OLD.closedAtMs IS NOT NULL AND NEW.closedAtMs IS NOT OLD.closedAtMs)
            OR OLD.proof IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'draws are never changed'); END;
        CREATE TRIGGER draw_hold BEFORE DELETE ON draw
        BEGIN SELECT RAISE(ABORT, 'draws are never deleted'); END;

        CREATE TABLE ticketList (
            draw TEXT NOT NULL PRIMARY KEY REFERENCES draw (id),
            sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
            lineCount INTEGER NOT NULL,
            ticketCount INTEGER NOT NULL,
            bytes BLOB NOT NULL,  -- the list as published
            members BLOB NOT NULL CHECK (length(members) = 8 * lineCount)  -- in its order, 8 bytes
        ) STRICT;

        CREATE TRIGGER ticketList_keep BEFORE UPDATE ON ticketList
        BEGIN SELECT RAISE(ABORT, 'ticket lists are never changed'); END;
        CREATE TRIGGER ticketList_hold BEFORE DELETE ON ticketList
        BEGIN SELECT RAISE(ABORT, 'ticket lists are never deleted'); END;

        CREATE TABLE drawWinner (
            draw TEXT NOT NULL REFERENCES draw (id),
            place INTEGER NOT NULL CHECK (place >= 1),
            member INTEGER NOT NULL,
            PRIMARY KEY (draw, place)
        ) STRICT, WITHOUT ROWID;

        CREATE TRIGGER drawWinner_keep BEFORE UPDATE ON drawWinner
        BEGIN SELECT RAISE(ABORT, 'winners are never changed'); END;
        CREATE TRIGGER drawWinner_hold BEFORE DELETE ON drawWinner
        BEGIN SELECT RAISE(ABORT, 'winners are never deleted'); END;
        """
}
