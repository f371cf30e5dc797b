import LedgerDB
import LoyaltyCore
import SyncWire

/// What came of one push.
enum PushOutcome: Equatable, Sendable {
    /// HQ acknowledged, its signature is right, and the ledger took the watermarks.
    case acknowledged(AckV1)
    /// A relay keeps the log through an entry for HQ; `head` is the end of our log, or beyond every
    /// entry if a later epoch waits.
    case kept(through: Int64, head: Int64)
    /// What HQ sends down was taken, all of it; this is HQ's clock.
    case current(serverMs: Int64)
    /// HQ answered with a problem; `retryAfterS` is what it asked to wait.
    case problem(Problem, retryAfterS: Int64?)
    /// HQ holds less than it acknowledged before, as after a restore: through this entry.
    case behind(Int64)
    /// Something answered that is not HQ, such as a captive portal.
    case notHQ(String)
    /// HQ claims what cannot be: an acknowledgement beyond the log, or of another log.
    case incredible(String)
    /// Nobody answered.
    case unreachable(String)
}

/// Decides when the next push is made, and of what.
///
/// Pure: outcomes and randomness go in, the next step comes out. There is one row for each row of
/// the protocol's error table, and no row gives up.
struct PushPlan: Equatable, Sendable {
    /// What the sync service does next.
    enum Step: Equatable, Sendable {
        /// Push again, at once if anything is waiting.
        case proceed
        /// Push again after a pause.
        case wait(Duration)
        /// Push again when an entry comes, or after a pause.
        case listen(Duration)
        /// End the agent, so that its next start begins a new epoch.
        case begin(SalvageRequest)
    }

    /// What was sent, and what a new epoch would hang from.
    struct Sent: Equatable, Sendable {
        /// The epoch of the batch.
        var epoch: Int64 = 1
        /// The epoch of the log that grows.
        var lastEpoch: Int64 = 1
        /// The last entry that HQ acknowledged, in the oldest log that it lacks entries of.
        var acknowledged = SalvageRequest.Place(epoch: 1, sequence: 0)
        /// Whether HQ's word may begin a new epoch: not twice without its signature in between.
        var mayBegin = true
    }

    /// Times in a row that HQ may ask for the same entry before the push slows down.
    ///
    /// Source: SYNC.md section 2.2.
    static let gapRepeatCountMax = 5
    /// The pause after something that an operator has to mend.
    ///
    /// Source: SYNC.md section 2.2, the slow lane: its longest back-off.
    static let slowPause: Duration = Backoff.pauseMax

    /// How often a relay that keeps everything is asked whether HQ acknowledged.
    ///
    /// Source: our own bound, as long as the longest back-off; HQ's fetch is in no hurry.
    static let keptPause: Duration = Backoff.pauseMax

    /// Most entries in the next batch.
    private(set) var entryCountMax = BatchV1.entryCountMax
    /// Where the next batch begins, if HQ asked for another place than the ledger's watermark.
    private(set) var resumeAfter: Int64?
    /// In which epoch the next batch begins; nil for the oldest that HQ lacks entries of.
    private(set) var resumeEpoch: Int64?
    /// What was sent last; set before each push.
    var sent = Sent()
    /// What HQ's clock is ahead of ours.
    private(set) var clockOffsetMs: Int64 = 0
    /// Why the last push failed, in words for the operator; nil after a success.
    private(set) var problem: String?
    /// Whether an operator has to look.
    private(set) var isAlarming = false

    private var backoff = Backoff()
    private var gapRepeatCount = 0
    private var isSkewCorrected = false
    /// The entry to which the push went back because HQ did not know the key that it brought.
    private var retreatedTo: Int64?

    init() {}

    /// Takes what came of a push.
    ///
    /// - Parameters:
    ///   - outcome: What came of it.
    ///   - nowMs: The wall clock, in POSIX milliseconds.
    ///   - jitter: A random number from 0 to 1.
    /// - Returns: What to do next.
    mutating func take(_ outcome: PushOutcome, nowMs: Int64, jitter: Double) -> Step {
        switch outcome {
        case .acknowledged(let ack):
            succeed(serverMs: ack.serverMs, nowMs: nowMs)
            let pauseMs = min(max(ack.credit.afterMs, 0), 300_000)
            return pauseMs == 0 ? .proceed : .wait(.milliseconds(pauseMs))
        case .kept(let sequence, let head): return rest(through: sequence, head: head)
        case .current(let serverMs):
            succeed(serverMs: serverMs, nowMs: nowMs)
            return .proceed
        case .problem(let problem, let retryAfterS):
            return take(problem, retryAfterS: retryAfterS, nowMs: nowMs, jitter: jitter)
        case .behind(let received):
            return resume(after: received, "HQ went back to entry \(received)")
        case .notHQ(let detail):
            return fail("something other than HQ answered (\(detail))", jitter: jitter)
        case .unreachable(let detail): return fail(detail, jitter: jitter)
        case .incredible(let detail):
            return alarm("HQ's answer cannot be true (\(detail)); everything is kept: call HQ")
        }
    }

    /// Goes back to the entry that brought a key, which the key before it signs.
    ///
    /// HQ may have been restored to a time when it knew no other. Each such entry is tried once,
    /// the last one first.
    ///
    /// - Parameter keyEntries: The entries before the refused batch that brought keys, in order.
    /// - Returns: False if there is none left; the refusal is then like any other.
    mutating func retreat(before keyEntries: [Int64]) -> Bool {
        guard let entry = keyEntries.last(where: { $0 < retreatedTo ?? .max }) else {
            retreatedTo = nil
            resumeAfter = nil
            return false
        }
        retreatedTo = entry
        resumeAfter = entry - 1
        return true
    }

    /// Notes that HQ took a batch: it knows every key that an entry before it brought.
    mutating func confirm(keysBefore first: Int64) {
        if let entry = retreatedTo, entry < first { retreatedTo = nil }
    }

    private mutating func succeed(serverMs: Int64, nowMs: Int64) {
        forgetFailures()
        resumeAfter = nil
        resumeEpoch = nil
        clockOffsetMs = serverMs - nowMs
    }

    /// A relay has it: go on with what it lacks, and then wait for HQ without alarm.
    private mutating func rest(through sequence: Int64, head: Int64) -> Step {
        forgetFailures()
        resumeAfter = sequence
        resumeEpoch = sent.epoch
        return sequence < head ? .proceed : .listen(Self.keptPause)
    }

    private mutating func forgetFailures() {
        backoff.succeed()
        problem = nil
        isAlarming = false
        gapRepeatCount = 0
        isSkewCorrected = false
        entryCountMax = BatchV1.entryCountMax
    }

    private mutating func take(
        _ refused: Problem,
        retryAfterS: Int64?,
        nowMs: Int64,
        jitter: Double
    ) -> Step {
        switch refused.type {
        case .logGap: return resume(refused, jitter: jitter)
        case .clockSkew: return correctClock(refused, nowMs: nowMs, jitter: jitter)
        case .batchTooLarge where entryCountMax > 1:
            entryCountMax = max(1, entryCountMax / 2)
            return .proceed
        case .conditionMissing, .tooManyRequests, .hqUnavailable:
            let asked = Duration.seconds(min(max(retryAfterS ?? 0, 0), 3_600))
            if case .wait(let pause) = fail("\(refused)", jitter: jitter) {
                return .wait(asked + pause)
            }
            return .wait(asked)
        case .hqFailed: return fail("\(refused)", jitter: jitter)
        case .badRequest, .signatureInvalid, .tokenInvalid, .deviceRevoked, .deviceSuspended,
            .deviceUnknown, .enrolmentInvalid, .enrolmentUsed, .enrolmentExpired,
            .enrolmentExhausted, .notFound, .methodNotAllowed, .epochChanged, .cursorAhead,
            .cursorExpired, .logPruned, .batchTooLarge, .encoding, .chainInvalid, .hqStorageFull:
            return alarm("\(refused)")
        case .logFork, .logRegressed, .epochOld: return beginOrPass(refused)
        }
    }

    /// HQ holds another history or a longer one: begin a new epoch, or pass over an ended log that
    /// HQ needs no more.
    private mutating func beginOrPass(_ refused: Problem) -> Step {
        if refused.type != .logFork, sent.epoch < sent.lastEpoch {
            (resumeEpoch, resumeAfter) = (sent.epoch, .max)
            return .proceed
        }
        guard let request = request(after: refused) else { return alarm("\(refused)") }
        guard sent.mayBegin else {
            return alarm("\(refused) A new epoch was begun for HQ, and HQ has not signed for it.")
        }
        problem = "\(refused)"
        return .begin(request)
    }

    /// How a new epoch is to begin; nil if HQ's word gives no ground for one.
    private func request(after refused: Problem) -> SalvageRequest? {
        switch refused.type {
        case .logFork:
            guard let sequence = refused["seq"]?.integerValue, sequence >= 1 else { return nil }
            let epoch = refused["epoch"]?.integerValue ?? sent.epoch
            return SalvageRequest(
                epoch: sent.lastEpoch,
                reason: .forked,
                common: .init(epoch: epoch, sequence: sequence - 1)
            )
        case .logRegressed:
            guard let received = refused["received"]?.integerValue else { return nil }
            return SalvageRequest(epoch: sent.lastEpoch, reason: .regressed, known: received)
        default:
            // An operator has authorised a later epoch, in which nobody has written yet.
            guard let epoch = refused["epoch"]?.integerValue, epoch > sent.lastEpoch,
                refused["received"]?.integerValue == 0
            else { return nil }
            return SalvageRequest(
                epoch: sent.lastEpoch,
                reason: .authorised,
                common: sent.acknowledged,
                nextEpoch: epoch
            )
        }
    }

    /// HQ misses entries: begin where it says.
    private mutating func resume(_ gap: Problem, jitter: Double) -> Step {
        guard let expected = gap["expected"]?.integerValue, expected >= 1
        else { return fail("\(gap)", jitter: jitter) }
        return resume(after: expected - 1, in: gap["epoch"]?.integerValue, "\(gap)")
    }

    /// Begins the next batch after an entry; an HQ that asks for the same one again and again is
    /// an alarm.
    private mutating func resume(
        after sequence: Int64,
        in epoch: Int64? = nil,
        _ reason: String
    ) -> Step {
        resumeEpoch = epoch ?? sent.epoch
        gapRepeatCount = resumeAfter == sequence ? gapRepeatCount + 1 : 1
        resumeAfter = sequence
        guard gapRepeatCount < Self.gapRepeatCountMax else { return alarm(reason) }
        problem = reason
        return .proceed
    }

    /// Our clock is off: sign with HQ's time, at once the first time; a refusal after that is a
    /// failure like any other, but the clock may have been set since, so HQ's time still counts.
    private mutating func correctClock(_ skew: Problem, nowMs: Int64, jitter: Double) -> Step {
        guard let serverMs = skew["serverMs"]?.integerValue
        else { return fail("\(skew)", jitter: jitter) }
        clockOffsetMs = serverMs - nowMs
        guard !isSkewCorrected else { return fail("\(skew)", jitter: jitter) }
        isSkewCorrected = true
        return .proceed
    }

    private mutating func fail(_ detail: String, jitter: Double) -> Step {
        problem = detail
        return .wait(backoff.fail(jitter: jitter))
    }

    private mutating func alarm(_ detail: String) -> Step {
        problem = detail
        isAlarming = true
        return .wait(Self.slowPause)
    }
}
