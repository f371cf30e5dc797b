import AsyncHTTPClient
import Foundation
import LoyaltyCore
import NIOCore
import NIOHTTP1
import SyncWire
import Testing

@testable import StampHQ

/// What operators read and change.
struct OperatorTests {
    @Test func `health is open and names HQ's key`() async throws {
        try await RunningHQ.run { hq in
            let answer = try await hq.send(.GET, "/v1/health")
            let json = try CanonicalJSON(parsing: answer.bytes)

            #expect(answer.status == 200)
            #expect(json["status"] == "ok")
            #expect(json["hqEpoch"] == 1)
            #expect(json["keyID"]?.stringValue == hq.hq.publicKey.keyID.text)
            #expect(answer.headers.first(name: "cache-control") == "no-store")
        }
    }

    @Test(
        arguments: [
            "/v1/devices", "/v1/members/00000000000001/balances", "/v1/entries", "/v1/alarms",
            "/v1/quarantine", "/v1/differences", "/v1/programmes", "/v1/draws", "/v1/grants",
            "/v1/members/00000000000001/rights",
        ]
    )
    func `reading needs the administrator's token`(path: String) async throws {
        try await RunningHQ.run { hq in
            for value in ["", "Bearer ", "Bearer 00", "Basic eDp5"] {
                let answer = try await hq.send(.GET, path, [.init("authorization", value)])
                #expect(answer.problem?.type == .tokenInvalid)
            }
            #expect(try await hq.send(.GET, path).status == 401)
            #expect(try await hq.read(path).status != 401)
        }
    }

    @Test(
        arguments: [
            "/v1/enrolments", "/v1/members", "/v1/backups", "/v1/rights", "/v1/placements",
            "/v1/programmes", "/v1/draws",
            "/v1/draws/spring/closing", "/v1/draws/spring/outcome", "/v1/draws/spring/tickets",
        ]
    )
    func `nothing but a push changes anything over the network`(path: String) async throws {
        try await RunningHQ.run { hq in
            let token = try String(contentsOfFile: "\(hq.directory)/admin.token", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)

            let answer = try await hq.send(
                .POST,
                path,
                [.init("authorization", "Bearer \(token)")],
                Array("{}".utf8)
            )

            // What can be read at the address has no other method.
            let canBeRead = ["/v1/programmes", "/v1/draws"].contains(path)
            #expect(answer.problem?.type == (canBeRead ? .methodNotAllowed : .notFound))
        }
    }

    @Test(arguments: [
        ("/v1/devices", "GET, HEAD, POST"), ("/v1/draws", "GET, HEAD"),
        ("/v1/devices/00000000-0000-7000-8000-000000000000/log", "POST"),
        ("/v1/members/00000000000001/balances", "GET, HEAD"), ("/v1/devices/", "GET, HEAD, POST"),
    ])
    func `a wrong method names the right ones, whatever it is called`(
        path: String,
        allowed: String
    ) async throws {
        try await RunningHQ.run { hq in
            // The last two are WebDAV's (RFC 4918) and a cache's; others reach no route at all.
            for name in ["DELETE", "TRACE", "PUT", "OPTIONS", "QUERY", "PROPFIND", "PURGE"] {
                let answer = try await hq.send(HTTPMethod(rawValue: name), path)
                #expect(answer.status == 405, "\(name)")
                #expect(answer.problem?.type == .methodNotAllowed)
                #expect(answer.headers.first(name: "allow") == allowed)
            }
        }
    }

    @Test(arguments: [
        "/", "/v1", "/v1/none", "/v1/devices/x", "/v1/members/1/balances/2", "/devices",
    ])
    func `an address without routes has no methods to name`(path: String) async throws {
        try await RunningHQ.run { hq in
            for name in ["GET", "POST", "PROPFIND"] {
                let answer = try await hq.send(HTTPMethod(rawValue: name), path)
                #expect(answer.problem?.type == .notFound, "\(name)")
                #expect(answer.headers.first(name: "allow") == nil)
            }
        }
    }

    @Test func `an entry's true time is told from HQ's own time in the same boot`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("a/1")
            device.append(.anchor(AnchorFact(serverMs: 1_789_999_000_000, roundTripMs: 20)))
            device.append(.anchor(AnchorFact(serverMs: 4_000_000_000_000, roundTripMs: 20)))
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)

            let id = device.identity.device.text
            let answer = try await hq.read("/v1/entries?device=\(id)")
            let entries = try #require(try CanonicalJSON(parsing: answer.bytes).arrayValue)
            // The award was a millisecond of the boot clock before the first anchor.
            #expect(
                entries[0]["effectiveMs"] == [
                    .integer(1_789_998_999_998), .integer(1_789_999_000_009),
                    .integer(1_789_999_000_020),
                ]
            )
            #expect(entries[1]["quarantine"] == .null)
            #expect(entries[2]["quarantine"] == "anchor-from-future")
        }
    }

    @Test func `devices and entries are shown as HQ holds them`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            device.append(.boot(BootFact(bootID: "b00t", version: "0.1.0")))
            try device.award("P1/1")
            device.append("garbage")
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)

            let devices = try CanonicalJSON(parsing: try await hq.read("/v1/devices").bytes)
            let shown = try #require(devices.arrayValue?.first)
            #expect(shown["label"] == "Taipei 1")
            #expect(shown["received"] == 3)
            #expect(shown["agentVersion"] == "0.1.0")
            #expect(shown["report"]?["freeMB"] == 900)

            let id = device.identity.device.text
            let answer = try await hq.read("/v1/entries?device=\(id)&after=1&limit=5")
            let entries = try #require(try CanonicalJSON(parsing: answer.bytes).arrayValue)
            #expect(entries.map { $0["seq"]?.integerValue } == [2, 3])
            #expect(entries[1]["line"] == "garbage")
            #expect(entries[1]["quarantine"] == "unreadable")

            let quarantine = try await hq.read("/v1/quarantine")
            let rows = try #require(try CanonicalJSON(parsing: quarantine.bytes).arrayValue)
            #expect(rows.map { $0["seq"]?.integerValue } == [3])
        }
    }

    @Test(arguments: ["?device=x", "?device=", "?after=-1", "?limit=0", "?limit=x"])
    func `entries asked for wrongly are a bad request`(query: String) async throws {
        try await RunningHQ.run { hq in
            let answer = try await hq.read("/v1/entries\(query)")
            #expect(answer.problem?.type == .badRequest)
        }
    }

    @Test func `a member's balances carry the masked name`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1", to: 42)
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)
            let member = Member(
                number: try #require(MemberNumber(value: 42)),
                maskedName: "王○明",
                mobileBarcode: nil,
                isBlocked: true
            )
            #expect(try await hq.hq.store.putMembers([member]).isEmpty)

            let answer = try await hq.read("/v1/members/00000000000042/balances")
            #expect(
                String(decoding: answer.bytes, as: UTF8.self)
                    == #"{"name":"王○明","isBlocked":true,"balances":["#
                    + #"{"asset":"points","through":"never","amount":10},"#
                    + #"{"asset":"stamps/latte","through":"never","amount":1}]}"#
            )
            let other = try await hq.read("/v1/members/00000000000043/balances")
            #expect(other.problem?.type == .notFound)
        }
    }

    @Test func `prunable rises only when a backup is confirmed to be elsewhere`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try device.award("P1/2")
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)

            let path = "\(hq.directory)/copy.sqlite"
            let backup = try await hq.hq.store.takeBackup(to: path)
            try device.award("P1/3")
            #expect(try await hq.pushed(device.batch(after: 2), by: device).prunable == 0)

            try await hq.hq.store.confirmBackup(backup)
            let ack = try await hq.pushed(device.batch(after: 3), by: device)
            #expect((ack.received.sequence, ack.prunable) == (3, 2))

            let copy = try HQStore(path: path) { 0 }
            let member = try #require(MemberNumber(value: 1))
            #expect(try await copy.balances(of: member).first?.amount == 20)
            await #expect(throws: Problem.self) {
                try await hq.hq.store.confirmBackup(backup + 1)
            }
        }
    }

    @Test func `a programme's version only rises`() async throws {
        try await RunningHQ.run { hq in
            let first = try await hq.hq.store.publish(try programme(1, per: 10), yaml: "one")
            try await hq.hq.store.publish(try programme(1, per: 10), yaml: "one")
            try await hq.hq.store.publish(try programme(2, per: 20), yaml: "two")

            for (version, per) in [(Int64(2), Int64(30)), (1, 10), (1, 5)] {
                await #expect(throws: Problem.self) {
                    try await hq.hq.store.publish(try programme(version, per: per), yaml: "x")
                }
            }
            let shown = try await hq.hq.store.programmes().arrayValue ?? []
            #expect(shown.map { $0["version"]?.integerValue } == [2, 1])
            #expect(shown.last?["digest"]?.stringValue == first.digest)
        }
    }

    @Test func `a device is added once and never with another key`() async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice(1)
            try await device.join(hq)
            try await device.join(hq)
            let other = LogIdentity(
                device: device.identity.device,
                epoch: 1,
                publicKey: try TestDevice(2).identity.publicKey,
                nonce: device.identity.nonce
            )
            await #expect(throws: Problem.self) {
                try await hq.hq.store.addDevice(other, label: "other")
            }
            await #expect(throws: Problem.self) {
                try await hq.hq.store.addDevice(try TestDevice(3).identity, label: "")
            }
        }
    }

    @Test func `the socket in HQ's directory takes commands`() async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            let body: CanonicalJSON = [
                "device": .string(device.identity.device.text),
                "publicKey": .string(Base64.text(device.identity.publicKey)),
                "nonce": .string(Base64.text(device.identity.nonce)),
                "epoch": 1,
                "label": "Hualien 1",
            ]
            let path = "\(hq.directory)/admin.sock"
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect(mode as? Int == 0o600)

            var request = HTTPClientRequest(
                url: "http+unix://\(path.replacing("/", with: "%2F"))/v1/devices"
            )
            request.method = .POST
            request.body = .bytes(ByteBuffer(bytes: body.bytes))
            let response = try await hq.client.execute(request, timeout: .seconds(60))

            #expect(response.status == .ok)
            #expect(try await hq.hq.store.device(device.identity.device)?.label == "Hualien 1")
        }
    }

    private func programme(_ version: Int64, per: Int64) throws -> Programme {
        try Programme(
            name: "coffee",
            version: version,
            title: LocalText(zhHant: "咖啡", en: "Coffee"),
            currency: "TWD",
            calendar: .taipei,
            firstDate: try #require(BusinessDate("2026-01-01")),
            lastDate: try #require(BusinessDate("2026-12-31")),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: []),
            cards: [],
            rules: [Rule(id: "base", per: per, give: 1)]
        )
    }
}
