import LedgerDB
public import Logging
import LoyaltyCore
public import ServiceLifecycle
public import SyncWire

/// Pushes ledger entries to HQ, oldest first, until told to stop.
///
/// Offline is normal here: a push that fails is tried again later, for ever, and the entries stay
/// in the ledger. Nothing is marked as received but what HQ signed for.
public actor SyncService<Link: HQLink>: Service {
    /// Waits for as long as the service wants to.
    public typealias Pausing = @Sendable (Duration) async throws -> Void

    /// How long entries are gathered before a push, so that a busy till does not push each alone.
    ///
    /// Source: SYNC.md section 2.2.
    static var gatherPause: Duration { .milliseconds(200) }

    private let counter: Counter
    private let link: Link
    private let keys: SyncKeys
    private let exchange: LogExchange
    private let logger: Logger
    private let pausing: Pausing
    private var plan = PushPlan()
    /// Whether an entry ends the pause.
    private var isListening = false
    /// Whether what answered last took a batch, and reads small ones in `DeltaCoding`.
    private var mayCode = false
    /// Whether something between us and HQ does not let that coding through.
    private var isCodingBarred = false

    /// Creates the service; `run()` starts it.
    ///
    /// - Parameters:
    ///   - counter: Whose ledger is pushed, and whose board shows how it goes.
    ///   - link: The line to HQ.
    ///   - keys: The device's key and HQ's.
    ///   - floor: Raised by each time that HQ signs.
    ///   - logger: Where pushes and their failures are logged.
    ///   - pausing: How it waits; a simulated store need not wait as long as a real one.
    public init(
        counter: Counter,
        link: Link,
        keys: SyncKeys,
        floor: TimeFloor,
        logger: Logger,
        pausing: @escaping Pausing = { try await pause(for: $0) }
    ) {
        self.pausing = pausing
        self.counter = counter
        self.link = link
        self.keys = keys
        exchange = LogExchange(
            counter: counter,
            keys: keys.device,
            hqKey: keys.hq,
            floor: floor
        )
        self.logger = logger
    }

    /// Pushes and waits in turn until a graceful shutdown or a cancellation.
    public func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let pause = await pushOnce()
            do {
                // Only the wait may be cut short, never a push.
                try await cancelWhenGracefulShutdown { try await self.wait(for: pause) }
            } catch is CancellationError {
                break
            }
        }
    }

    /// Pushes one batch if there is anything to push.
    ///
    /// - Returns: How long to wait before the next; nil to wait for an entry.
    func pushOnce() async -> Duration? {
        var outcome: PushOutcome
        do {
            guard let pending = try await nextBatch() else { return nil }
            outcome = try await push(pending)
            if await isKeyUnknown(outcome, of: pending) { return .zero }
        } catch {
            // The ledger reports its own trouble; the push waits like any failure.
            outcome = .unreachable("\(error)")
        }
        outcome = await checked(outcome)
        let step = plan.take(
            outcome,
            nowMs: counter.clock.reading().wall.unixMs,
            jitter: Double.random(in: 0...1)
        )
        if case .begin(let request) = step { await begin(request) }
        return report(outcome, step)
    }

    /// Holds what HQ says of our log against the log itself.
    private func checked(_ outcome: PushOutcome) async -> PushOutcome {
        guard case .problem(let problem, _) = outcome else { return outcome }
        do {
            let epoch = problem["epoch"]?.integerValue ?? plan.sent.epoch
            switch problem.type {
            case .logFork:
                guard let sequence = problem["seq"]?.integerValue,
                    let ours = try await exchange.position(of: sequence, epoch: epoch),
                    Base64.text(ours.hash.bytes) != problem["h"]?.stringValue
                else {
                    return .incredible("it says that entry \(problem["seq"]?.text ?? "?") differs")
                }
            case .logRegressed:
                let end = try await exchange.logs().first { $0.epoch == plan.sent.epoch }?.end
                guard let received = problem["received"]?.integerValue,
                    received > end?.sequence ?? 0
                else { return .incredible("it says that the log went back") }
            case .epochOld where plan.sent.epoch == plan.sent.lastEpoch:
                guard problem["received"]?.integerValue != 0, epoch > plan.sent.epoch
                else { break }
                try await supersede(by: epoch)
            default: break
            }
        } catch {
            return .unreachable("\(error)")
        }
        return outcome
    }

    /// Another machine goes on with this log: one of the two disks is a copy.
    private func supersede(by epoch: Int64) async throws {
        guard await exchange.freeze()?.reason != .superseded else { return }
        let now = counter.clock.reading().wall
        try await exchange.setFreeze(RedemptionFreeze(.superseded, since: now, epoch: epoch))
    }

    private func begin(_ request: SalvageRequest) async {
        logger.warning(
            "a new epoch is to begin",
            metadata: ["epoch": "\(request.epoch)", "reason": "\(request.reason.rawValue)"]
        )
        do throws(LogExchangeError) {
            try await exchange.begin(request)
        } catch {
            logger.error("the new epoch must wait", metadata: ["error": "\(error)"])
        }
    }

    /// Waits for a pause, or for an entry if there is none to push.
    private func wait(for duration: Duration?) async throws {
        guard let duration else { return try await waitForEntry() }
        guard duration > .zero else { return }
        try await withThrowingTaskGroup { group in
            group.addTask { [pausing] in try await pausing(duration) }
            group.addTask { [pulls = counter.pulls] in try await pulls.wait() }
            if isListening { group.addTask { try await self.waitForEntry() } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func waitForEntry() async throws {
        try await counter.recordings.wait()
        try await pausing(Self.gatherPause)
    }

    /// The entries that HQ has not acknowledged, as a signed batch; nil if there are none.
    ///
    /// Those of earlier epochs go first, and the epoch after one that is sent through.
    private func nextBatch() async throws -> BatchV1? {
        let logs = try await exchange.logs()
        let due = logs.first { $0.received < $0.end.sequence } ?? logs[logs.count - 1]
        plan.sent.lastEpoch = exchange.identity.epoch
        plan.sent.acknowledged = .init(epoch: due.epoch, sequence: due.received)
        plan.sent.mayBegin = await mayBegin(logs[logs.count - 1])
        let resumed = logs.first { $0.epoch == plan.resumeEpoch }
        let first = resumed ?? due
        for log in logs where log.epoch >= first.epoch {
            let place = log == resumed || plan.resumeEpoch == nil ? plan.resumeAfter : nil
            let after = log == first ? place ?? log.received : log.received
            guard after < log.end.sequence || log == logs.last,
                let batch = try await exchange.batch(
                    epoch: log.epoch,
                    after: after,
                    countMax: plan.entryCountMax
                )
            else { continue }
            return sending(batch)
        }
        // A relay has everything. Asking with what HQ lacks also shows whether it still has it.
        guard plan.resumeAfter != nil, due.received < due.end.sequence else { return nil }
        return try await exchange.batch(
            epoch: due.epoch,
            after: due.received,
            countMax: plan.entryCountMax
        ).map(sending)
    }

    private func sending(_ batch: BatchV1) -> BatchV1 {
        plan.sent.epoch = batch.header.epoch
        return batch
    }

    /// Whether HQ's word may begin an epoch: this one was not begun by it, or HQ has signed for it.
    private func mayBegin(_ log: LogExchange.SentLog) async -> Bool {
        guard log.received == 0, case .salvage(let reason)? = await exchange.freeze()?.reason
        else { return true }
        return [.damaged, .rolledBack].contains(reason)
    }

    /// Whether HQ may not know the key yet, as after a restore: the next batch is then one that the
    /// key before it signs.
    ///
    /// Where the ledger lost what it knew of keys, another one signs the same batch.
    private func isKeyUnknown(_ outcome: PushOutcome, of batch: BatchV1) async -> Bool {
        if case .acknowledged = outcome { plan.confirm(keysBefore: batch.header.first) }
        guard case .problem(let problem, _) = outcome, problem.type == .signatureInvalid
        else { return false }
        let entries = await exchange.keyEntries(
            before: batch.header.first,
            epoch: batch.header.epoch
        )
        if plan.retreat(before: entries) { return true }
        return await keys.device.tryAnother(
            through: batch.checkpoint.position.sequence,
            epoch: batch.header.epoch,
            of: counter.ledger
        )
    }

    /// Sends a batch and reads what comes back.
    private func push(_ batch: BatchV1) async throws -> PushOutcome {
        let request = try await request(for: batch)
        let reply: PushReply
        do {
            reply = try await link.push(request)
        } catch {
            mayCode = false
            return .unreachable("HQ cannot be reached: \(error)")
        }
        mayCode = reply.status == 200 && reply.takesDelta && !isCodingBarred
        if request.encoding == DeltaCoding.name, reply.status != 200 {
            if case .notHQ = PushOutcome(refusal: reply) { isCodingBarred = true }
            // HQ may not hold the entry before: gzip needs none, and HQ then says what it lacks.
            if reply.status == ProblemType.encoding.status { return try await push(batch) }
        }
        if reply.status == 202, reply.keptSequence != nil {
            return kept(batch, by: reply)
        }
        guard reply.status == 200 else { return .init(refusal: reply) }
        do throws(LogExchangeError) {
            let ack = try await exchange.acknowledge(
                reply.content,
                isDirect: reply.keptSequence == nil
            )
            // A relay hands HQ's last acknowledgement on, which may be older than the batch.
            guard ack.received.sequence < batch.checkpoint.position.sequence,
                reply.keptSequence != nil
            else { return .acknowledged(ack) }
            return kept(batch, by: reply)
        } catch {
            if case .behind = error, reply.keptSequence != nil {
                return kept(batch, by: reply)
            }
            return PushOutcome(refusal: error)
        }
    }

    /// The request for a batch: told by what is new in it if HQ can read that.
    private func request(for batch: BatchV1) async throws -> PushRequestV1 {
        let nowMs = counter.clock.reading().wall.unixMs + plan.clockOffsetMs
        return PushRequestV1(
            batch,
            authority: link.authority,
            createdS: nowMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: .min ... .max) }),
            // HQ knows the key that signs a batch's end, or does not take the batch.
            signedBy: try await keys.device.signer(
                through: batch.checkpoint.position.sequence,
                epoch: batch.header.epoch,
                of: counter.ledger
            ),
            coding: mayCode ? try await exchange.coding(of: batch) : nil
        )
    }

    /// A relay keeps a batch; where a later epoch waits, the log goes on beyond it.
    private func kept(_ batch: BatchV1, by reply: PushReply) -> PushOutcome {
        let outcome = PushOutcome(reply, keeping: batch)
        guard case .kept(let sequence, _) = outcome, plan.sent.epoch < plan.sent.lastEpoch
        else { return outcome }
        return .kept(through: sequence, head: .max)
    }

    /// Writes on the board and in the log how it went.
    private func report(_ outcome: PushOutcome, _ step: PushPlan.Step) -> Duration? {
        let pause: Duration? =
            switch step {
            case .proceed: .zero
            case .wait(let pause), .listen(let pause): pause
            case .begin: PushPlan.slowPause
            }
        if case .listen = step { isListening = true } else { isListening = false }
        if case .acknowledged(let ack) = outcome {
            logger.info("acknowledged", metadata: ["entry": "\(ack.received.sequence)"])
        } else if let problem = plan.problem {
            logger.log(
                level: plan.isAlarming ? .warning : .notice,
                "push failed",
                metadata: ["error": "\(problem)", "retry_in": "\(pause ?? .zero)"]
            )
        }
        let problem = plan.problem
        counter.board.update { notes in
            notes.hq.isOnline = problem == nil
            notes.hq.problem = problem
            notes.hq.retryInSeconds = problem == nil ? nil : pause?.components.seconds
        }
        return pause
    }
}

/// The keys between an agent and its HQ.
public struct SyncKeys: Sendable {
    /// The device's own keys.
    public let device: DeviceKeys
    /// HQ's public key, pinned.
    public let hq: PublicKey

    /// Names both sides' keys.
    public init(device: DeviceKeys, hq: PublicKey) {
        self.device = device
        self.hq = hq
    }

    /// Names the keys of a device that never changed its own.
    public init(device: SigningKey, hq: PublicKey) {
        self.init(device: DeviceKeys(device), hq: hq)
    }
}

extension PushOutcome {
    /// A relay's word that it keeps a batch, believed only as far as the log goes.
    init(_ reply: PushReply, keeping batch: BatchV1) {
        let end = batch.checkpoint.position.sequence
        let head = batch.header.deviceHead
        self = .kept(through: min(max(end, reply.keptSequence ?? end), head), head: head)
    }

    /// What an acknowledgement that was not taken means to the push.
    init(refusal error: LogExchangeError) {
        switch error {
        case .notAnAck(let detail): self = .notHQ(detail)
        case .incredible(let detail): self = .incredible(detail)
        case .behind(let sequence): self = .behind(sequence)
        case .pruned, .ahead, .ledger, .noHQ: self = .unreachable("\(error)")
        }
    }

    /// What a reply other than 200 says.
    init(refusal reply: PushReply) {
        if reply.mediaType == Problem.mediaType, let problem = Problem(parsing: reply.content) {
            self = .problem(problem, retryAfterS: reply.retryAfterS)
        } else if reply.status >= 500 {
            self = .unreachable("HTTP status \(reply.status)")
        } else {
            self = .notHQ("HTTP status \(reply.status), \(reply.mediaType)")
        }
    }
}
