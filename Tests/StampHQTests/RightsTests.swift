import AsyncHTTPClient
import Foundation
import GRDB
import LoyaltyCore
import NIOCore
import NIOHTTP1
import SyncWire
import Testing

@testable import StampHQ

/// Rights that HQ makes and places, from the operator's wish to the device's log.
struct RightsTests {
    @Test
    func `a grant is in flight until the device's log has it, and the member has it all along`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try await joined(hq)
            let placed = try #require(try await hq.give("voucher/cake", 1, to: device))
            #expect(try await hq.balance("voucher/cake") == 1)
            let flight = try #require(try await hq.rights()["inFlight"]?.arrayValue?.first)
            #expect(flight["grant"]?.stringValue == placed.id.text)
            #expect(flight["placedAtMs"] == .integer(hq.clock.nowMs))
            #expect(flight["reason"] == "birthday" && flight["by"] == "mei")

            let grant = try #require(try await hq.grants(by: device).grants.first)
            #expect(grant.fact.id == placed.id && grant.device == device.identity.device)
            device.append(.grant(grant.fact))
            let ack = try await hq.pushed(device.batch(), by: device)
            #expect(ack.quarantined.isEmpty)
            #expect(try await hq.grants(by: device).grants.isEmpty)
            let rights = try await hq.rights()
            #expect(rights["inFlight"] == [] && rights["free"] == [])
            #expect(rights["held"]?.arrayValue?.first?["amount"] == 1)
            #expect(try await hq.balance("voucher/cake") == 1)
        }
    }

    @Test func `asking again, and an entry that comes again, change nothing`() async throws {
        try await RunningHQ.run { hq in
            var device = try await joined(hq)
            try await hq.give("points", 60, to: device)
            for _ in 0..<2 {
                #expect(try await hq.grants(by: device).grants.count == 1)
            }
            let grant = try #require(try await hq.grants(by: device).grants.first)
            device.append(.grant(grant.fact))
            try await hq.pushed(device.batch(), by: device)
            try await hq.pushed(device.batch(), by: device)
            // As after a salvage, which tells of it again.
            device.append(.grant(grant.fact))
            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.quarantined.isEmpty)
            #expect(try await hq.balance("points") == 60)
        }
    }

    @Test func `what is placed on one device is refused to the other`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let other = try await joined(hq, 2)
            try await hq.give("points", 100, to: nil)
            try await hq.place("points", 60, on: device)
            await #expect(throws: Problem.self) { try await hq.place("points", 60, on: other) }
            try await hq.place("points", 40, on: other)
            let refusal = await hq.problem { try await hq.place("points", 1, on: other) }

            #expect(refusal?.detail.contains("HQ holds 0 points") == true)
            #expect(refusal?.detail.contains("stamphq rights list") == true)
            #expect(try await hq.balance("points") == 100)
            #expect(try await hq.rights()["inFlight"]?.arrayValue?.count == 2)
        }
    }

    @Test func `the nearest expiry is placed first`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            try await hq.give("points", 5, to: nil, through: "2027-12-31")
            try await hq.give("points", 5, to: nil, through: "2026-12-31")
            let placed = try await hq.place("points", 7, on: device)

            #expect(placed.postings.map(\.bucket.description) == ["2026-12-31", "2027-12-31"])
            #expect(placed.postings.map(\.amount) == [5, 2])
        }
    }

    @Test func `a till spends what was placed, and HQ's books are even`() async throws {
        try await RunningHQ.run { hq in
            var device = try await joined(hq)
            try await hq.give("points", 10, to: device)
            let grant = try #require(try await hq.grants(by: device).grants.first)
            // In one batch, and the grant after an award.
            try device.award("P1/1", to: 7, points: 4)
            device.append(.grant(grant.fact))
            try device.award("P1/2", to: 7, points: -14)
            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.quarantined.isEmpty)
            #expect(try await hq.balance("points") == 0)
        }
    }

    @Test func `a device cannot grant itself what HQ never gave it`() async throws {
        try await RunningHQ.run { hq in
            var device = try await joined(hq)
            let other = try await joined(hq, 2)
            try await hq.give("points", 5, to: other)
            let foreign = try #require(try await hq.grants(by: other).grants.first)
            let forged = GrantV1(
                try #require(GrantID(hqEpoch: 1, number: 5)),
                on: device.identity.device,
                of: try number(7),
                [Posting(.points, .never, 99)],
                reason: "mine",
                signedBy: device.key
            )
            device.append(.grant(forged.fact))
            device.append(.grant(foreign.fact))
            try device.award("P1/1", to: 7, points: -6)
            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(
                ack.quarantined.map(\.code) == [
                    "grant-foreign", "grant-foreign", "amount-out-of-range",
                ]
            )
            #expect(try await hq.balance("points") == 5)
        }
    }

    @Test func `a grant that HQ signed and has forgotten counts, against what is free`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try await joined(hq)
            try await hq.give("points", 5, to: nil)
            let key = try hqKey(hq)
            let forgotten = GrantV1(
                try #require(GrantID(hqEpoch: 1, number: hq.clock.nowMs + 50)),
                on: device.identity.device,
                of: try number(7),
                [Posting(.points, .never, 8)],
                reason: "before the backup was taken",
                signedBy: key
            )
            device.append(.grant(forgotten.fact))
            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.quarantined.isEmpty)
            let rights = try await hq.rights()
            #expect(rights["free"]?.arrayValue?.first?["amount"] == -3)
            #expect(rights["held"]?.arrayValue?.first?["amount"] == 8)
            #expect(try await hq.balance("points") == 5)
            let alarms = try await hq.hq.store.alarms().arrayValue ?? []
            #expect(alarms.contains { $0["kind"] == "grant-forgotten" })
            // Its name is not given again, and nothing is free until what is owed is there.
            let next = try #require(try await hq.give("points", 4, to: nil, placing: 1, on: device))
            #expect(next.id.number == hq.clock.nowMs + 51)
        }
    }

    @Test func `a frozen device gets nothing until it is released, and is then told`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let id = device.identity.device
            try await hq.give("points", 5, to: device)
            try await hq.hq.store.queue.write { db in
                try db.execute(sql: "UPDATE device SET frozenAtMs = 1; DELETE FROM command")
            }
            let refusal = await hq.problem { try await hq.give("points", 5, to: device) }
            #expect(refusal?.detail.contains("stamphq devices release \(id.text)") == true)
            #expect(try await hq.balance("points") == 5)
            #expect(try await hq.grants(by: device).grants.isEmpty)

            try await hq.hq.store.releaseDevice(id)
            #expect(try await hq.grants(by: device).grants.count == 1)
            let known = try #require(try await hq.hq.store.device(id))
            let commands = try await hq.hq.store.commands(of: known, after: 0)
            #expect(commands.map(\.action) == [.takeGrants])
        }
    }

    @Test func `a command for grants that is confirmed late forgets no later grant`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            try await hq.give("points", 5, to: device)
            let known = try #require(try await hq.hq.store.device(device.identity.device))
            let first = try await hq.hq.store.commands(of: known, after: 0)
            try await hq.give("points", 6, to: device)
            let rest = try await hq.hq.store.commands(
                of: known,
                after: try #require(first.last?.id)
            )
            #expect(rest.map(\.action) == [.takeGrants])
        }
    }

    @Test func `grants are asked for page by page`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            for _ in 0..<GrantListV1.grantCountMax + 1 {
                try await hq.give("points", 1, to: device)
            }
            let first = try await hq.grants(by: device)
            let second = try await hq.grants("after=\(try #require(first.last).text)", by: device)
            #expect(first.grants.count == GrantListV1.grantCountMax)
            #expect(second.grants.count == 1)
            for query in ["after=1", "after=x.y", "after=0.1"] {
                let path = GrantListV1.path(of: device.identity.device)
                let answer = try await hq.ask(path, query, by: device)
                #expect(answer.problem?.type == .badRequest, "\(query)")
            }
            let path = "/v1/grants?limit=2"
            let listed = try CanonicalJSON(parsing: try await hq.read(path).bytes)
            #expect(listed.arrayValue?.count == 2)
            let after = try #require(listed.arrayValue?.last?["number"]?.integerValue)
            let rest = try await hq.hq.store.grantsInFlight(after: after, limit: .max)
            #expect(rest.arrayValue?.count == GrantListV1.grantCountMax - 1)
        }
    }

    @Test func `so many grants wait for a device, and no more`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            try await hq.give("points", 1, to: device)
            let most = HQStore.inFlightCountMax
            try await hq.hq.store.queue.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO placement
                            (number, hqEpoch, device, member, reason, operator, placedAtMs)
                        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
                            WHERE i < \(most - 2))
                        SELECT i, 1, 1, 7, 'r', 'o', 0 FROM n
                        """
                )
            }
            try await hq.give("points", 1, to: device)
            let refusal = await hq.problem { try await hq.give("points", 1, to: device) }
            #expect(refusal?.detail.hasPrefix("\(most) grants wait") == true)
            let listed = try await hq.hq.store.grantsInFlight(after: 0, limit: .max)
            #expect(listed.arrayValue?.count == Int(HQStore.grantCountMax))
        }
    }

    @Test(arguments: [
        (#"{"member":"7"}"#, "14 digits"),
        (#"{"member":"00000000000007","asset":"voucher/"}"#, "voucher/birthday"),
        (#"{"member":"00000000000007","asset":"points","amount":0}"#, "1 to 8589934592"),
        (#"{"member":"00000000000007","asset":"points","amount":8589934593}"#, "1 to 8589934592"),
        (#"{"member":"00000000000007","asset":"points","amount":1}"#, "a reason"),
        (wish(#""through":"2020-01-01""#), "a later last date"),
        (wish(#""through":"31.12.2026""#), "2026-12-31"),
        (wish(#""from":"2027-01-02","through":"2027-01-01""#), "a later last date"),
        (wish(#""device":"x""#), "UUID"),
        (wish(#""device":"01890000-0000-7000-8000-000000000000""#), "stamphq devices add"),
        (
            wish(#""device":"01890000-0000-7000-8000-000000000000","store":"001""#), "not both"
        ),
        (wish(#""store":"009""#), "stamphq devices list"),
        (wish(#""store":"002""#), "has 2 devices"),
        (wish(#""store":"001""#), "stamphq devices list"),
        (wish(#""through":"2027-01-01""#, asset: "value/paid"), "must not expire"),
        (wish(#""store":"003""#, member: "00000000000009"), "import the member"),
    ])
    func `a wish that cannot be is refused with what to do`(text: String, words: String)
        async throws
    {
        try await RunningHQ.run { hq in
            for index in 1...4 { _ = try await joined(hq, index) }
            try await hq.hq.store.queue.write { db in
                try db.execute(
                    sql: """
                        UPDATE device SET store = CASE id WHEN 1 THEN '001' WHEN 4 THEN '003'
                            ELSE '002' END;
                        UPDATE device SET revokedAtMs = 1 WHERE id = 1
                        """
                )
            }
            let answer = try await hq.admin("/v1/rights", text)
            #expect(answer?.detail.contains(words) == true, "\(answer?.detail ?? "taken")")
            #expect(try await hq.hq.store.rights(of: number(7))["free"] == [])
        }
    }

    @Test func `a revoked device gets nothing more, and its store's other one does`() async throws {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            let other = try await joined(hq, 2)
            try await hq.hq.store.queue.write { db in
                try db.execute(sql: "UPDATE device SET store = '001'")
            }
            try await hq.hq.store.revokeDevice(device.identity.device, after: 0)
            let refusal = await hq.problem { try await hq.give("points", 5, to: device) }
            #expect(refusal?.detail.contains("is revoked: place the rights on another") == true)

            #expect(try await hq.admin("/v1/rights", wish(#""store":"001""#)) == nil)
            #expect(try await hq.grants(by: other).grants.count == 1)
        }
    }

    @Test func `rights that were made for no device stay with HQ, and count for the member`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try await joined(hq)
            #expect(try await hq.give("points", 5, to: nil) == nil)
            #expect(try await hq.rights()["free"]?.arrayValue?.first?["amount"] == 5)
            #expect(try await hq.balance("points") == 5)
            let answer = try await hq.admin(
                "/v1/placements",
                wish(#""device":"\#(device.identity.device.text)""#)
            )
            #expect(answer == nil)
            let nowhere = try await hq.admin("/v1/placements", wish(#""from":"2026-01-01""#))
            #expect(nowhere?.detail.contains("Give the device or the store") == true)
        }
    }

    @Test func `an HQ of the earlier version tells from its logs who holds what`() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/hq.sqlite"
        let queue = try DatabaseQueue(path: path)
        try HQStore.migrator.migrate(queue, upTo: "11 decided again")
        var devices = [try TestDevice(1), try TestDevice(2)]
        try devices[0].award("a/1", to: 7, points: 10)
        try devices[0].award("a/2", to: 7, points: -3)
        try devices[1].award("b/1", to: 7, points: 5)
        try devices[1].award("b/2", to: 7, points: 90)
        devices[1].append("garbage")
        for (index, device) in devices.enumerated() {
            try await queue.write { db in try Self.insert(device, Int64(index + 1), db) }
        }
        try await queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO quarantine VALUES (2, 2, 'duplicate-sale'), (2, 3, 'unreadable');
                    INSERT INTO balance VALUES (7, 'points', 'never', 12)
                    """
            )
        }
        try queue.close()

        let store = try HQStore(path: path) { 1_790_000_000_000 }
        let held = try await store.rights(of: number(7))["held"]?.arrayValue ?? []
        let points = held.filter { $0["asset"] == "points" }
        #expect(points.map { $0["amount"] } == [7, 5])
        let balances = try await store.balances(of: number(7))
        #expect(balances.first { $0.asset == .points }?.amount == 12)
    }

    private static func insert(_ device: TestDevice, _ id: Int64, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO device (id, deviceID, publicKey, nonce, label, epoch, addedAtMs)
                VALUES (?, ?, ?, ?, ?, 1, 0)
                """,
            arguments: [
                id, device.identity.device.text, Data(device.identity.publicKey),
                Data(device.identity.nonce), "shop \(id)",
            ]
        )
        try db.execute(
            sql: "INSERT INTO log (id, device, epoch, sequence, hash) VALUES (?, ?, 1, ?, ?)",
            arguments: [id, id, device.head.sequence, Data(device.head.hash.bytes)]
        )
        for line in device.lines {
            try db.execute(
                sql: "INSERT INTO entry VALUES (?, ?, ?, ?, 0)",
                arguments: [id, line.sequence, Data(line.body), Data(line.hash.bytes)]
            )
        }
    }

    private func joined(_ hq: RunningHQ, _ number: Int = 1) async throws -> TestDevice {
        let device = try TestDevice(number)
        try await device.join(hq)
        _ = try await hq.hq.store.putMembers([
            Member(
                number: try self.number(7),
                maskedName: "王○明",
                mobileBarcode: nil,
                isBlocked: false
            )
        ])
        return device
    }

    private func number(_ value: Int64) throws -> MemberNumber {
        try #require(MemberNumber(value: value))
    }

    private func hqKey(_ hq: RunningHQ) throws -> SigningKey {
        let text = try String(contentsOfFile: "\(hq.directory)/hq.key", encoding: .utf8)
        let seed = try #require(Hex.bytes(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        return try #require(SigningKey(seed: seed))
    }
}

/// The body of an operator's wish for one point, with some more.
private func wish(
    _ more: String,
    asset: String = "points",
    member: String = "00000000000007"
) -> String {
    """
    {"member":"\(member)","asset":"\(asset)","amount":1,"reason":"sorry","by":"mei",\(more)}
    """
}

extension RunningHQ {
    @discardableResult
    fileprivate func give(
        _ asset: String,
        _ amount: Int64,
        to device: TestDevice?,
        through last: String? = nil
    ) async throws -> Placement? {
        let json = body(asset, amount, device, last)
        let wish = try RightsWish(json)
        return try await hq.store.give(wish, wish.bucket(json, today: hq.store.today()))
    }

    /// Makes some, and places some.
    fileprivate func give(
        _ asset: String,
        _ amount: Int64,
        to device: TestDevice?,
        placing placed: Int64,
        on holder: TestDevice
    ) async throws -> Placement? {
        try await give(asset, amount, to: device)
        return try await place(asset, placed, on: holder)
    }

    @discardableResult
    fileprivate func place(
        _ asset: String,
        _ amount: Int64,
        on device: TestDevice
    ) async throws -> Placement {
        try await hq.store.place(try RightsWish(body(asset, amount, device, nil)))
    }

    private func body(
        _ asset: String,
        _ amount: Int64,
        _ device: TestDevice?,
        _ last: String?
    ) -> CanonicalJSON {
        .object(
            [
                .init("member", "00000000000007"), .init("asset", .string(asset)),
                .init("amount", .integer(amount)), .init("reason", "birthday"),
                .init("by", "mei"),
            ] + (device.map { [.init("device", .string($0.identity.device.text))] } ?? [])
                + (last.map { [.init("through", .string($0))] } ?? [])
        )
    }

    fileprivate func problem(_ body: () async throws -> Void) async -> Problem? {
        do {
            try await body()
            return nil
        } catch {
            return error as? Problem
        }
    }

    /// Sends an operator's command; gives the problem if it is refused.
    fileprivate func admin(_ path: String, _ body: String) async throws -> Problem? {
        let socket = "\(directory)/admin.sock".replacing("/", with: "%2F")
        var request = HTTPClientRequest(url: "http+unix://\(socket)\(path)")
        request.method = .POST
        request.body = .bytes(ByteBuffer(bytes: Array(body.utf8)))
        let response = try await client.execute(request, timeout: .seconds(60))
        let bytes = Array(try await response.body.collect(upTo: 1_000_000).readableBytesView)
        return Problem(parsing: bytes)
    }

    fileprivate func balance(_ asset: String) async throws -> Int64 {
        let answer = try await read("/v1/members/00000000000007/balances")
        let balances = try CanonicalJSON(parsing: answer.bytes)["balances"]?.arrayValue ?? []
        return balances.filter { $0["asset"]?.stringValue == asset }
            .compactMap { $0["amount"]?.integerValue }.reduce(0, +)
    }

    fileprivate func rights() async throws -> CanonicalJSON {
        try CanonicalJSON(parsing: try await read("/v1/members/00000000000007/rights").bytes)
    }

    fileprivate func ask(
        _ path: String,
        _ query: String?,
        by device: TestDevice
    ) async throws -> Answer {
        let question = DownRequestV1(
            path,
            query: query,
            from: device.identity.device,
            authority: authority,
            createdS: clock.nowMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) }),
            signedBy: device.key
        )
        return try await send(.GET, question.target, question.fields)
    }

    fileprivate func grants(
        _ query: String? = nil,
        by device: TestDevice
    ) async throws -> GrantListV1 {
        let path = GrantListV1.path(of: device.identity.device)
        let answer = try await ask(path, query, by: device)
        try #require(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
        return try GrantListV1(parsing: answer.bytes, signedBy: hq.publicKey)
    }
}
