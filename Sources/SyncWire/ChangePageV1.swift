import LoyaltyCore

/// A page of a feed, signed by HQ, version 1.
///
/// It says from which place it goes on, so one that is repeated or held back fits nowhere else.
public struct ChangePageV1: Hashable, Sendable {
    /// Which feed.
    public let feed: Feed
    /// The place after which it begins; nil at the feed's begin.
    public let since: FeedCursor?
    /// What changed, in the order of the revisions.
    public let changes: [ChangeV1]
    /// The place to ask for next.
    public let next: FeedCursor
    /// Whether HQ has more by now.
    public let hasMore: Bool
    /// Whether the page ends with a whole transaction of HQ: only then may it take effect.
    public let isComplete: Bool
    /// What HQ's members add up to at `next`, where the page reaches the feed's end.
    public let digest: StateDigest?
    /// HQ's clock, in POSIX milliseconds.
    public let serverMs: Int64

    /// Most changes of a page.
    ///
    /// Source: SYNC.md section 2.5.
    public static let changeCountMax = 2_000
    /// Most bytes of a page.
    ///
    /// Source: our own bound; 2,000 members with the longest names and profiles have some 820 kB.
    public static let byteCountMax = 1_048_576
    /// Longest time that HQ holds a question which has no answer yet, in seconds.
    ///
    /// Source: SYNC.md section 2.5; proxies cut what is silent for 60 seconds.
    public static let waitSMax: Int64 = 55

    /// Whether HQ's operator wants something of the device that asks; see `CommandListV1`.
    public var hasCommands = false

    /// Creates a page.
    public init(
        feed: Feed,
        since: FeedCursor?,
        changes: [ChangeV1],
        next: FeedCursor,
        hasMore: Bool,
        isComplete: Bool,
        digest: StateDigest?,
        serverMs: Int64
    ) {
        self.feed = feed
        self.since = since
        self.changes = changes
        self.next = next
        self.hasMore = hasMore
        self.isComplete = isComplete
        self.digest = digest
        self.serverMs = serverMs
    }

    /// The page as it is sent.
    public func bytes(signedBy key: SigningKey) -> [UInt8] {
        var members: [CanonicalJSON.Member] = [
            .init("v", 1),
            .init("kind", "changes"),
            .init("feed", .string(feed.rawValue)),
            .init("since", since.map { .string($0.text) } ?? .null),
            .init("changes", .array(changes.map(\.json))),
            .init("next", .string(next.text)),
            .init("more", .bool(hasMore)),
            .init("upto", isComplete ? "complete" : "partial"),
            .init("digest", digest.map { .string($0.text) } ?? .null),
            .init("serverMs", .integer(serverMs)),
        ]
        if hasCommands { members.append(.init("commands", .bool(true))) }
        return SignedBody.bytes(members, signedBy: key)
    }

    /// Reads a page and checks HQ's signature.
    ///
    /// - Parameters:
    ///   - bytes: The reply's body.
    ///   - key: HQ's public key.
    /// - Throws: `DownError`; nothing of the reply may be used then.
    public init(parsing bytes: [UInt8], signedBy key: PublicKey) throws(DownError) {
        let json = try SignedBody.object(
            parsing: bytes,
            kind: "changes",
            byteCountMax: Self.byteCountMax,
            signedBy: key
        )
        guard let feed = json["feed"]?.stringValue.flatMap(Feed.init(rawValue:))
        else { throw .malformed(field: "feed") }
        guard let next = json["next"]?.stringValue.flatMap({ FeedCursor($0) })
        else { throw .malformed(field: "next") }
        guard let hasMore = json["more"]?.boolValue else { throw .malformed(field: "more") }
        guard let upto = json["upto"]?.stringValue, ["complete", "partial"].contains(upto)
        else { throw .malformed(field: "upto") }
        guard let serverMs = json["serverMs"]?.integerValue, serverMs >= 0
        else { throw .malformed(field: "serverMs") }
        self.init(
            feed: feed,
            since: try json.optional("since") { FeedCursor($0) },
            changes: try Self.changes(json, upTo: next),
            next: next,
            hasMore: hasMore,
            isComplete: upto == "complete",
            digest: try json.optional("digest") { StateDigest(.members, $0) },
            serverMs: serverMs
        )
        hasCommands = json["commands"]?.boolValue ?? false
        if let since, since.epoch != next.epoch || next < since { throw .malformed(field: "next") }
        guard isComplete || hasMore else { throw .malformed(field: "upto") }
    }

    private static func changes(
        _ json: CanonicalJSON,
        upTo next: FeedCursor
    ) throws(DownError) -> [ChangeV1] {
        guard let lines = json["changes"]?.arrayValue, lines.count <= changeCountMax
        else { throw .malformed(field: "changes") }
        var changes: [ChangeV1] = []
        for line in lines {
            let change = try ChangeV1(line)
            guard change.revision > changes.last?.revision ?? 0, change.revision <= next.position
            else { throw .malformed(field: "rev") }
            changes.append(change)
        }
        return changes
    }
}

extension CanonicalJSON {
    /// A text in a form of its own, or nil for `null`.
    func optional<Value>(
        _ name: String,
        _ read: (String) -> Value?
    ) throws(DownError) -> Value? {
        guard let json = self[name] else { throw .malformed(field: name) }
        if json == .null { return nil }
        guard let value = json.stringValue.flatMap(read) else { throw .malformed(field: name) }
        return value
    }
}
