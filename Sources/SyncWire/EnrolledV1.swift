public import LoyaltyCore

/// HQ's signed word that a key is a device's, version 1.
///
/// Whoever has HQ's public key can check it without asking HQ: other devices of the store, a relay.
public struct DeviceStatementV1: Hashable, Sendable {
    /// The device: its name, the epoch that may push, its key and its nonce.
    public let identity: LogIdentity
    /// The store's name, an identifier.
    public let store: String
    /// When HQ let the device in, by HQ's clock.
    public let issuedAtMs: Int64
    /// Until when others may take HQ's word without asking again.
    public let notAfterMs: Int64

    /// How long a statement holds, in milliseconds.
    ///
    /// Source: SYNC.md section 2.9: keys change every 12 months; 400 days leave a month for it.
    public static let lifeMs: Int64 = 400 * 86_400_000

    /// Creates a statement that holds from now on.
    public init(identity: LogIdentity, store: String, issuedAtMs: Int64) {
        self.identity = identity
        self.store = store
        self.issuedAtMs = issuedAtMs
        notAfterMs = issuedAtMs + Self.lifeMs
    }

    /// The statement, signed: `sig` is the signature of the same bytes without `sig`.
    public func json(signedBy key: SigningKey) -> CanonicalJSON {
        SignedJSON.sign(
            [
                .init("v", 1),
                .init("kind", "device"),
                .init("dev", .string(identity.device.text)),
                .init("ep", .integer(identity.epoch)),
                .init("publicKey", .string(Base64.text(identity.publicKey))),
                .init("nonce", .string(Base64.text(identity.nonce))),
                .init("store", .string(store)),
                .init("issuedAtMs", .integer(issuedAtMs)),
                .init("notAfterMs", .integer(notAfterMs)),
            ],
            by: key
        )
    }

    /// Reads a statement and checks HQ's signature, or gives nil.
    public init?(_ json: CanonicalJSON, signedBy key: PublicKey) {
        guard SignedJSON.isSigned(json, by: key),
            json["v"]?.integerValue == 1, json["kind"]?.stringValue == "device",
            let device = json["dev"]?.stringValue.flatMap({ DeviceID($0) }),
            let epoch = json["ep"]?.integerValue, epoch >= 1,
            let publicKey = json["publicKey"]?.stringValue.flatMap({ Base64.bytes($0) }),
            let nonce = json["nonce"]?.stringValue.flatMap({ Base64.bytes($0) }),
            let store = json["store"]?.stringValue,
            let issuedAtMs = json["issuedAtMs"]?.integerValue,
            let notAfterMs = json["notAfterMs"]?.integerValue
        else { return nil }
        identity = LogIdentity(device: device, epoch: epoch, publicKey: publicKey, nonce: nonce)
        self.store = store
        self.issuedAtMs = issuedAtMs
        self.notAfterMs = notAfterMs
    }
}

/// HQ's answer to an enrolment, version 1: the device is in, and this is HQ.
public struct EnrolledV1: Hashable, Sendable {
    /// HQ's signed word for the device, as it was written.
    public let statement: CanonicalJSON
    /// The keys with which HQ signs; the first one signs acknowledgements.
    public let keys: [PublicKey]
    /// HQ's incarnation.
    public let hqEpoch: Int64
    /// HQ's clock, in POSIX milliseconds.
    public let serverMs: Int64

    /// Most bytes of an answer.
    ///
    /// Source: our own bound; there are some 900.
    public static let byteCountMax = 16_384
    /// Most keys of HQ.
    ///
    /// Source: our own bound; one that signs, one that follows, one that was.
    public static let keyCountMax = 8

    /// Creates an answer.
    public init(statement: CanonicalJSON, keys: [PublicKey], hqEpoch: Int64, serverMs: Int64) {
        self.statement = statement
        self.keys = keys
        self.hqEpoch = hqEpoch
        self.serverMs = serverMs
    }

    /// The answer as it is sent; device, epoch and nonce stand in the statement.
    public var bytes: [UInt8] {
        CanonicalJSON.object([
            .init("v", 1),
            .init("kind", "enrolled"),
            .init("dev", statement["dev"] ?? .null),
            .init("ep", statement["ep"] ?? .null),
            .init("nonce", statement["nonce"] ?? .null),
            .init(
                "keys",
                .array(
                    keys.map { key in
                        [
                            "kid": .string(key.keyID.text),
                            "publicKey": .string(Base64.text(key.bytes)),
                        ]
                    }
                )
            ),
            .init("statement", statement),
            .init("hqEpoch", .integer(hqEpoch)),
            .init("serverMs", .integer(serverMs)),
        ]).bytes
    }

    /// Reads an answer, or gives nil for anything else; nothing of it is checked by that.
    public init?(parsing bytes: [UInt8]) {
        guard bytes.count <= Self.byteCountMax, let json = CanonicalJSON(reading: bytes),
            json["v"]?.integerValue == 1, json["kind"]?.stringValue == "enrolled",
            let statement = json["statement"],
            let entries = json["keys"]?.arrayValue, (1...Self.keyCountMax).contains(entries.count),
            let hqEpoch = json["hqEpoch"]?.integerValue,
            let serverMs = json["serverMs"]?.integerValue
        else { return nil }
        let keys = entries.compactMap { entry in
            entry["publicKey"]?.stringValue.flatMap { Base64.bytes($0) }
                .flatMap { PublicKey($0) }
        }
        guard keys.count == entries.count else { return nil }
        self.init(statement: statement, keys: keys, hqEpoch: hqEpoch, serverMs: serverMs)
    }

    /// Checks that HQ's own key says that this device is in.
    ///
    /// - Parameters:
    ///   - identity: The device, by its own word; its epoch is not looked at.
    ///   - expected: HQ's key as its operator gave it; nil takes the first of the answer's.
    /// - Returns: HQ's key, to be kept, and what it says.
    /// - Throws: `EnrolledError`; nothing of the answer may be used then.
    public func checked(
        for identity: LogIdentity,
        expecting expected: PublicKey?
    ) throws(EnrolledError) -> (key: PublicKey, statement: DeviceStatementV1) {
        guard let key = expected ?? keys.first else { throw .malformed }
        guard keys.contains(key) else { throw .otherKey(found: keys.map(\.keyID)) }
        guard let statement = DeviceStatementV1(self.statement, signedBy: key)
        else { throw .signatureInvalid }
        guard statement.identity.device == identity.device,
            statement.identity.publicKey == identity.publicKey,
            statement.identity.nonce == identity.nonce
        else { throw .otherDevice }
        guard statement.issuedAtMs <= serverMs, serverMs < statement.notAfterMs
        else { throw .expired }
        return (key, statement)
    }
}

/// Why HQ's answer to an enrolment cannot be taken.
public enum EnrolledError: Error, Equatable {
    /// A member is missing.
    case malformed
    /// HQ has other keys than the one that its operator gave.
    case otherKey(found: [KeyID])
    /// HQ's key did not sign the statement.
    case signatureInvalid
    /// The statement is about another device, key or nonce.
    case otherDevice
    /// The statement does not hold at HQ's own time.
    case expired
}

extension EnrolledError: CustomStringConvertible {
    /// What is wrong with the answer, and what to do.
    public var description: String {
        switch self {
        case .malformed: "HQ's answer lacks a member: update HQ or the agent"
        case .otherKey(let found):
            "HQ has another key (\(found.map(\.text).joined(separator: ", "))) than the one given:"
                + " ask HQ's operator what 'stamphq init' prints, and check the address"
        case .signatureInvalid:
            "HQ's key did not sign the answer: check the address, and look for a proxy on the line"
        case .otherDevice: "HQ's answer is about another device: make a new code and enrol again"
        case .expired: "HQ's word does not hold at HQ's own time: have HQ's clock looked at"
        }
    }
}

/// JSON objects that carry their own signature: `sig` signs the same bytes without `sig`.
enum SignedJSON {
    static func sign(_ members: [CanonicalJSON.Member], by key: SigningKey) -> CanonicalJSON {
        let signed = members + [.init("kid", .string(key.keyID.text))]
        let signature = key.signature(for: CanonicalJSON.object(signed).bytes)
        return .object(signed + [.init("sig", .string(Base64.text(signature)))])
    }

    static func isSigned(_ json: CanonicalJSON, by key: PublicKey) -> Bool {
        guard case .object(let members) = json,
            json["kid"]?.stringValue == key.keyID.text,
            let signature = json["sig"]?.stringValue.flatMap({ Base64.bytes($0) })
        else { return false }
        let signed = members.filter { $0.name != "sig" }
        return key.isValid(signature, for: CanonicalJSON.object(signed).bytes)
    }
}

extension CanonicalJSON {
    /// Reads JSON of our form, or gives nil for anything else.
    init?(reading bytes: [UInt8]) {
        do throws(CanonicalJSONError) {
            self = try CanonicalJSON(parsing: bytes)
        } catch {
            return nil
        }
    }
}
