/// A request's signature as its two header fields carry it (RFC 9421), Ed25519 only.
///
/// Strict on purpose: one signature, one label, the parts we name in the order we name them, and
/// all four parameters. Anything else is refused, so that there is nothing to confuse.
public struct RequestSignature: Hashable, Sendable {
    /// When it was made, in POSIX seconds.
    public let createdS: Int64
    /// A text that the signer uses once.
    public let nonce: String
    /// Which key made it.
    public let keyID: KeyID
    /// The covered parts and the parameters exactly as they were signed.
    private let parameters: String
    private let signature: [UInt8]

    /// The field that says what is signed.
    public static let inputFieldName = "signature-input"
    /// The field that holds the signature.
    public static let fieldName = "signature"
    /// Most characters of a nonce.
    ///
    /// Source: our own bound; 16 random bytes are 32 hexadecimal digits.
    public static let nonceCharacterCountMax = 64
    /// Most characters of either field.
    ///
    /// Source: our own bound; ours have some 300.
    public static let fieldCharacterCountMax = 1_024
    /// How far the signer's clock may be off, in seconds.
    ///
    /// Source: SYNC.md 2.9.
    public static let skewSMax: Int64 = 300
    /// How long a nonce must be remembered, in seconds: while `skewSMax` lets it pass, both ways.
    ///
    /// Source: SYNC.md 2.9.
    public static let nonceLifeS: Int64 = 600

    private static let label = "s"

    /// Signs a request.
    ///
    /// - Parameters:
    ///   - request: The parts to cover.
    ///   - createdS: Now, in POSIX seconds by HQ's clock as far as it is known.
    ///   - nonce: 1 to 64 random characters of `A-Z a-z 0-9 . _ ~ -`, never used before.
    ///   - key: The signer's key.
    public init(
        of request: SignableRequest,
        createdS: Int64,
        nonce: String,
        signedBy key: SigningKey
    ) {
        precondition(Self.isNonce(nonce), "a nonce is 1 to 64 unreserved characters")
        self.createdS = createdS
        self.nonce = nonce
        keyID = key.keyID
        parameters =
            request.nameList
            + ";created=\(createdS);nonce=\"\(nonce)\";keyid=\"\(key.keyID.text)\";alg=\"ed25519\""
        signature = key.signature(for: Array(request.signatureBase(parameters).utf8))
    }

    /// The value of the field `Signature-Input`.
    public var inputValue: String { "\(Self.label)=\(parameters)" }

    /// The value of the field `Signature`.
    public var value: String { "\(Self.label)=:\(Base64.text(signature)):" }

    /// Whether the owner of a key signed this request.
    ///
    /// - Parameters:
    ///   - request: The parts as they arrived; they must be those that the signature names.
    ///   - key: The key on record for the signer.
    /// - Returns: True only if key, parts and signature fit.
    public func isValid(for request: SignableRequest, key: PublicKey) -> Bool {
        key.keyID == keyID && parameters.hasPrefix(request.nameList + ";")
            && key.isValid(signature, for: Array(request.signatureBase(parameters).utf8))
    }

    /// Reads the two fields' values.
    ///
    /// - Throws: `RequestSignatureError`.
    public init(inputValue: String, value: String) throws(RequestSignatureError) {
        guard max(inputValue.utf8.count, value.utf8.count) <= Self.fieldCharacterCountMax
        else { throw .tooLong }
        guard inputValue.hasPrefix("\(Self.label)=("), let end = inputValue.firstIndex(of: ")")
        else { throw .malformed(field: Self.inputFieldName) }
        guard value.hasPrefix("\(Self.label)=:"), value.hasSuffix(":"),
            let signature = Base64.bytes(value.dropFirst(Self.label.count + 2).dropLast())
        else { throw .malformed(field: Self.fieldName) }

        let found = try Self.parameters(inputValue[inputValue.index(after: end)...])
        guard found["alg"] == "\"ed25519\"" else { throw .malformed(field: "alg") }
        guard let createdS = found["created"].flatMap(Self.seconds)
        else { throw .malformed(field: "created") }
        guard let nonce = found["nonce"].flatMap(Self.quoted), Self.isNonce(nonce)
        else { throw .malformed(field: "nonce") }
        guard let keyID = found["keyid"].flatMap(Self.quoted).flatMap(KeyID.init)
        else { throw .malformed(field: "keyid") }
        self.createdS = createdS
        self.nonce = nonce
        self.keyID = keyID
        self.signature = signature
        parameters = String(inputValue.dropFirst(Self.label.count + 1))
    }

    /// Splits `;name=value…`; the values keep their quotation marks.
    private static func parameters(
        _ text: Substring
    ) throws(RequestSignatureError) -> [Substring: Substring] {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        guard parts.first?.isEmpty == true else { throw .malformed(field: inputFieldName) }
        var found: [Substring: Substring] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "="),
                found.updateValue(part[part.index(after: equals)...], forKey: part[..<equals])
                    == nil
            else { throw .malformed(field: inputFieldName) }
        }
        guard found.count == 4 else { throw .malformed(field: inputFieldName) }
        return found
    }

    private static func seconds(_ text: Substring) -> Int64? {
        // 15 digits are the most that RFC 8941 section 3.3.1 allows.
        guard (1...15).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int64(text)
    }

    private static func quoted(_ text: Substring) -> String? {
        guard text.utf8.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return nil }
        return String(text.dropFirst().dropLast())
    }

    private static func isNonce(_ text: String) -> Bool {
        (1...nonceCharacterCountMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "~"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// Why header fields are not a signature of ours.
public enum RequestSignatureError: Error, Equatable {
    /// A field has more characters than any of ours.
    case tooLong
    /// A field or parameter is missing, doubled, unknown or out of form.
    case malformed(field: String)
}

extension RequestSignatureError: CustomStringConvertible {
    /// What is wrong with the fields.
    public var description: String {
        switch self {
        case .tooLong:
            "a signature field has more than \(RequestSignature.fieldCharacterCountMax) characters"
        case .malformed(let field): "'\(field)' is missing or malformed in the request's signature"
        }
    }
}
