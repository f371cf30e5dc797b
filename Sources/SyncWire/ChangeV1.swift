public import LoyaltyCore

/// One line of a feed: what one thing is from now on, or that it is gone.
public struct ChangeV1: Hashable, Sendable {
    /// The place of the change in its feed; of the same thing, the higher one holds.
    public let revision: Int64
    /// What changed.
    public let content: Content

    /// What changed, and to what.
    public enum Content: Hashable, Sendable {
        /// A member is so.
        case member(MemberV1)
        /// There is no such member any more.
        case memberGone(MemberNumber)
        /// An edition of a programme comes into force.
        case programme(EditionV1)
        /// Something is trusted no more.
        case revoked(Revocation)
        /// Something is trusted again.
        case restored(Revocation)
        /// A kind that this version does not know; it is passed over.
        case unknown
    }

    /// Creates a change.
    public init(revision: Int64, _ content: Content) {
        self.revision = revision
        self.content = content
    }
}

/// A programme's edition and the day from which it holds.
public struct EditionV1: Hashable, Sendable {
    /// Which edition; its document is fetched by the digest.
    public let reference: ProgrammeReference
    /// The first business date on which it is in force.
    public let from: BusinessDate

    /// Creates an edition, or nil if the reference has another form.
    public init?(_ reference: ProgrammeReference, from: BusinessDate) {
        guard Programme.isIdentifier(reference.name), reference.version >= 1,
            EditionV1.isDigest(reference.digest)
        else { return nil }
        self.reference = reference
        self.from = from
    }

    /// Where an edition's document is fetched.
    public static func path(of digest: String) -> String { "/v1/programmes/\(digest)" }

    /// Most bytes of an edition's document.
    ///
    /// Source: our own bound; 1,000 rules have some 200 kB.
    public static let documentByteCountMax = 1_048_576

    /// Whether a text is a SHA-256 in 64 lower-case hexadecimal digits.
    public static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// Whom or what HQ trusts no more.
public enum Revocation: Hashable, Sendable {
    /// A store's device.
    case device(DeviceID)
    /// A member, with every code that names them.
    case member(MemberNumber)
}

extension ChangeV1 {
    /// The change as it is written.
    var json: CanonicalJSON {
        switch content {
        case .member(let member): json("member", member.number.description, put: member.json)
        case .memberGone(let number): json("member", number.description, put: nil)
        case .programme(let edition): json("programme", edition.id, put: edition.json)
        case .revoked(let revocation): json(revocation.kind, revocation.id, put: [:])
        case .restored(let revocation): json(revocation.kind, revocation.id, put: nil)
        case .unknown: json("unknown", "", put: [:])
        }
    }

    private func json(_ kind: String, _ id: String, put data: CanonicalJSON?) -> CanonicalJSON {
        [
            "k": .string(kind), "id": .string(id), "rev": .integer(revision),
            "op": data == nil ? "del" : "put", "d": data ?? .null,
        ]
    }

    /// Reads a change.
    ///
    /// - Throws: `DownError.malformed` for a known kind that is not as documented.
    init(_ json: CanonicalJSON) throws(DownError) {
        guard let revision = json["rev"]?.integerValue, revision >= 1
        else { throw .malformed(field: "rev") }
        guard let kind = json["k"]?.stringValue else { throw .malformed(field: "k") }
        guard let id = json["id"]?.stringValue else { throw .malformed(field: "id") }
        let isPut: Bool
        switch json["op"]?.stringValue {
        case "put": isPut = true
        case "del": isPut = false
        default: throw .malformed(field: "op")
        }
        let data = json["d"] ?? .null
        switch kind {
        case "member":
            guard let number = MemberNumber(id) else { throw .malformed(field: "id") }
            if isPut {
                guard let member = MemberV1(number, data) else { throw .malformed(field: "d") }
                self.init(revision: revision, .member(member))
            } else {
                self.init(revision: revision, .memberGone(number))
            }
        case "programme":
            guard isPut, let edition = EditionV1(data), edition.id == id
            else { throw .malformed(field: "d") }
            self.init(revision: revision, .programme(edition))
        case "device", "barred":
            guard let revocation = Revocation(kind: kind, id: id)
            else { throw .malformed(field: "id") }
            self.init(revision: revision, isPut ? .revoked(revocation) : .restored(revocation))
        default: self.init(revision: revision, .unknown)
        }
    }
}

extension EditionV1 {
    /// Names the edition within the feed.
    var id: String { "\(reference.name)/\(reference.version)" }

    var json: CanonicalJSON {
        [
            "name": .string(reference.name), "version": .integer(reference.version),
            "digest": .string(reference.digest), "from": .string(from.description),
        ]
    }

    init?(_ json: CanonicalJSON) {
        guard let name = json["name"]?.stringValue, let version = json["version"]?.integerValue,
            let digest = json["digest"]?.stringValue,
            let from = json["from"]?.stringValue.flatMap({ BusinessDate($0) })
        else { return nil }
        self.init(ProgrammeReference(name: name, version: version, digest: digest), from: from)
    }
}

extension Revocation {
    /// The kind under which it stands in the feed.
    public var kind: String {
        switch self {
        case .device: "device"
        case .member: "barred"
        }
    }

    /// The device's identifier or the member's number.
    public var id: String {
        switch self {
        case .device(let device): device.text
        case .member(let number): number.description
        }
    }

    /// Reads a kind and what it names, or gives nil.
    public init?(kind: String, id: String) {
        switch kind {
        case "device":
            guard let device = DeviceID(id) else { return nil }
            self = .device(device)
        case "barred":
            guard let number = MemberNumber(id) else { return nil }
            self = .member(number)
        default: return nil
        }
    }
}

extension MemberV1 {
    fileprivate var json: CanonicalJSON {
        var members: [CanonicalJSON.Member] = [
            .init("name", maskedName.map(CanonicalJSON.string) ?? .null),
            .init("barcode", mobileBarcode.map(CanonicalJSON.string) ?? .null),
            .init("barred", .bool(isBlocked)),
        ]
        if let birthday = profile.birthdate {
            members.append(.init("birthday", .string(birthday.description)))
        }
        if profile.isReferred { members.append(.init("referred", .bool(true))) }
        if let floor = profile.tierFloor { members.append(.init("tierFloor", .string(floor))) }
        return .object(members)
    }

    fileprivate init?(_ number: MemberNumber, _ json: CanonicalJSON) {
        guard let name = json["name"], let barcode = json["barcode"],
            name == .null || name.stringValue != nil,
            barcode == .null || barcode.stringValue != nil,
            let isBlocked = json["barred"]?.boolValue,
            let profile = Self.profile(json)
        else { return nil }
        self.init(
            number: number,
            maskedName: name.stringValue,
            mobileBarcode: barcode.stringValue,
            isBlocked: isBlocked,
            profile: profile
        )
    }

    /// What a change says of the member's profile; nil if it is out of form.
    private static func profile(_ json: CanonicalJSON) -> Profile? {
        let birthday = json["birthday"]?.stringValue.flatMap { Birthday($0) }
        let isReferred = json["referred"]?.boolValue
        let floor = json["tierFloor"]?.stringValue
        guard (json["birthday"] == nil) == (birthday == nil),
            (json["referred"] == nil) == (isReferred == nil),
            (json["tierFloor"] == nil) == (floor == nil)
        else { return nil }
        return Profile(birthday: birthday, isReferred: isReferred ?? false, tierFloor: floor)
    }
}
