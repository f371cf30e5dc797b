import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

@testable import StampAgent

/// What the agent does after each thing that a push can come to: one row for each row of the
/// protocol's error table.
struct PushPlanTests {
    @Test func `an acknowledgement goes on at once and forgets past failures`() throws {
        var plan = PushPlan()
        for _ in 0..<5 { _ = take(&plan, .unreachable("down")) }

        #expect(take(&plan, .acknowledged(makeAck())) == .proceed)
        #expect(plan.problem == nil)
        #expect(take(&plan, .unreachable("down")) == .wait(.seconds(1)))
    }

    @Test func `a relay gets what it lacks at once, and then time`() {
        var plan = PushPlan()
        _ = take(&plan, .unreachable("down"))

        #expect(take(&plan, .kept(through: 500, head: 700)) == .proceed)
        #expect(plan.resumeAfter == 500)
        #expect(take(&plan, .kept(through: 700, head: 700)) == .listen(PushPlan.keptPause))
        #expect(plan.problem == nil)
        #expect(take(&plan, .unreachable("down")) == .wait(.seconds(1)))
    }

    @Test func `HQ may ask for a pause`() {
        var plan = PushPlan()

        #expect(take(&plan, .acknowledged(makeAck(afterMs: 1_500))) == .wait(.milliseconds(1_500)))
        #expect(
            take(&plan, .acknowledged(makeAck(afterMs: .max))) == .wait(.milliseconds(300_000))
        )
    }

    @Test func `a line that is down is tried for ever, at most five minutes apart`() {
        var plan = PushPlan()
        let pauses: [PushPlan.Step] = (0..<2_000).map { _ in take(&plan, .unreachable("down")) }

        let expected: [PushPlan.Step] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300].map {
            .wait(.seconds($0))
        }
        #expect(Array(pauses[..<10]) == expected)
        #expect(pauses[9...].allSatisfy { $0 == .wait(.seconds(300)) })
        #expect(!plan.isAlarming)
    }

    @Test(arguments: [(0.0, Duration.zero), (0.5, .milliseconds(500)), (1.0, .seconds(1))])
    func `the pause is a random share of what the schedule allows`(
        jitter: Double,
        pause: Duration
    ) {
        var plan = PushPlan()

        #expect(plan.take(.unreachable("down"), nowMs: 0, jitter: jitter) == .wait(pause))
    }

    @Test(arguments: [
        ProblemType.badRequest, .signatureInvalid, .deviceRevoked, .deviceSuspended,
        .deviceUnknown, .logFork, .logRegressed, .epochOld, .epochChanged, .cursorAhead,
        .cursorExpired, .logPruned, .encoding, .chainInvalid, .hqStorageFull,
    ])
    func `what an operator has to mend is tried slowly and says so`(type: ProblemType) {
        var plan = PushPlan()

        #expect(take(&plan, .problem(Problem(type, "words"), retryAfterS: nil)) == .wait(slow))
        #expect(plan.isAlarming)
        #expect(plan.problem?.contains(type.rawValue) == true)
        #expect(take(&plan, .acknowledged(makeAck())) == .proceed)
        #expect(!plan.isAlarming)
    }

    @Test func `another history at HQ begins a new epoch behind what is common`() {
        var plan = PushPlan()
        plan.sent.lastEpoch = 3
        plan.sent.epoch = 3
        let fork = Problem(.logFork, "", extras: [.init("seq", 8), .init("epoch", 2)])

        #expect(
            take(&plan, .problem(fork, retryAfterS: nil))
                == .begin(
                    SalvageRequest(
                        epoch: 3,
                        reason: .forked,
                        common: .init(epoch: 2, sequence: 7)
                    )
                )
        )
        plan.sent.mayBegin = false
        #expect(take(&plan, .problem(fork, retryAfterS: nil)) == .wait(slow))
        #expect(plan.isAlarming)
    }

    @Test func `a longer history at HQ begins a new epoch, and passes over one that is over`() {
        var plan = PushPlan()
        let regressed = Problem(.logRegressed, "", extras: [.init("received", 90)])
        #expect(
            take(&plan, .problem(regressed, retryAfterS: nil))
                == .begin(SalvageRequest(epoch: 1, reason: .regressed, known: 90))
        )
        plan.sent.lastEpoch = 2
        for type in [ProblemType.logRegressed, .epochOld] {
            #expect(take(&plan, .problem(Problem(type, ""), retryAfterS: nil)) == .proceed)
            #expect(plan.resumeEpoch == 1 && plan.resumeAfter == .max)
        }
    }

    @Test func `an epoch that an operator authorised is begun, one that another writes is not`() {
        var plan = PushPlan()
        plan.sent.acknowledged = .init(epoch: 1, sequence: 4)
        func old(_ received: Int64) -> PushOutcome {
            let extras: [CanonicalJSON.Member] = [
                .init("epoch", 5), .init("received", .integer(received)),
            ]
            return .problem(Problem(.epochOld, "", extras: extras), retryAfterS: nil)
        }
        #expect(
            take(&plan, old(0))
                == .begin(
                    SalvageRequest(
                        epoch: 1,
                        reason: .authorised,
                        common: .init(epoch: 1, sequence: 4),
                        nextEpoch: 5
                    )
                )
        )
        #expect(take(&plan, old(1)) == .wait(slow))
        #expect(plan.isAlarming)
    }

    @Test func `a gap in an earlier epoch begins again there`() {
        var plan = PushPlan()
        plan.sent.lastEpoch = 2
        plan.sent.epoch = 2
        let gap = Problem(.logGap, "", extras: [.init("expected", 7), .init("epoch", 1)])
        #expect(take(&plan, .problem(gap, retryAfterS: nil)) == .proceed)
        #expect(plan.resumeAfter == 6 && plan.resumeEpoch == 1)
        #expect(take(&plan, .acknowledged(makeAck())) == .proceed)
        #expect(plan.resumeEpoch == nil)
    }

    @Test func `a gap begins again where HQ says`() {
        var plan = PushPlan()

        #expect(take(&plan, makeGap(expected: 7)) == .proceed)
        #expect(plan.resumeAfter == 6)
        #expect(take(&plan, .acknowledged(makeAck())) == .proceed)
        #expect(plan.resumeAfter == nil)
    }

    @Test func `the same gap five times is an alarm and slow`() {
        var plan = PushPlan()
        let steps: [PushPlan.Step] = (0..<6).map { _ in take(&plan, makeGap(expected: 7)) }

        #expect(steps[..<4].allSatisfy { $0 == .proceed })
        #expect(steps[4...].allSatisfy { $0 == .wait(slow) })
        #expect(plan.isAlarming)
    }

    @Test func `an HQ that went back gets everything again from there`() {
        var plan = PushPlan()

        #expect(take(&plan, .behind(1_000)) == .proceed)
        #expect(plan.resumeAfter == 1_000)
        #expect(take(&plan, .behind(1_500)) == .proceed)
        #expect(plan.resumeAfter == 1_500)
        #expect(plan.problem == "HQ went back to entry 1500")
        let steps: [PushPlan.Step] = (0..<4).map { _ in take(&plan, .behind(1_500)) }
        #expect(steps == [.proceed, .proceed, .proceed, .wait(slow)])
    }

    @Test func `a gap that names no entry waits like any failure`() {
        var plan = PushPlan()

        #expect(
            take(&plan, .problem(Problem(.logGap, "?"), retryAfterS: nil)) == .wait(.seconds(1))
        )
    }

    @Test func `a batch too large is halved down to one entry`() {
        var plan = PushPlan()
        var counts: [Int] = []
        for _ in 0..<9 {
            counts.append(plan.entryCountMax)
            _ = take(&plan, .problem(Problem(.batchTooLarge, "max"), retryAfterS: nil))
        }

        #expect(counts == [500, 250, 125, 62, 31, 15, 7, 3, 1])
        #expect(plan.isAlarming)
    }

    @Test func `a wrong clock signs with HQ's time, once`() {
        var plan = PushPlan()
        let skew = Problem(.clockSkew, "late", extras: [.init("serverMs", 5_000_000)])

        #expect(plan.take(.problem(skew, retryAfterS: nil), nowMs: 1_000, jitter: 1) == .proceed)
        #expect(plan.clockOffsetMs == 4_999_000)
        #expect(
            plan.take(.problem(skew, retryAfterS: nil), nowMs: 1_000, jitter: 1)
                == .wait(.seconds(1))
        )
    }

    /// Found by `FleetTests`: a store whose clock was set while HQ was away stayed away for ever.
    @Test func `a clock that is set after HQ's time was taken does not lock the store out`() {
        var plan = PushPlan()
        let skew = Problem(.clockSkew, "late", extras: [.init("serverMs", 5_000_000)])

        _ = plan.take(.problem(skew, retryAfterS: nil), nowMs: 1_000, jitter: 1)
        _ = plan.take(.unreachable("the line is down"), nowMs: 1_000, jitter: 1)
        let step = plan.take(.problem(skew, retryAfterS: nil), nowMs: 4_900_000, jitter: 1)

        #expect(step == .wait(.seconds(2)))
        #expect(plan.clockOffsetMs == 100_000)
    }

    @Test(arguments: [ProblemType.conditionMissing, .tooManyRequests, .hqUnavailable])
    func `HQ's wish to wait is obeyed, with jitter on top`(type: ProblemType) {
        var plan = PushPlan()

        #expect(
            take(&plan, .problem(Problem(type, "busy"), retryAfterS: 30)) == .wait(.seconds(31))
        )
        #expect(
            take(&plan, .problem(Problem(type, "busy"), retryAfterS: .max))
                == .wait(.seconds(3_602))
        )
    }

    @Test func `a captive portal is a failure that says what answered`() {
        var plan = PushPlan()

        #expect(take(&plan, .notHQ("HTTP status 302, text/html")) == .wait(.seconds(1)))
        #expect(plan.problem?.contains("something other than HQ") == true)
        #expect(!plan.isAlarming)
    }

    @Test func `an HQ that lies is an alarm, and everything is kept`() {
        var plan = PushPlan()

        #expect(take(&plan, .incredible("beyond the log")) == .wait(slow))
        #expect(plan.isAlarming)
    }

    private let slow = Duration.seconds(300)

    private func take(_ plan: inout PushPlan, _ outcome: PushOutcome) -> PushPlan.Step {
        plan.take(outcome, nowMs: 0, jitter: 1)
    }

    private func makeGap(expected: Int64) -> PushOutcome {
        .problem(
            Problem(.logGap, "missing", extras: [.init("expected", .integer(expected))]),
            retryAfterS: nil
        )
    }

    private func makeAck(afterMs: Int64 = 0) -> AckV1 {
        guard let device = DeviceID("01890a5d-ac96-774b-bcce-b302099a8057"),
            let hash = ChainHash([UInt8](repeating: 7, count: 32))
        else { preconditionFailure("the constants are well formed") }
        return AckV1(
            device: device,
            epoch: 1,
            received: LogPosition(sequence: 9, hash: hash),
            posted: 9,
            prunable: 0,
            serverMs: 0,
            hqEpoch: 1,
            credit: .init(entryCount: 500, byteCount: 262_144, afterMs: afterMs),
            duplicateCount: 0,
            quarantined: [],
            hasChanges: false
        )
    }
}
