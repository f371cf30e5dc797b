import LedgerDB
import LoyaltyCore
import ServiceLifecycle
import SyncWire

/// Questions and what comes back.
extension DownService {
    /// Asks with the key by which HQ knows the device; one that was restored may know only the key
    /// before it.
    func ask(
        _ path: String,
        query: String? = nil,
        waitS: Int64? = nil,
        byteCountMax: Int
    ) async throws -> PushReply {
        let key: SigningKey
        do {
            key = try await keys.device.requester(of: ledger)
        } catch {
            throw DownFailure(.unreachable("\(error)"))
        }
        let reply = try await ask(path, query, waitS, byteCountMax, signedBy: key)
        guard reply.status == 401, Problem(parsing: reply.content)?.type == .signatureInvalid,
            let former = await keys.device.former(of: ledger)
        else { return reply }
        return try await ask(path, query, waitS, byteCountMax, signedBy: former)
    }

    private func ask(
        _ path: String,
        _ query: String?,
        _ waitS: Int64?,
        _ byteCountMax: Int,
        signedBy key: SigningKey
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
            signedBy: key
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
