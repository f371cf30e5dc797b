public import SyncWire

/// What a push to HQ needs to know of the log.
extension Ledger {
    /// The number of the boot in which entries are recorded now.
    public var boot: Int64 { state.boot }

    /// A place in the log, with the hash up to it.
    ///
    /// - Parameter sequence: An entry's number, or 0 for the place before the first.
    /// - Returns: The place, or nil if the log holds no such entry.
    /// - Throws: `LedgerError`.
    public func position(of sequence: Int64) throws -> LogPosition? {
        if sequence == 0 { return identity.start }
        if sequence == state.tail.sequence {
            return LogPosition(sequence: sequence, hash: state.tail.hash)
        }
        guard sequence > 0 else { return nil }
        return try slice(after: sequence - 1, countMax: 1, byteCountMax: .max).first?.position
    }
}
