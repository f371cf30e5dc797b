import LoyaltyCore

/// Lets requests in that the owner of one key signed, each once.
///
/// Pure: the time comes in, and what it remembers is a value.
public struct RequestGuard: Sendable {
    private let key: PublicKey
    private var nonces = NonceMemory(countMax: Self.nonceCountMax)

    /// Most nonces remembered at once.
    ///
    /// Source: our own bound: ten requests a second for ten minutes, some 600 kB.
    public static let nonceCountMax = 6_000

    /// Creates a guard for the owner of a key.
    public init(key: PublicKey) {
        self.key = key
    }

    /// Checks a request: signature, time and nonce, in this order.
    ///
    /// - Parameters:
    ///   - request: The parts as they arrived.
    ///   - inputValue: The value of `Signature-Input`, or nil.
    ///   - value: The value of `Signature`, or nil.
    ///   - nowMs: The receiver's clock, in POSIX milliseconds.
    /// - Throws: `Problem`, always with status 401.
    public mutating func check(
        _ request: SignableRequest,
        inputValue: String?,
        value: String?,
        nowMs: Int64
    ) throws(Problem) {
        let signature: RequestSignature
        do throws(RequestSignatureError) {
            signature = try RequestSignature(inputValue: inputValue ?? "", value: value ?? "")
        } catch {
            throw Problem(.signatureInvalid, "\(error); sign as docs/protocol.md says.")
        }
        guard signature.isValid(for: request, key: key) else {
            throw Problem(
                .signatureInvalid,
                "HQ's key did not sign this request as it arrived: check the key that is configured"
                    + " here, and whether a proxy changes Host or the path."
            )
        }
        if let problem = signature.skewProblem(nowMs: nowMs) { throw problem }
        guard nonces.take(signature.nonce, nowMs: nowMs) else { throw .nonceUsed }
    }
}

/// Nonces that were used lately.
public struct NonceMemory: Sendable {
    private let countMax: Int
    private var nonces: Set<String> = []
    private var ageing: [(nonce: String, at: Int64)] = []
    private var forgottenCount = 0

    /// Creates a memory; beyond `countMax` the oldest are forgotten first.
    public init(countMax: Int) {
        self.countMax = countMax
    }

    /// Takes a nonce, or says that it was used within its life.
    ///
    /// - Parameters:
    ///   - nonce: The nonce, with its sender's name if there are several.
    ///   - nowMs: The receiver's clock, in POSIX milliseconds.
    /// - Returns: False if it was used.
    public mutating func take(_ nonce: String, nowMs: Int64) -> Bool {
        let oldest = nowMs - RequestSignature.nonceLifeS * 1_000
        while forgottenCount < ageing.count,
            ageing[forgottenCount].at < oldest || nonces.count >= countMax
        {
            nonces.remove(ageing[forgottenCount].nonce)
            forgottenCount += 1
        }
        if forgottenCount > ageing.count / 2 {
            ageing.removeFirst(forgottenCount)
            forgottenCount = 0
        }
        guard nonces.insert(nonce).inserted else { return false }
        ageing.append((nonce, nowMs))
        return true
    }
}

extension RequestSignature {
    /// What to answer to a signature that was made too long ago or in the future.
    ///
    /// - Parameter nowMs: The receiver's clock, in POSIX milliseconds; the answer tells it.
    /// - Returns: The problem, or nil if the time is right.
    public func skewProblem(nowMs: Int64) -> Problem? {
        let skewS = nowMs / 1_000 - createdS
        guard abs(skewS) > Self.skewSMax else { return nil }
        return Problem(
            .clockSkew,
            "The request was signed \(skewS) seconds ago by the clock here; sign by serverMs.",
            extras: [.init("serverMs", .integer(nowMs))]
        )
    }
}

extension Problem {
    /// The request came twice.
    public static var nonceUsed: Self {
        Self(.signatureInvalid, "The nonce was used before; sign the request anew.")
    }
}
