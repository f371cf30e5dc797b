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
    /// How long entries are gathered before a push, so that a busy till does not push each alone.
    ///
    /// Source: SYNC.md section 2.2.
    static var gatherPause: Duration { .milliseconds(200) }

    /// How long an anchor serves before HQ's time becomes an entry again, in milliseconds.
    ///
    /// Source: our own bound; by then the boot clock may be 11 seconds wrong (SYNC.md 3.11: 500
    /// parts in a million).
    static var anchorPauseMs: Int64 { 6 * 3_600_000 }

    private let counter: Counter
    private let link: Link
    private let keys: SyncKeys
    private let floor: TimeFloor
    private let logger: Logger
    private var plan = PushPlan()
    private var quarantinedCount: Int64 = 0

    /// Creates the service; `run()` starts it.
    ///
    /// - Parameters:
    ///   - counter: Whose ledger is pushed, and whose board shows how it goes.
    ///   - link: The line to HQ.
    ///   - keys: The device's key and HQ's.
    ///   - floor: Raised by each time that HQ signs.
    ///   - logger: Where pushes and their failures are logged.
    public init(
        counter: Counter,
        link: Link,
        keys: SyncKeys,
        floor: TimeFloor,
        logger: Logger
    ) {
        self.counter = counter
        self.link = link
        self.keys = keys
        self.floor = floor
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
        let outcome: PushOutcome
        do {
            guard let pending = try await nextBatch() else { return nil }
            outcome = await push(pending)
        } catch {
            // The ledger reports its own trouble; the push waits like any failure.
            outcome = .unreachable("the ledger cannot be read: \(error)")
        }
        let step = plan.take(
            outcome,
            nowMs: counter.clock.reading().wall.unixMs,
            jitter: Double.random(in: 0...1)
        )
        return report(outcome, step)
    }

    /// Waits for a pause, or for an entry if there is none to push.
    private func wait(for duration: Duration?) async throws {
        if let duration { return try await pause(for: duration) }
        try await counter.recordings.wait()
        try await pause(for: Self.gatherPause)
    }

    /// The entries that HQ has not acknowledged, as a signed batch; nil if there are none.
    private func nextBatch() async throws -> BatchV1? {
        let ledger = counter.ledger
        let reading = counter.clock.reading()
        let queue = try await counter.queue(at: reading)
        let after = plan.resumeAfter ?? queue.receivedSequence
        let lines = try await ledger.slice(
            after: after,
            countMax: plan.entryCountMax,
            byteCountMax: BatchV1.byteCountMax
        )
        guard !lines.isEmpty, let start = try await ledger.position(of: after)
        else { return nil }
        return BatchV1(
            of: Array(lines.prefix(BatchV1.fittingCount(of: lines))),
            after: start,
            identity: ledger.identity,
            report: DeviceReportV1(
                now: Moment(reading, boot: await ledger.boot),
                pendingCount: queue.headSequence - after,
                oldestAgeS: queue.oldestAgeSeconds ?? 0,
                programmeDigest: ProgrammeReference(await counter.programme).digest,
                freeMB: ledger.health.freeByteCount / 1_048_576
            ),
            signedBy: keys.device
        )
    }

    /// Sends a batch and reads what comes back.
    private func push(_ batch: BatchV1) async -> PushOutcome {
        let nowMs = counter.clock.reading().wall.unixMs + plan.clockOffsetMs
        let request = PushRequestV1(
            batch,
            authority: link.authority,
            createdS: nowMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: .min ... .max) }),
            signedBy: keys.device
        )
        let reply: PushReply
        let sentAt = counter.clock.uptime()
        do {
            reply = try await link.push(request)
        } catch {
            return .unreachable("HQ cannot be reached: \(error)")
        }
        guard reply.status == 200 else { return .init(refusal: reply) }
        do throws(AckError) {
            let ack = try AckV1(parsing: reply.content, signedBy: keys.hq)
            return await take(ack, after: counter.clock.uptime() - sentAt)
        } catch {
            return error == .notAnAck ? .notHQ("\(error)") : .incredible("\(error)")
        }
    }

    /// Checks an acknowledgement against our own log, and has the ledger keep its watermarks.
    private func take(_ ack: AckV1, after roundTrip: Duration) async -> PushOutcome {
        let identity = counter.ledger.identity
        let reading = counter.clock.reading()
        guard ack.device == identity.device, ack.epoch == identity.epoch
        else { return .incredible("it acknowledges another log") }
        do {
            guard try await counter.ledger.position(of: ack.received.sequence) == ack.received
            else { return .incredible("it acknowledges entries that this log does not have") }
            guard ack.received.sequence >= (await counter.ledger.watermarks()).received
            else { return .behind(ack.received.sequence) }
            try await counter.ledger.acknowledge(
                Watermarks(
                    received: ack.received.sequence,
                    posted: ack.posted,
                    prunable: ack.prunable
                ),
                at: await anchor(ack, at: reading, after: roundTrip).map { ($0, reading) }
            )
        } catch LedgerError.watermarksRefused(let detail) {
            return .incredible(detail)
        } catch {
            return .unreachable("the ledger cannot be written: \(error)")
        }
        floor.anchor(WallTime(unixMs: ack.serverMs), sinceBootMs: reading.sinceBootMs)
        return .acknowledged(ack)
    }

    /// HQ's time as an entry, where the log needs one: NTP does not keep the clock, and this boot
    /// has no anchor or an old one.
    private func anchor(
        _ ack: AckV1,
        at reading: ClockReading,
        after roundTrip: Duration
    ) async -> AnchorFact? {
        let roundTripMs = Int64(roundTrip / .milliseconds(1))
        guard reading.quality != .ntp, ack.serverMs >= 0,
            (0...AnchorFact.roundTripMsMax).contains(roundTripMs)
        else { return nil }
        let ledger = counter.ledger
        if let last = await ledger.lastAnchor(), last.boot == (await ledger.boot),
            reading.sinceBootMs - last.sinceBootMs < Self.anchorPauseMs
        {
            return nil
        }
        return AnchorFact(serverMs: ack.serverMs, roundTripMs: roundTripMs)
    }

    /// Writes on the board and in the log how it went.
    private func report(_ outcome: PushOutcome, _ step: PushPlan.Step) -> Duration? {
        let pause: Duration? = if case .wait(let pause) = step { pause } else { .zero }
        if case .acknowledged(let ack) = outcome {
            quarantinedCount += Int64(ack.quarantined.count)
            logger.info("acknowledged", metadata: ["entry": "\(ack.received.sequence)"])
        } else if let problem = plan.problem {
            logger.log(
                level: plan.isAlarming ? .warning : .notice,
                "push failed",
                metadata: ["error": "\(problem)", "retry_in": "\(pause ?? .zero)"]
            )
        }
        let (problem, count) = (plan.problem, quarantinedCount)
        let wall = counter.clock.reading().wall
        counter.board.update { notes in
            notes.hq.isOnline = problem == nil
            notes.hq.problem = problem
            notes.hq.quarantinedCount = count
            notes.hq.retryInSeconds = problem == nil ? nil : pause?.components.seconds
            if case .acknowledged = outcome { notes.hq.lastAckAt = wall }
        }
        return pause
    }
}

/// The keys between an agent and its HQ.
public struct SyncKeys: Sendable {
    /// The device's own key.
    public let device: SigningKey
    /// HQ's public key, pinned.
    public let hq: PublicKey

    /// Creates a pair of keys.
    public init(device: SigningKey, hq: PublicKey) {
        self.device = device
        self.hq = hq
    }
}

extension PushOutcome {
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
