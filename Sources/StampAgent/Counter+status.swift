import LedgerDB
import LoyaltyCore
import SyncWire

extension Counter {
    /// How the agent is, gathered from its parts.
    public func status() async -> AgentStatus {
        let notes = board.notes
        let reading = clock.reading()
        let health = ledger.health
        var status = AgentStatus(
            version: settings.version,
            store: settings.store,
            device: ledger.identity.device.text,
            programme: ProgrammeReference(programme),
            programmeProblem: notes.programmeProblem,
            scanners: notes.scanners,
            queue: QueueStatus(
                pendingCount: 0,
                oldestAgeSeconds: nil,
                headSequence: 0,
                receivedSequence: 0
            ),
            hq: notes.hq,
            down: notes.down,
            keyProblem: notes.keyProblem,
            clock: reading.quality,
            freeByteCount: health.freeByteCount,
            ledgerProblem: health.problem
        )
        do {
            status.queue = try await queue(at: reading)
        } catch {
            status.ledgerProblem = status.ledgerProblem ?? "\(error)"
        }
        status.epoch = ledger.identity.epoch
        status.freeze = await ledger.freeze()
        status.advice = Advice.all(for: status)
        return status
    }

    /// What HQ has not yet acknowledged.
    func queue(at reading: ClockReading) async throws -> QueueStatus {
        // The log's own end: a sum of the other two would be wrong while HQ acknowledges.
        let head = try await ledger.head()
        let queue = try await ledger.queue()
        let now = Moment(reading, boot: await ledger.boot)
        let watermarks = await ledger.watermarks()
        return QueueStatus(
            pendingCount: queue.pendingCount,
            oldestAgeSeconds: queue.oldest.flatMap { now.elapsedMs(since: $0) }.map { $0 / 1_000 },
            headSequence: head.sequence,
            receivedSequence: watermarks.received
        )
    }
}

extension LedgerHealth {
    /// Whether the ledger records, and why not; nil while it does.
    fileprivate var problem: String? {
        switch mode {
        case .writing: nil
        case .full: "\(LedgerError.diskFull)"
        case .readOnly(let detail): "\(LedgerError.readOnly(detail))"
        case .failed(let detail): "\(LedgerError.ioError(detail))"
        case .damaged(let detail): "\(LedgerError.damaged(detail))"
        case .closed: "\(LedgerError.closed)"
        }
    }
}

extension Advice {
    /// Free bytes below which the operator should make room.
    ///
    /// Source: SYNC.md section 2.10, the level at which redemption stops.
    static let freeByteCountLow: Int64 = 100 * 1_048_576

    /// What the operator should do about a status, the most urgent first.
    static func all(for status: AgentStatus) -> [Advice] {
        var advice: [Advice] = []
        if let problem = status.ledgerProblem {
            advice.append(Advice(code: "not-recording", text: problem))
        }
        if status.freeByteCount < freeByteCountLow {
            advice.append(
                Advice(
                    code: "disk-low",
                    text: "the ledger's disk is nearly full: delete files or call HQ"
                )
            )
        }
        advice += scanners(of: status)
        if let problem = status.programmeProblem {
            advice.append(
                Advice(
                    code: "programme-problem",
                    text: "the programme file is not used: \(problem)"
                )
            )
        }
        if let problem = status.hq.problem {
            advice.append(
                Advice(code: "hq-away", text: "HQ is away, entries wait here: \(problem)")
            )
        }
        if let freeze = status.freeze { advice.append(Advice(freeze)) }
        if let alarm = status.down.alarm {
            advice.append(
                Advice(code: "down-alarm", text: "what HQ sent is not used; call HQ: \(alarm)")
            )
        }
        if let problem = status.keyProblem {
            advice.append(
                Advice(code: "key-old", text: "the device's key stays the old one: \(problem)")
            )
        }
        if status.clock == .floor {
            advice.append(
                Advice(
                    code: "clock-wrong",
                    text: "the clock is wrong: set it, or let NTP through the firewall"
                )
            )
        }
        return advice
    }

    private init(_ freeze: RedemptionFreeze) {
        switch freeze.reason {
        case .superseded:
            self.init(
                code: "superseded",
                text: "another machine goes on with this device's log: one of two disks is a copy;"
                    + " call HQ, then enrol this one anew with an empty state directory"
            )
        case .salvage(let reason):
            self.init(
                code: "frozen",
                text: "the log was begun anew (\(reason.rawValue)): awards go on, redeeming waits"
                    + " until HQ confirms; call HQ"
            )
        case .hq:
            self.init(
                code: "frozen",
                text: "HQ has frozen this device: awards go on, redeeming waits; call HQ"
            )
        }
    }

    private static func scanners(of status: AgentStatus) -> [Advice] {
        var advice: [Advice] = []
        if status.scanners.isEmpty {
            advice.append(
                Advice(
                    code: "no-scanner",
                    text: "no scanner is adopted: plug one in, or name it under scanners.adopt"
                )
            )
        }
        for scanner in status.scanners {
            if let problem = scanner.problem {
                advice.append(
                    Advice(code: "scanner-problem", text: "scanner \(scanner.label): \(problem)")
                )
            } else if !scanner.isAttached {
                advice.append(
                    Advice(
                        code: "scanner-unplugged",
                        text: "scanner \(scanner.label) is unplugged: plug it in"
                    )
                )
            }
        }
        return advice
    }
}
