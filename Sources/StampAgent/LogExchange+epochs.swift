public import LedgerDB
public import LoyaltyCore
public import SyncWire

/// The logs of all epochs, of which HQ gets the earlier ones first (docs/adr/0022).
extension LogExchange {
    /// A log that HQ is to have, whole.
    public struct SentLog: Hashable, Sendable {
        /// Which epoch.
        public let epoch: Int64
        /// HQ holds every entry up to this one.
        public let received: Int64
        /// Where it ends, for now or for ever.
        public let end: LogPosition
    }

    /// The logs of all epochs that are here, oldest first; the last is the one that grows.
    ///
    /// - Throws: `LogExchangeError.ledger`.
    public func logs() async throws(LogExchangeError) -> [SentLog] {
        let head = try await head()
        let received = await received()
        let current = SentLog(epoch: identity.epoch, received: received, end: head)
        let earlier = await counter.ledger.earlierLogs().map { log in
            SentLog(
                epoch: log.identity.epoch,
                // HQ takes an epoch only once it holds all of the one before.
                received: received > 0 ? log.end.sequence : log.received,
                end: log.end
            )
        }
        return earlier + [current]
    }

    /// A place in one of the logs, or nil if it is not here.
    ///
    /// - Throws: `LogExchangeError.ledger`.
    public func position(
        of sequence: Int64,
        epoch: Int64
    ) async throws(LogExchangeError) -> LogPosition? {
        do {
            guard epoch != identity.epoch
            else { return try await counter.ledger.position(of: sequence) }
            guard let log = await earlierLog(epoch) else { return nil }
            return try await counter.ledger.position(of: sequence, in: log)
        } catch LedgerError.pruned {
            return nil
        } catch {
            throw .ledger("the ledger cannot be read: \(error)")
        }
    }

    /// How a batch can be told to who holds the entry before it; nil if that is not here any more.
    ///
    /// - Throws: `LogExchangeError.ledger`.
    func coding(of batch: BatchV1) async throws(LogExchangeError) -> DeltaCoding? {
        let (epoch, after) = (batch.header.epoch, batch.header.first - 2)
        guard after >= 0, batch.bodies.count <= DeltaCoding.entryCountMax else { return nil }
        do {
            let ledger = counter.ledger
            let lines =
                if epoch == identity.epoch {
                    try await ledger.slice(after: after, countMax: 1, byteCountMax: 1)
                } else if let log = await earlierLog(epoch) {
                    try await ledger.slice(of: log, after: after, countMax: 1, byteCountMax: 1)
                } else {
                    [LogLine]()
                }
            return lines.first.map {
                DeltaCoding(device: batch.header.device, epoch: epoch, after: $0)
            }
        } catch LedgerError.pruned {
            return nil
        } catch {
            throw .ledger("the ledger cannot be read: \(error)")
        }
    }

    func earlierLog(_ epoch: Int64) async -> EarlierLog? {
        await counter.ledger.earlierLogs().first { $0.identity.epoch == epoch }
    }

    /// Why nothing may be redeemed here; nil while it may.
    public func freeze() async -> RedemptionFreeze? { await counter.ledger.freeze() }

    /// Keeps that nothing may be redeemed here.
    ///
    /// - Throws: `LogExchangeError.ledger`.
    public func setFreeze(_ freeze: RedemptionFreeze) async throws(LogExchangeError) {
        do {
            try await counter.ledger.setFreeze(freeze)
        } catch {
            throw .ledger("the ledger cannot be written: \(error)")
        }
    }

    /// Has the next start begin a new epoch.
    ///
    /// - Throws: `LogExchangeError.ledger`.
    public func begin(_ request: SalvageRequest) async throws(LogExchangeError) {
        do {
            try await counter.ledger.begin(request)
        } catch {
            throw .ledger("the request cannot be written: \(error)")
        }
    }

    func cut(
        _ log: EarlierLog,
        after sequence: Int64,
        countMax: Int
    ) async throws -> BatchV1? {
        let ledger = counter.ledger
        let lines = try await ledger.slice(
            of: log,
            after: sequence,
            countMax: min(countMax, BatchV1.entryCountMax),
            byteCountMax: BatchV1.byteCountMax
        )
        guard !lines.isEmpty, let start = try await ledger.position(of: sequence, in: log)
        else { return nil }
        let reading = counter.clock.reading()
        let fitting = lines.prefix(BatchV1.fittingCount(of: lines))
        return BatchV1(
            of: Array(fitting),
            after: start,
            identity: log.identity,
            report: await report(
                at: reading,
                pendingCount: log.end.sequence - sequence,
                oldestAgeS: try await counter.queue(at: reading).oldestAgeSeconds
            ),
            signedBy: try await keys.signer(
                through: sequence + Int64(fitting.count),
                epoch: log.identity.epoch,
                of: ledger
            )
        )
    }
}

/// The word of an acknowledgement for epochs that are over, and for redemption.
extension LogExchange {
    /// Has the ledger keep how far HQ has come with a log that ended.
    ///
    /// - Returns: What HQ had received before.
    func takeEarlier(
        _ ack: AckV1,
        at reading: ClockReading
    ) async throws(LogExchangeError) -> Int64 {
        guard let log = await earlierLog(ack.epoch)
        else { throw .incredible("it acknowledges another log") }
        guard try await position(of: ack.received.sequence, epoch: ack.epoch) == ack.received
        else { throw .incredible("it acknowledges entries that this log does not have") }
        guard ack.received.sequence >= log.received else { throw .behind(ack.received.sequence) }
        do {
            try await counter.ledger.acknowledge(ack.received.sequence, of: log)
            try await thaw(ack, at: reading)
        } catch {
            throw .ledger("the ledger cannot be written: \(error)")
        }
        learn(ack, nil, at: reading)
        return log.received
    }

    /// Keeps HQ's word whether anything may be redeemed.
    func thaw(_ ack: AckV1, at reading: ClockReading) async throws {
        let ledger = counter.ledger
        let before = await ledger.freeze()
        let after = RedemptionFreeze.after(
            before,
            acknowledged: ack.epoch,
            isFrozen: ack.isFrozen,
            at: reading.wall
        )
        if after != before { try await ledger.setFreeze(after) }
    }
}
