import LoyaltyCore
import SyncWire

/// One epoch's log as a damaged file has it.
struct SurveyedLog {
    let identity: LogIdentity
    /// What its entries are counted from in the tables beside the log.
    let base: Int64
    /// HQ holds every entry up to this one.
    let received: Int64
    /// The highest entry that is known to have been.
    let known: Int64
    /// The table that holds its lines, and the column that numbers them.
    let table: String
    let key: String
    /// What the lines' own numbers are counted from.
    let offset: Int64

    /// Visits the lines that can be read, in order.
    func eachLine(
        of file: DamagedFile,
        in range: ClosedRange<Int64>,
        visit: (LogLine) throws -> Void
    ) throws {
        guard range.lowerBound <= known else { return }
        let last = min(range.upperBound, known)
        _ = try file.eachReadable(
            table,
            columns: "\(key), body, hash",
            key: key,
            in: offset + range.lowerBound...offset + last
        ) { row in
            guard let hash = ChainHash(row.bytes(2)) else { return }
            let line = LogLine(sequence: row.integer(0) - offset, body: row.bytes(1), hash: hash)
            try visit(line)
        }
    }

    func line(_ sequence: Int64, of file: DamagedFile) throws -> LogLine? {
        var found: LogLine?
        guard sequence >= 1 else { return nil }
        try eachLine(of: file, in: sequence...sequence) { found = $0 }
        return found
    }
}

/// What of a log holds together, and what is missing.
struct LogSurvey {
    /// The first line of the run; it vouches by its hash alone unless it is entry 1.
    private(set) var first: Int64 = 1
    /// The end of the longest run that chains, and that HQ can continue from what it holds.
    private(set) var end: LogPosition
    /// Entries behind the run whose bytes follow from their stored neighbour.
    private(set) var sound: [ClosedRange<Int64>] = []
    /// Entries that were, and cannot be had.
    private(set) var lost: [ClosedRange<Int64>] = []

    /// Whether the log ends where its run ends.
    var isWhole: Bool { sound.isEmpty && lost.isEmpty }

    /// Looks at every line once.
    ///
    /// - Parameters:
    ///   - log: Which log.
    ///   - file: Where it is.
    ///   - common: The last entry that may count; nil for no bound.
    /// - Throws: `LedgerError`.
    init(_ log: SurveyedLog, of file: DamagedFile, through common: Int64? = nil) throws {
        let start = try Self.start(of: log, file)
        end = start
        var previous = log.identity.start
        var cut = common == 0 ? log.identity.start : nil
        // The last line's hash as it should be, in case that only its stored hash is damaged.
        var mended: LogPosition?
        try log.eachLine(of: file, in: 1...Int64.max) { line in
            let follows = line.follows(previous)
            if line.sequence <= start.sequence {
                // Entry 1 cannot vouch without being told again: entry 2 takes its place.
                if !follows { first = max(2, line.sequence) }
            } else if line.follows(end) {
                end = line.position
            } else if let last = mended, line.follows(last) {
                end = line.position
            } else if follows {
                sound.add(line.sequence)
            }
            if line.sequence == end.sequence + 1 {
                mended = LogPosition(
                    sequence: line.sequence,
                    hash: end.hash.extended(by: line.sequence, line.body)
                )
            }
            if line.sequence == common, line.sequence <= end.sequence { cut = line.position }
            previous = line.position
        }
        if first > 1, start.sequence == 0 { first = 1 }
        if let cut, cut.sequence < end.sequence, cut.sequence + 1 >= first {
            sound.insert(cut.sequence + 1...end.sequence, at: 0)
            end = cut
        }
        var next = end.sequence + 1
        for range in sound {
            if range.lowerBound > next { lost.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= log.known { lost.append(next...log.known) }
    }

    /// The place from which the log must chain: what HQ holds, else the log's begin.
    private static func start(of log: SurveyedLog, _ file: DamagedFile) throws -> LogPosition {
        if let line = try log.line(log.received, of: file), try isVouched(line, in: log, file) {
            return line.position
        }
        let first = file.first(
            "SELECT \(log.key), body, hash FROM \(log.table) WHERE \(log.key) > ?"
                + " ORDER BY \(log.key)",
            .integer(log.offset)
        ) { row in
            ChainHash(row.bytes(2)).map { hash in
                LogPosition(sequence: row.integer(0) - log.offset, hash: hash)
            }
        }
        // A log whose begin was pruned hangs from its first line: HQ has all before it.
        guard let first, first.sequence > 1, first.sequence <= log.received
        else { return log.identity.start }
        return first
    }

    /// Whether a neighbour agrees with a line's stored hash, or there is none to ask.
    private static func isVouched(
        _ line: LogLine,
        in log: SurveyedLog,
        _ file: DamagedFile
    ) throws -> Bool {
        let before =
            line.sequence == 1
            ? log.identity.start : try log.line(line.sequence - 1, of: file)?.position
        let after = try log.line(line.sequence + 1, of: file)
        if let before, line.follows(before) { return true }
        if let after, after.follows(line.position) { return true }
        return before == nil && after == nil
    }
}

extension LogLine {
    /// Whether the line's bytes and hash are those of the entry after a place.
    func follows(_ place: LogPosition) -> Bool {
        sequence == place.sequence + 1 && place.hash.extended(by: sequence, body) == hash
    }
}

extension [ClosedRange<Int64>] {
    /// Adds a number above all others.
    mutating func add(_ number: Int64) {
        if let last, last.upperBound == number - 1 {
            self[count - 1] = last.lowerBound...number
        } else {
            append(number...number)
        }
    }
}
