import LedgerDB
import LoyaltyCore
import ServiceLifecycle
public import SyncWire

/// What leaves the store of its log, and what comes back for it, whichever way it travels.
///
/// Push, pull, relay and stick all cut their batches here and hand their acknowledgements in here,
/// so that none of them can believe more than another.
public struct LogExchange: Sendable {
    /// How long an anchor serves before HQ's time becomes an entry again, in milliseconds.
    ///
    /// Source: our own bound; by then the boot clock may be 11 seconds wrong (SYNC.md 3.11: 500
    /// parts in a million).
    static let anchorPauseMs: Int64 = 6 * 3_600_000

    let counter: Counter
    let deviceKey: SigningKey
    private let floor: TimeFloor
    /// HQ's public key, pinned; nil for a store that has no HQ yet.
    public let hqKey: PublicKey?

    /// Creates an exchange over the counter's ledger.
    ///
    /// - Parameters:
    ///   - counter: Whose ledger it is, and whose board shows the last acknowledgement.
    ///   - deviceKey: The device's own key; it signs every batch.
    ///   - hqKey: HQ's public key, or nil: then nothing can be acknowledged.
    ///   - floor: Raised by each time that HQ signs.
    public init(counter: Counter, deviceKey: SigningKey, hqKey: PublicKey?, floor: TimeFloor) {
        self.counter = counter
        self.deviceKey = deviceKey
        self.hqKey = hqKey
        self.floor = floor
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
            countMax: min(countMax, BatchV1.entryCountMax),
            byteCountMax: BatchV1.byteCountMax
        )
        guard !lines.isEmpty, let start = try await ledger.position(of: sequence)
        else { return nil }
        return BatchV1(
            of: Array(lines.prefix(BatchV1.fittingCount(of: lines))),
            after: start,
            identity: ledger.identity,
            report: await report(
                at: reading,
                pendingCount: queue.headSequence - sequence,
                oldestAgeS: queue.oldestAgeSeconds
            ),
            signedBy: deviceKey
        )
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
            guard try await ledger.position(of: ack.received.sequence) == ack.received
            else {
                throw LogExchangeError.incredible(
                    "it acknowledges entries that this log does not have"
                )
            }
            let before = await ledger.watermarks().received
            guard ack.received.sequence >= before
            else { throw LogExchangeError.behind(ack.received.sequence) }
            let anchor = try await anchor(ack, after: before, at: reading)
            let isDue = isDirect ? await isAnchorDue(at: reading) : false
            try await ledger.acknowledge(
                Watermarks(
                    received: ack.received.sequence,
                    posted: ack.posted,
                    prunable: ack.prunable
                ),
                at: isDue ? anchor.map { ($0, reading) } : nil
            )
            try await thaw(ack, at: reading)
            learn(ack, anchor, at: reading)
            return before
        } catch let error as LogExchangeError {
            throw error
        } catch LedgerError.pruned {
            // Only what HQ acknowledged long ago is ever deleted here.
            throw .behind(ack.received.sequence)
        } catch LedgerError.watermarksRefused(let detail) {
            throw .incredible(detail)
        } catch {
            throw .ledger("the ledger cannot be written: \(error)")
        }
    }
}

/// HQ's time, as far as an acknowledgement can tell it.
extension LogExchange {
    /// HQ's time as an anchor; nil if the acknowledgement may be an old one.
    ///
    /// A relay or a stick may bring an acknowledgement late. That it covers an entry which none
    /// covered before proves that it was signed after that entry was made, by the boot clock.
    private func anchor(
        _ ack: AckV1,
        after before: Int64,
        at reading: ClockReading
    ) async throws -> AnchorFact? {
        let ledger = counter.ledger
        guard ack.received.sequence > before, ack.serverMs >= 0,
            let made = try await ledger.entry(ack.received.sequence)?.at,
            made.boot == (await ledger.boot)
        else { return nil }
        let ageMs = reading.sinceBootMs - made.sinceBootMs
        guard (0...AnchorFact.roundTripMsMax).contains(ageMs) else { return nil }
        return AnchorFact(serverMs: ack.serverMs, roundTripMs: ageMs)
    }

    /// Whether HQ's time should become an entry: NTP does not keep the clock, and this boot has no
    /// anchor or an old one.
    private func isAnchorDue(at reading: ClockReading) async -> Bool {
        guard reading.quality != .ntp else { return false }
        guard let last = await counter.ledger.lastAnchor(),
            last.boot == (await counter.ledger.boot)
        else { return true }
        return reading.sinceBootMs - last.sinceBootMs >= Self.anchorPauseMs
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
