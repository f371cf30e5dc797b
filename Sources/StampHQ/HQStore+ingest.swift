import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// A batch whose own chain and checkpoint hold, with its entries read.
struct VerifiedBatch: Sendable {
    let header: BatchHeaderV1
    let entries: [ParsedEntry]
    /// The key that signed the checkpoint.
    let key: PublicKey

    /// Checks a batch and reads its entries; no database is needed for either.
    init(_ batch: BatchV1, key: PublicKey) throws(BatchError) {
        header = batch.header
        self.key = key
        entries = try batch.verify(after: batch.header.start, key: key).map(ParsedEntry.init)
    }

    /// The number of the last entry, or of the one before the first if there is none.
    var last: Int64 { header.first - 1 + Int64(entries.count) }
}

/// What became of a batch.
enum IngestOutcome: Sendable {
    /// HQ holds it; sign this.
    case held(AckV1)
    /// HQ took nothing from it.
    case refused(Problem)
}

extension HQStore {
    /// Stores a batch and books its entries, all in one transaction.
    ///
    /// - Parameters:
    ///   - batch: A batch of a device that HQ knows.
    ///   - delivery: How it came: one that may be old says nothing of where the log ends now.
    /// - Returns: What to answer, after everything it says is on the disk.
    /// - Throws: `DatabaseError`; nothing was stored then.
    func ingest(
        _ batch: VerifiedBatch,
        _ delivery: Delivery = .live
    ) async throws -> IngestOutcome {
        let nowMs = nowMs()
        let outcome = try await queue.write { db in
            try Ingest(db, batch, delivery, nowMs: nowMs, hqKey: publicKey).run(store: self)
        }
        if case .held = outcome { checkWake.ring() }
        return outcome
    }

    /// The entry before another one of a device's log, as HQ holds it; nil if it does not.
    ///
    /// - Throws: `DatabaseError`.
    func line(before sequence: Int64, epoch: Int64, of device: Device) async throws -> LogLine? {
        try await queue.read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT e.body, e.hash FROM entry e JOIN log l ON l.id = e.log
                    WHERE l.device = ? AND l.epoch = ? AND e.sequence = ?
                    """
            )
            let arguments: StatementArguments = [device.rowID, epoch, sequence - 1]
            guard let row = try Row.fetchOne(statement, arguments: arguments),
                let hash = ChainHash(Array(row["hash"] as Data))
            else { return nil }
            return LogLine(sequence: sequence - 1, body: Array(row["body"] as Data), hash: hash)
        }
    }
}

extension HQStore {
    /// What HQ holds of a device's log, without a batch that asked.
    ///
    /// - Throws: `Problem` for a device that HQ does not know; `DatabaseError`.
    func acknowledgement(of device: DeviceID) async throws -> AckV1 {
        let nowMs = nowMs()
        return try await queue.read { db in
            guard let known = try Self.device(device, db) else { throw Problem.unknown(device) }
            let row = try Row.fetchOne(
                db,
                sql: "SELECT sequence, hash, prunable FROM log WHERE device = ? AND epoch = ?",
                arguments: [known.rowID, known.identity.epoch]
            )
            let hash = row.flatMap { ChainHash(Array($0["hash"] as Data)) }
            let head = LogPosition(
                sequence: row?["sequence"] ?? 0,
                hash: hash ?? known.identity.genesis
            )
            return AckV1(
                device: device,
                epoch: known.identity.epoch,
                received: head,
                posted: head.sequence,
                prunable: row?["prunable"] ?? 0,
                serverMs: nowMs,
                hqEpoch: try hqEpoch(db),
                credit: .whole,
                duplicateCount: 0,
                quarantined: [],
                hasChanges: false,
                isFrozen: known.frozenAtMs != nil
            )
        }
    }
}

/// One batch inside its transaction; the algorithm of SYNC.md 2.2.
struct Ingest {
    let db: Database
    let batch: VerifiedBatch
    let delivery: Delivery
    let nowMs: Int64
    private let hqKey: PublicKey?

    /// A device's log as HQ holds it.
    struct Log {
        let id: Int64
        var head: LogPosition
        let prunable: Int64
    }

    init(
        _ db: Database,
        _ batch: VerifiedBatch,
        _ delivery: Delivery,
        nowMs: Int64,
        hqKey: PublicKey?
    ) {
        self.db = db
        self.batch = batch
        self.delivery = delivery
        self.nowMs = nowMs
        self.hqKey = hqKey
    }

    func run(store: HQStore) throws -> IngestOutcome {
        let header = batch.header
        guard let known = try HQStore.device(header.device, db)
        else { return .refused(.unknown(header.device)) }
        if let problem = try refusal(of: known) { return .refused(problem) }
        // Its epoch may have begun just now.
        guard let device = try HQStore.device(header.device, db)
        else { return .refused(.unknown(header.device)) }

        var log = try log(of: device)
        let rule = IntakeRule(
            head: log.head,
            genesis: device.identity.genesis,
            delivery: delivery
        )
        let verdict = try rule.verdict(on: IntakeRule.Claim(batch)) { sequence in
            try hash(at: sequence, log)
        }
        let heldCount: Int
        switch verdict {
        case .take(let index): heldCount = index
        case .refuse(let refusal): return .refused(try problem(of: refusal, log, device))
        }
        try insert(batch.entries.dropFirst(heldCount), in: &log, of: device)
        // A report that was carried here is news only with entries that are.
        if delivery == .live || heldCount < batch.entries.count { try note(device) }
        return .held(
            AckV1(
                device: header.device,
                epoch: header.epoch,
                received: log.head,
                posted: log.head.sequence,
                prunable: log.prunable,
                serverMs: nowMs,
                hqEpoch: try store.hqEpoch(db),
                credit: .whole,
                duplicateCount: Int64(heldCount),
                quarantined: try quarantined(in: log),
                hasChanges: false,
                isFrozen: device.frozenAtMs != nil
            )
        )
    }

    /// Why nothing of this device or epoch may be stored.
    func refusal(of device: Device) throws -> Problem? {
        if device.isRefused { return .revoked(device.identity.device) }
        let epoch = device.identity.epoch
        if batch.header.epoch == epoch {
            // The key that was right before this transaction may have been followed since.
            return device.publicKey(epoch: epoch, at: batch.last) == batch.key
                ? nil : Problem(BatchError.signatureInvalid)
        }
        return batch.header.epoch < epoch
            ? try refusalOfOldEpoch(device) : try refusalOfNewEpoch(device)
    }

    func log(of device: Device) throws -> Log {
        let statement = try db.cachedStatement(
            sql: "SELECT id, sequence, hash, prunable FROM log WHERE device = ? AND epoch = ?"
        )
        let arguments: StatementArguments = [device.rowID, device.identity.epoch]
        if let row = try Row.fetchOne(statement, arguments: arguments),
            let hash = ChainHash(Array(row["hash"] as Data))
        {
            let head = LogPosition(sequence: row["sequence"], hash: hash)
            return Log(id: row["id"], head: head, prunable: row["prunable"])
        }
        try db.execute(
            sql: "INSERT INTO log (device, epoch, sequence, hash) VALUES (?, ?, 0, ?)",
            arguments: arguments + [Data(device.identity.genesis.bytes)]
        )
        return Log(id: db.lastInsertedRowID, head: device.identity.start, prunable: 0)
    }

    /// What the device is told of a batch that is not taken, after the alarm it is worth.
    private func problem(
        of refusal: IntakeRule.Refusal,
        _ log: Log,
        _ device: Device
    ) throws -> Problem {
        switch refusal {
        case .gap: return .gap(log.head)
        case .anotherStart:
            return .chainInvalid(
                at: 0,
                "The log does not start from this device's key and nonce; set it up again."
            )
        case .fork(let ours): return try fork(at: ours, device)
        case .regressed:
            try alarm(.logRegressed, "the log ends at \(batch.header.deviceHead)", device)
            return .regressed(log.head)
        case .misplacedKey(let index):
            return .chainInvalid(
                at: index + 1,
                "A batch ends with the entry that brings a key, signed with the old one."
            )
        }
    }

    /// Raises the alarm of two histories, and lets the device's rights rest.
    func freeze(_ device: Device, _ detail: String) throws {
        try alarm(.logFork, detail, device)
        try db.execute(
            sql: "UPDATE device SET frozenAtMs = coalesce(frozenAtMs, ?) WHERE id = ?",
            arguments: [nowMs, device.rowID]
        )
    }

    func fork(
        at position: LogPosition,
        _ device: Device,
        epoch: Int64? = nil
    ) throws -> Problem {
        try freeze(device, "another entry \(position.sequence) than HQ holds")
        return Problem(
            .logFork,
            "The device signed another entry \(position.sequence) than HQ holds: is its disk a"
                + " copy? Its rights rest until an operator has looked.",
            extras: [.init("seq", .integer(position.sequence)), .init("h", position.hash.json)]
                + (epoch.map { [.init("epoch", .integer($0))] } ?? [])
        )
    }

    /// The log's hash at an entry that HQ holds.
    func hash(at sequence: Int64, _ log: Log) throws -> ChainHash {
        let statement = try db.cachedStatement(
            sql: "SELECT hash FROM entry WHERE log = ? AND sequence = ?"
        )
        guard let data = try Data.fetchOne(statement, arguments: [log.id, sequence]),
            let hash = ChainHash(Array(data))
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an entry is missing") }
        return hash
    }

    private func insert(
        _ entries: some Sequence<ParsedEntry>,
        in log: inout Log,
        of device: Device
    ) throws {
        let store = try HotStatement(
            db,
            sql: """
                INSERT INTO entry (log, sequence, body, hash, receivedAtMs) VALUES (?, ?, ?, ?, ?)
                """
        )
        var book = try Book(db, device: device, logID: log.id, nowMs: nowMs, hqKey: hqKey)
        var head = log.head
        var codes: [QuarantineCode: Int] = [:]
        for entry in entries {
            let line = entry.line
            try store.run(
                .integer(log.id),
                .integer(line.sequence),
                .blob(line.body),
                .blob(line.hash.bytes),
                .integer(nowMs)
            )
            if let code = try book.apply(entry) {
                try quarantine(line.sequence, code, log)
                codes[code, default: 0] += 1
            }
            head = line.position
        }
        try book.close()
        for (code, count) in codes {
            try alarm(.quarantined, "\(count) entries: \(code.rawValue)", device)
        }
        guard head != log.head else { return }
        log.head = head
        let update = try db.cachedStatement(
            sql: "UPDATE log SET sequence = ?, hash = ? WHERE id = ?"
        )
        try update.execute(arguments: [head.sequence, Data(head.hash.bytes), log.id])
    }

    private func quarantine(_ sequence: Int64, _ code: QuarantineCode, _ log: Log) throws {
        try db.execute(
            sql: "INSERT INTO quarantine (log, sequence, code) VALUES (?, ?, ?)",
            arguments: [log.id, sequence, code.rawValue]
        )
    }

    /// The batch's entries without effect, whether stored now or before.
    private func quarantined(in log: Log) throws -> [AckV1.Quarantined] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT sequence, code FROM quarantine
                WHERE log = ? AND sequence BETWEEN ? AND ? ORDER BY sequence
                """
        )
        return try Row.fetchAll(statement, arguments: [log.id, batch.header.first, batch.last])
            .map { AckV1.Quarantined(sequence: $0["sequence"], code: $0["code"]) }
    }

    private func note(_ device: Device) throws {
        // A key that was followed reports nothing any more.
        guard device.publicKey == batch.key else { return }
        let statement = try db.cachedStatement(
            sql: "UPDATE device SET lastSeenAtMs = ?, report = ? WHERE id = ?"
        )
        try statement.execute(arguments: [nowMs, batch.header.report.json.text, device.rowID])
    }

    func alarm(_ kind: AlarmKind, _ detail: String, _ device: Device) throws {
        try HQStore.raise(kind, detail, device.identity.device, nowMs: nowMs, db)
    }
}

extension IntakeRule.Claim {
    /// Where a verified batch says it belongs.
    init(_ batch: VerifiedBatch) {
        start = batch.header.start
        ends = batch.entries.map(\.line.position)
        deviceHead = batch.header.deviceHead
        keyIndices = batch.entries.indices.filter { index in
            guard case .success(let content) = batch.entries[index].content,
                case .keyRotate = content.fact
            else { return false }
            return true
        }
    }
}

extension AckV1.Credit {
    /// What HQ takes from any device at any time: two full batches.
    static let whole = Self(
        entryCount: Int64(2 * BatchV1.entryCountMax),
        byteCount: Int64(2 * BatchV1.byteCountMax),
        afterMs: 0
    )
}

extension ChainHash {
    /// The hash as the wire writes it.
    var json: CanonicalJSON { .string(Base64.text(bytes)) }
}

extension DeviceReportV1 {
    /// The report as HQ keeps it for operators.
    var json: CanonicalJSON {
        [
            "wallMs": .integer(now.wall.unixMs),
            "clock": .string(now.quality.rawValue),
            "boot": .integer(now.boot),
            "pending": .integer(pendingCount),
            "oldestAgeS": .integer(oldestAgeS),
            "programme": programmeDigest.map(CanonicalJSON.string) ?? .null,
            "freeMB": .integer(freeMB),
        ]
    }
}
