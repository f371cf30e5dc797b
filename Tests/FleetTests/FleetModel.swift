import LedgerDB
import LoyaltyCore
import SyncWire

@testable import LedgerDB
@testable import StampAgent
@testable import StampHQ

/// Stores, HQ and the network between them, as one value that a seed decides.
///
/// What decides is the product's own: `PushPlan`, `AckRule`, `TimeFloor` and the ledger's rules for
/// watermarks at the stores, `IntakeRule` and `NonceMemory` at HQ, hashes and times of `SyncWire`
/// and `LoyaltyCore`. The model has the clocks, the disks and the network, and it breaks them.
struct FleetModel {
    /// What happens at a time.
    enum Event {
        case push(device: Int, token: Int)
        case deviceSync(device: Int, token: Int)
        case deviceUp(device: Int, isNewBoot: Bool)
        case arrival(ModelRequest)
        case answer(device: Int, request: Int, Answer)
        case hqSync(token: Int)
        case hqUp
    }

    /// What comes back to a store.
    enum Answer {
        /// An acknowledgement that HQ signed.
        case ack(AckV1)
        case other(PushOutcome)
    }

    /// How many of what happened; a run that met no fault shows nothing.
    struct Counts: Equatable {
        var recorded = 0
        var lostUnsynced = 0
        var dropped = 0
        var duplicated = 0
        var cut = 0
        var reset = 0
        var portals = 0
        var busy = 0
        var forged = 0
        var lies = 0
        var powerCuts = 0
        var kills = 0
        var clockJumps = 0
        var skews = 0
        var hqCrashes = 0
        var hqWritesLost = 0
        var restores = 0
        var releases = 0
        var forgotten = 0
        var absorbed = 0
        var gaps = 0
        var behind = 0
        var carried = 0
        var anchors = 0
        var times = 0
        var drains = 0
        var alarms = 0
    }

    static let deviceCount = 3
    /// Most entries of a batch; the product's 500 would only make the model slow.
    static let batchCountMax = 6
    /// Steps of trouble between two times of peace.
    static let troubleStepCount = 2_000

    let seed: UInt64
    let mutant: Mutant?
    var generator: SeededGenerator
    /// The true time; HQ's clock shows it.
    var nowMs: Int64 = 1_795_320_000_000
    var devices: [ModelDevice]
    var hq: ModelHQ
    var events: [(atMs: Int64, event: Event)] = []
    var isPeace = false
    var stepCount = 0
    var counts = Counts()
    var requestCount = 0
    var oldAcks: [(device: Int, ack: AckV1)] = []
    var oldRequests: [ModelRequest] = []
    /// How far each log ever was on HQ's disk, and how far it was ever released.
    var durable: [Int64]
    var released: [Int64]
    /// Up to where each log was compared, and timed.
    var compared: [Int]
    var failedPushCounts: [Int]
    /// A store that gives its log up for a new epoch, which none here has a reason to.
    private var epochBeginner: Int?

    init(seed: UInt64, mutant: Mutant? = nil) {
        self.seed = seed
        self.mutant = mutant
        generator = SeededGenerator(seed: seed)
        devices = (0..<Self.deviceCount).map { ModelDevice($0 + 1) }
        hq = ModelHQ(deviceCount: Self.deviceCount)
        durable = Array(repeating: 0, count: Self.deviceCount)
        released = durable
        compared = Array(repeating: 0, count: Self.deviceCount)
        failedPushCounts = compared
        for index in devices.indices {
            devices[index].drift = Int64(generator.below(801)) - 400
            start(index, true)
        }
    }

    /// Runs so many steps, with a time of peace after each time of trouble.
    mutating func run(stepCount count: Int) throws(Violation) {
        while stepCount < count {
            for _ in 0..<Self.troubleStepCount { try step() }
            try makePeace()
        }
    }

    func broken(_ promise: Promise, _ detail: String) -> Violation {
        Violation(promise: promise, seed: seed, step: stepCount, detail: detail)
    }

    // MARK: - Steps

    mutating func step() throws(Violation) {
        stepCount += 1
        if let epochBeginner {
            throw broken(.noFalseAlarm, "store \(epochBeginner) would begin a new epoch")
        }
        if !isPeace, generator.below(100) < 35 || events.isEmpty { return try makeTrouble() }
        guard let next = popEvent() else { return }
        nowMs = max(nowMs, next.atMs)
        switch next.event {
        case .push(let device, let token): push(device, token)
        case .deviceSync(let device, let token): try commit(device, token)
        case .deviceUp(let device, let isNewBoot): start(device, isNewBoot)
        case .arrival(let request): try arrive(request)
        case .answer(let device, let number, let answer): try take(answer, device, number)
        case .hqSync(let token): try commitAtHQ(token)
        case .hqUp: hq.isUp = true
        }
    }

    mutating func schedule(_ event: Event, after delayMs: Int64) {
        events.append((nowMs + delayMs, event))
    }

    private mutating func popEvent() -> (atMs: Int64, event: Event)? {
        guard !events.isEmpty else { return nil }
        var best = 0
        var index = 1
        while index < events.count {
            if events[index].atMs < events[best].atMs { best = index }
            index += 1
        }
        let event = events[best]
        events.swapAt(best, events.count - 1)
        events.removeLast()
        return event
    }

    // MARK: - A store pushes

    /// Sets the store's next push; an earlier one is off.
    mutating func setTimer(_ device: Int, after delayMs: Int64) {
        devices[device].timerToken += 1
        devices[device].hasTimer = true
        schedule(.push(device: device, token: devices[device].timerToken), after: delayMs)
    }

    private mutating func push(_ index: Int, _ token: Int) {
        guard devices[index].isUp, devices[index].timerToken == token,
            devices[index].request == nil
        else { return }
        // The ledger serves one call after the other.
        guard devices[index].write == nil else { return setTimer(index, after: 1) }
        devices[index].hasTimer = false
        let device = devices[index]
        let received = device.watermarks.received
        var after = device.plan.resumeAfter ?? received
        if after >= device.headSequence { after = received }
        guard after < device.headSequence else { return }
        guard after + 1 >= device.first else {
            return finish(.unreachable("pruned"), index)
        }
        let countMax = min(device.plan.entryCountMax, 1 + generator.below(Self.batchCountMax))
        let end = min(Int(device.headSequence), Int(after) + countMax)
        requestCount += 1
        let wallMs = device.reading(nowMs).wall.unixMs + device.plan.clockOffsetMs
        let request = ModelRequest(
            device: index,
            number: requestCount,
            start: device.position(after),
            lines: device.log[Int(after)..<end].map(\.line),
            deviceHead: device.headSequence,
            createdS: wallMs / 1_000
        )
        devices[index].request = requestCount
        send(request)
    }

    /// A push has ended: the plan says what is next.
    mutating func finish(_ outcome: PushOutcome, _ index: Int) {
        devices[index].request = nil
        if case .acknowledged = outcome {
            failedPushCounts[index] = 0
        } else {
            failedPushCounts[index] += 1
        }
        if mutant == .givesUp, failedPushCounts[index] > 20 { return }
        let wallMs = devices[index].reading(nowMs).wall.unixMs
        let jitter = generator.share()
        let outcome = mutated(outcome, index)
        switch devices[index].plan.take(outcome, nowMs: wallMs, jitter: jitter) {
        case .proceed: setTimer(index, after: 0)
        case .wait(let pause), .listen(let pause):
            setTimer(index, after: Int64(pause / .milliseconds(1)))
        case .begin: epochBeginner = index
        }
        if devices[index].plan.isAlarming { counts.alarms += 1 }
    }

    private mutating func mutated(_ outcome: PushOutcome, _ index: Int) -> PushOutcome {
        guard mutant == .correctsClockOnce else { return outcome }
        switch outcome {
        case .acknowledged: devices[index].isSkewCorrected = false
        case .problem(let problem, _) where problem.type == .clockSkew:
            guard !devices[index].isSkewCorrected else { return .unreachable("\(problem)") }
            devices[index].isSkewCorrected = true
        default: break
        }
        return outcome
    }

    /// Reads an answer, unless the store waits for another or for none.
    private mutating func take(
        _ answer: Answer,
        _ index: Int,
        _ number: Int
    ) throws(Violation) {
        guard devices[index].isUp, devices[index].request == number else { return }
        guard devices[index].write == nil else {
            return schedule(.answer(device: index, request: number, answer), after: 1)
        }
        switch answer {
        case .ack(let ack): take(ack, index, isDirect: true)
        case .other(let outcome):
            if case .problem(let problem, _) = outcome { try check(problem, index) }
            finish(outcome, index)
        }
    }

    private func check(_ problem: Problem, _ index: Int) throws(Violation) {
        guard [.logFork, .logRegressed, .chainInvalid].contains(problem.type) else { return }
        throw broken(.noFalseAlarm, "store \(index): \(problem)")
    }

    /// Has the rule judge an acknowledgement, and the disk keep what it says.
    mutating func take(_ ack: AckV1, _ index: Int, isDirect: Bool) {
        let device = devices[index]
        let rule = device.ackRule
        let verdict = rule.verdict(on: ack, holding: device.holding(at: ack.received.sequence))
        switch mutated(verdict, ack, device) {
        case .keep(let kept):
            let reading = device.reading(nowMs)
            let now = Moment(reading, boot: device.boot)
            let sequence = ack.received.sequence
            let made =
                sequence >= max(1, device.first) && sequence <= device.headSequence
                ? device.log[Int(sequence) - 1].at : nil
            let anchor = rule.anchor(from: ack, made: made, now: now)
            let isDue = isDirect && AckRule.isAnchorDue(after: device.lastAnchor, now: now)
            let serverTime = WallTime(unixMs: ack.serverMs)
            if anchor == nil {
                devices[index].floor.raise(to: serverTime)
            } else {
                devices[index].floor.anchor(serverTime, sinceBootMs: reading.sinceBootMs)
            }
            begin(.marks(kept, isDue ? anchor : nil, ack, isDirect: isDirect), index)
        case .behind(let sequence):
            counts.behind += 1
            if isDirect { finish(.behind(sequence), index) }
        case .incredible(let detail):
            if isDirect { finish(.incredible(detail), index) }
        }
    }

    private func mutated(
        _ verdict: AckRule.Verdict,
        _ ack: AckV1,
        _ device: ModelDevice
    ) -> AckRule.Verdict {
        let claimed = Watermarks(
            received: ack.received.sequence,
            posted: ack.posted,
            prunable: ack.prunable
        )
        switch (mutant, verdict) {
        case (.cursorGoesBack, .behind), (.believesAnyAck, .incredible): return .keep(claimed)
        case (.doubtsRestoredHQ, .keep) where ack.prunable < device.watermarks.prunable:
            return .incredible("it goes back")
        default: return verdict
        }
    }

    // MARK: - A store's disk

    /// Begins a write; a power cut before its sync takes it.
    mutating func begin(_ content: ModelDevice.Content, _ index: Int) {
        let write = ModelDevice.Write(
            at: Moment(devices[index].reading(nowMs), boot: devices[index].boot),
            trueMs: nowMs,
            content: content
        )
        devices[index].write = write
        devices[index].writeToken += 1
        if mutant == .beepsBeforeCommit, case .entry = content {
            devices[index].beeped.append(entry(write, nil, index).line.hash)
        }
        let token = devices[index].writeToken
        schedule(.deviceSync(device: index, token: token), after: Int64(1 + generator.below(20)))
    }

    private mutating func commit(_ index: Int, _ token: Int) throws(Violation) {
        guard devices[index].isUp, devices[index].writeToken == token,
            let write = devices[index].write
        else { return }
        devices[index].write = nil
        switch write.content {
        case .entry: append(entry(write, nil, index), index)
        case .marks(let marks, let anchor, let ack, let isDirect):
            try keep(marks, index)
            if let anchor { append(entry(write, anchor, index), index) }
            if isDirect { finish(.acknowledged(ack), index) }
        }
        let device = devices[index]
        if device.request == nil, !device.hasTimer,
            device.watermarks.received < device.headSequence,
            mutant != .givesUp || failedPushCounts[index] <= 20
        {
            setTimer(index, after: 200)
        }
    }

    private func entry(
        _ write: ModelDevice.Write,
        _ anchor: AnchorFact?,
        _ index: Int
    ) -> ModelEntry {
        let device = devices[index]
        let sequence = device.headSequence + 1
        var body: [UInt8] = [UInt8(device.number), anchor == nil ? 0 : 1]
        for shift in 0..<4 { body.append(UInt8(truncatingIfNeeded: sequence >> (8 * shift))) }
        for shift in 0..<6 { body.append(UInt8(truncatingIfNeeded: write.trueMs >> (8 * shift))) }
        let hash = device.headHash.extended(by: sequence, body)
        return ModelEntry(
            line: LogLine(sequence: sequence, body: body, hash: hash),
            at: write.at,
            trueMs: write.trueMs,
            anchor: anchor
        )
    }

    private mutating func append(_ entry: ModelEntry, _ index: Int) {
        devices[index].log.append(entry)
        counts.recorded += 1
        if let anchor = entry.asAnchor {
            counts.anchors += 1
            devices[index].lastAnchor = anchor
        }
        guard mutant != .beepsBeforeCommit || entry.anchor != nil else { return }
        devices[index].beeped.append(entry.line.hash)
    }

    private mutating func keep(_ marks: Watermarks, _ index: Int) throws(Violation) {
        let device = devices[index]
        let refusal = device.watermarks.refusal(of: marks, head: device.headSequence)
        guard marks.received <= durable[index] else {
            throw broken(
                .receivedIsDurable,
                "store \(index) holds \(marks.received) for received, HQ had \(durable[index])"
            )
        }
        if let refusal { throw broken(.watermarksRise, "store \(index): \(refusal)") }
        devices[index].watermarks = marks
    }

    private mutating func start(_ index: Int, _ isNewBoot: Bool) {
        devices[index].start(at: nowMs, isNewBoot: isNewBoot)
        if isNewBoot { begin(.entry, index) }
        setTimer(index, after: 0)
    }
}
