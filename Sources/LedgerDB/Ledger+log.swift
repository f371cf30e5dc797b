import GRDB
public import LoyaltyCore
public import SyncWire

extension Ledger {
    /// Lines verified at a time, so that no till waits long.
    static let verifySliceCount: Int64 = 1_000

    /// Lines of the log after an entry, oldest first.
    ///
    /// - Parameters:
    ///   - sequence: The last entry that the reader has.
    ///   - countMax: Most lines.
    ///   - byteCountMax: Most bytes of all lines; one line is given even if it is longer.
    /// - Returns: The lines; none if the reader has the last one.
    /// - Throws: `LedgerError.pruned` if the next line is no longer there.
    public func slice(
        after sequence: Int64,
        countMax: Int,
        byteCountMax: Int
    ) throws -> [LogLine] {
        guard countMax > 0, sequence < state.tail.sequence else { return [] }
        let next = max(sequence, 0) + 1
        guard next >= state.first else { throw LedgerError.pruned(first: state.first) }
        return try read { db in
            var lines: [LogLine] = []
            var byteCount = 0
            try db.eachLogLine(
                "WHERE sequence >= ? ORDER BY sequence LIMIT ?",
                [.integer(next), .integer(Int64(countMax))]
            ) { line in
                byteCount += line.body.count
                guard lines.isEmpty || byteCount <= byteCountMax else { return false }
                lines.append(line)
                return true
            }
            return lines
        }
    }

    /// The end of the log.
    ///
    /// - Throws: `LedgerError`.
    public func head() throws -> LogHead {
        LogHead(
            epoch: identity.epoch,
            sequence: state.tail.sequence,
            hash: state.tail.hash,
            oldestUnacknowledged: try oldestUnacknowledged()
        )
    }

    /// How far HQ has come.
    public func watermarks() -> Watermarks { state.watermarks }

    /// Notes how far HQ has come; watermarks that are known already change nothing.
    ///
    /// - Parameters:
    ///   - watermarks: What HQ signed for.
    ///   - anchor: HQ's signed time and when it arrived, if it is to become an entry; both are
    ///     written or neither.
    /// - Throws: `LedgerError.watermarksRefused` if one goes back, contradicts another, or lies
    ///   beyond the end of the log; nothing is changed then.
    public func acknowledge(
        _ watermarks: Watermarks,
        at anchor: (fact: AnchorFact, reading: ClockReading)? = nil
    ) throws {
        if let reason = state.watermarks.refusal(of: watermarks, head: state.tail.sequence) {
            throw LedgerError.watermarksRefused(reason)
        }
        guard watermarks != state.watermarks || anchor != nil else { return }
        try write(for: .bookkeeping) { db, state in
            if let anchor {
                try state.append(anchor.fact, at: state.moment(anchor.reading), db)
            }
            try db.run(
                "UPDATE watermark SET received = ?, posted = ?, prunable = ?",
                .integer(watermarks.received),
                .integer(watermarks.posted),
                .integer(watermarks.prunable)
            )
            state.watermarks = watermarks
        }
    }

    /// HQ's last signed time that is an entry; nil if there was none yet.
    public func lastAnchor() -> Anchor? { state.anchor }

    /// The entries that HQ has not received; answered without counting them.
    ///
    /// - Throws: `LedgerError`.
    public func queue() throws -> QueueState {
        let earlier = unacknowledgedLogs.reduce(0) { $0 + $1.end.sequence - $1.received }
        return QueueState(
            pendingCount: earlier + state.tail.sequence - state.watermarks.received,
            oldest: try oldestUnacknowledged()
        )
    }

    /// The last entries, newest first.
    ///
    /// - Throws: `LedgerError`.
    public func recent(_ limit: Int) throws -> [Entry] {
        try read { db in
            try db.logLines("ORDER BY sequence DESC LIMIT ?", .integer(Int64(max(0, limit))))
                .map { try $0.entry() }
        }
    }

    /// One entry, or nil if the log does not hold it.
    ///
    /// - Throws: `LedgerError`.
    public func entry(_ sequence: Int64) throws -> Entry? {
        try read { db in
            try db.logLines("WHERE sequence = ?", .integer(sequence)).first?.entry()
        }
    }

    /// Verifies the whole chain, a slice at a time between the tills' calls.
    ///
    /// - Parameter progress: Hears how many entries of how many are verified.
    /// - Throws: `LedgerError.damaged` at the first entry that does not follow; awards are then
    ///   refused until the next start has salvaged the log.
    public func verifyChain(
        progress: @Sendable (_ verifiedCount: Int64, _ totalCount: Int64) -> Void = { _, _ in }
    ) async throws {
        let first = state.first
        var position = try read { db in
            try db.chainStart(
                at: first == 1 ? 0 : first,
                first: first,
                genesis: identity.genesis
            )
        }
        while position.sequence < state.tail.sequence {
            let last = min(position.sequence + Self.verifySliceCount, state.tail.sequence)
            position = try read { db in try db.verifyChain(after: position, through: last) }
            progress(position.sequence - first + 1, state.tail.sequence - first + 1)
            await Task.yield()
        }
    }

    /// The logs that ended of which HQ lacks entries, as far as its acknowledgements tell.
    private var unacknowledgedLogs: [EarlierLog] {
        state.watermarks.received > 0
            ? [] : state.earlier.filter { $0.received < $0.end.sequence }
    }

    private func oldestUnacknowledged() throws -> Moment? {
        if let log = unacknowledgedLogs.first {
            let lines = try slice(of: log, after: log.received, countMax: 1, byteCountMax: .max)
            return try lines.first?.entry().at
        }
        guard state.watermarks.received < state.tail.sequence else { return nil }
        return try entry(state.watermarks.received + 1)?.at
    }
}

extension Watermarks: CustomStringConvertible {
    /// The three numbers by name.
    public var description: String {
        "received \(received), posted \(posted), prunable \(prunable)"
    }
}
