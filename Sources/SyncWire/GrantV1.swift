public import LoyaltyCore

/// Rights that HQ places on one device, version 1, signed by HQ.
///
/// The device keeps the object as it is in the entry by which it accepts it, so an HQ that was
/// restored from a backup still knows its own word.
public struct GrantV1: Hashable, Sendable {
    /// On which device.
    public let device: DeviceID
    /// What the device's log says once it has accepted.
    public let fact: GrantFact

    private static let kind = "grant"

    /// Makes a grant.
    ///
    /// - Parameters:
    ///   - id: Its name, for ever.
    ///   - device: For whom.
    ///   - member: Whose rights.
    ///   - postings: Which; `GrantFact.isSound` holds for them.
    ///   - reason: Why; `GrantFact.isReason` holds for it.
    ///   - key: HQ's key.
    public init(
        _ id: GrantID,
        on device: DeviceID,
        of member: MemberNumber,
        _ postings: [Posting],
        reason: String,
        signedBy key: SigningKey
    ) {
        let bytes = SignedBody.bytes(
            [
                .init("v", 1),
                .init("kind", .string(Self.kind)),
                .init("dev", .string(device.text)),
                .init("gid", [.integer(id.hqEpoch), .integer(id.number)]),
                .init("member", .string(member.description)),
                .init("post", .array(postings.map(\.json))),
                .init("reason", .string(reason)),
            ],
            signedBy: key
        )
        let signed: CanonicalJSON
        do throws(CanonicalJSONError) {
            signed = try CanonicalJSON(parsing: bytes)
        } catch {
            preconditionFailure("what was just written reads: \(error)")
        }
        self.device = device
        fact = GrantFact(
            id: id,
            member: member,
            postings: postings,
            reason: reason,
            signed: signed
        )
    }

    /// Checks HQ's signature of a grant, and reads it.
    ///
    /// - Parameters:
    ///   - signed: The object as HQ sent it, or as an entry has it.
    ///   - key: HQ's public key.
    /// - Throws: `DownError`; nothing of it may be used then.
    public init(_ signed: CanonicalJSON, signedBy key: PublicKey) throws(DownError) {
        let json = try SignedBody.object(
            parsing: signed.bytes,
            kind: Self.kind,
            byteCountMax: EntryLineV1.byteCountMax,
            signedBy: key
        )
        guard let device = json["dev"]?.stringValue.flatMap({ DeviceID($0) })
        else { throw .malformed(field: "dev") }
        self.device = device
        do throws(EntryLineError) {
            fact = try GrantFact(signed: json)
        } catch {
            throw .malformed(field: "post")
        }
    }
}

/// The grants of a device that HQ has not seen accepted in its log, version 1; HQ signs the list.
///
/// Asking changes nothing: a grant is listed until the device's own log says that it holds it.
public struct GrantListV1: Hashable, Sendable {
    /// For whom they are.
    public let device: DeviceID
    /// Those that this version can read, in the order of their names.
    public let grants: [GrantV1]
    /// The last one listed, whether it can be read or not; nil if there is none.
    public let last: GrantID?
    /// How many belong to a later version: they wait at HQ until the agent is updated.
    public let unreadCount: Int
    /// HQ's clock when it answered, in POSIX milliseconds.
    public let serverMs: Int64

    /// Most grants of a list; the rest is asked for with `after=`.
    ///
    /// Source: our own bound, so that the list stays within `byteCountMax`.
    public static let grantCountMax = 64
    /// Most bytes of a list.
    ///
    /// Source: `grantCountMax` grants of 16 postings of some 150 bytes, and their reasons.
    public static let byteCountMax = 262_144

    /// Creates a list.
    public init(device: DeviceID, grants: [GrantV1], serverMs: Int64) {
        self.device = device
        self.grants = grants
        last = grants.last?.fact.id
        unreadCount = 0
        self.serverMs = serverMs
    }

    /// Where a device asks for its list.
    public static func path(of device: DeviceID) -> String {
        "/v1/devices/\(device.text)/grants"
    }

    /// The list as it is sent.
    public func bytes(signedBy key: SigningKey) -> [UInt8] {
        SignedBody.bytes(
            [
                .init("v", 1),
                .init("kind", "grants"),
                .init("dev", .string(device.text)),
                .init("grants", .array(grants.map(\.fact.signed))),
                .init("serverMs", .integer(serverMs)),
            ],
            signedBy: key
        )
    }

    /// Reads a list and checks HQ's signature, and that of each grant.
    ///
    /// - Parameters:
    ///   - bytes: The reply's body.
    ///   - key: HQ's public key.
    /// - Throws: `DownError`; nothing of the reply may be used then.
    public init(parsing bytes: [UInt8], signedBy key: PublicKey) throws(DownError) {
        let json = try SignedBody.object(
            parsing: bytes,
            kind: "grants",
            byteCountMax: Self.byteCountMax,
            signedBy: key
        )
        guard let device = json["dev"]?.stringValue.flatMap({ DeviceID($0) })
        else { throw .malformed(field: "dev") }
        guard let serverMs = json["serverMs"]?.integerValue, serverMs >= 0
        else { throw .malformed(field: "serverMs") }
        guard let lines = json["grants"]?.arrayValue else { throw .malformed(field: "grants") }
        var grants: [GrantV1] = []
        var last: GrantID?
        for line in lines {
            guard let id = GrantID(line["gid"]), last.map({ $0 < id }) ?? true
            else { throw .malformed(field: "gid") }
            last = id
            do throws(DownError) {
                let grant = try GrantV1(line, signedBy: key)
                guard grant.device == device else { throw .malformed(field: "dev") }
                grants.append(grant)
            } catch .malformed(field: "post") {
                continue  // an asset of a later version
            } catch .unknownVersion {
                continue
            }
        }
        self.device = device
        self.grants = grants
        self.last = last
        unreadCount = lines.count - grants.count
        self.serverMs = serverMs
    }
}

extension GrantID {
    /// Reads the pair that the wire has, or gives nil.
    init?(_ json: CanonicalJSON?) {
        guard let parts = json?.arrayValue, parts.count == 2,
            let hqEpoch = parts[0].integerValue, let number = parts[1].integerValue
        else { return nil }
        self.init(hqEpoch: hqEpoch, number: number)
    }
}

extension GrantFact {
    /// Reads a grant as HQ signed it and the ledger keeps it; the signature is not looked at.
    ///
    /// - Throws: `EntryLineError`.
    public init(signed: CanonicalJSON) throws(EntryLineError) {
        self = try EntryFields(signed).grant()
    }
}

extension EntryFields {
    /// A grant as HQ signed it; the signature is not looked at.
    func grant() throws(EntryLineError) -> GrantFact {
        guard let id = GrantID(json["gid"]) else { throw .malformed(field: "gid") }
        let postings = try postings("post")
        guard GrantFact.isSound(postings) else { throw .malformed(field: "post") }
        let reason = try string("reason")
        guard GrantFact.isReason(reason) else { throw .malformed(field: "reason") }
        return GrantFact(
            id: id,
            member: try member(),
            postings: postings,
            reason: reason,
            signed: json
        )
    }
}
