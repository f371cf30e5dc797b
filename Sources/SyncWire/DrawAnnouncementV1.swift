import Crypto
public import LoyaltyCore

/// What HQ publishes of a draw before anybody's tickets are counted, version 1.
///
/// Its commitment binds HQ to a seed that it keeps secret until the draw, and the winners depend on
/// every other field too: nothing of it can be changed afterwards.
public struct DrawAnnouncementV1: Hashable, Sendable {
    /// The draw, as in the asset `ticket/<id>`.
    public let id: String
    /// The SHA-256 of the seed, 64 lower-case hexadecimal digits.
    public let commitment: String
    /// What is drawn, the first prize first.
    public let prizes: [Prize]
    /// Until when tickets are collected.
    public let closesAt: WallTime
    /// The business date on which a ticket must be usable to count.
    public let date: BusinessDate
    /// Whether a member who has won leaves the draw with all tickets; otherwise only the winning
    /// ticket leaves it.
    public let winsOnce: Bool
    /// A public event after `closesAt` whose outcome enters the draw, such as an official lottery's
    /// numbers; nil for none.
    public let publicSource: String?

    /// Something to win, some times over.
    public struct Prize: Hashable, Sendable {
        /// What it is.
        public let name: String
        /// How many win it.
        public let winnerCount: Int

        /// Creates a prize; `DrawAnnouncementV1` checks it.
        public init(name: String, winnerCount: Int) {
            self.name = name
            self.winnerCount = winnerCount
        }
    }

    /// Bytes of the seed.
    ///
    /// Source: 256 bits, as much as its SHA-256 keeps.
    public static let seedByteCount = 32
    /// Most prizes.
    ///
    /// Source: our own bound; a poster names a handful.
    public static let prizeCountMax = 20
    /// Most winners of all prizes together.
    ///
    /// Source: our own bound; choosing takes the square of it, some seconds in a script.
    public static let winnerCountMax = 10_000
    /// Most bytes of a prize's name, of a public source and of its value.
    ///
    /// Source: our own bound; some 60 Chinese characters.
    public static let textByteCountMax = 200
    /// The latest closing time, in POSIX milliseconds: the end of the year 9999.
    ///
    /// Source: RFC 3339 section 1.
    public static let closesAtMsMax: Int64 = 253_402_300_799_999

    /// Creates an announcement.
    ///
    /// - Throws: `DrawError.malformed`, naming the first field that cannot be.
    public init(
        id: String,
        commitment: String,
        prizes: [Prize],
        closesAt: WallTime,
        date: BusinessDate,
        winsOnce: Bool,
        publicSource: String?
    ) throws(DrawError) {
        self.id = id
        self.commitment = commitment
        self.prizes = prizes
        self.closesAt = closesAt
        self.date = date
        self.winsOnce = winsOnce
        self.publicSource = publicSource
        if let field = wrongField { throw .malformed(field: field) }
    }

    /// The digest by which a seed is announced.
    public static func commitment(to seed: [UInt8]) -> String {
        Hex.text(SHA256.hash(data: seed))
    }

    /// Tickets of this draw.
    public var asset: Asset { .ticket(ofDraw: id) }

    /// How many win, if there are enough tickets.
    public var winnerCount: Int { prizes.reduce(0) { $0 + $1.winnerCount } }

    /// The announcement as it is published: one line.
    public var bytes: [UInt8] { json.bytes + [UInt8(ascii: "\n")] }

    /// What the announcement says.
    public var json: CanonicalJSON {
        [
            "v": 1,
            "kind": "draw",
            "id": .string(id),
            "commitment": .string(commitment),
            "prizes": .array(
                prizes.map {
                    ["name": .string($0.name), "winners": .integer(Int64($0.winnerCount))]
                }
            ),
            "closesAtMs": .integer(closesAt.unixMs),
            "date": .string(date.description),
            "winsOnce": .bool(winsOnce),
            "publicSource": publicSource.map(CanonicalJSON.string) ?? .null,
        ]
    }

    /// Whether a text can be a name, a source or a value: 1 to `textByteCountMax` bytes, and no
    /// control characters, which not everybody's JSON writes in the same way.
    static func isText(_ text: String) -> Bool {
        (1...textByteCountMax).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    private var wrongField: String? {
        if Asset(name: asset.name) == nil { return "id" }
        if !EditionV1.isDigest(commitment) { return "commitment" }
        if !arePrizesRight { return "prizes" }
        if !(0...Self.closesAtMsMax).contains(closesAt.unixMs) { return "closesAtMs" }
        return publicSource.map(Self.isText) == false ? "publicSource" : nil
    }

    private var arePrizesRight: Bool {
        guard (1...Self.prizeCountMax).contains(prizes.count) else { return false }
        // One by one, so that no sum overflows.
        return prizes.allSatisfy {
            Self.isText($0.name) && (1...Self.winnerCountMax).contains($0.winnerCount)
        } && winnerCount <= Self.winnerCountMax
    }
}

extension DrawAnnouncementV1 {
    /// Most bytes of an announcement.
    ///
    /// Source: our own bound; 20 names of 200 bytes and the rest have some 5,000.
    public static let byteCountMax = 16_384

    /// Reads a published announcement.
    ///
    /// - Throws: `DrawError`.
    public init(parsing bytes: [UInt8]) throws(DrawError) {
        guard bytes.count <= Self.byteCountMax
        else { throw .tooLarge(byteCountMax: Self.byteCountMax) }
        try self.init(try CanonicalJSON(ofDraw: bytes))
        guard self.bytes.dropLast().elementsEqual(bytes.droppingLineEnd)
        else { throw .notCanonical }
    }

    init(_ json: CanonicalJSON) throws(DrawError) {
        try json.check(kind: "draw")
        var prizes: [Prize] = []
        for prize in json["prizes"]?.arrayValue ?? [] {
            guard let name = prize["name"]?.stringValue, let count = prize["winners"]?.integerValue
            else { throw .malformed(field: "prizes") }
            prizes.append(Prize(name: name, winnerCount: Int(count)))
        }
        guard let id = json["id"]?.stringValue else { throw .malformed(field: "id") }
        guard let commitment = json["commitment"]?.stringValue
        else { throw .malformed(field: "commitment") }
        guard let closesAtMs = json["closesAtMs"]?.integerValue
        else { throw .malformed(field: "closesAtMs") }
        guard let date = json["date"]?.stringValue.flatMap({ BusinessDate($0) })
        else { throw .malformed(field: "date") }
        guard let winsOnce = json["winsOnce"]?.boolValue
        else { throw .malformed(field: "winsOnce") }
        try self.init(
            id: id,
            commitment: commitment,
            prizes: prizes,
            closesAt: WallTime(unixMs: closesAtMs),
            date: date,
            winsOnce: winsOnce,
            publicSource: try json.text("publicSource")
        )
    }
}

extension CanonicalJSON {
    /// Reads a file of a draw.
    init(ofDraw bytes: [UInt8]) throws(DrawError) {
        do throws(CanonicalJSONError) {
            self = try CanonicalJSON(parsing: bytes)
        } catch {
            throw .notJSON(error)
        }
    }

    func check(kind: String) throws(DrawError) {
        guard self["kind"]?.stringValue == kind else { throw .malformed(field: "kind") }
        guard let version = self["v"]?.integerValue else { throw .malformed(field: "v") }
        guard version == 1 else { throw .unknownVersion(version) }
    }

    /// A text, or nil for null.
    func text(_ name: String) throws(DrawError) -> String? {
        switch self[name] {
        case .null?: return nil
        case .string(let text)?: return text
        default: throw .malformed(field: name)
        }
    }
}

extension [UInt8] {
    /// A text's bytes without the line's end, which some programs add or change.
    var droppingLineEnd: ArraySlice<UInt8> {
        self[
            ..<(lastIndex { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") } ?? -1).advanced(
                by: 1
            )
        ]
    }
}
