/// Holdings of every asset and bucket, and counts.
///
/// Counts that are not of one member stand under the number behind the last member's.
extension Schema {
    static let loyalty = """
        CREATE TABLE wideHolding (
            member INTEGER NOT NULL CHECK (member BETWEEN 0 AND 99999999999999),
            asset TEXT NOT NULL CHECK (length(asset) BETWEEN 1 AND 48),
            bucket TEXT NOT NULL CHECK (
                bucket = 'never' OR length(bucket) = 10
                OR bucket GLOB '????-??-??..????-??-??' OR bucket GLOB '????-??-??..never'
            ),
            amount INTEGER NOT NULL CHECK (amount >= 0),
            PRIMARY KEY (member, asset, bucket)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO wideHolding SELECT member, asset, bucket, amount FROM holding;
        DROP TABLE holding;
        ALTER TABLE wideHolding RENAME TO holding;

        CREATE TABLE tally (
            member INTEGER NOT NULL CHECK (member BETWEEN 0 AND 100000000000000),
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
            count INTEGER NOT NULL CHECK (count <> 0),
            PRIMARY KEY (member, name)
        ) STRICT, WITHOUT ROWID;
        """

    /// The member under which counts stand that are not of one member.
    static let sharedTallies: Int64 = 100_000_000_000_000
}
