import AsyncHTTPClient
import LoyaltyCore
import NIOCore
import NIOHTTP1
import SyncWire
import Testing

@testable import StampHQ

/// Batches that come on a stick or from a relay, through the administrator's socket.
struct CarriedTests {
    @Test func `a carried batch is booked once and acknowledged like a push`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try device.award("P1/2")
            try await device.join(hq)

            let first = try await carried(device.batch(), to: hq)
            let second = try await carried(device.batch(), to: hq)

            #expect(first.received == device.head)
            #expect(first.duplicateCount == 0)
            #expect(second.received == device.head)
            #expect(second.duplicateCount == 2)
            #expect(try await points(hq) == 20)
        }
    }

    @Test func `an old stick after newer pushes alarms nobody and changes nothing`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            let stick = device.batch()
            try device.award("P1/2")
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)
            let before = try await hq.read("/v1/devices").bytes

            let ack = try await carried(stick, to: hq)

            #expect(ack.received == device.head)
            #expect(ack.duplicateCount == 1)
            #expect(try await hq.read("/v1/devices").bytes == before)
            #expect(try await hq.read("/v1/alarms").bytes == Array("[]".utf8))
            // The same bytes from the device itself mean that its disk went back.
            #expect(try await hq.refused(stick, by: device).type == .logRegressed)
        }
    }

    @Test func `a flipped byte, a gap, a fork and a stranger are refused, the log untouched`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for sale in 1...4 { try device.award("P1/\(sale)") }
            try await device.join(hq)
            try await carried(device.batch(through: 2), to: hq)
            var fork = try TestDevice()
            try fork.award("P1/1")
            try fork.award("P1/forged")
            var stranger = try TestDevice(2)
            try stranger.award("P2/1")
            var flipped = device.batch(after: 2).bytes
            let place = try #require(flipped.firstIndex(of: UInt8(ascii: "\n")))
            flipped[place + 20] ^= 1

            let wrong: [([UInt8], ProblemType)] = [
                (flipped, .chainInvalid),
                (device.batch(after: 3).bytes, .logGap),
                (fork.batch().bytes, .logFork),
                (stranger.batch().bytes, .deviceUnknown),
                (device.batch(after: 2, signedBy: stranger.key).bytes, .signatureInvalid),
            ]
            for (bytes, type) in wrong {
                let answer = try await carry(bytes, to: hq)
                #expect(Problem(parsing: answer)?.type == type)
            }
            #expect(try await carried(device.batch(through: 2), to: hq).received.sequence == 2)
            #expect(try await points(hq) == 20)
        }
    }

    @Test func `HQ's key signs requests for logs, and nothing else`() async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            let path = PushRequestV1.path(of: device.identity.device)
            let answer = try await carry(
                signing("GET", "\(path)?epoch=1&after=0"),
                to: hq,
                "/v1/signatures"
            )
            let json = try CanonicalJSON(parsing: answer)
            var gate = RequestGuard(key: hq.hq.publicKey)
            try gate.check(
                SignableRequest(
                    method: "GET",
                    authority: "store.example:8738",
                    path: path,
                    query: "epoch=1&after=0",
                    fields: []
                ),
                inputValue: json[RequestSignature.inputFieldName]?.stringValue,
                value: json[RequestSignature.fieldName]?.stringValue,
                nowMs: hq.clock.nowMs
            )

            for (method, target) in [
                ("PUT", path), ("GET", "/v1/members"), ("GET", "\(path)\n\"@method\": POST"),
            ] {
                let refused = try await carry(signing(method, target), to: hq, "/v1/signatures")
                #expect(Problem(parsing: refused)?.type == .badRequest)
            }
        }
    }

    private func signing(_ method: String, _ target: String) -> [UInt8] {
        let json: CanonicalJSON = [
            "method": .string(method), "authority": "store.example:8738",
            "target": .string(target), "offsetMs": 0,
        ]
        return json.bytes
    }

    private func points(_ hq: RunningHQ) async throws -> Int64 {
        let number = try #require(MemberNumber(value: 1))
        return try await hq.hq.store.balances(of: number).first { $0.asset == .points }?.amount ?? 0
    }

    @discardableResult
    private func carried(_ batch: BatchV1, to hq: RunningHQ) async throws -> AckV1 {
        try AckV1(parsing: try await carry(batch.bytes, to: hq), signedBy: hq.hq.publicKey)
    }

    private func carry(
        _ bytes: [UInt8],
        to hq: RunningHQ,
        _ path: String = "/v1/batches"
    ) async throws -> [UInt8] {
        let socket = "\(hq.directory)/admin.sock".replacing("/", with: "%2F")
        var request = HTTPClientRequest(url: "http+unix://\(socket)\(path)")
        request.method = .POST
        request.body = .bytes(ByteBuffer(bytes: bytes))
        let response = try await hq.client.execute(request, timeout: .seconds(60))
        return Array(try await response.body.collect(upTo: 1_000_000).readableBytesView)
    }
}
