/// Parts of sales that were refunded.
///
/// A row names its sale by key: a salvage may give the award another number. It outlives the
/// refund's line, as the sale's row does, so that the same receipt gets the same answer.
extension Schema {
    static let refunds = """
        CREATE TABLE refund (
            number INTEGER PRIMARY KEY CHECK (number > 0),  -- the entry, counted over all epochs
            key TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 80),
            sale TEXT NOT NULL CHECK (length(sale) BETWEEN 1 AND 80),
            answer BLOB NOT NULL
        ) STRICT;
        CREATE INDEX refund_sale ON refund (sale);
        CREATE TRIGGER refund_isFirstAnswer BEFORE UPDATE ON refund
        BEGIN SELECT RAISE(ABORT, 'the first answer stands'); END;
        """
}
