import LoyaltyCore
import SyncWire

@testable import StampAgent
@testable import StampHQ

// The network, and what HQ makes of what arrives.
extension FleetModel {
    /// How long a store waits for an answer: `HTTPLink.pushTimeout`.
    static let patienceMs: Int64 = 60_000

    /// Sends a request over the line, which may do anything with it.
    mutating func send(_ request: ModelRequest) {
        answer(request, .other(.unreachable("no answer")), after: Self.patienceMs)
        guard !isPeace else { return schedule(.arrival(request), after: 5) }
        if oldRequests.count < 8 {
            oldRequests.append(request)
        } else {
            oldRequests[generator.below(8)] = request
        }
        switch generator.below(100) {
        case 0..<8: counts.dropped += 1
        case 8..<12:
            counts.cut += 1
            answer(request, .other(.unreachable("the line was cut")), after: delayMs())
        case 12..<15:
            counts.reset += 1
            answer(request, .other(.unreachable("connection reset")), after: 1)
        case 15..<19:
            counts.portals += 1
            answer(request, .other(.notHQ("HTTP status 302")), after: delayMs())
        case 19..<21:
            counts.busy += 1
            let problem = Problem(.hqUnavailable, "busy")
            answer(request, .other(.problem(problem, retryAfterS: 2)), after: delayMs())
        case 21..<23:
            answer(request, .other(.problem(.tooLarge("halve it"), retryAfterS: nil)), after: 1)
        case 23..<26: lie(to: request)
        default: schedule(.arrival(request), after: delayMs())
        }
        if generator.chance(80) {
            counts.duplicated += 1
            var copy = request
            copy.isCopy = true
            schedule(.arrival(copy), after: delayMs())
        }
    }

    /// Mostly a moment, at times so long that later ones overtake it.
    private mutating func delayMs() -> Int64 {
        generator.chance(60)
            ? Int64(generator.below(400_000)) : Int64(1 + generator.below(1_500))
    }

    private mutating func answer(_ request: ModelRequest, _ answer: Answer, after delayMs: Int64) {
        schedule(
            .answer(device: request.device, request: request.number, answer),
            after: delayMs
        )
    }

    /// Something answers that is not HQ, or an HQ that claims what cannot be.
    private mutating func lie(to request: ModelRequest) {
        guard generator.chance(700) else {
            counts.forged += 1
            let forged = "\(AckError.signatureInvalid)"
            return answer(request, .other(.incredible(forged)), after: 3)
        }
        counts.lies += 1
        let device = devices[request.device]
        let isAhead = generator.chance(500)
        let place = LogPosition(
            sequence: device.headSequence + (isAhead ? 3 : 0),
            hash: isAhead ? device.headHash : device.genesis
        )
        answer(request, .ack(ack(of: request.device, at: place)), after: 3)
    }

    // MARK: - HQ

    func ack(of index: Int, at place: LogPosition, duplicateCount: Int = 0) -> AckV1 {
        AckV1(
            device: devices[index].identity.device,
            epoch: 1,
            received: place,
            posted: place.sequence,
            prunable: min(hq.logs[index].prunable, place.sequence),
            serverMs: nowMs,
            hqEpoch: 1,
            credit: .whole,
            duplicateCount: Int64(duplicateCount),
            quarantined: [],
            hasChanges: false
        )
    }

    /// A request has come to where HQ should be.
    mutating func arrive(_ request: ModelRequest) throws(Violation) {
        guard hq.isUp else {
            return reply(to: request, .other(.unreachable("connection refused")))
        }
        if !request.isCarried {
            let skewS = nowMs / 1_000 - request.createdS
            guard abs(skewS) <= RequestSignature.skewSMax else {
                counts.skews += 1
                let problem = Problem(
                    .clockSkew,
                    "",
                    extras: [.init("serverMs", .integer(nowMs))]
                )
                return reply(to: request, .other(.problem(problem, retryAfterS: nil)))
            }
            guard hq.nonces.take("\(request.number)", nowMs: nowMs) else {
                counts.absorbed += 1
                return reply(to: request, .other(.problem(.nonceUsed, retryAfterS: nil)))
            }
        }
        // The database takes one transaction after the other.
        guard hq.write == nil else {
            var again = request
            again.isCarried = true  // its nonce was taken just now
            again.isLive = request.isLive
            return schedule(.arrival(again), after: 2)
        }
        try judge(request)
    }

    private mutating func judge(_ request: ModelRequest) throws(Violation) {
        let index = request.device
        let log = hq.logs[index]
        let genesis = devices[index].genesis
        let rule = IntakeRule(
            head: log.head(genesis),
            genesis: genesis,
            delivery: request.isLive ? .live : .carried
        )
        let claim = IntakeRule.Claim(
            start: request.start,
            ends: request.lines.map(\.position),
            deviceHead: request.deviceHead,
            keyIndices: []
        )
        let verdict = rule.verdict(on: claim) { log.lines[Int($0) - 1].hash }
        switch (verdict, mutant) {
        case (.take, .noDedup): begin(request, heldCount: 0)
        case (.take(let heldCount), _): begin(request, heldCount: heldCount)
        case (.refuse(.gap), .acceptsGap): begin(request, heldCount: 0)
        case (.refuse(let refusal), _): try refuse(request, refusal, rule.head)
        }
    }

    private mutating func refuse(
        _ request: ModelRequest,
        _ refusal: IntakeRule.Refusal,
        _ head: LogPosition
    ) throws(Violation) {
        let problem: Problem
        switch refusal {
        case .gap:
            counts.gaps += 1
            problem = .gap(head)
        // One that was overtaken on its way says what was true when it was sent.
        case .regressed: problem = .regressed(head)
        case .fork(let place):
            throw broken(.noFalseAlarm, "store \(request.device) called a fork at \(place)")
        case .anotherStart, .misplacedKey:
            throw broken(.noFalseAlarm, "store \(request.device): \(refusal)")
        }
        reply(to: request, .other(.problem(problem, retryAfterS: nil)))
    }

    private mutating func begin(_ request: ModelRequest, heldCount: Int) {
        hq.write = ModelHQ.Write(request: request, heldCount: heldCount)
        hq.writeToken += 1
        let index = request.device
        if mutant == .booksApart {
            for line in request.lines.dropFirst(heldCount) { hq.logs[index].book(line.sequence) }
        }
        if mutant == .acksBeforeCommit, let last = request.lines.last {
            reply(to: request, .ack(ack(of: index, at: last.position)))
        }
        schedule(.hqSync(token: hq.writeToken), after: Int64(1 + generator.below(20)))
    }

    /// HQ's disk has the batch: it may be acknowledged.
    mutating func commitAtHQ(_ token: Int) throws(Violation) {
        guard hq.isUp, hq.writeToken == token, let write = hq.write else { return }
        hq.write = nil
        let index = write.request.device
        counts.absorbed += write.heldCount
        var previous = hq.logs[index].head(devices[index].genesis).hash
        for line in write.request.lines.dropFirst(write.heldCount) {
            // As `BatchV1.verify` does before the transaction.
            previous = previous.extended(by: line.sequence, line.body)
            try store(line, chained: previous, index)
        }
        let head = hq.logs[index].head(devices[index].genesis)
        durable[index] = max(durable[index], head.sequence)
        guard mutant != .acksBeforeCommit else { return }
        reply(
            to: write.request,
            .ack(ack(of: index, at: head, duplicateCount: write.heldCount))
        )
    }

    private mutating func store(
        _ line: LogLine,
        chained hash: ChainHash,
        _ index: Int
    ) throws(Violation) {
        let sequence = line.sequence
        if mutant != .booksApart { hq.logs[index].book(sequence) }
        let bookedCount = hq.logs[index].bookedCounts[Int(sequence) - 1]
        guard bookedCount == 1
        else { throw broken(.bookedOnce, "entry \(sequence) booked \(bookedCount) times") }
        guard sequence == Int64(hq.logs[index].lines.count) + 1 else {
            throw broken(
                .contiguous,
                "entry \(sequence) after \(hq.logs[index].lines.count)"
            )
        }
        guard hash == line.hash, Int(sequence) <= devices[index].beeped.count,
            devices[index].beeped[Int(sequence) - 1] == hash
        else { throw broken(.sameBytes, "entry \(sequence) is not the one that was beeped") }
        hq.logs[index].lines.append(line)
        hq.logs[index].receivedAtMs.append(nowMs)
    }

    /// Sends an answer back over the same line.
    private mutating func reply(to request: ModelRequest, _ answer: Answer) {
        if case .ack(let ack) = answer {
            if oldAcks.count < 8 {
                oldAcks.append((request.device, ack))
            } else {
                oldAcks[generator.below(8)] = (request.device, ack)
            }
        }
        guard !request.isCopy else { return }
        guard !isPeace else { return self.answer(request, answer, after: 5) }
        switch generator.below(100) {
        case 0..<6: counts.dropped += 1
        case 6..<10:
            counts.cut += 1
            self.answer(request, .other(.notHQ("\(AckError.notAnAck)")), after: delayMs())
        default: self.answer(request, answer, after: delayMs())
        }
    }
}
