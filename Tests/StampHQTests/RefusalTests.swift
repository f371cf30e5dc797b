import Glibc
import LoyaltyCore
import NIOCore
import NIOHTTP1
@testable import StampHQ
import SyncWire
import Testing

/// Pushes that HQ refuses: each row of SYNC.md 2.6 that concerns a push.
struct RefusalTests {
    @Test func `a gap is answered with the entry that comes next`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for sale in 1...5 { try device.award("P1/\(sale)") }
            try await device.join(hq)
            try await hq.pushed(device.batch(through: 2), by: device)

            let problem = try await hq.refused(device.batch(after: 4), by: device)

            #expect(problem.type == .logGap)
            #expect(problem["expected"] == 3)
            #expect(problem["h"]?.stringValue == Base64.text(device.lines[1].hash.bytes))
        }
    }

    @Test func `a second history is a fork: an alarm, a frozen device, nothing stored`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            var copy = device
            try device.award("P1/2")
            try device.award("P1/3")
            try copy.award("P1/9", points: 1_000)
            try copy.award("P1/10", points: 1_000)
            try copy.award("P1/11", points: 1_000)
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)

            let overlapping = try await hq.refused(copy.batch(), by: copy)
            let continuing = try await hq.refused(copy.batch(after: 3), by: copy)

            #expect(overlapping.type == .logFork)
            #expect(overlapping["seq"] == 2)
            #expect(overlapping["h"]?.stringValue == Base64.text(device.lines[1].hash.bytes))
            #expect(continuing.type == .logFork)
            #expect(continuing["seq"] == 3)
            let known = try await hq.hq.store.device(device.identity.device)
            #expect(known?.frozenAtMs != nil)
            let alarms = try await hq.read("/v1/alarms")
            #expect(String(decoding: alarms.bytes, as: UTF8.self).contains("log-fork"))
            #expect(try await hq.balance(of: 1) == ["points": 30, "stamps/latte": 3])

            // The history that HQ holds still goes on: earning never stops.
            try device.award("P1/4")
            #expect(try await hq.pushed(device.batch(after: 3), by: device).posted == 4)
        }
    }

    @Test func `a log that ends before what HQ holds has regressed`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for sale in 1...5 { try device.award("P1/\(sale)") }
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)

            let restored = device.batch(after: 1, through: 3, pending: 2)
            let problem = try await hq.refused(restored, by: device)

            #expect(problem.type == .logRegressed)
            #expect(problem["received"] == 5)
            let alarms = try await hq.read("/v1/alarms")
            #expect(String(decoding: alarms.bytes, as: UTF8.self).contains("log-regressed"))
        }
    }

    @Test func `an epoch that is over, or not authorised, is refused`() async throws {
        try await RunningHQ.run { hq in
            var old = try TestDevice(epoch: 1)
            var new = try TestDevice(epoch: 2)
            try old.award("P1/1")
            try new.award("P1/2")
            try await old.join(hq)
            try await hq.pushed(old.batch(), by: old)

            let early = try await hq.refused(new.batch(), by: new)
            #expect(early.type == .epochChanged)
            #expect(early["epoch"] == 1)

            try await hq.hq.store.authoriseEpoch(2, of: new.identity.device)
            #expect(try await hq.pushed(new.batch(), by: new).epoch == 2)

            let late = try await hq.refused(old.batch(), by: old)
            #expect(late.type == .epochOld)
            #expect(try await hq.balance(of: 1) == ["points": 20, "stamps/latte": 2])
        }
    }

    @Test func `a device that HQ does not know, or no longer trusts, is refused`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")

            #expect(try await hq.refused(device.batch(), by: device).type == .deviceUnknown)
            try await device.join(hq)
            try await hq.hq.store.revokeDevice(device.identity.device)
            #expect(try await hq.refused(device.batch(), by: device).type == .deviceRevoked)
        }
    }

    @Test func `one device cannot push in another's name`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice(1)
            let other = try TestDevice(2)
            try device.award("P1/1")
            try await device.join(hq)
            try await other.join(hq, label: "Tainan 1")

            let request = device.request(device.batch(), to: hq, signedBy: other.key)
            let forged = try await hq.send(request)
            #expect(forged.problem?.type == .signatureInvalid)

            let content = Gzip.compress(device.batch().bytes)
            let path = PushRequestV1.path(of: other.identity.device)
            let fields = other.fields(for: content, to: hq, count: 1)
            let misplaced = try await hq.send(.POST, path, fields, content)
            #expect(misplaced.problem?.type == .badRequest)

            let alarms = try await hq.read("/v1/alarms")
            #expect(String(decoding: alarms.bytes, as: UTF8.self).contains("signature-invalid"))
            #expect(try await hq.balance(of: 1).isEmpty)
        }
    }

    @Test func `a checkpoint that another key signed is refused`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)

            let forged = device.batch(signedBy: SigningKey())

            #expect(try await hq.refused(forged, by: device).type == .signatureInvalid)
            #expect(try await hq.balance(of: 1).isEmpty)
        }
    }

    @Test func `changed, reordered and dropped entries break the chain`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for sale in 1...3 { try device.award("P1/\(sale)") }
            try await device.join(hq)
            let batch = device.batch()
            var changed = batch.bodies
            changed[1][10] ^= 1

            for bodies in [changed, batch.bodies.reversed(), Array(batch.bodies.dropFirst())] {
                let header = BatchHeaderV1(
                    device: batch.header.device,
                    epoch: 1,
                    first: 1,
                    count: bodies.count,
                    previous: batch.header.previous,
                    report: batch.header.report
                )
                let forged = BatchV1(header: header, bodies: bodies, checkpoint: batch.checkpoint)
                let problem = try await hq.refused(forged, by: device)
                #expect(problem.type == .chainInvalid)
                #expect(problem["index"]?.integerValue == Int64(bodies.count))
            }
            #expect(try await hq.balance(of: 1).isEmpty)
        }
    }

    @Test func `a log that starts from another nonce is refused`() async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            try await device.join(hq)
            var other = device
            other.identity = LogIdentity(
                device: device.identity.device,
                epoch: 1,
                publicKey: device.identity.publicKey,
                nonce: Array(repeating: 9, count: 16)
            )
            try other.award("P1/1")

            let problem = try await hq.refused(other.batch(), by: other)

            #expect(problem.type == .chainInvalid)
            #expect(problem["index"] == 0)
        }
    }

    @Test(arguments: [(-300, true), (300, true), (-301, false), (301, false), (-86_400, false)])
    func `a push signed too early or too late is told HQ's time`(
        offsetS: Int64,
        isHeld: Bool
    ) async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)

            let request = device.request(device.batch(), to: hq, offsetS: offsetS)
            let answer = try await hq.send(request)

            #expect((answer.status == 200) == isHeld)
            if !isHeld {
                #expect(answer.problem?.type == .clockSkew)
                #expect(answer.problem?["serverMs"]?.integerValue == hq.clock.nowMs)
            }
        }
    }

    @Test func `the same request again is refused within ten minutes`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)
            let request = device.request(device.batch(), to: hq, offsetS: 300)

            #expect(try await hq.send(request).status == 200)
            #expect(try await hq.send(request).problem?.type == .signatureInvalid)
            hq.clock.advance(seconds: 600)
            #expect(try await hq.send(request).problem?.type == .signatureInvalid)
            hq.clock.advance(seconds: 1)
            #expect(try await hq.send(request).problem?.type == .clockSkew)
        }
    }

    @Test func `a body that is not the signed one is refused`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)
            let request = device.request(device.batch(), to: hq)

            let other = Gzip.compress(device.batch(pending: 1).bytes + [10])
            let answer = try await hq.send(.POST, request.path, request.fields, other)

            #expect(answer.problem?.type == .chainInvalid)
        }
    }

    @Test func `each signed field must be there and be what was signed`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)

            for name in [
                "content-digest", "log-epoch", "log-first", "log-count", "signature",
                "signature-input",
            ] {
                let request = device.request(device.batch(), to: hq)
                let missing = request.fields.filter { $0.name != name }
                let first = try await hq.send(.POST, request.path, missing, request.content)
                #expect(first.problem?.type == .signatureInvalid, "\(name)")

                let changed = missing + [.init(name, "7")]
                let second = try await hq.send(.POST, request.path, changed, request.content)
                #expect(second.problem?.type == .signatureInvalid, "\(name)")
            }
            let request = device.request(device.batch(), to: hq)
            let query = try await hq.send(
                .POST,
                request.path + "?x=1",
                request.fields,
                request.content
            )
            #expect(query.problem?.type == .signatureInvalid)
        }
    }

    @Test func `a header that contradicts the signed fields is refused`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)
            let content = Gzip.compress(device.batch().bytes)
            let path = PushRequestV1.path(of: device.identity.device)

            for (first, count) in [(2, 1), (1, 2)] {
                let fields = device.fields(for: content, to: hq, first: Int64(first), count: count)
                let answer = try await hq.send(.POST, path, fields, content)
                #expect(answer.problem?.type == .badRequest)
            }
        }
    }

    @Test func `a batch beyond its limits is refused with the limits`() async throws {
        try await RunningHQ.run { hq in
            var many = try TestDevice(1)
            for _ in 0...BatchV1.entryCountMax { many.append("x") }
            var long = try TestDevice(2)
            for _ in 0...16 { long.append(String(repeating: "x", count: 16_000)) }
            try await many.join(hq)
            try await long.join(hq)

            for device in [many, long] {
                let problem = try await hq.refused(device.batch(), by: device)
                #expect(problem.type == .batchTooLarge)
                #expect(problem["max"] == 262_144)
                #expect(problem["entryMax"] == 500)
            }
        }
    }

    @Test func `a bomb and an endless body are too large`() async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            try await device.join(hq)
            let path = PushRequestV1.path(of: device.identity.device)

            let bomb = Gzip.compress(Array(repeating: 0x78, count: 50_000_000))
            let fields = device.fields(for: bomb, to: hq, count: 0)
            #expect(
                try await hq.send(.POST, path, fields, bomb).problem?.type == .batchTooLarge
            )
            let endless = Array(repeating: UInt8(ascii: "x"), count: BatchV1.wholeByteCountMax + 1)
            let plain = device.fields(for: endless, to: hq, count: 0).filter {
                $0.name != "content-encoding"
            }
            #expect(
                try await hq.send(.POST, path, plain, endless).problem?.type == .batchTooLarge
            )
        }
    }

    @Test(arguments: ["zstd", "br", "gzip, gzip", "deflate"])
    func `an encoding that HQ does not read is answered with the one it does`(
        encoding: String
    ) async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            try await device.join(hq)
            let request = device.request(device.batch(), to: hq)
            let fields = request.fields.map {
                $0.name == "content-encoding" ? .init($0.name, encoding) : $0
            }

            let answer = try await hq.send(.POST, request.path, fields, request.content)

            #expect(answer.problem?.type == .encoding)
            #expect(answer.headers.first(name: "accept-encoding") == "gzip")
        }
    }

    @Test(
        arguments: [
            "", "\n", "{}", "{}\n{}\n", "<html></html>\n\n", #"{"v":1,"kind":"batch"}"# + "\n{}\n",
            "\u{0}\u{1}\u{2}",
        ]
    )
    func `a body that is no batch is a bad request`(text: String) async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            try await device.join(hq)
            let path = PushRequestV1.path(of: device.identity.device)

            let content = Gzip.compress(Array(text.utf8))
            let fields = device.fields(for: content, to: hq)
            #expect(
                try await hq.send(.POST, path, fields, content).problem?.type == .badRequest
            )
            let spoilt = Array("not gzip".utf8)
            #expect(
                try await hq.send(.POST, path, device.fields(for: spoilt, to: hq), spoilt)
                    .problem?.type == .badRequest
            )
        }
    }

    @Test func `half a body stores nothing and HQ goes on`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)
            let request = device.request(device.batch(), to: hq)

            try sendHalf(of: request, to: hq.authority)

            #expect(try await hq.balance(of: 1).isEmpty)
            #expect(try await hq.pushed(device.batch(), by: device).duplicateCount == 0)
        }
    }

    @Test func `a busy HQ tells when to come again`() async throws {
        try await RunningHQ.run(settings: { $0.pushCountMax = 0 }) { hq in
            let device = try TestDevice()
            try await device.join(hq)

            let answer = try await hq.push(device.batch(), by: device)

            #expect(answer.status == 503)
            #expect(answer.problem?.type == .hqUnavailable)
            #expect(answer.headers.first(name: "retry-after") == "2")
        }
    }

    @Test func `a full disk stores nothing, says so, and heals by itself`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for sale in 1...400 { try device.award("P1/\(sale)", to: Int64(sale)) }
            try await device.join(hq)

            try await hq.hq.store.limitPages(extra: 4)
            let answer = try await hq.push(device.batch(), by: device)
            #expect(answer.status == 507)
            #expect(answer.problem?.type == .hqStorageFull)
            #expect(try await hq.balance(of: 1).isEmpty)

            try await hq.hq.store.limitPages(extra: 100_000)
            #expect(try await hq.pushed(device.batch(), by: device).posted == 400)
        }
    }

    /// Announces a whole push, sends half of it and hangs up.
    private func sendHalf(of request: PushRequestV1, to authority: String) throws {
        let port = try #require(authority.split(separator: ":").last.flatMap { UInt16($0) })
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(connection >= 0)
        defer { close(connection) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let head =
            "POST \(request.path) HTTP/1.1\r\nHost: \(authority)\r\n"
            + request.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
            + "Content-Length: \(request.content.count)\r\n\r\n"
        let bytes = Array(head.utf8) + request.content.prefix(request.content.count / 2)
        #expect(write(connection, bytes, bytes.count) == bytes.count)
    }
}
