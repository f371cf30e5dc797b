import Crypto
import Foundation
import SyncWire

/// Turns enrolment codes into what HQ keeps of them: hashes that need HQ's key, so that a copy of
/// the database lets nobody in.
struct EnrolmentSeal: Sendable {
    private let key: SymmetricKey

    /// - Parameter seed: The 32 secret bytes of HQ's key.
    init(seed: [UInt8]) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: seed),
            info: Array("stamphq/enrolment/v1".utf8),
            outputByteCount: 32
        )
    }

    /// What a code is found by.
    func name(of code: EnrolmentCode) -> Data { seal("name/" + code.name) }

    /// What a code is known by.
    func proof(of code: EnrolmentCode) -> Data { seal("code/" + code.text) }

    /// Whether a proof was made from a code; the time it takes tells nothing.
    func isProof(_ proof: Data, of code: EnrolmentCode) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            proof,
            authenticating: Array(("code/" + code.text).utf8),
            using: key
        )
    }

    private func seal(_ text: String) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }
}
