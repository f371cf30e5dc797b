import AsyncHTTPClient
import Foundation
import Logging
import LoyaltyCore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import StampAgent
import SyncWire
import Testing

@testable import CounterAPI

/// HQ's pull over HTTPS on a real port, signed as HQ signs.
@Suite(.timeLimit(.minutes(4)))
struct PullTests {
    @Test func `HQ gets the log batch by batch, each with where it goes on`() async throws {
        try await withPull { shop, pull in
            _ = try await shop.client.post("/v1/sales", Self.sale("P1/1"))
            var place = shop.exchange.identity.start
            let key = try #require(PublicKey(shop.exchange.identity.publicKey))

            for sequence in 1...2 {
                let reply = try await pull.get("epoch=1&after=\(sequence - 1)&limit=1")
                #expect(reply.status == 200)
                #expect(reply.field("content-type") == "application/x-ndjson")
                #expect(reply.field("cache-control") == "no-store")
                #expect(reply.field("log-head-seq") == "2")
                #expect(reply.field("etag")?.hasPrefix("\"1.2-") == true)
                let batch = try BatchV1(parsing: reply.bytes)
                #expect(try batch.verify(after: place, key: key).count == 1)
                place = batch.checkpoint.position
                let next = "<\(pull.path)?epoch=1&after=1&limit=1>; rel=\"next\""
                #expect(reply.field("link") == (sequence == 1 ? next : nil))
            }
            let rest = try await pull.get("epoch=1&after=2")
            #expect(rest.status == 204)
            #expect(rest.field("log-head-hash") == Base64.text(place.hash.bytes))
        }
    }

    @Test func `only HQ's key is answered, and no request twice`() async throws {
        try await withPull { _, pull in
            let query = "epoch=1&after=0"
            let signed = pull.sign("GET", pull.path, query)
            #expect(try await pull.send("GET", pull.path, query, signed).status == 200)

            let stranger = pull.sign("GET", pull.path, query, by: SigningKey())
            for fields in [signed, stranger, [], pull.sign("GET", pull.path, "epoch=1&after=1")] {
                let refused = try await pull.send("GET", pull.path, query, fields)
                #expect(refused.status == 401)
                #expect(refused.problem?.type == .signatureInvalid)
            }
        }
    }

    @Test func `a wrong clock is told the time, and a signature by that time is taken`()
        async throws
    {
        try await withPull { _, pull in
            var late = pull
            late.offsetMs = -600_000
            let refused = try await late.get("epoch=1&after=0")
            #expect(refused.problem?.type == .clockSkew)

            let serverMs = try #require(refused.problem?["serverMs"]?.integerValue)
            #expect(serverMs == Self.nowMs)
            late.offsetMs = serverMs - Self.nowMs
            #expect(try await late.get("epoch=1&after=0").status == 200)
        }
    }

    @Test func `another epoch, a place beyond the end, another device and no query are refused`()
        async throws
    {
        try await withPull { shop, pull in
            let epoch = try await pull.get("epoch=2&after=0")
            #expect(epoch.problem?.type == .epochChanged)
            #expect(epoch.problem?["epoch"] == 1)
            let ahead = try await pull.get("epoch=1&after=9")
            #expect(ahead.problem?.type == .cursorAhead)
            #expect(ahead.problem?["head"] == 1)
            #expect(try await pull.get("after=0").problem?.type == .badRequest)

            var other = pull
            other.device = DeviceID(at: WallTime(unixMs: 5), random: [])
            #expect(try await other.get("epoch=1&after=0").problem?.type == .deviceUnknown)
        }
    }

    @Test func `an answer waits for the next entry if HQ prefers so`() async throws {
        try await withPull { shop, pull in
            async let waiting = pull.get("epoch=1&after=1", prefer: "wait=55")
            _ = try await shop.client.post("/v1/sales", Self.sale("P1/1"))
            let reply = try await waiting
            #expect(reply.status == 200)
            #expect(try BatchV1(parsing: reply.bytes).header.first == 2)

            #expect(try await pull.get("epoch=1&after=2", prefer: "wait=1").status == 204)
        }
    }

    @Test func `HQ's acknowledgement is taken, twice too, and a forged one is not`() async throws {
        try await withPull { shop, pull in
            let head = try await shop.exchange.head()
            let ack = Self.ack(shop.exchange.identity.device, head)
            let path = PullRequestV1.acksPath(of: pull.device)

            let forged = try await pull.post(path, ack.bytes(signedBy: SigningKey()))
            #expect(forged.status == 400)
            #expect(await shop.exchange.received() == 0)
            for _ in 0..<2 {
                #expect(try await pull.post(path, ack.bytes(signedBy: Shop.hqKey)).status == 204)
            }
            #expect(await shop.exchange.received() == 1)
            let unsigned = try await pull.send("POST", path, nil, [], [])
            #expect(unsigned.status == 401)
        }
    }

    @Test func `the counter's own calls are not answered here`() async throws {
        try await withPull { _, pull in
            for path in ["/v1/status", "/v1/entries", "/v1/log", "/"] {
                let reply = try await pull.send("GET", path, nil, [])
                #expect(reply.status == 404)
            }
        }
    }

    @Test func `a certificate that cannot be used is named`() async throws {
        try await withShop { shop in
            #expect {
                try makeService(shop, certificate: "/nonexistent.pem", key: "/nonexistent.key")
            } throws: {
                "\($0)".hasPrefix("/nonexistent.pem cannot be used")
            }
        }
    }

    fileprivate static let nowMs: Int64 = 1_795_329_120_000

    private static func sale(_ key: String) -> String {
        #"{"key":"\#(key)","member":"\#(Shop.card)","amount":215}"#
    }

    private static func ack(_ device: DeviceID, _ head: LogPosition) -> AckV1 {
        AckV1(
            device: device,
            epoch: 1,
            received: head,
            posted: head.sequence,
            prunable: 0,
            serverMs: nowMs,
            hqEpoch: 1,
            credit: .init(entryCount: 500, byteCount: 262_144, afterMs: 0),
            duplicateCount: 0,
            quarantined: [],
            hasChanges: false
        )
    }
}

/// HQ's side of a pull.
private struct Puller: Sendable {
    let client: HTTPClient
    let port: Int
    var device: DeviceID
    /// What HQ's clock is ahead of the agent's.
    var offsetMs: Int64 = 0

    struct Reply {
        let status: Int
        let headers: HTTPHeaders
        let bytes: [UInt8]

        var problem: Problem? { Problem(parsing: bytes) }

        func field(_ name: String) -> String? { headers.first(name: name) }
    }

    var path: String { PushRequestV1.path(of: device) }

    func get(_ query: String, prefer: String? = nil) async throws -> Reply {
        var fields = sign("GET", path, query)
        if let prefer { fields.append(.init("prefer", prefer)) }
        return try await send("GET", path, query, fields)
    }

    func post(_ path: String, _ content: [UInt8]) async throws -> Reply {
        try await send("POST", path, nil, sign("POST", path, nil), content)
    }

    func sign(
        _ method: String,
        _ path: String,
        _ query: String?,
        by key: SigningKey = Shop.hqKey
    ) -> [SignableRequest.Component] {
        let signature = RequestSignature(
            of: SignableRequest(
                method: method,
                authority: "localhost:\(port)",
                path: path,
                query: query,
                fields: []
            ),
            createdS: (PullTests.nowMs + offsetMs) / 1_000,
            nonce: UUID().uuidString,
            signedBy: key
        )
        return [
            .init(RequestSignature.inputFieldName, signature.inputValue),
            .init(RequestSignature.fieldName, signature.value),
        ]
    }

    func send(
        _ method: String,
        _ path: String,
        _ query: String?,
        _ fields: [SignableRequest.Component],
        _ content: [UInt8]? = nil
    ) async throws -> Reply {
        let target = path + (query.map { "?\($0)" } ?? "")
        var request = HTTPClientRequest(url: "https://localhost:\(port)\(target)")
        request.method = HTTPMethod(rawValue: method)
        for field in fields { request.headers.add(name: field.name, value: field.value) }
        if let content { request.body = .bytes(ByteBuffer(bytes: content)) }
        let reply = try await client.execute(request, timeout: .seconds(120))
        let body = try await reply.body.collect(upTo: 1_000_000)
        return Reply(
            status: Int(reply.status.code),
            headers: reply.headers,
            bytes: Array(body.readableBytesView)
        )
    }
}

private func makeService(
    _ shop: Shop,
    certificate: String,
    key: String,
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
) throws -> PullService {
    try PullService(
        exchange: shop.exchange,
        hqKey: Shop.hqKey.publicKey,
        nowMs: { PullTests.nowMs },
        settings: .init(
            address: "127.0.0.1",
            port: 0,
            certificatePath: certificate,
            keyPath: key
        ),
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        onListening: onListening
    )
}

/// Runs a test against a store that HQ may pull from.
private func withPull(_ body: @Sendable (Shop, Puller) async throws -> Void) async throws {
    try await withShop { shop in
        let directory = URL(filePath: shop.socketPath).deletingLastPathComponent().path
        try makeCertificate(in: directory)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let service = try makeService(
            shop,
            certificate: "\(directory)/pull.pem",
            key: "\(directory)/pull.key",
            onListening: { continuation.yield($0) }
        )
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file("\(directory)/pull.pem")
        let client = HTTPClient(configuration: .init(tlsConfiguration: tls))
        let outcome: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await service.run() }
                var iterator = ports.makeAsyncIterator()
                if let port = await iterator.next() {
                    let device = shop.exchange.identity.device
                    try await body(shop, Puller(client: client, port: port, device: device))
                }
                group.cancelAll()
            }
            outcome = .success(())
        } catch is CancellationError {
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        try await client.shutdown()
        try outcome.get()
    }
}

private func makeCertificate(in directory: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments =
        ("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        + " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        + " -keyout \(directory)/pull.key -out \(directory)/pull.pem").split(separator: " ")
        .map(String.init)
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
}
