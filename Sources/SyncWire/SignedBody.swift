import LoyaltyCore

/// A JSON object that HQ signed: `sig` stands last and signs the very bytes before it, closed.
///
/// The bytes `…,"kid":"…","sig":"…"}` were signed as `…,"kid":"…"}`; nothing is written again to
/// check them.
enum SignedBody {
    private static let lead = Array(#","sig":""#.utf8)
    private static let tail = Array(#""}"#.utf8)
    /// Characters of a signature's 64 bytes in base64.
    private static let signatureCharacterCount = 88

    /// The bytes of an object of at least one member, signed.
    static func bytes(_ members: [CanonicalJSON.Member], signedBy key: SigningKey) -> [UInt8] {
        let body = CanonicalJSON.object(members + [.init("kid", .string(key.keyID.text))]).bytes
        let signature = Base64.text(key.signature(for: body))
        return body.dropLast() + lead + Array(signature.utf8) + tail
    }

    /// Checks the signature and reads the object.
    ///
    /// - Parameters:
    ///   - bytes: A reply's body.
    ///   - kind: What `kind` must say.
    ///   - byteCountMax: Most bytes of such an object.
    ///   - key: HQ's public key.
    /// - Returns: The object, `kid` and `sig` among its members.
    /// - Throws: `DownError`; nothing of the body may be used then.
    static func object(
        parsing bytes: [UInt8],
        kind: String,
        byteCountMax: Int,
        signedBy key: PublicKey
    ) throws(DownError) -> CanonicalJSON {
        guard bytes.count <= byteCountMax else { throw .notFromHQ }
        let json: CanonicalJSON
        do throws(CanonicalJSONError) {
            json = try CanonicalJSON(parsing: bytes)
        } catch {
            throw .notFromHQ
        }
        guard json["kind"]?.stringValue == kind else { throw .notFromHQ }
        guard json["v"]?.integerValue == 1 else { throw .unknownVersion }
        let end = lead.count + signatureCharacterCount + tail.count
        guard bytes.count > end, bytes.suffix(end).starts(with: lead),
            bytes.suffix(tail.count).elementsEqual(tail),
            let signature = json["sig"]?.stringValue.flatMap({ Base64.bytes($0) }),
            key.isValid(signature, for: bytes.dropLast(end) + [UInt8(ascii: "}")])
        else { throw .signatureInvalid }
        return json
    }
}

/// Why something that came down is not to be used.
public enum DownError: Error, Equatable {
    /// Something else came back, such as a captive portal's page, or half of it.
    case notFromHQ
    /// It belongs to a later version.
    case unknownVersion
    /// HQ's key did not sign it: a fake HQ, or a key that changed.
    case signatureInvalid
    /// It is signed, yet a member of this name is missing, of another form or out of range.
    case malformed(field: String)
}

extension DownError: CustomStringConvertible {
    /// What is wrong, and what to do about it.
    public var description: String {
        switch self {
        case .notFromHQ: "the reply is not from HQ; look for a portal or proxy on the line"
        case .unknownVersion: "HQ sends a later version; update the agent"
        case .signatureInvalid: "the reply is not signed by HQ's key; check the configured key"
        case .malformed(let field): "'\(field)' is not as documented; update HQ or the agent"
        }
    }
}
