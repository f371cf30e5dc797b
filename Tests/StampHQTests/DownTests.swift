import GRDB
import LoyaltyCore
import NIOHTTP1
import ServiceLifecycle
import SyncWire
import Testing

@testable import StampHQ

/// What HQ sends down, asked for over HTTP by a device that signs.
struct DownTests {
    // MARK: Feeds

    @Test func `an import goes down in pages, and only its end is complete`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let start = try await hq.snapshot(by: device).cursor
            _ = try await hq.hq.store.putMembers(try members(1...5))
            _ = try await hq.hq.store.putMembers(try members(6...7))

            var pages: [ChangePageV1] = []
            var since = start
            repeat {
                pages.append(try await hq.page(.changes, since: since, limit: 3, by: device))
                since = pages.last?.next ?? since
            } while pages.last?.hasMore == true
            #expect(pages.map(\.changes.count) == [3, 3, 1])
            #expect(pages.map(\.isComplete) == [false, false, true])
            #expect(pages.flatMap(\.changes).map(\.revision) == Array(1...7))
            let five = try await hq.page(.changes, since: start, limit: 5, by: device)
            #expect(five.isComplete && five.hasMore)
        }
    }

    /// The trap of SYNC.md 2.5: a place that is taken before its transaction commits.
    @Test func `a reader among many writers skips nothing`() async throws {
        let directory = try TemporaryDirectory()
        let store = try HQStore(path: "\(directory.path)/hq.sqlite") { 0 }
        let seen = try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for block in 0..<10 {
                        let first = Int64(writer * 1_000 + block * 10)
                        _ = try await store.putMembers(try members(first...first + 9))
                    }
                }
            }
            var seen: [ChangeV1] = []
            var since = try #require(FeedCursor("1.0"))
            while seen.count < 800 {
                let answer = try await store.page(.changes, since: since, limit: 7)
                guard case .page(let page) = answer else { break }
                #expect(page.changes.allSatisfy { $0.revision > since.position })
                seen += page.changes
                since = page.next
            }
            try await group.waitForAll()
            return seen
        }
        #expect(seen.count == 800)
        #expect(seen.map(\.revision) == Array(1...800))
        #expect(Set(seen.map(\.content)).count == 800)
    }

    @Test func `what is imported again unchanged goes down to nobody`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            _ = try await hq.hq.store.putMembers(try members(1...5))
            let before = try await hq.page(.changes, since: hq.begin, by: device)
            _ = try await hq.hq.store.putMembers(try members(1...5))
            let after = try await hq.page(.changes, since: hq.begin, by: device)
            #expect(after.next == before.next)
            #expect(after.digest == before.digest)
        }
    }

    @Test func `the digest is that of the members' lines, whatever the way to them`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let store = hq.hq.store
            _ = try await store.putMembers(try members(1...5))
            _ = try await store.putMembers([try member(2, "改○名", isBlocked: true)])
            var expected = StateDigest(.members)
            for member in try members(1...5) where member.number.value != 2 {
                expected.add(member.wire.line)
            }
            expected.add(try member(2, "改○名", isBlocked: true).wire.line)

            let page = try await hq.page(.changes, since: hq.begin, by: device)
            #expect(page.digest == expected)
            let cut = try await hq.page(.changes, since: hq.begin, limit: 2, by: device)
            #expect(cut.digest == nil)
        }
    }

    @Test func `a barred member and a revoked device are revocations, until they are restored`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let other = try TestDevice(2)
            try await other.join(hq)
            let store = hq.hq.store
            _ = try await store.putMembers([try member(1, isBlocked: true), try member(2)])
            try await store.revokeDevice(other.identity.device)

            let page = try await hq.page(.revocations, since: nil, by: device)
            let barred = Revocation.member(try number(1))
            #expect(
                page.changes.map(\.content) == [
                    .revoked(barred), .revoked(.device(other.identity.device)),
                ]
            )
            _ = try await store.putMembers([try member(1)])
            let next = try await hq.page(.revocations, since: page.next, by: device)
            #expect(next.changes.map(\.content) == [.restored(barred)])
        }
    }

    @Test func `after 45 days HQ forgets what is gone, and says so to who was away`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let store = hq.hq.store
            _ = try await store.putMembers([try member(1, isBlocked: true)])
            let before = try await hq.page(.revocations, since: nil, by: device).next
            _ = try await store.putMembers([try member(1)])
            let after = try await hq.page(.revocations, since: before, by: device).next

            hq.clock.advance(seconds: FeedDraft.tombstoneLifeMs / 1_000)
            _ = try await store.putMembers([try member(2, isBlocked: true)])
            #expect(try await hq.page(.revocations, since: before, by: device).changes.count == 2)

            hq.clock.advance(seconds: 1)
            _ = try await store.putMembers([try member(3, isBlocked: true)])
            let answer = try await hq.ask(.revocations, since: before, by: device)
            #expect(answer.problem?.type == .cursorExpired)
            #expect(answer.status == 410)
            #expect(try await hq.page(.revocations, since: after, by: device).changes.count == 2)
            #expect(try await hq.page(.revocations, since: nil, by: device).changes.count == 2)
        }
    }

    @Test func `a place ahead of HQ, or of an earlier HQ, is refused`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            for (place, type) in [("1.1", ProblemType.cursorAhead), ("2.0", .cursorAhead)] {
                let cursor = try #require(FeedCursor(place))
                let answer = try await hq.ask(.changes, since: cursor, by: device)
                #expect(answer.problem?.type == type)
            }
            try await hq.hq.store.queue.write { db in
                try db.execute(sql: "UPDATE setting SET value = 2 WHERE name = 'hqEpoch'")
            }
            let answer = try await hq.ask(.changes, since: hq.begin, by: device)
            #expect(answer.problem?.type == .cursorExpired)
        }
    }

    @Test(arguments: ["since=x", "since=1.0&limit=0", "since=1.0&limit=2001", "limit=x&since=1.0"])
    func `a question out of form is refused`(query: String) async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let answer = try await hq.ask(Feed.changes.path, query, by: device)
            #expect(answer.problem?.type == .badRequest)
        }
    }

    @Test func `who waits is answered when something is published`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            async let waiting = hq.page(
                .changes,
                since: hq.begin,
                extras: [.init("prefer", "wait=55")],
                by: device
            )
            // Whether the question arrives before or after, it is answered with the member.
            _ = try await hq.hq.store.putMembers([try member(1)])
            #expect(try await waiting.changes.count == 1)
        }
    }

    /// So that a store hears of it within its next question.
    @Test func `a revocation wakes who waits for changes`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let other = try TestDevice(2)
            try await other.join(hq)
            async let waiting = hq.page(
                .changes,
                since: hq.begin,
                extras: [.init("prefer", "wait=55")],
                by: device
            )
            while hq.hq.store.bell.listenerCount == 0 { await Task.yield() }
            try await hq.hq.store.revokeDevice(other.identity.device)
            #expect(try await waiting.changes.isEmpty)
        }
    }

    @Test func `an HQ that stops lets nobody wait to the end`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            async let waiting = hq.page(
                .changes,
                since: hq.begin,
                extras: [.init("prefer", "wait=55")],
                by: device
            )
            while hq.hq.store.bell.listenerCount == 0 { await Task.yield() }
            let began = ContinuousClock.now
            await hq.group.triggerGracefulShutdown()
            #expect(try await waiting.changes.isEmpty)
            #expect(began.duration(to: .now) < .seconds(ChangePageV1.waitSMax - 5))
        }
    }

    // MARK: Senders

    @Test func `only a trusted device's own signature opens anything`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let other = try TestDevice(2)
            let question = device.question(Feed.revocations.path, nil, to: hq)
            #expect(try await hq.send(.GET, question.target, question.fields).status == 200)
            let again = try await hq.send(.GET, question.target, question.fields)
            #expect(again.problem?.type == .signatureInvalid, "a nonce is accepted once")

            for path in ["/v1/changes", "/v1/revocations", SnapshotV1.path, "/v1/parts/x"] {
                #expect(try await hq.send(.GET, path).problem?.type == .deviceUnknown)
                let forged = device.question(path, nil, to: hq, signedBy: other.key)
                let answer = try await hq.send(.GET, forged.target, forged.fields)
                #expect(answer.problem?.type == .signatureInvalid)
            }
            try await hq.hq.store.revokeDevice(device.identity.device)
            let answer = try await hq.ask(.revocations, since: nil, by: device)
            #expect(answer.problem?.type == .deviceRevoked)
        }
    }

    // MARK: Snapshots

    @Test func `a new device is sent to a snapshot that has all members`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let all = try members(1...300)
            _ = try await hq.hq.store.putMembers(all)
            let answer = try await hq.ask(.changes, since: nil, by: device)
            #expect(answer.status == 303)
            #expect(answer.headers.first(name: "location") == SnapshotV1.path)

            let snapshot = try await hq.snapshot(by: device)
            #expect(snapshot.rowCount == 300)
            #expect(snapshot.cursor.text == "1.300")
            var found: [MemberV1] = []
            for part in snapshot.parts {
                let bytes = try await hq.ask(part.path, nil, by: device).bytes
                #expect(part.isSame(as: bytes))
                found += try #require(SnapshotV1.members(of: bytes))
            }
            #expect(found == all.map(\.wire))
            let page = try await hq.page(.changes, since: snapshot.cursor, by: device)
            #expect(page.digest == snapshot.digest)
            #expect(page.changes.isEmpty)
        }
    }

    @Test func `a snapshot stays the same until it would be far behind`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let store = hq.hq.store
            _ = try await store.putMembers(try members(1...10))
            let first = try await hq.snapshot(by: device)
            let small = HQStore.smallDeltaCount
            _ = try await store.putMembers(try members(11...10 + small))
            #expect(try await hq.snapshot(by: device) == first)
            let ahead = try #require(FeedCursor("1.\(small + 99)"))
            #expect(try await hq.snapshot(since: ahead, by: device) == first)
            #expect(try await hq.ask(.changes, since: first.cursor, by: device).status == 200)
            _ = try await store.putMembers([try member(20_000)])
            #expect(try await hq.ask(.changes, since: first.cursor, by: device).status == 303)

            let second = try await hq.snapshot(by: device)
            let old = try #require(first.parts.first)
            #expect(try await hq.ask(old.path, nil, by: device).status == 200)
            let place = try await hq.page(.changes, since: second.cursor, by: device).next
            _ = try await store.putMembers([try member(20_001)])
            #expect(try await hq.snapshot(since: place, by: device) == second)
            let later = try await hq.page(.changes, since: place, by: device).next
            #expect(try await hq.snapshot(since: later, by: device).cursor == later)
            #expect(second.rowCount == small + 11)
        }
    }

    @Test func `a part is served whole or in pieces, and stays what it is`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            _ = try await hq.hq.store.putMembers(try members(1...3))
            let part = try #require(try await hq.snapshot(by: device).parts.first)
            let whole = try await hq.ask(part.path, nil, by: device)
            #expect(whole.headers.first(name: "etag") == "\"\(part.sha256)\"")
            #expect(whole.headers.first(name: "cache-control")?.contains("immutable") == true)

            let count = whole.bytes.count
            let pieces: [(String, Int, ArraySlice<UInt8>)] = [
                ("bytes=0-9", 206, whole.bytes[..<10]), ("bytes=10-", 206, whole.bytes[10...]),
                ("bytes=-4", 206, whole.bytes.suffix(4)),
                ("bytes=5-99999", 206, whole.bytes[5...]),
                ("bytes=0-1,4-5", 200, whole.bytes[...]), ("bytes=9-2", 200, whole.bytes[...]),
                ("bytes=\(count)-", 416, []),
            ]
            for (range, status, bytes) in pieces {
                let answer = try await hq.ask(
                    part.path,
                    nil,
                    by: device,
                    [.init("range", range), .init("if-range", "\"\(part.sha256)\"")]
                )
                #expect(answer.status == status, "\(range)")
                #expect(answer.bytes[...] == bytes, "\(range)")
            }
            let changed = try await hq.ask(
                part.path,
                nil,
                by: device,
                [.init("range", "bytes=0-9"), .init("if-range", "\"other\"")]
            )
            #expect(changed.status == 200)
            let gone = try await hq.ask(
                "/v1/parts/\(String(repeating: "0", count: 64))",
                nil,
                by: device
            )
            #expect(gone.problem?.type == .notFound)
        }
    }

    @Test func `members beyond 4 MiB make a second part`() async throws {
        let directory = try TemporaryDirectory()
        let store = try HQStore(path: "\(directory.path)/hq.sqlite") { 0 }
        let name = String(repeating: "𠮷", count: MemberV1.nameScalarCountMax)
        let line = try member(0, name).wire.line.count + 1
        let fitting = SnapshotV1.partByteCountMax / Int64(line)
        _ = try await store.putMembers(try (0...fitting).map { try member($0, name) })

        let snapshot = try await store.makeSnapshot()
        #expect(snapshot.parts.map(\.byteCount) == [fitting * Int64(line), Int64(line)])
        #expect(snapshot.rowCount == fitting + 1)
    }

    // MARK: Programmes

    @Test func `an edition goes down with its first day, and its document by its digest`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let digest = String(repeating: "a", count: 64)
            try await hq.hq.store.publish(
                ProgrammeReference(name: "coffee", version: 3, digest: digest),
                canonical: #"{"from":"2026-12-01"}"#,
                yaml: "the document"
            )
            let page = try await hq.page(.changes, since: hq.begin, by: device)
            let edition = try await hq.snapshot(by: device).editions.first
            #expect(edition?.reference.version == 3)
            #expect(edition?.from == BusinessDate("2026-12-01"))
            #expect(page.changes.map(\.content) == [.programme(try #require(edition))])
            let answer = try await hq.ask(EditionV1.path(of: digest), nil, by: device)
            #expect(answer.bytes == Array("the document".utf8))
        }
    }

    @Test func `an older HQ's members, devices and programmes go down after an update`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/hq.sqlite"
        let queue = try DatabaseQueue(path: path)
        try HQStore.migrator.migrate(queue, upTo: "1 devices, logs, balances, members, programmes")
        try await queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO member VALUES (1, '王○明', NULL, 1, 0), (2, '李○', NULL, 0, 0);
                    INSERT INTO programme VALUES
                        ('\(String(repeating: "b", count: 64))', 'coffee', 1, 'yaml',
                        '{"from":"2026-01-01"}', 0);
                    """
            )
        }
        try queue.close()
        let store = try HQStore(path: path) { 0 }
        let begin = try #require(FeedCursor("1.0"))

        guard case .page(let page) = try await store.page(.changes, since: begin, limit: 9),
            case .page(let revoked) = try await store.page(.revocations, since: nil, limit: 9)
        else {
            Issue.record("no page")
            return
        }
        #expect(page.changes.count == 3)
        #expect(revoked.changes.count == 1)
        #expect(try await page.digest == store.makeSnapshot().digest)
    }

    @Test func `an HQ of version 11 keeps its members' lines, and takes profiles after an update`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/hq.sqlite"
        let queue = try DatabaseQueue(path: path)
        try HQStore.migrator.migrate(queue, upTo: "11 decided again")
        try await queue.write { db in
            try db.execute(
                sql: "INSERT INTO member VALUES (1, '王○明', NULL, 0, 0), (2, '李○', NULL, 1, 0)"
            )
            try HQStore.seedFeeds(db)
        }
        try queue.close()
        let store = try HQStore(path: path) { 0 }
        let before = try await store.makeSnapshot()
        let kept = try await store.queue.read { db in try HQStore.memberDigest(db) }
        #expect(before.digest == kept)
        let first = try #require(before.parts.first)
        let part = try #require(try await store.part(first.sha256))
        #expect(
            String(decoding: part, as: UTF8.self)
                == "00000000000001\t王○明\t\t0\n00000000000002\t李○\t\t1\n"
        )

        let born = try member(1, profile: Profile(birthday: Birthday("02-29")))
        #expect(try await store.putMembers([born]).isEmpty)
        #expect(try await store.member(born.number) == born)
        let after = try await store.makeSnapshot()
        #expect(try await store.queue.read { db in try HQStore.memberDigest(db) } == after.digest)
        let second = try #require(after.parts.first)
        let news = try #require(try await store.part(second.sha256))
        #expect(String(decoding: news, as: UTF8.self).contains("\t0\t02-29\t0\t\n"))
        let read = try #require(SnapshotV1.members(of: news))
        #expect(read.first?.profile == born.profile)
        #expect(try await store.putMembers([born]).isEmpty)
    }

    // MARK: Makers

    private func joined(_ hq: RunningHQ) async throws -> TestDevice {
        let device = try TestDevice()
        try await device.join(hq)
        return device
    }
}

private func number(_ value: Int64) throws -> MemberNumber {
    try #require(MemberNumber(value: value))
}

private func member(
    _ value: Int64,
    _ name: String = "王○明",
    isBlocked: Bool = false,
    profile: Profile = Profile()
) throws -> Member {
    Member(
        number: try number(value),
        maskedName: name,
        mobileBarcode: nil,
        isBlocked: isBlocked,
        profile: profile
    )
}

private func members(_ numbers: ClosedRange<Int64>) throws -> [Member] {
    try numbers.map { try member($0) }
}

extension TestDevice {
    /// A signed question.
    fileprivate func question(
        _ path: String,
        _ query: String?,
        to hq: RunningHQ,
        _ extras: [SignableRequest.Component] = [],
        signedBy other: SigningKey? = nil
    ) -> DownRequestV1 {
        DownRequestV1(
            path,
            query: query,
            from: identity.device,
            extras: extras,
            authority: hq.authority,
            createdS: hq.clock.nowMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) }),
            signedBy: other ?? key
        )
    }
}

extension RunningHQ {
    /// The place before every change.
    fileprivate var begin: FeedCursor {
        guard let begin = FeedCursor(epoch: 1, position: 0)
        else { preconditionFailure("the constants are well formed") }
        return begin
    }

    fileprivate func ask(
        _ path: String,
        _ query: String?,
        by device: TestDevice,
        _ extras: [SignableRequest.Component] = []
    ) async throws -> Answer {
        let question = device.question(path, query, to: self, extras)
        return try await send(.GET, question.target, question.fields)
    }

    fileprivate func ask(
        _ feed: Feed,
        since: FeedCursor?,
        by device: TestDevice
    ) async throws -> Answer {
        try await ask(feed.path, since.map { "since=\($0.text)" }, by: device)
    }

    /// A page that must come.
    fileprivate func page(
        _ feed: Feed,
        since: FeedCursor?,
        limit: Int = ChangePageV1.changeCountMax,
        extras: [SignableRequest.Component] = [],
        by device: TestDevice
    ) async throws -> ChangePageV1 {
        let query = "limit=\(limit)" + (since.map { "&since=\($0.text)" } ?? "")
        let answer = try await ask(feed.path, query, by: device, extras)
        try #require(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
        return try ChangePageV1(parsing: answer.bytes, signedBy: hq.publicKey)
    }

    fileprivate func snapshot(
        since: FeedCursor? = nil,
        by device: TestDevice
    ) async throws -> SnapshotV1 {
        let answer = try await ask(SnapshotV1.path, since.map { "since=\($0.text)" }, by: device)
        try #require(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
        return try SnapshotV1(parsing: answer.bytes, signedBy: hq.publicKey)
    }
}
