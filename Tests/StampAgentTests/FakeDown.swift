import Crypto
import LoyaltyCore
import StampAgent
import Synchronization
import SyncWire
import Testing

/// An HQ in memory that sends down, with parts of a few members each.
final class FakeDown: DownLink {
    /// What goes wrong.
    enum Failure: Hashable, Sendable {
        case away, portal, failing, half, forged, otherQuestion, earlierHQ
        case damagedPart, partsGone, otherDocument, newDevice
        case afterChanges(Int)

        static let lies: [Self] = [
            .away, .portal, .failing, .half, .forged, .otherQuestion, .earlierHQ,
        ]
        var isAlarming: Bool { [.forged, .otherQuestion, .earlierHQ].contains(self) }
    }

    struct State {
        var members: [Int64: MemberV1] = [:]
        var changes: [ChangeV1] = []
        var revocations: [ChangeV1] = []
        var revocationFloor: Int64 = 0
        var editions: [EditionV1] = []
        var programmes: [String: Programme] = [:]
        var pageCount = 100
        var failing: Failure?
        var partRequests: [String] = []
        var snapshotQueries: [String?] = []
        var commands: [CommandListV1.Command] = []
        /// What waits for the device, two a page; nil for an HQ that has no grants.
        var grants: [GrantV1]? = []
        var grantQueries: [String?] = []
        /// Parts that were listed, by address.
        var listed: [String: [UInt8]] = [:]
    }

    static let key = SigningKey()
    private static let documents = Mutex<[String: Programme]>([:])
    let authority = "hq.test"
    private let state = Mutex(State())

    init(members: ClosedRange<Int64>) throws {
        for number in members { try put(number) }
    }

    func update(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
    }

    // MARK: HQ's state

    func put(_ value: Int64, name: String? = nil) throws {
        let number = try MemberNumber.test(value)
        let member = MemberV1(
            number: number,
            maskedName: name ?? "王○\(value)",
            mobileBarcode: nil,
            isBlocked: false
        )
        let change = ChangeV1.Content.member(try #require(member))
        state.withLock { state in
            state.members[value] = member
            state.append(change)
        }
    }

    func remove(_ value: Int64) throws {
        let number = try MemberNumber.test(value)
        state.withLock { state in
            state.members[value] = nil
            state.append(.memberGone(number))
        }
    }

    func revoke(_ revocation: Revocation) {
        state.withLock { $0.appendRevocation(.revoked(revocation)) }
    }

    func restore(_ revocation: Revocation) {
        state.withLock { $0.appendRevocation(.restored(revocation)) }
    }

    /// Forgets how it came to be, as after 45 days.
    func forgetRevocations(leaving rest: [Revocation]) {
        state.withLock { state in
            let last = state.revocations.last?.revision ?? 0
            state.revocations = []
            state.revocationFloor = last + 1
            for (index, revocation) in rest.enumerated() {
                let revision = last + 2 + Int64(index)
                state.revocations.append(ChangeV1(revision: revision, .revoked(revocation)))
            }
        }
    }

    func publish(_ programme: Programme, from day: String) throws {
        publishUnchecked(programme, from: day)
    }

    func publishUnchecked(_ programme: Programme, from day: String) {
        let reference = ProgrammeReference(programme)
        guard let from = BusinessDate(day), let edition = EditionV1(reference, from: from)
        else { preconditionFailure("the constants are well formed") }
        Self.documents.withLock { $0["document \(reference.digest)"] = programme }
        state.withLock { state in
            state.programmes[reference.digest] = programme
            state.editions.append(edition)
            state.append(.programme(edition))
        }
    }

    /// Reads a "document", which here is but a name.
    static let readProgramme: @Sendable (String) throws -> Programme = { text in
        guard let programme = documents.withLock({ $0[text] }) else { throw Unreadable() }
        return programme
    }

    var partRequests: [String] { state.withLock { $0.partRequests } }
    var grantQueries: [String?] { state.withLock { $0.grantQueries } }
    var commandCount: Int { state.withLock { $0.commands.count } }
    var snapshotQueries: [String?] { state.withLock { $0.snapshotQueries } }
    var partCount: Int { state.withLock { $0.parts.count } }
    var head: FeedCursor? { state.withLock { $0.head(of: $0.changes) } }
    var digest: StateDigest { state.withLock { $0.digest } }

    // MARK: Answers

    func ask(_ request: DownRequestV1, byteCountMax: Int) async throws -> PushReply {
        try state.withLock { state in
            switch state.failing {
            case .away: throw Nobody()
            case .portal: return reply(302, "text/html", content: Array("<html>free wifi".utf8))
            case .failing: return reply(502, "text/html", content: [])
            default: break
            }
            if request.path == SnapshotV1.path {
                state.snapshotQueries.append(request.query)
                for bytes in state.parts { state.list(bytes) }
                return reply(200, content: state.snapshot)
            }
            if request.path.hasSuffix("/grants") { return grants(request, &state) }
            if request.path.hasPrefix("/v1/devices/") { return commands(request, &state) }
            if request.path.hasPrefix("/v1/parts/") { return part(request.path, &state) }
            if request.path.hasPrefix("/v1/programmes/") {
                let digest = request.path.dropFirst("/v1/programmes/".count)
                let isOther = state.failing == .otherDocument
                let name = "document \(isOther ? "x" : digest)"
                return reply(200, "text/yaml", content: Array(name.utf8))
            }
            return try page(request, &state)
        }
    }

    private func part(_ path: String, _ state: inout State) -> PushReply {
        state.partRequests.append(path)
        guard var bytes = state.listed[path], state.failing != .partsGone
        else { return reply(404, Problem.mediaType, content: Problem(.notFound, "gone").bytes) }
        if state.failing == .damagedPart { bytes[3] ^= 1 }
        return reply(200, "application/octet-stream", content: bytes)
    }

    private func commands(_ request: DownRequestV1, _ state: inout State) -> PushReply {
        let doneID = request.query.flatMap { Int64($0.dropFirst("after=".count)) } ?? 0
        state.commands.removeAll { $0.id <= doneID }
        let named = request.path.split(separator: "/")[2]
        let list = CommandListV1(
            device: DeviceID(String(named)) ?? DeviceID(at: WallTime(unixMs: 0), random: []),
            commands: state.commands,
            serverMs: 1_795_400_000_000
        )
        return reply(200, content: list.bytes(signedBy: Self.key))
    }

    private func grants(_ request: DownRequestV1, _ state: inout State) -> PushReply {
        state.grantQueries.append(request.query)
        guard let grants = state.grants
        else { return reply(404, Problem.mediaType, content: Problem(.notFound, "none").bytes) }
        let after = request.query.flatMap { GrantID($0.dropFirst("after=".count)) }
        let rest = grants.filter { grant in after.map { $0 < grant.fact.id } ?? true }
        let named = DeviceID(String(request.path.split(separator: "/")[2]))
        let list = GrantListV1(
            device: grants.first?.device ?? named ?? DeviceID(at: WallTime(unixMs: 0), random: []),
            grants: Array(rest.prefix(2)),
            serverMs: 1_795_400_000_000
        )
        return reply(200, content: list.bytes(signedBy: Self.key))
    }

    private func page(_ request: DownRequestV1, _ state: inout State) throws -> PushReply {
        let isChanges = request.path == Feed.changes.path
        var since = request.query.flatMap { FeedCursor($0.dropFirst("since=".count)) }
        if isChanges, since == nil || state.failing == .newDevice {
            return reply(303, "", content: [])
        }
        if !isChanges, let since, since.position < state.revocationFloor {
            let problem = Problem(.cursorExpired, "begin anew")
            return reply(410, Problem.mediaType, content: problem.bytes)
        }
        if isChanges, case .afterChanges(let count) = state.failing {
            if count == 0 { throw Nobody() }
            state.failing = .afterChanges(count - 1)
        }
        let all = isChanges ? state.changes : state.revocations
        let rest = all.filter { $0.revision > since?.position ?? 0 }
        let shown = Array(rest.prefix(state.pageCount))
        let hasMore = shown.count < rest.count
        if state.failing == .otherQuestion { since = FeedCursor("1.1") }
        let epoch: Int64 = state.failing == .earlierHQ ? 2 : 1
        let last = hasMore ? shown.last?.revision : all.last?.revision
        let next = FeedCursor(epoch: epoch, position: last ?? state.revocationFloor)
        var page = ChangePageV1(
            feed: isChanges ? .changes : .revocations,
            since: since,
            changes: shown,
            next: try #require(next),
            hasMore: hasMore,
            isComplete: !hasMore,
            digest: isChanges && !hasMore ? state.digest : nil,
            serverMs: 1_795_400_000_000
        )
        page.hasCommands = isChanges && !state.commands.isEmpty
        let isForged = state.failing == .forged
        let bytes = page.bytes(signedBy: isForged ? SigningKey() : Self.key)
        return reply(200, content: state.failing == .half ? Array(bytes.dropLast(9)) : bytes)
    }

    private func reply(
        _ status: Int,
        _ type: String = "application/json",
        content: [UInt8]
    ) -> PushReply {
        PushReply(status: status, mediaType: type, retryAfterS: nil, content: content)
    }

    private struct Nobody: Error {}
    private struct Unreadable: Error {}
}

extension FakeDown.State {
    fileprivate mutating func list(_ part: [UInt8]) {
        if let name = SnapshotV1.Part(of: part) { listed[name.path] = part }
    }

    fileprivate mutating func append(_ content: ChangeV1.Content) {
        changes.append(ChangeV1(revision: (changes.last?.revision ?? 0) + 1, content))
    }

    fileprivate mutating func appendRevocation(_ content: ChangeV1.Content) {
        revocations.append(ChangeV1(revision: (revocations.last?.revision ?? 0) + 1, content))
    }

    fileprivate func head(of feed: [ChangeV1]) -> FeedCursor? {
        FeedCursor(epoch: 1, position: feed.last?.revision ?? 0)
    }

    fileprivate var lines: [[UInt8]] {
        members.values.sorted { $0.number < $1.number }.map(\.line)
    }

    fileprivate var digest: StateDigest {
        var digest = StateDigest(.members)
        for line in lines { digest.add(line) }
        return digest
    }

    /// Ten members each.
    fileprivate var parts: [[UInt8]] {
        stride(from: 0, to: lines.count, by: 10).map { start in
            lines[start..<min(start + 10, lines.count)].flatMap { $0 + [UInt8(ascii: "\n")] }
        }
    }

    fileprivate var snapshot: [UInt8] {
        guard let cursor = head(of: changes) else { preconditionFailure("the epoch is 1") }
        return SnapshotV1(
            id: String(repeating: "a", count: 64),
            cursor: cursor,
            rowCount: Int64(lines.count),
            digest: digest,
            parts: parts.compactMap { SnapshotV1.Part(of: $0) },
            editions: editions
        ).bytes(signedBy: FakeDown.key)
    }
}

extension MemberNumber {
    /// A member for tests.
    static func test(_ value: Int64) throws -> Self {
        try #require(Self(value: value))
    }
}
