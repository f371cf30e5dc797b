import Hummingbird
import Logging
import LoyaltyCore
import SyncWire

/// Finds out whether a device sent a request: known, trusted, signed, in time and only once.
struct SenderCheck {
    let store: HQStore
    let gate: PushGate
    let logger: Logger

    /// The device as HQ knows it.
    ///
    /// - Throws: `Problem` if HQ does not know it or trusts it no more.
    func trusted(_ device: DeviceID) async throws -> Device {
        guard let known = try await store.device(device) else { throw Problem.unknown(device) }
        guard !known.isRefused else { throw Problem.revoked(device) }
        return known
    }

    /// Checks signature, time and nonce, in this order.
    ///
    /// - Parameters:
    ///   - request: The request as it arrived.
    ///   - device: Who is said to have sent it.
    ///   - covered: The fields that the signature must cover; nil if one of them is missing.
    /// - Throws: `Problem`.
    func authenticate(
        _ request: Request,
        _ device: Device,
        covered: [SignableRequest.Component]?
    ) async throws {
        let signature = try await signature(of: request, device, covered)
        let nowMs = store.nowMs()
        if let problem = signature.skewProblem(nowMs: nowMs) { throw problem }
        guard gate.take(signature.nonce, of: device.identity.device, nowMs: nowMs)
        else { throw Problem.nonceUsed }
        if gate.isNoteDue(device.identity.device, nowMs: nowMs) {
            try await store.noteHeard(device.identity.device)
        }
    }

    private func signature(
        of request: Request,
        _ device: Device,
        _ covered: [SignableRequest.Component]?
    ) async throws -> RequestSignature {
        let signature: RequestSignature
        do throws(RequestSignatureError) {
            signature = try RequestSignature(
                inputValue: request.field(RequestSignature.inputFieldName) ?? "",
                value: request.field(RequestSignature.fieldName) ?? ""
            )
        } catch {
            await alarm(error.description, device)
            throw Problem(.signatureInvalid, "\(error); sign as docs/protocol.md says.")
        }
        guard let key = device.publicKey(named: signature.keyID), let covered,
            signature.isValid(for: request.signable(covering: covered), key: key)
        else {
            await alarm("a request that the device's key did not sign", device)
            throw Problem(
                .signatureInvalid,
                "The device's key did not sign this request as it arrived: check the key, and"
                    + " whether a proxy changes Host or the path."
            )
        }
        return signature
    }

    /// Tells operators about a request that somebody must look at; not more often than makes sense,
    /// and never at the cost of the answer.
    func alarm(
        _ detail: String,
        _ device: Device,
        _ kind: AlarmKind = .signatureInvalid
    ) async {
        let id = device.identity.device
        guard gate.isAlarmDue(kind, id, nowMs: store.nowMs()) else { return }
        logger.warning("alarm", metadata: ["kind": "\(kind.rawValue)", "device": "\(id.text)"])
        do {
            try await store.raise(kind, detail, id)
        } catch {
            logger.error("alarm not stored", metadata: ["error": "\(error)"])
        }
    }
}
