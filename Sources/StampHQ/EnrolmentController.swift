import Hummingbird
import Logging
import LoyaltyCore
import NIOCore
import SyncWire

/// `POST /v1/devices`: where a new device asks to be let in (SYNC.md section 2.9).
///
/// May be called again by the same device with the same code: it gets the same answer.
struct EnrolmentController {
    let store: HQStore
    let key: SigningKey
    let seal: EnrolmentSeal
    let gate: PushGate
    let logger: Logger

    @Sendable
    func enrol(_ request: Request, context: some RequestContext) async throws -> Response {
        try await gate.admit {
            let wish = try await wish(of: request)
            let outcome = try await store.enrol(wish, seal: seal)
            let device = wish.identity.device.text
            switch outcome {
            case .enrolled(let statement, let hqEpoch):
                logger.notice(
                    "device enrolled",
                    metadata: ["device": "\(device)", "store": "\(statement.store)"]
                )
                return Response(.created, json: answer(statement, hqEpoch).bytes)
            case .refused(let problem):
                logger.warning(
                    "enrolment refused",
                    metadata: ["device": "\(device)", "problem": "\(problem.type.rawValue)"]
                )
                throw problem
            }
        }
    }

    private func answer(_ statement: DeviceStatementV1, _ hqEpoch: Int64) -> EnrolledV1 {
        EnrolledV1(
            statement: statement.json(signedBy: key),
            keys: [key.publicKey],
            hqEpoch: hqEpoch,
            serverMs: store.nowMs()
        )
    }

    /// Reads what a device says, once its own key has proved that it says so, now.
    private func wish(of request: Request) async throws -> EnrolmentV1 {
        guard
            request.field("content-type")?.prefix(while: { $0 != ";" })
                == EnrolmentRequestV1.mediaType[...]
        else { throw Problem(.encoding, "Send an enrolment as \(EnrolmentRequestV1.mediaType).") }
        let content = try await Self.content(of: request)
        let digest = request.field(ContentDigest.fieldName) ?? ""
        guard ContentDigest.isValid(digest, for: content), let wish = EnrolmentV1(parsing: content),
            let publicKey = PublicKey(wish.identity.publicKey)
        else {
            throw Problem(
                .badRequest,
                "Content-Digest does not describe the body, or the body is no enrolment; see"
                    + " docs/protocol.md."
            )
        }
        let signature = try Self.signature(of: request, digest: digest, publicKey)
        let nowMs = store.nowMs()
        if let problem = signature.skewProblem(nowMs: nowMs) { throw problem }
        guard gate.take(signature.nonce, of: wish.identity.device, nowMs: nowMs)
        else { throw Problem.nonceUsed }
        return wish
    }

    private static func content(of request: Request) async throws -> [UInt8] {
        do {
            let body = try await request.body.collect(upTo: EnrolmentV1.byteCountMax)
            return Array(body.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem(
                .badRequest,
                "An enrolment has at most \(EnrolmentV1.byteCountMax) bytes."
            )
        }
    }

    private static func signature(
        of request: Request,
        digest: String,
        _ key: PublicKey
    ) throws -> RequestSignature {
        let signature: RequestSignature
        do throws(RequestSignatureError) {
            signature = try RequestSignature(
                inputValue: request.field(RequestSignature.inputFieldName) ?? "",
                value: request.field(RequestSignature.fieldName) ?? ""
            )
        } catch {
            throw Problem(.signatureInvalid, "\(error); sign as docs/protocol.md says.")
        }
        let covered = EnrolmentRequestV1.covered(digest: digest)
        guard signature.isValid(for: request.signable(covering: covered), key: key) else {
            throw Problem(
                .signatureInvalid,
                "The key in the body did not sign this request as it arrived: does a proxy change"
                    + " Host or the path?"
            )
        }
        return signature
    }
}
