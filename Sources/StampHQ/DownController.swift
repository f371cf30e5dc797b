import Hummingbird
import Logging
import LoyaltyCore
import NIOCore
import ServiceLifecycle
import Synchronization
import SyncWire

/// What devices fetch: revocations, changes, snapshots and programmes (SYNC.md 2.5).
///
/// Every answer that a device believes is signed; every question is signed by a device.
struct DownController: Sendable {
    let store: HQStore
    let key: SigningKey
    let sender: SenderCheck
    private let isMaking = OneAtATime()

    init(store: HQStore, key: SigningKey, sender: SenderCheck) {
        self.store = store
        self.key = key
        self.sender = sender
    }

    func addRoutes(to group: RouterGroup<some RequestContext>) {
        for feed in Feed.allCases {
            group.get(RouterPath(feed.rawValue)) { request, _ in
                let device = try await authenticate(request)
                return try await changes(feed, request, device)
            }
        }
        group.get("devices/{device}/commands") { request, context in
            let device = try await authenticate(request)
            guard context.parameters.get("device") == device.identity.device.text
            else { throw Problem(.deviceUnknown, "Device-Id names another device than the path.") }
            return try await commands(request, device)
        }
        group.get("devices/{device}/grants") { request, context in
            let device = try await authenticate(request)
            guard context.parameters.get("device") == device.identity.device.text
            else { throw Problem(.deviceUnknown, "Device-Id names another device than the path.") }
            return try await grants(request, device)
        }
        group.get("snapshots/current") { request, _ in
            let device = try await authenticate(request)
            let since = try Self.since(request)
            if let told = try Self.mismatch(request) {
                await sender.alarm(told, device, .digestMismatch)
            }
            return Response(json: try await snapshot(since: since).bytes(signedBy: key))
        }
        group.get("parts/{sha256}") { request, context in
            try await authenticate(request)
            guard let name = context.parameters.get("sha256"),
                let content = try await store.part(name)
            else { throw Problem(.notFound, "HQ has no such part any more; ask for a snapshot.") }
            return Response(part: content, named: name, for: request)
        }
        group.get("programmes/{sha256}") { request, context in
            try await authenticate(request)
            guard let name = context.parameters.get("sha256"),
                let document = try await store.document(name)
            else { throw Problem(.notFound, "HQ has published no such programme.") }
            return Response(part: Array(document.utf8), named: name, for: request)
        }
    }

    @discardableResult
    private func authenticate(_ request: Request) async throws -> Device {
        let name = request.field(DownRequestV1.deviceFieldName) ?? ""
        guard let device = DeviceID(name) else {
            throw Problem(.deviceUnknown, "Name the device in Device-Id.")
        }
        let known = try await sender.trusted(device)
        try await sender.authenticate(
            request,
            known,
            covered: DownRequestV1.covered(device: name)
        )
        return known
    }

    // MARK: Feeds

    private func changes(
        _ feed: Feed,
        _ request: Request,
        _ device: Device
    ) async throws -> Response {
        let parameters = request.uri.queryParameters
        let since = try Self.since(request)
        guard
            let limit = Int(parameters["limit"] ?? "\(ChangePageV1.changeCountMax)"),
            (1...ChangePageV1.changeCountMax).contains(limit)
        else {
            throw Problem(.badRequest, "limit= must be 1 to \(ChangePageV1.changeCountMax).")
        }
        // Before the first look: what is published in between rings.
        let news = store.bell.listen(device.identity.device)
        var answer = try await store.page(feed, since: since, limit: limit)
        var hasCommands = try await hasCommands(device, feed)
        if case .page(let page) = answer, page.changes.isEmpty, !hasCommands,
            let waitS = Self.waitS(request)
        {
            await wait(for: news, atMostS: waitS)
            answer = try await store.page(feed, since: since, limit: limit)
            hasCommands = try await self.hasCommands(device, feed)
        }
        switch answer {
        case .page(var page):
            page.hasCommands = hasCommands
            return Response(json: page.bytes(signedBy: key))
        case .snapshot:
            return Response(
                status: .seeOther,
                headers: [.location: SnapshotV1.path, .cacheControl: "no-store"]
            )
        }
    }

    /// Whether a page says that something is wanted of the device; only those of changes do.
    private func hasCommands(_ device: Device, _ feed: Feed) async throws -> Bool {
        guard feed == .changes else { return false }
        return try await !store.commands(of: device, after: 0).isEmpty
    }

    /// What is wanted of a device, at once or when something is.
    private func commands(_ request: Request, _ device: Device) async throws -> Response {
        guard let after = Int64(request.uri.queryParameters["after"] ?? "0"), after >= 0
        else { throw Problem(.badRequest, "after= must be the number of a command, or 0.") }
        let news = store.bell.listen(device.identity.device)
        var commands = try await store.commands(of: device, after: after)
        if commands.isEmpty, let waitS = Self.waitS(request) {
            await wait(for: news, atMostS: waitS)
            commands = try await store.commands(of: device, after: after)
        }
        let list = CommandListV1(
            device: device.identity.device,
            commands: commands,
            serverMs: store.nowMs()
        )
        return Response(json: list.bytes(signedBy: key))
    }

    /// What HQ has placed on a device and has not seen in its log.
    private func grants(_ request: Request, _ device: Device) async throws -> Response {
        let after = try request.uri.queryParameters["after"].map { text in
            guard let id = GrantID(text)
            else { throw Problem(.badRequest, "after= must be the name of a grant, such as 1.7.") }
            return id
        }
        let id = device.identity.device
        let placed = try await store.grants(of: device, after: after).map { grant in
            GrantV1(
                grant.id,
                on: id,
                of: grant.member,
                grant.postings,
                reason: grant.reason,
                signedBy: key
            )
        }
        let list = GrantListV1(device: id, grants: placed, serverMs: store.nowMs())
        return Response(json: list.bytes(signedBy: key))
    }

    /// The place that the sender has, or nil if it has none.
    private static func since(_ request: Request) throws -> FeedCursor? {
        try request.uri.queryParameters["since"].map { text in
            guard let cursor = FeedCursor(text)
            else { throw Problem(.badRequest, "since= must be a place that HQ gave.") }
            return cursor
        }
    }

    /// What the sender says of members that were not HQ's; nil if it says nothing.
    private static func mismatch(_ request: Request) throws -> String? {
        try request.uri.queryParameters["mismatch"].map { text in
            guard let digest = StateDigest(scopedText: String(text))
            else { throw Problem(.badRequest, "mismatch= must be a scope and its digest.") }
            let place = request.uri.queryParameters["since"] ?? "no place"
            return "its \(digest.scope.rawValue) add up to \(digest.text) at \(place)"
        }
    }

    /// How long the sender wants to wait for something new (RFC 7240 section 4.3), in seconds.
    private static func waitS(_ request: Request) -> Int64? {
        let preferences = (request.field("prefer") ?? "").split { $0 == "," || $0 == ";" }
        for preference in preferences {
            let parts = preference.split(separator: "=")
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == "wait",
                let seconds = Int64(parts[1]), seconds > 0
            else { continue }
            return min(seconds, ChangePageV1.waitSMax)
        }
        return nil
    }

    /// Waits for news, for a time, or until HQ stops: the answer then says that there is nothing.
    private func wait(for news: AsyncStream<Never>, atMostS seconds: Int64) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in news {} }
            group.addTask {
                do {
                    try await cancelWhenGracefulShutdown {
                        try await Task.sleep(for: .seconds(seconds))
                    }
                } catch {
                    // Cut short: whoever waits is answered at once.
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    // MARK: Snapshots

    /// The newest snapshot; makes one if there is none that is fresh and no older than a place.
    private func snapshot(since: FeedCursor?) async throws -> SnapshotV1 {
        if let fresh = try await store.freshSnapshot(since: since) { return fresh }
        guard isMaking.begin() else {
            throw Problem(.hqUnavailable, "HQ makes a snapshot; ask again after Retry-After.")
        }
        defer { isMaking.end() }
        // Another request may have made it just before.
        if let fresh = try await store.freshSnapshot(since: since) { return fresh }
        return try await store.makeSnapshot()
    }
}

/// Whether something is at work that must be at work only once.
private final class OneAtATime: Sendable {
    private let isHeld = Mutex(false)

    func begin() -> Bool {
        isHeld.withLock { isHeld in
            defer { isHeld = true }
            return !isHeld
        }
    }

    func end() {
        isHeld.withLock { $0 = false }
    }
}

extension Response {
    /// Bytes that never change under their name, whole or the piece that was asked for.
    ///
    /// One range of bytes is understood (RFC 9110 section 14.2); several get the whole.
    init(part content: [UInt8], named name: String, for request: Request) {
        let tag = "\"\(name)\""
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .eTag: tag, .acceptRanges: "bytes",
            .cacheControl: "public, max-age=31536000, immutable",
        ]
        let isSame = request.field("if-range").map { $0 == tag } ?? true
        guard isSame, let asked = request.field("range").flatMap(ByteRange.init) else {
            self.init(
                status: .ok,
                headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: content))
            )
            return
        }
        guard let range = asked.within(content.count) else {
            headers[.contentRange] = "bytes */\(content.count)"
            self.init(status: .rangeNotSatisfiable, headers: headers)
            return
        }
        headers[.contentRange] =
            "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(content.count)"
        self.init(
            status: .partialContent,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: content[range]))
        )
    }
}

/// One range of bytes as `Range` names it.
private enum ByteRange {
    case from(Int, through: Int?)
    case last(Int)

    init?(_ text: String) {
        guard text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst("bytes=".count).split(
            separator: "-",
            omittingEmptySubsequences: false
        )
        guard ends.count == 2,
            ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        switch (Int(ends[0]), Int(ends[1])) {
        case (let first?, nil) where ends[1].isEmpty: self = .from(first, through: nil)
        case (let first?, let last?) where first <= last: self = .from(first, through: last)
        case (nil, let count?) where ends[0].isEmpty: self = .last(count)
        default: return nil
        }
    }

    /// The range within so many bytes, or nil if it lies outside.
    func within(_ count: Int) -> Range<Int>? {
        switch self {
        case .from(let first, let last):
            first < count ? first..<min(last ?? count - 1, count - 1) + 1 : nil
        case .last(let wanted): wanted > 0 && count > 0 ? max(0, count - wanted)..<count : nil
        }
    }
}
