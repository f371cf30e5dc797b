import Crypto
import LoyaltyCore

/// What a snapshot of HQ's state consists of, signed by HQ, version 1.
///
/// Its parts are lines of members and never change: a part is named by its SHA-256. The members may
/// be a little newer than `cursor`, never older, so whoever goes on from there ends in HQ's state.
public struct SnapshotV1: Hashable, Sendable {
    /// Names the snapshot.
    public let id: String
    /// From where the feed of changes goes on.
    public let cursor: FeedCursor
    /// How many members there are.
    public let rowCount: Int64
    /// What the members' lines add up to.
    public let digest: StateDigest
    /// The parts, in order.
    public let parts: [Part]
    /// The programmes' editions that HQ has published, the lower versions first.
    public let editions: [EditionV1]

    /// A piece of a snapshot.
    public struct Part: Hashable, Sendable {
        /// Its size.
        public let byteCount: Int64
        /// The SHA-256 of its bytes, 64 lower-case hexadecimal digits.
        public let sha256: String

        /// Creates a part, or nil if it cannot be one.
        public init?(byteCount: Int64, sha256: String) {
            guard (1...SnapshotV1.partByteCountMax).contains(byteCount),
                EditionV1.isDigest(sha256)
            else { return nil }
            self.byteCount = byteCount
            self.sha256 = sha256
        }

        /// Names bytes.
        public init?(of bytes: [UInt8]) {
            self.init(byteCount: Int64(bytes.count), sha256: Self.digest(of: bytes))
        }

        /// Where it is fetched.
        public var path: String { "/v1/parts/\(sha256)" }

        /// Whether bytes are this part.
        public func isSame(as bytes: [UInt8]) -> Bool {
            Int64(bytes.count) == byteCount && Self.digest(of: bytes) == sha256
        }

        private static func digest(of bytes: [UInt8]) -> String {
            Hex.text(SHA256.hash(data: bytes))
        }
    }

    /// Where the newest snapshot is asked for.
    public static let path = "/v1/snapshots/current"
    /// Most bytes of a part.
    ///
    /// Source: SYNC.md section 2.5.
    public static let partByteCountMax: Int64 = 4_194_304
    /// Most parts: some 100 million members.
    ///
    /// Source: our own bound.
    public static let partCountMax = 4_096
    /// Most editions that are listed.
    ///
    /// Source: our own bound; a device keeps a handful.
    public static let editionCountMax = 64
    /// Most bytes of the list.
    ///
    /// Source: our own bound; 4,096 parts and 64 editions have some 500 kB.
    public static let byteCountMax = 1_048_576

    /// Creates a list.
    public init(
        id: String,
        cursor: FeedCursor,
        rowCount: Int64,
        digest: StateDigest,
        parts: [Part],
        editions: [EditionV1]
    ) {
        self.id = id
        self.cursor = cursor
        self.rowCount = rowCount
        self.digest = digest
        self.parts = parts
        self.editions = editions
    }

    /// The list as it is sent.
    public func bytes(signedBy key: SigningKey) -> [UInt8] {
        SignedBody.bytes(
            [
                .init("v", 1),
                .init("kind", "snapshot"),
                .init("id", .string(id)),
                .init("cursor", .string(cursor.text)),
                .init("rows", .integer(rowCount)),
                .init("digest", .string(digest.text)),
                .init("parts", .array(parts.enumerated().map { $1.json($0) })),
                .init("programmes", .array(editions.map(\.json))),
            ],
            signedBy: key
        )
    }

    /// Reads a list and checks HQ's signature.
    ///
    /// - Parameters:
    ///   - bytes: The reply's body.
    ///   - key: HQ's public key.
    /// - Throws: `DownError`; nothing of the reply may be used then.
    public init(parsing bytes: [UInt8], signedBy key: PublicKey) throws(DownError) {
        let json = try SignedBody.object(
            parsing: bytes,
            kind: "snapshot",
            byteCountMax: Self.byteCountMax,
            signedBy: key
        )
        guard let id = json["id"]?.stringValue, EditionV1.isDigest(id)
        else { throw .malformed(field: "id") }
        guard let cursor = json["cursor"]?.stringValue.flatMap({ FeedCursor($0) })
        else { throw .malformed(field: "cursor") }
        guard let rowCount = json["rows"]?.integerValue, rowCount >= 0
        else { throw .malformed(field: "rows") }
        guard let digest = json["digest"]?.stringValue.flatMap({ StateDigest(.members, $0) })
        else { throw .malformed(field: "digest") }
        let parts = json["parts"]?.arrayValue?.enumerated().map { Part($1, number: $0) }
        guard let parts, parts.count <= Self.partCountMax, parts.allSatisfy({ $0 != nil })
        else { throw .malformed(field: "parts") }
        let editions = json["programmes"]?.arrayValue?.map { EditionV1($0) }
        guard let editions, editions.count <= Self.editionCountMax,
            editions.allSatisfy({ $0 != nil })
        else { throw .malformed(field: "programmes") }
        self.init(
            id: id,
            cursor: cursor,
            rowCount: rowCount,
            digest: digest,
            parts: parts.compactMap(\.self),
            editions: editions.compactMap(\.self)
        )
    }

    /// The members of a part, or nil if one of its lines is none.
    public static func members(of part: [UInt8]) -> [MemberV1]? {
        guard part.last == UInt8(ascii: "\n") else { return nil }
        var members: [MemberV1] = []
        for line in part.dropLast().split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        ) {
            guard let member = MemberV1(line: line) else { return nil }
            members.append(member)
        }
        return members
    }
}

extension SnapshotV1.Part {
    fileprivate func json(_ number: Int) -> CanonicalJSON {
        [
            "n": .integer(Int64(number)), "bytes": .integer(byteCount), "sha256": .string(sha256),
        ]
    }

    fileprivate init?(_ json: CanonicalJSON, number: Int) {
        guard json["n"]?.integerValue == Int64(number), let byteCount = json["bytes"]?.integerValue,
            let sha256 = json["sha256"]?.stringValue
        else { return nil }
        self.init(byteCount: byteCount, sha256: sha256)
    }
}
