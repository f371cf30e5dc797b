import AsyncHTTPClient
import Foundation
import GRDB
import LoyaltyCore
import NIOCore
import NIOHTTP1
import SyncWire
import Testing

@testable import StampHQ

/// Draws at HQ: announced, closed and run, each once and for ever.
struct DrawTests {
    private static let closesAtMs: Int64 = 1_790_000_060_000
    private let seal = DrawSeal(seed: Array(repeating: 1, count: 32))

    private func wish(
        _ id: String = "spring",
        winnerCount: Int = 2,
        closesAtMs: Int64 = closesAtMs,
        winsOnce: Bool = true,
        publicSource: String? = nil
    ) throws -> DrawWish {
        DrawWish(
            id: id,
            prizes: [.init(name: "latte", winnerCount: winnerCount)],
            closesAt: WallTime(unixMs: closesAtMs),
            date: try #require(BusinessDate("2026-09-21")),
            winsOnce: winsOnce,
            publicSource: publicSource
        )
    }

    private func nonce(_ byte: UInt8 = 7) -> [UInt8] {
        Array(repeating: byte, count: DrawSeal.nonceByteCount)
    }

    private func give(
        _ rows: [(member: Int64, bucket: String, amount: Int64)],
        of asset: String = "ticket/spring",
        _ store: HQStore
    ) async throws {
        try await store.queue.write { db in
            for row in rows {
                try db.execute(
                    sql: "INSERT INTO free (member, asset, bucket, amount) VALUES (?, ?, ?, ?)",
                    arguments: [row.member, asset, row.bucket, row.amount]
                )
            }
        }
    }

    private func problem(_ body: () async throws -> Void) async throws -> Problem {
        try await #require(throws: Problem.self) { try await body() }
    }

    @Test func `a draw is announced once, and the same words again are the same draw`() async throws
    {
        try await RunningHQ.run { hq in
            let store = hq.hq.store
            let first = try await store.announce(wish(), nonce: nonce(1), seal: seal)
            let again = try await store.announce(wish(), nonce: nonce(2), seal: seal)
            let seed = seal.seed(of: "spring", nonce: nonce(1))

            #expect(first == again)
            #expect(first.commitment == DrawAnnouncementV1.commitment(to: seed))
            let others = [
                try wish(winnerCount: 3), try wish(winsOnce: false), try wish(publicSource: "x"),
                try wish(closesAtMs: Self.closesAtMs + 1),
            ]
            for other in others {
                let refused = try await problem {
                    _ = try await store.announce(other, nonce: nonce(), seal: seal)
                }
                #expect(refused.detail.contains("another id"))
            }
            // What was announced is still told once the closing time is past.
            hq.clock.advance(seconds: 3_600)
            #expect(try await store.announce(wish(), nonce: nonce(3), seal: seal) == first)
        }
    }

    @Test func `what cannot be announced is refused with the field's name`() async throws {
        try await RunningHQ.run { hq in
            let store = hq.hq.store
            for (wish, word) in [
                (try wish("No"), "id"), (try wish(winnerCount: 0), "prizes"),
                (try wish(publicSource: ""), "publicSource"),
                (try wish(closesAtMs: hq.clock.nowMs), "past"),
            ] {
                let refused = try await problem {
                    _ = try await store.announce(wish, nonce: nonce(), seal: seal)
                }
                #expect(refused.type == .badRequest && refused.detail.contains(word))
            }
            let draws = try await store.draws()
            #expect(draws.arrayValue?.isEmpty == true)
            _ = try await store.announce(
                wish(closesAtMs: hq.clock.nowMs + 1),
                nonce: nonce(),
                seal: seal
            )
        }
    }

    @Test func `a draw is not closed nor run before its time`() async throws {
        try await RunningHQ.run { hq in
            let store = hq.hq.store
            _ = try await store.announce(wish(), nonce: nonce(), seal: seal)
            hq.clock.advance(ms: Self.closesAtMs - hq.clock.nowMs - 1)
            for _ in 0..<2 {
                let early = try await problem {
                    _ = try await store.runDraw("spring", publicValue: nil, seal: seal)
                }
                #expect(early.detail.contains("closes in 1 seconds"))
            }
            let early = try await problem { _ = try await store.closeDraw("spring", seal: seal) }
            #expect(early.type == .badRequest)
            let none = try await problem { _ = try await store.ticketList("spring") }
            #expect(none.type == .notFound)

            hq.clock.advance(ms: 1)
            #expect(try await store.closeDraw("spring", seal: seal).lineCount == 0)
            let unknown = try await problem { _ = try await store.closeDraw("autumn", seal: seal) }
            #expect(unknown.type == .notFound)
        }
    }

    @Test func `the tickets of a draw are those usable on its date, up to their limit`()
        async throws
    {
        try await RunningHQ.run { hq in
            let store = hq.hq.store
            let max = TicketListV1.ticketCountMax
            _ = try await store.announce(wish(), nonce: nonce(), seal: seal)
            try await give(
                [
                    (1, "never", 1), (1, "2026-09-21", 2), (1, "2026-09-20", 4),
                    (1, "2026-09-21..never", 8), (1, "2026-09-22..never", 16),
                    (2, "never", 0), (3, "2026-09-20", 5),
                    (4, "2026-09-21", max), (4, "never", 1), (5, "never", max), (6, "never", .max),
                    (7, "never", max - 1),
                ],
                store
            )
            try await give([(8, "never", 1)], of: "ticket/autumn", store)
            try await give([(9, "never", 1)], of: "points", store)
            hq.clock.advance(ms: 60_000)
            let list = try await store.closeDraw("spring", seal: seal)
            var names = seal.names(of: "spring", nonce: nonce())

            let counts = try (Int64(1)...9).map { value in
                let member = try #require(MemberNumber(value: value))
                return list.index(of: names.name(of: member)).map(list.ticketCount)
            }
            #expect(counts == [11, nil, nil, max, max, max, max - 1, nil, nil])
        }
    }

    @Test func `a draw that was run stays as it is, whatever comes later`() async throws {
        let directory = try TemporaryDirectory()
        let clock = TestClock()
        var lines: [[UInt8]] = []
        var winners: [[MemberNumber]] = []
        try await RunningHQ.run(in: directory, clock: clock) { hq in
            let store = hq.hq.store
            _ = try await store.announce(wish(), nonce: nonce(), seal: seal)
            try await give((1...50).map { ($0, "never", $0) }, store)
            clock.advance(ms: 60_000)
            let closed = try await store.closeDraw("spring", seal: seal)
            // Tickets that arrive late do not count.
            try await give([(51, "never", 1_000_000)], store)
            let (proof, members) = try await store.runDraw("spring", publicValue: nil, seal: seal)

            #expect(closed.lineCount == 50)
            try proof.verify(tickets: closed.bytes)
            var names = seal.names(of: "spring", nonce: nonce())
            #expect(members.map { names.name(of: $0) } == proof.winners.map(\.name))
            lines = [closed.bytes, proof.bytes]
            winners = [members]
        }
        try await RunningHQ.run(in: directory, clock: clock) { hq in
            let store = hq.hq.store
            let (proof, members) = try await store.runDraw("spring", publicValue: nil, seal: seal)

            #expect([try await store.ticketList("spring").bytes, proof.bytes] == lines)
            #expect([members] == winners)
            let shown = try #require(try await store.draws().arrayValue?.first)
            #expect(shown["lines"] == 50 && shown["tickets"] == 1_275 && shown["winners"] == 2)
            #expect(shown["announcement"] == proof.announcement.json)
            for sql in [
                "UPDATE draw SET announcement = '{}'",
                "UPDATE draw SET proof = NULL, ranAtMs = NULL",
                "UPDATE draw SET closedAtMs = 1", "DELETE FROM draw", "DELETE FROM ticketList",
                "UPDATE ticketList SET ticketCount = 1", "DELETE FROM drawWinner",
                "UPDATE drawWinner SET member = 51",
            ] {
                await #expect(throws: DatabaseError.self, "\(sql)") {
                    try await store.queue.write { try $0.execute(sql: sql) }
                }
            }
        }
    }

    /// Killed after the closing's commit, or before; two commands at once are as good as a retry.
    @Test(arguments: [false, true])
    func `a run that was cut goes on where it was`(isClosedBefore: Bool) async throws {
        let directory = try TemporaryDirectory()
        let clock = TestClock()
        var announced: DrawAnnouncementV1?
        try await RunningHQ.run(in: directory, clock: clock) { hq in
            let store = hq.hq.store
            announced = try await store.announce(wish(), nonce: nonce(), seal: seal)
            try await give((1...50).map { ($0, "never", $0) }, store)
            clock.advance(ms: 60_000)
            if isClosedBefore { _ = try await store.closeDraw("spring", seal: seal) }
        }
        try await RunningHQ.run(in: directory, clock: clock) { hq in
            let store = hq.hq.store
            async let one = store.runDraw("spring", publicValue: nil, seal: seal)
            async let two = store.runDraw("spring", publicValue: nil, seal: seal)
            let (first, second) = try await (one, two)
            let tickets = try await store.ticketList("spring").bytes

            #expect(first.proof == second.proof && first.members == second.members)
            try first.proof.verify(tickets: tickets, published: announced)
            #expect(first.members.count == 2)
        }
    }

    @Test func `a draw with a public source is closed first, and takes one value`() async throws {
        try await RunningHQ.run { hq in
            let store = hq.hq.store
            _ = try await store.announce(
                wish(publicSource: "lottery of 1 January"),
                nonce: nonce(),
                seal: seal
            )
            _ = try await store.announce(wish("plain"), nonce: nonce(), seal: seal)
            try await give((1...9).map { ($0, "never", 1) }, store)
            hq.clock.advance(ms: 60_000)
            let run = { (id: String, value: String?) in
                try await store.runDraw(id, publicValue: value, seal: seal)
            }
            let open = try await problem { _ = try await run("spring", "1 2 3") }
            #expect(open.detail.contains("stamphq draws close spring"))
            _ = try await store.closeDraw("spring", seal: seal)
            let without = try await problem { _ = try await run("spring", nil) }
            #expect(without.detail.contains("--public-value"))

            let proof = try await run("spring", "1 2 3").proof
            #expect(proof.publicValue == "1 2 3")
            #expect(try await run("spring", nil).proof == proof)
            #expect(try await run("spring", "1 2 3").proof == proof)
            let other = try await problem { _ = try await run("spring", "1 2 4") }
            #expect(other.detail.contains("stays so"))
            let plain = try await problem { _ = try await run("plain", "1 2 3") }
            #expect(plain.detail.contains("leave --public-value out"))
        }
    }

    @Test func `another key of HQ runs no draw`() async throws {
        try await RunningHQ.run { hq in
            let store = hq.hq.store
            _ = try await store.announce(wish(), nonce: nonce(), seal: seal)
            hq.clock.advance(ms: 60_000)
            let other = DrawSeal(seed: Array(repeating: 2, count: 32))
            let refused = try await problem {
                _ = try await store.runDraw("spring", publicValue: nil, seal: other)
            }

            #expect(refused.detail.contains("hq.key"))
        }
    }

    @Test func `a copy of the database does not tell the seed`() async throws {
        let seed = seal.seed(of: "spring", nonce: nonce())

        #expect(seed.count == DrawAnnouncementV1.seedByteCount)
        #expect(seed != nonce())
        #expect(seed != seal.seed(of: "autumn", nonce: nonce()))
        #expect(seed != seal.seed(of: "spring", nonce: nonce(8)))
        #expect(
            seed
                != DrawSeal(seed: Array(repeating: 2, count: 32)).seed(of: "spring", nonce: nonce())
        )
    }

    @Test func `the socket takes draws from the announcement to the winners`() async throws {
        try await RunningHQ.run { hq in
            let wish: CanonicalJSON = [
                "id": "spring",
                "prizes": [["name": "latte", "winners": 1]],
                "closesAtMs": .integer(Self.closesAtMs),
                "date": "2026-09-21",
                "winsOnce": .bool(true),
                "publicSource": .null,
            ]
            let announced = try await call(hq, .POST, "/v1/draws", wish)
            let announcement = try DrawAnnouncementV1(parsing: announced)
            try await give([(42, "never", 3)], hq.hq.store)
            let before = try await json(hq, .GET, "/v1/draws/spring/entries/00000000000042")
            #expect(before["tickets"] == .null)
            hq.clock.advance(ms: 60_000)

            let closed = try await json(hq, .POST, "/v1/draws/spring/closing", [:])
            let tickets = try await call(hq, .GET, "/v1/draws/spring/tickets")
            let outcome = try await json(hq, .POST, "/v1/draws/spring/outcome", [:])
            let proof = try DrawProofV1(
                parsing: Array(try #require(outcome["proof"]?.stringValue).utf8)
            )
            let list = try proof.verify(tickets: tickets, published: announcement)

            #expect(closed["sha256"]?.stringValue == list.sha256)
            #expect(closed["lines"] == 1 && closed["tickets"] == 3)
            #expect(outcome["members"] == ["00000000000042"])
            let after = try await json(hq, .GET, "/v1/draws/spring/entries/00000000000042")
            #expect(after["tickets"] == 3)
            let member = try #require(MemberNumber(value: 42))
            let entry = DrawEntry(
                of: member,
                in: "spring",
                secret: try #require(after["secret"]?.stringValue)
            )
            #expect(entry?.name == proof.winners.first?.name)
            let stranger = try await json(hq, .GET, "/v1/draws/spring/entries/00000000000043")
            #expect(stranger["tickets"] == 0)
        }
    }

    @Test(arguments: [
        (method: HTTPMethod.POST, path: "/v1/draws", type: ProblemType.badRequest),
        (.POST, "/v1/draws/spring/closing", .notFound),
        (.POST, "/v1/draws/spring/outcome", .notFound),
        (.GET, "/v1/draws/spring/tickets", .notFound),
        (.GET, "/v1/draws/spring/entries/00000000000042", .notFound),
        (.GET, "/v1/draws/spring/entries/42", .badRequest),
    ])
    func `a command about no draw is told so`(
        method: HTTPMethod,
        path: String,
        type: ProblemType
    ) async throws {
        try await RunningHQ.run { hq in
            let answer = try await call(hq, method, path, method == .POST ? [:] : nil)

            #expect(Problem(parsing: answer)?.type == type)
        }
    }

    private func json(
        _ hq: RunningHQ,
        _ method: HTTPMethod,
        _ path: String,
        _ body: CanonicalJSON? = nil
    ) async throws -> CanonicalJSON {
        try CanonicalJSON(parsing: try await call(hq, method, path, body))
    }

    private func call(
        _ hq: RunningHQ,
        _ method: HTTPMethod,
        _ path: String,
        _ body: CanonicalJSON? = nil
    ) async throws -> [UInt8] {
        let socket = "\(hq.directory)/admin.sock".replacing("/", with: "%2F")
        var request = HTTPClientRequest(url: "http+unix://\(socket)\(path)")
        request.method = method
        if let body { request.body = .bytes(ByteBuffer(bytes: body.bytes)) }
        let response = try await hq.client.execute(request, timeout: .seconds(60))
        return Array(try await response.body.collect(upTo: 1_000_000).readableBytesView)
    }
}
