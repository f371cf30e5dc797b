import LedgerDB
import LoyaltyCore
import ServiceLifecycle
import SyncWire

/// Questions and what comes back.
extension DownService {
    func ask(
        _ path: String,
        query: String? = nil,
        waitS: Int64? = nil,
        byteCountMax: Int
    ) async throws -> PushReply {
        let nowMs = counter.clock.reading().wall.unixMs + plan.clockOffsetMs
        let request = DownRequestV1(
            path,
            query: query,
            from: ledger.identity.device,
            extras: waitS.map { [.init("prefer", "wait=\($0)")] } ?? [],
            authority: link.authority,
            createdS: nowMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: .min ... .max) }),
            signedBy: keys.device
        )
        do {
            return try await cancelWhenGracefulShutdown { [link] in
                try await link.ask(request, byteCountMax: byteCountMax)
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw DownFailure(.unreachable("HQ cannot be reached: \(error)"))
        }
    }

    func signed<Body>(
        _ reply: PushReply,
        _ read: ([UInt8], PublicKey) throws(DownError) -> Body
    ) throws -> Body {
        guard reply.status == 200 else { throw DownFailure(PushOutcome(refusal: reply)) }
        do throws(DownError) {
            return try read(reply.content, keys.hq)
        } catch {
            throw DownFailure(error == .notFromHQ ? .notHQ("\(error)") : .incredible("\(error)"))
        }
    }
}

/// Why nothing came down.
struct DownFailure: Error, CustomStringConvertible {
    let outcome: PushOutcome

    init(_ outcome: PushOutcome) {
        self.outcome = outcome
    }

    var description: String {
        if case .incredible(let detail) = outcome { detail } else { "\(outcome)" }
    }
}

extension PushReply {
    /// Whether HQ does not remember as far back as was asked.
    var isExpired: Bool {
        status == 410 && Problem(parsing: content)?.type == .cursorExpired
    }
}
