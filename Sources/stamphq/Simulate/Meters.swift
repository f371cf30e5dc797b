import Foundation
import LedgerDB
import Logging
import StampAgent
import SyncWire
import Synchronization

/// What is counted while stores are simulated.
final class Meters: Sendable {
    struct Counts: Sendable {
        var pushCount = 0
        /// Pushes that left out what HQ knows.
        var codedPushCount = 0
        var ackCount = 0
        var duplicateCount: Int64 = 0
        var unreachableCount = 0
        var notHQCount = 0
        var forgedCount = 0
        var forgedBelievedCount = 0
        /// Stores that could not record a sale.
        var unsoldCount = 0
        var problems: [String: Int] = [:]
        var faults: [Fault: Int] = [:]
        /// From each push to its acknowledgement, in microseconds.
        var ackTimesUs: [Int64] = []
    }

    private let state = Mutex(Counts())

    /// What was counted until now.
    var counts: Counts { state.withLock { $0 } }

    func count(_ change: (inout Counts) -> Void) {
        state.withLock { change(&$0) }
    }

    /// Counts one more of a fault.
    func count(_ fault: Fault) {
        state.withLock { $0.faults[fault, default: 0] += 1 }
    }
}

/// A store's own line to HQ, with a meter in it.
///
/// It sees what the store sees, and judges it by itself: a forged acknowledgement must leave the
/// store's watermarks where they were.
actor MeteredLink: HQLink {
    nonisolated let authority: String
    private let link: HTTPLink
    private let hqKey: PublicKey
    private let ledger: Ledger
    private let meters: Meters
    /// What HQ had received when a forged acknowledgement came.
    private var receivedBeforeForgery: Int64?

    init(_ link: HTTPLink, hqKey: PublicKey, ledger: Ledger, meters: Meters) {
        authority = link.authority
        self.link = link
        self.hqKey = hqKey
        self.ledger = ledger
        self.meters = meters
    }

    func push(_ request: PushRequestV1) async throws -> PushReply {
        await checkForgery()
        meters.count { counts in
            counts.pushCount += 1
            if request.encoding == DeltaCoding.name { counts.codedPushCount += 1 }
        }
        let started = ContinuousClock.now
        let reply: PushReply
        do {
            reply = try await link.push(request)
        } catch {
            meters.count { $0.unreachableCount += 1 }
            throw error
        }
        let time = ContinuousClock.now - started
        await note(reply, Int64(time / .microseconds(1)))
        return reply
    }

    /// Tells whether the last forged acknowledgement moved anything.
    func checkForgery() async {
        guard let before = receivedBeforeForgery else { return }
        receivedBeforeForgery = nil
        guard await ledger.watermarks().received != before else { return }
        meters.count { $0.forgedBelievedCount += 1 }
    }

    private func note(_ reply: PushReply, _ timeUs: Int64) async {
        if let problem = Problem(parsing: reply.content) {
            return meters.count { $0.problems[problem.type.rawValue, default: 0] += 1 }
        }
        do throws(AckError) {
            let ack = try AckV1(parsing: reply.content, signedBy: hqKey)
            meters.count { counts in
                counts.ackCount += 1
                counts.duplicateCount += ack.duplicateCount
                counts.ackTimesUs.append(timeUs)
            }
        } catch {
            guard error == .signatureInvalid else { return meters.count { $0.notHQCount += 1 } }
            receivedBeforeForgery = await ledger.watermarks().received
            meters.count { $0.forgedCount += 1 }
        }
    }
}
