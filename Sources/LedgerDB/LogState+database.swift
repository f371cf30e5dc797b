import GRDB
import LoyaltyCore
import SyncWire

/// What the ledger keeps in memory between transactions; the file says the same.
///
/// A value, so that a transaction that fails leaves it as it was.
struct LedgerState {
    /// The log's end.
    var tail: LogTail
    /// The first entry that the log holds.
    var first: Int64
    var watermarks: Watermarks
    var memberCount: Int64
    /// The number of the boot in which the agent runs.
    var boot: Int64
    /// HQ's last signed time that is an entry; nil if there was none yet.
    var anchor: Anchor?
    /// The latest time that HQ signed or NTP kept; nil if the log knows of none.
    var knownTime: WallTime?
    /// The keys that followed the first, oldest first.
    var keyChanges: [KeyChange]
    /// What this epoch's entries are counted from in `sale` and `visit`.
    var base: Int64
    /// The logs that ended, oldest first.
    var earlier: [EarlierLog]
    /// Why nothing may be redeemed; nil while it may.
    var freeze: RedemptionFreeze?

    /// Reads the state of an opened file.
    ///
    /// - Throws: `DatabaseError`, or `LedgerError.damaged` if the last entry cannot be read.
    init(_ db: Database, _ identity: LogIdentity) throws {
        base =
            try db.first(
                "SELECT base FROM epoch WHERE epoch = ?",
                .integer(identity.epoch),
                read: { $0.integer(0) }
            ) ?? 0
        earlier = try db.earlierLogs(of: identity)
        freeze = try db.freeze()
        tail = LogTail(
            sequence: 0,
            hash: identity.genesis,
            hybridTime: HybridTime(wallMs: 0, count: 0)
        )
        keyChanges = try db.keyChanges()
        anchor = try db.anchor()
        knownTime = anchor.map { WallTime(unixMs: $0.fact.serverMs) }
        if let last = try db.logLines("ORDER BY sequence DESC LIMIT 1").first {
            let entry = try last.entry()
            if [.ntp, .anchor].contains(entry.at.quality) {
                knownTime = max(knownTime ?? entry.at.wall, entry.at.wall)
            }
            tail = LogTail(
                sequence: last.sequence,
                hash: last.hash,
                hybridTime: entry.hybridTime
            )
        }
        first = try db.first("SELECT coalesce(min(sequence), 1) FROM log") { $0.integer(0) } ?? 1
        watermarks =
            try db.first("SELECT received, posted, prunable FROM watermark") { row in
                Watermarks(
                    received: row.integer(0),
                    posted: row.integer(1),
                    prunable: row.integer(2)
                )
            } ?? .none
        memberCount = try db.first("SELECT memberCount FROM meta") { $0.integer(0) } ?? 0
        boot = try db.first("SELECT coalesce(max(number), 0) FROM boot") { $0.integer(0) } ?? 0
        guard watermarks.received <= tail.sequence else {
            throw LedgerError.damaged(
                "HQ holds \(watermarks.received) entries, the log \(tail.sequence)"
            )
        }
    }

    /// Adds an entry to the log; the caller's transaction makes it last.
    ///
    /// - Returns: The entry's number.
    mutating func append(_ fact: Fact, at moment: Moment, _ db: Database) throws -> Int64 {
        let entry = Entry(
            sequence: tail.sequence + 1,
            at: moment,
            hybridTime: tail.hybridTime.next(at: moment.wall),
            fact: fact
        )
        let body = EntryLineV1.bytes(of: entry)
        guard body.count <= EntryLineV1.byteCountMax
        else { throw LedgerError.entryTooLong(byteCount: body.count) }
        let hash = tail.hash.extended(by: entry.sequence, body)
        try db.run(
            "INSERT INTO log (sequence, body, hash) VALUES (?, ?, ?)",
            .integer(entry.sequence),
            .blob(body),
            .blob(hash.bytes)
        )
        tail = LogTail(sequence: entry.sequence, hash: hash, hybridTime: entry.hybridTime)
        return entry.sequence
    }

    /// Adds HQ's signed time to the log, and keeps it as the last.
    mutating func append(_ fact: AnchorFact, at moment: Moment, _ db: Database) throws {
        _ = try append(.anchor(fact), at: moment, db)
        let latest = Anchor(boot: moment.boot, sinceBootMs: moment.sinceBootMs, fact: fact)
        try db.write(latest)
        anchor = latest
    }

    /// A moment of the boot in which the agent runs.
    func moment(_ reading: ClockReading) -> Moment {
        Moment(
            wall: reading.wall,
            quality: reading.quality,
            boot: boot,
            sinceBootMs: max(0, reading.sinceBootMs)
        )
    }
}

extension LogLine {
    /// The entry that the line is.
    func entry() throws -> Entry {
        do throws(EntryLineError) {
            return try EntryLineV1.entry(from: body)
        } catch {
            throw LedgerError.damaged("entry \(sequence): \(error)")
        }
    }
}

extension Database {
    /// Reads lines of the log.
    ///
    /// - Parameters:
    ///   - condition: What follows the table's name in SQL; a constant of the caller.
    ///   - values: What is bound to it.
    /// - Returns: The lines, in the condition's order.
    /// - Throws: `DatabaseError`, or `LedgerError.damaged` for a line without a hash.
    func logLines(_ condition: String, _ values: SQLValue...) throws -> [LogLine] {
        var lines: [LogLine] = []
        try eachLogLine(condition, values) { line in
            lines.append(line)
            return true
        }
        return lines
    }

    /// Visits lines of the log until the visitor has seen enough.
    func eachLogLine(
        _ condition: String,
        _ values: [SQLValue],
        visit: (LogLine) throws -> Bool
    ) throws {
        try each("SELECT sequence, body, hash FROM log \(condition)", values) { row in
            let sequence = row.integer(0)
            guard let hash = ChainHash(row.bytes(2))
            else { throw LedgerError.damaged("entry \(sequence) has no hash") }
            return try visit(LogLine(sequence: sequence, body: row.bytes(1), hash: hash))
        }
    }

    /// Verifies that entries follow from each other.
    ///
    /// - Parameters:
    ///   - previous: The number and hash from which the first one must follow.
    ///   - last: Up to which entry.
    /// - Returns: The number and hash of the last one verified.
    /// - Throws: `LedgerError.damaged` at the first entry that does not follow.
    func verifyChain(
        after previous: (sequence: Int64, hash: ChainHash),
        through last: Int64
    ) throws -> (sequence: Int64, hash: ChainHash) {
        var (sequence, hash) = previous
        try eachLogLine(
            "WHERE sequence > ? AND sequence <= ? ORDER BY sequence",
            [.integer(sequence), .integer(last)]
        ) { line in
            guard line.sequence == sequence + 1
            else { throw LedgerError.damaged("entry \(sequence + 1) is missing") }
            hash = hash.extended(by: line.sequence, line.body)
            guard hash == line.hash
            else { throw LedgerError.damaged("entry \(line.sequence) breaks the chain") }
            sequence = line.sequence
            return true
        }
        guard sequence >= last else { throw LedgerError.damaged("entry \(last) is missing") }
        return (sequence, hash)
    }

    /// The number and hash from which verification starts, at or after an entry.
    ///
    /// The genesis for the whole log; else the stored hash of the entry itself, since what came
    /// before it was pruned or is verified later.
    func chainStart(
        at sequence: Int64,
        first: Int64,
        genesis: ChainHash
    ) throws -> (sequence: Int64, hash: ChainHash) {
        if first == 1 && sequence <= 1 { return (0, genesis) }
        let anchor = max(sequence, first)
        guard let line = try logLines("WHERE sequence = ?", .integer(anchor)).first
        else { throw LedgerError.damaged("entry \(anchor) is missing") }
        return (line.sequence, line.hash)
    }
}

extension Database {
    fileprivate func anchor() throws -> Anchor? {
        try first("SELECT boot, sinceBootMs, serverMs, roundTripMs FROM anchor") { row in
            Anchor(
                boot: row.integer(0),
                sinceBootMs: row.integer(1),
                fact: AnchorFact(serverMs: row.integer(2), roundTripMs: row.integer(3))
            )
        }
    }

    fileprivate func write(_ anchor: Anchor) throws {
        try run(
            """
            INSERT OR REPLACE INTO anchor (id, boot, sinceBootMs, serverMs, roundTripMs)
            VALUES (1, ?, ?, ?, ?)
            """,
            .integer(anchor.boot),
            .integer(anchor.sinceBootMs),
            .integer(anchor.fact.serverMs),
            .integer(anchor.fact.roundTripMs)
        )
    }
}
