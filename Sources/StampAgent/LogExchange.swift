import LedgerDB
import LoyaltyCore
import ServiceLifecycle
public import SyncWire

/// What leaves the store of its log, and what comes back for it, whichever way it travels.
///
/// Push, pull, relay and stick all cut their batches here and hand their acknowledgements in here,
/// so that none of them can believe more than another.
public struct LogExchange: Sendable {
    let counter: Counter
    /// The device's own keys; each batch is signed with the one that is in force at its end.
    public let keys: DeviceKeys
    private let floor: TimeFloor
    /// HQ's public key, pinned; nil for a store that has no HQ yet.
    public let hqKey: PublicKey?

    /// Creates an exchange over the counter's ledger.
    ///
    /// - Parameters:
    ///   - counter: Whose ledger it is, and whose board shows the last acknowledgement.
    ///   - keys: The device's own keys; they sign every batch.
    ///   - hqKey: HQ's public key, or nil: then nothing can be acknowledged.
    ///   - floor: Raised by each time that HQ signs.
    public init(counter: Counter, keys: DeviceKeys, hqKey: PublicKey?, floor: TimeFloor) {
        self.counter = counter
        self.keys = keys
        self.hqKey = hqKey
        self.floor = floor
    }

    /// Creates an exchange for a device that never changed its key.
    public init(counter: Counter, deviceKey: SigningKey, hqKey: PublicKey?, floor: TimeFloor) {
        self.init(counter: counter, keys: DeviceKeys(deviceKey), hqKey: hqKey, floor: floor)
    }

    /// Whose log it is now; those of earlier epochs may be here too.
    public var identity: LogIdentity { counter.ledger.identity }

    /// The last entry that HQ acknowledged.
    public func received() async -> Int64 {
        await counter.ledger.watermarks().received
    }

    /// The end of the log.
    ///
    /// - Throws: `LogExchangeError.ledger`.
    public func head() async throws(LogExchangeError) -> LogPosition {
        do {
            let head = try await counter.ledger.head()
            return LogPosition(sequence: head.sequence, hash: head.hash)
        } catch {
            throw .ledger("the ledger cannot be read: \(error)")
        }
    }

    /// The log after an entry as a signed batch, or nil if there is nothing after it.
    ///
    /// - Parameters:
    ///   - epoch: Which log; nil for the one that grows.
    ///   - sequence: The last entry that the reader has; 0 for none.
    ///   - countMax: Most entries; a batch never has more than `BatchV1.entryCountMax`.
    /// - Returns: The batch, signed, with the entries right after the one named.
    /// - Throws: `LogExchangeError`.
    public func batch(
        epoch: Int64? = nil,
        after sequence: Int64,
        countMax: Int = BatchV1.entryCountMax
    ) async throws(LogExchangeError) -> BatchV1? {
        do {
            if let epoch, epoch != identity.epoch {
                guard let log = await earlierLog(epoch) else { return nil }
                return try await cut(log, after: sequence, countMax: countMax)
            }
            return try await cut(after: sequence, countMax: countMax)
        } catch let error as LogExchangeError {
            throw error
        } catch LedgerError.pruned(let first) {
            // The first entry that is left only vouches, by its hash, for the one after it.
            throw .pruned(firstAvailable: first + 1)
        } catch let error as DeviceKeysError {
            throw .ledger("\(error)")
        } catch {
            throw .ledger("the ledger cannot be read: \(error)")
        }
    }

    /// The log after an entry, at once or as soon as something is recorded.
    ///
    /// - Parameters:
    ///   - sequence: The last entry that the reader has.
    ///   - countMax: Most entries.
    ///   - patience: How long to wait for an entry.
    /// - Returns: A batch, or nil if nothing came or the agent shuts down.
    /// - Throws: `LogExchangeError`, `CancellationError`.
    public func batch(
        after sequence: Int64,
        countMax: Int,
        waiting patience: Duration
    ) async throws -> BatchV1? {
        // Followed before the log is read, so that no entry falls in between.
        let changes = counter.hub.follow()
        if let batch = try await batch(after: sequence, countMax: countMax) { return batch }
        guard patience > .zero else { return nil }
        return try await withThrowingTaskGroup(of: BatchV1?.self) { group in
            group.addTask {
                for await _ in changes.cancelOnGracefulShutdown() {
                    if let batch = try await self.batch(after: sequence, countMax: countMax) {
                        return batch
                    }
                }
                return nil
            }
            group.addTask {
                try await pause(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    func report(
        at reading: ClockReading,
        pendingCount: Int64,
        oldestAgeS: Int64?
    ) async -> DeviceReportV1 {
        let ledger = counter.ledger
        return DeviceReportV1(
            now: Moment(reading, boot: await ledger.boot),
            pendingCount: pendingCount,
            oldestAgeS: oldestAgeS ?? 0,
            programmeDigest: ProgrammeReference(await counter.programme).digest,
            freeMB: ledger.health.freeByteCount / 1_048_576
        )
    }

    private func cut(after sequence: Int64, countMax: Int) async throws -> BatchV1? {
        let ledger = counter.ledger
        let reading = counter.clock.reading()
        let queue = try await counter.queue(at: reading)
        guard sequence <= queue.headSequence
        else { throw LogExchangeError.ahead(head: queue.headSequence) }
        let lines = try await ledger.slice(
            after: sequence,
            countMax: min(countMax, BatchV1.entryCountMax, await countToNextKey(after: sequence)),
            byteCountMax: BatchV1.byteCountMax
        )
        guard !lines.isEmpty, let start = try await ledger.position(of: sequence)
        else { return nil }
        let fitting = lines.prefix(BatchV1.fittingCount(of: lines))
        return BatchV1(
            of: Array(fitting),
            after: start,
            identity: ledger.identity,
            report: await report(
                at: reading,
                pendingCount: queue.headSequence - sequence,
                oldestAgeS: queue.oldestAgeSeconds
            ),
            signedBy: try await keys.signer(
                through: sequence + Int64(fitting.count),
                epoch: identity.epoch,
                of: ledger
            )
        )
    }

    /// How many entries follow until one brings a key: that one ends its batch.
    private func countToNextKey(after sequence: Int64) async -> Int {
        let next = await counter.ledger.keyChanges().first { change in
            change.epoch == identity.epoch && change.sequence > sequence
        }
        return next.map { Int($0.sequence - sequence) } ?? .max
    }

    /// Checks an acknowledgement against HQ's key and our own log, and has the ledger keep it.
    ///
    /// May be called twice with the same one: nothing changes the second time.
    ///
    /// - Parameters:
    ///   - content: What came, from HQ or from anywhere.
    ///   - isDirect: Whether HQ itself answered just now, so that the next push follows at once:
    ///     only then may HQ's time become an entry, which is to be pushed itself.
    /// - Returns: The acknowledgement, after its watermarks are on the disk.
    /// - Throws: `LogExchangeError`; the watermarks are then as they were.
    @discardableResult
    public func acknowledge(
        _ content: [UInt8],
        isDirect: Bool = false
    ) async throws(LogExchangeError) -> AckV1 {
        guard let hqKey else { throw .noHQ }
        let ack: AckV1
        do throws(AckError) {
            ack = try AckV1(parsing: content, signedBy: hqKey)
        } catch {
            throw error == .notAnAck ? .notAnAck("\(error)") : .incredible("\(error)")
        }
        let before = try await take(ack, isDirect, at: counter.clock.reading())
        let wall = counter.clock.reading().wall
        counter.board.update { notes in
            notes.hq.lastAckAt = wall
            notes.hq.quarantinedCount += Int64(ack.quarantined.count { $0.sequence > before })
        }
        return ack
    }

    /// Has the ledger keep an acknowledgement's watermarks.
    ///
    /// - Returns: What HQ had received before.
    private func take(
        _ ack: AckV1,
        _ isDirect: Bool,
        at reading: ClockReading
    ) async throws(LogExchangeError) -> Int64 {
        let ledger = counter.ledger
        guard ack.device == identity.device
        else { throw .incredible("it acknowledges another log") }
        guard ack.epoch == identity.epoch else { return try await takeEarlier(ack, at: reading) }
        do {
            let rule = AckRule(
                device: identity.device,
                epoch: identity.epoch,
                watermarks: await ledger.watermarks()
            )
            let kept: Watermarks
            switch rule.verdict(on: ack, holding: try await holding(at: ack.received.sequence)) {
            case .keep(let watermarks): kept = watermarks
            case .behind(let sequence): throw LogExchangeError.behind(sequence)
            case .incredible(let detail): throw LogExchangeError.incredible(detail)
            }
            let now = Moment(reading, boot: await ledger.boot)
            let made = try await ledger.entry(ack.received.sequence)?.at
            let anchor = rule.anchor(from: ack, made: made, now: now)
            let last = await ledger.lastAnchor()
            let isDue = isDirect && AckRule.isAnchorDue(after: last, now: now)
            try await ledger.acknowledge(kept, at: isDue ? anchor.map { ($0, reading) } : nil)
            try await thaw(ack, at: reading)
            learn(ack, anchor, at: reading)
            return rule.watermarks.received
        } catch let error as LogExchangeError {
            throw error
        } catch LedgerError.watermarksRefused(let detail) {
            throw .incredible(detail)
        } catch {
            throw .ledger("the ledger cannot be written: \(error)")
        }
    }

    /// What the log holds at an entry.
    private func holding(at sequence: Int64) async throws -> AckRule.Holding {
        do {
            return try await counter.ledger.position(of: sequence).map { .entry($0) } ?? .nothing
        } catch LedgerError.pruned {
            return .pruned
        }
    }

    /// Has the store's clock go by HQ's time, or not behind it if it may be an old one.
    func learn(_ ack: AckV1, _ anchor: AnchorFact?, at reading: ClockReading) {
        let serverTime = WallTime(unixMs: ack.serverMs)
        if anchor == nil {
            floor.raise(to: serverTime)
        } else {
            floor.anchor(serverTime, sinceBootMs: reading.sinceBootMs)
        }
    }
}

/// Why a batch cannot be cut, or an acknowledgement not be taken.
public enum LogExchangeError: Error, Equatable {
    /// The log's begin was deleted; the first entry that can be had is this one.
    case pruned(firstAvailable: Int64)
    /// The log ends at this entry, before the place that was named.
    case ahead(head: Int64)
    /// The ledger cannot be read or written.
    case ledger(String)
    /// The store has no HQ's key, so nothing can be acknowledged.
    case noHQ
    /// It is no acknowledgement at all.
    case notAnAck(String)
    /// HQ claims what cannot be, or somebody else does.
    case incredible(String)
    /// It acknowledges less than HQ did before: up to this entry.
    case behind(Int64)
}

extension LogExchangeError: CustomStringConvertible {
    /// What is wrong, and what to do about it.
    public var description: String {
        switch self {
        case .pruned(let first): "entries before \(first) were deleted here; ask from there on"
        case .ahead(let head):
            "the log ends at entry \(head): was this store's disk restored? Call HQ"
        case .ledger(let detail): detail
        case .noHQ: "no HQ is configured: add the hq block with HQ's key to stampd.yaml"
        case .notAnAck(let detail): detail
        case .incredible(let detail):
            "the acknowledgement cannot be true (\(detail)); everything is kept: call HQ"
        case .behind(let sequence):
            "it acknowledges entry \(sequence), and HQ acknowledged a later one since; nothing"
                + " to do"
        }
    }
}
