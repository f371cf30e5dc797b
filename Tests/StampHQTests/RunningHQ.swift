import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle
import StampHQ
import Synchronization
import SyncWire
import Testing

/// A clock that stands where a test puts it.
final class TestClock: Sendable {
    private let ms = Mutex<Int64>(1_790_000_000_000)

    var nowMs: Int64 { ms.withLock { $0 } }

    func advance(seconds: Int64) {
        advance(ms: seconds * 1_000)
    }

    func advance(ms: Int64) {
        self.ms.withLock { $0 += ms }
    }
}

/// A directory that is gone when the test is over.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("hq-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        path = url.path
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("\(path) stays behind: \(error)")
        }
    }
}

/// HQ on a loopback port for the length of a test.
struct RunningHQ {
    let hq: HQ
    let clock: TestClock
    let authority: String
    let scheme: String
    let client: HTTPClient
    let directory: String
    let group: ServiceGroup

    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let bytes: [UInt8]

        var problem: Problem? { Problem(parsing: bytes) }
    }

    /// Runs HQ in a directory that may be used twice, calls a test with it, and stops HQ again.
    ///
    /// The settings can be changed first; `authorityFile` is the PEM file of the certificate
    /// authority that the client trusts, and means HTTPS.
    static func run(
        in directory: TemporaryDirectory? = nil,
        clock: TestClock = TestClock(),
        settings change: (inout HQSettings) -> Void = { _ in },
        trusting authorityFile: String? = nil,
        _ test: (Self) async throws -> Void
    ) async throws {
        let directory = try directory ?? TemporaryDirectory()
        var settings = HQSettings(dataDirectory: directory.path)
        settings.port = 0
        settings.nowMs = { clock.nowMs }
        change(&settings)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let hq = try buildHQ(settings, logger: logger)
        let group = ServiceGroup(services: [hq], logger: logger)
        async let service: Void = group.run()
        let port = try #require(await hq.port())

        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            decompression: .disabled
        )
        if let authorityFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(authorityFile)
            configuration.tlsConfiguration = tls
        }
        let client = HTTPClient(configuration: configuration)
        let running = Self(
            hq: hq,
            clock: clock,
            authority: authorityFile == nil ? "127.0.0.1:\(port)" : "localhost:\(port)",
            scheme: authorityFile == nil ? "http" : "https",
            client: client,
            directory: directory.path,
            group: group
        )
        let outcome: Result<Void, any Error>
        do {
            try await test(running)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        try await client.shutdown()
        await group.triggerGracefulShutdown()
        try await service
        try outcome.get()
        withExtendedLifetime(directory) {}
    }

    /// Sends a request as it is.
    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ fields: [SignableRequest.Component] = [],
        _ content: [UInt8]? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "\(scheme)://\(authority)\(path)")
        request.method = method
        for field in fields { request.headers.add(name: field.name, value: field.value) }
        if let content { request.body = .bytes(ByteBuffer(bytes: content)) }
        let response = try await client.execute(request, timeout: .seconds(120))
        let body = try await response.body.collect(upTo: 16_000_000)
        return Answer(
            status: Int(response.status.code),
            headers: response.headers,
            bytes: Array(body.readableBytesView)
        )
    }

    /// Pushes a batch, signed now with the device's key and a new nonce.
    func push(_ batch: BatchV1, by device: TestDevice) async throws -> Answer {
        try await send(device.request(batch, to: self))
    }

    func send(_ push: PushRequestV1) async throws -> Answer {
        try await send(.POST, push.path, push.fields, push.content)
    }

    /// Pushes a batch that must be held.
    @discardableResult
    func pushed(_ batch: BatchV1, by device: TestDevice) async throws -> AckV1 {
        let answer = try await push(batch, by: device)
        try #require(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
        return try AckV1(parsing: answer.bytes, signedBy: hq.publicKey)
    }

    /// The problem that a batch is refused with.
    func refused(_ batch: BatchV1, by device: TestDevice) async throws -> Problem {
        let answer = try await push(batch, by: device)
        let problem = try #require(answer.problem, "\(answer.status)")
        #expect(answer.status == problem.type.status)
        #expect(answer.headers.first(name: "content-type") == "application/problem+json")
        return problem
    }

    /// Reads with the administrator's token.
    func read(_ path: String) async throws -> Answer {
        let token = try String(contentsOfFile: "\(directory)/admin.token", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return try await send(.GET, path, [.init("authorization", "Bearer \(token)")])
    }
}
