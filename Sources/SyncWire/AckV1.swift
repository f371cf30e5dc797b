import LoyaltyCore

/// What HQ says it holds of a device's log, signed, version 1.
///
/// A device drops nothing on the word of an unsigned reply: a captive portal or a fake HQ can
/// delay entries, never lose them. Watermarks only rise, so an old one repeated is harmless.
public struct AckV1: Hashable, Sendable {
    /// Whose log.
    public let device: DeviceID
    /// Which incarnation of it.
    public let epoch: Int64
    /// How far HQ holds the log without gaps, on disk; with the log's hash there.
    public let received: LogPosition
    /// How far the entries' effects are booked.
    public let posted: Int64
    /// How far the log is safe outside HQ's own machine, so that the device may delete it.
    public let prunable: Int64
    /// HQ's clock, in POSIX milliseconds.
    public let serverMs: Int64
    /// HQ's incarnation: one more after each restore from a backup.
    public let hqEpoch: Int64
    /// What the device may send next.
    public let credit: Credit
    /// How many entries of the batch HQ held already.
    public let duplicateCount: Int64
    /// Entries of the batch that HQ keeps without effect.
    public let quarantined: [Quarantined]
    /// Whether HQ has something for the device to fetch.
    public let hasChanges: Bool
    /// Whether HQ holds the device frozen: it redeems nothing until an operator has looked.
    public let isFrozen: Bool

    /// What a device may send next, so that a busy HQ is not flooded.
    public struct Credit: Hashable, Sendable {
        /// Most entries.
        public let entryCount: Int64
        /// Most bytes of them.
        public let byteCount: Int64
        /// After this many milliseconds.
        public let afterMs: Int64

        /// Creates a credit.
        public init(entryCount: Int64, byteCount: Int64, afterMs: Int64) {
            self.entryCount = entryCount
            self.byteCount = byteCount
            self.afterMs = afterMs
        }
    }

    /// An entry that HQ keeps without effect, and why.
    public struct Quarantined: Hashable, Sendable {
        /// Its number in the log.
        public let sequence: Int64
        /// The reason's stable name.
        public let code: String

        /// Creates a note.
        public init(sequence: Int64, code: String) {
            self.sequence = sequence
            self.code = code
        }
    }

    /// Most bytes of an acknowledgement.
    ///
    /// Source: our own bound; 500 quarantined entries of some 60 bytes, and the rest.
    public static let byteCountMax = 65_536

    /// Creates an acknowledgement.
    public init(
        device: DeviceID,
        epoch: Int64,
        received: LogPosition,
        posted: Int64,
        prunable: Int64,
        serverMs: Int64,
        hqEpoch: Int64,
        credit: Credit,
        duplicateCount: Int64,
        quarantined: [Quarantined],
        hasChanges: Bool,
        isFrozen: Bool = false
    ) {
        self.device = device
        self.epoch = epoch
        self.received = received
        self.posted = posted
        self.prunable = prunable
        self.serverMs = serverMs
        self.hqEpoch = hqEpoch
        self.credit = credit
        self.duplicateCount = duplicateCount
        self.quarantined = quarantined
        self.hasChanges = hasChanges
        self.isFrozen = isFrozen
    }

    /// The acknowledgement as it is sent: `sig` is the signature of the same bytes without `sig`.
    public func bytes(signedBy key: SigningKey) -> [UInt8] {
        let signed = members + [.init("kid", .string(key.keyID.text))]
        let signature = key.signature(for: CanonicalJSON.object(signed).bytes)
        return CanonicalJSON.object(
            signed + [.init("sig", .string(Base64.text(signature)))]
        ).bytes
    }

    private var members: [CanonicalJSON.Member] {
        [
            .init("v", 1),
            .init("kind", "ack"),
            .init("dev", .string(device.text)),
            .init("ep", .integer(epoch)),
            .init("received", .integer(received.sequence)),
            .init("h", .string(Base64.text(received.hash.bytes))),
            .init("posted", .integer(posted)),
            .init("prunable", .integer(prunable)),
            .init("serverMs", .integer(serverMs)),
            .init("hqEpoch", .integer(hqEpoch)),
            .init(
                "credit",
                [
                    "events": .integer(credit.entryCount),
                    "bytes": .integer(credit.byteCount),
                    "afterMs": .integer(credit.afterMs),
                ]
            ),
            .init("dup", .integer(duplicateCount)),
            .init("quarantined", .array(quarantined.map(\.json))),
            .init("changes", .bool(hasChanges)),
            .init("frozen", .bool(isFrozen)),
        ]
    }
}

extension AckV1.Quarantined {
    fileprivate var json: CanonicalJSON {
        ["seq": .integer(sequence), "code": .string(code)]
    }

    fileprivate init?(_ json: CanonicalJSON) {
        guard let sequence = json["seq"]?.integerValue, let code = json["code"]?.stringValue
        else { return nil }
        self.init(sequence: sequence, code: code)
    }
}

extension AckV1 {
    /// Reads an acknowledgement and checks HQ's signature.
    ///
    /// Members that this version does not know are covered by the signature and passed over.
    ///
    /// - Parameters:
    ///   - bytes: The reply's body.
    ///   - key: HQ's public key, as the device was told when it was set up.
    /// - Throws: `AckError`; nothing of the reply may be used then.
    public init(parsing bytes: [UInt8], signedBy key: PublicKey) throws(AckError) {
        guard bytes.count <= Self.byteCountMax else { throw .notAnAck }
        let json: CanonicalJSON
        do throws(CanonicalJSONError) {
            json = try CanonicalJSON(parsing: bytes)
        } catch {
            throw .notAnAck
        }
        guard json["kind"]?.stringValue == "ack", case .object(let members) = json
        else { throw .notAnAck }
        guard json["v"]?.integerValue == 1 else { throw .unknownVersion }
        let signed = members.filter { $0.name != "sig" }
        guard let signature = json["sig"]?.stringValue.flatMap({ Base64.bytes($0) }),
            key.isValid(signature, for: CanonicalJSON.object(signed).bytes)
        else { throw .signatureInvalid }
        guard let ack = Self(json) else { throw .malformed }
        self = ack
    }

    private init?(_ json: CanonicalJSON) {
        let integer = { (name: String) in json[name]?.integerValue }
        guard let device = json["dev"]?.stringValue.flatMap({ DeviceID($0) }),
            let epoch = integer("ep"), let received = integer("received"),
            let hash = json["h"]?.stringValue.flatMap({ ChainHash(base64: $0) }),
            let posted = integer("posted"), let prunable = integer("prunable"),
            let serverMs = integer("serverMs"), let hqEpoch = integer("hqEpoch"),
            let credit = json["credit"].flatMap({ Credit($0) }), let dup = integer("dup"),
            let notes = json["quarantined"]?.arrayValue?.map({ Quarantined($0) }),
            let hasChanges = json["changes"]?.boolValue,
            let isFrozen = (json["frozen"] ?? .bool(false)).boolValue,
            received >= 0, posted <= received, prunable <= posted, notes.allSatisfy({ $0 != nil })
        else { return nil }
        self.init(
            device: device,
            epoch: epoch,
            received: LogPosition(sequence: received, hash: hash),
            posted: posted,
            prunable: prunable,
            serverMs: serverMs,
            hqEpoch: hqEpoch,
            credit: credit,
            duplicateCount: dup,
            quarantined: notes.compactMap(\.self),
            hasChanges: hasChanges,
            isFrozen: isFrozen
        )
    }
}

extension AckV1.Credit {
    fileprivate init?(_ json: CanonicalJSON) {
        guard let entryCount = json["events"]?.integerValue,
            let byteCount = json["bytes"]?.integerValue,
            let afterMs = json["afterMs"]?.integerValue,
            entryCount >= 0, byteCount >= 0, afterMs >= 0
        else { return nil }
        self.init(entryCount: entryCount, byteCount: byteCount, afterMs: afterMs)
    }
}

/// Why a reply is not HQ's acknowledgement.
public enum AckError: Error, Equatable {
    /// Something else came back, such as a captive portal's page.
    case notAnAck
    /// The acknowledgement belongs to a later version.
    case unknownVersion
    /// HQ's key did not sign it: a fake HQ, or a key that changed.
    case signatureInvalid
    /// It is signed, yet a member is missing or out of range.
    case malformed
}

extension AckError: CustomStringConvertible {
    /// What is wrong with the reply, and what to do about it.
    public var description: String {
        switch self {
        case .notAnAck: "the reply is not from HQ; look for a portal or proxy on the line"
        case .unknownVersion: "HQ acknowledges in a later version; update the agent"
        case .signatureInvalid: "the reply is not signed by HQ's key; check the configured key"
        case .malformed: "HQ's acknowledgement lacks a member; update HQ or the agent"
        }
    }
}
