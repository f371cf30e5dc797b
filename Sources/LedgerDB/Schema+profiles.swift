import GRDB

/// What rules may ask of a member, and whose one-time codes were used.
extension Schema {
    static let profiles = """
        \(profileColumns(of: .a))
        \(profileColumns(of: .b))
        CREATE TABLE approval (
            manager TEXT NOT NULL PRIMARY KEY CHECK (length(manager) BETWEEN 1 AND 40),
            step INTEGER NOT NULL CHECK (step >= 0)  -- of the last code that was taken
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER approval_onlyRises BEFORE UPDATE ON approval WHEN NEW.step <= OLD.step
        BEGIN SELECT RAISE(ABORT, 'a code is good once'); END;
        CREATE TRIGGER approval_stays BEFORE DELETE ON approval
        BEGIN SELECT RAISE(ABORT, 'a code is good once'); END;
        """

    /// Three bytes more for each member; the birthday is the month times 100 and the day.
    private static func profileColumns(of directory: Directory) -> String {
        """
        ALTER TABLE \(directory.rawValue) ADD COLUMN birthday INTEGER
            CHECK (birthday BETWEEN 101 AND 1231);
        ALTER TABLE \(directory.rawValue) ADD COLUMN isReferred INTEGER NOT NULL DEFAULT 0
            CHECK (isReferred IN (0, 1));
        ALTER TABLE \(directory.rawValue) ADD COLUMN tierFloor TEXT
            CHECK (length(tierFloor) BETWEEN 1 AND 40);
        """
    }
}
