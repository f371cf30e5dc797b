import AsyncHTTPClient
import LoyaltyCore
import NIOCore
import NIOHTTP1
import NIOSSL
public import ServiceLifecycle
public import SyncWire

/// The line to HQ over HTTPS.
public struct HTTPLink: HQLink, DownLink, Service {
    /// Longest time for one push.
    ///
    /// Source: our own bound; 256 KiB at 64 kbit/s take 33 s.
    static let pushTimeout = TimeAmount.seconds(60)
    /// Longest time for an answer from HQ.
    ///
    /// Source: our own bound; a part of 4 MiB at 64 kbit/s takes 524 s.
    static let askTimeout = TimeAmount.seconds(600)
    /// Longest time to reach HQ at all.
    static let connectTimeout = TimeAmount.seconds(10)

    /// HQ's host, and port unless it is the scheme's own.
    public let authority: String
    private let base: String
    private let client: HTTPClient
    private let clock: AgentClock

    /// Creates a line; `run()` must run until it is not needed any more.
    ///
    /// - Parameters:
    ///   - url: HQ's base URL, `https://host[:port]`, or `http://` on loopback.
    ///   - trustRootsPath: A PEM file with the certificates to trust instead of the system's.
    ///   - clock: Tells how far the system's clock can be trusted with certificates' dates.
    public init(url: String, trustRootsPath: String?, clock: AgentClock) {
        self.clock = clock
        base = url.hasSuffix("/") ? String(url.dropLast()) : url
        authority = Self.authority(of: base)
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let trustRootsPath { tls.trustRoots = .file(trustRootsPath) }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            // A redirect is a captive portal's favourite answer: show it, don't follow it.
            redirectConfiguration: .disallow,
            timeout: .init(connect: Self.connectTimeout)
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .seconds(30)
        client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: configuration
        )
    }

    /// Keeps the line until a graceful shutdown, then closes all connections.
    public func run() async throws {
        // Allowed: a cancellation ends the wait just as the shutdown does.
        try? await gracefulShutdown()
        try await client.shutdown()
    }

    /// Closes all connections of a line that does not run.
    public func close() async throws {
        try await client.shutdown()
    }

    /// Sends a push.
    ///
    /// - Returns: Whatever answered.
    /// - Throws: Errors of the connection, or `NIOTooManyBytesError` for an endless reply.
    public func push(_ request: PushRequestV1) async throws -> PushReply {
        try await post(request.path, request.fields, request.content)
    }

    /// Sends an enrolment.
    ///
    /// - Returns: Whatever answered.
    /// - Throws: As `push`.
    public func enrol(_ request: EnrolmentRequestV1) async throws -> PushReply {
        try await post(EnrolmentRequestV1.path, request.fields, request.content)
    }

    /// Sends a question about what HQ sends down.
    ///
    /// - Parameters:
    ///   - request: The question.
    ///   - byteCountMax: Most bytes of an answer.
    /// - Returns: Whatever answered.
    /// - Throws: Errors of the connection, or `NIOTooManyBytesError` for an endless reply.
    public func ask(_ request: DownRequestV1, byteCountMax: Int) async throws -> PushReply {
        var outgoing = HTTPClientRequest(url: base + request.target)
        outgoing.method = .GET
        for field in request.fields { outgoing.headers.add(name: field.name, value: field.value) }
        return try await send(outgoing, byteCountMax: byteCountMax, within: Self.askTimeout)
    }

    private func post(
        _ path: String,
        _ fields: [SignableRequest.Component],
        _ content: [UInt8]
    ) async throws -> PushReply {
        var outgoing = HTTPClientRequest(url: base + path)
        outgoing.method = .POST
        for field in fields { outgoing.headers.add(name: field.name, value: field.value) }
        outgoing.body = .bytes(ByteBuffer(bytes: content))
        return try await send(outgoing, byteCountMax: AckV1.byteCountMax, within: Self.pushTimeout)
    }

    /// Sends; a certificate that does not hold yet is judged again at its own begin, if no time
    /// server keeps the clock.
    ///
    /// Only the date is lifted, and never lowered: the chain, the name and the end of each
    /// certificate are verified as ever, the end at the later time.
    private func send(
        _ request: HTTPClientRequest,
        byteCountMax: Int,
        within timeout: TimeAmount
    ) async throws -> PushReply {
        let reading = clock.reading()
        if [.floor, .anchor].contains(reading.quality) {
            CertificateTime.raise(to: reading.wall.unixMs / 1_000)
        }
        do {
            return try await sendOnce(request, byteCountMax, timeout)
        } catch let error as NIOSSLError where reading.quality != .ntp {
            let (host, port) = Self.place(of: authority)
            guard let beginS = await CertificateDates.latestBeginS(host: host, port: port),
                beginS > CertificateTime.nowS
            else { throw error }
            return try await CertificateTime.lifted(to: beginS) {
                try await sendOnce(request, byteCountMax, timeout)
            }
        }
    }

    private func sendOnce(
        _ request: HTTPClientRequest,
        _ byteCountMax: Int,
        _ timeout: TimeAmount
    ) async throws -> PushReply {
        let reply = try await client.execute(request, timeout: timeout)
        let content = try await reply.body.collect(upTo: byteCountMax)
        let type = reply.headers.first(name: "content-type") ?? ""
        return PushReply(
            status: Int(reply.status.code),
            mediaType: type.prefix { $0 != ";" }.lowercased(),
            retryAfterS: reply.headers.first(name: "retry-after").flatMap { Int64($0) },
            keptSequence: reply.headers.first(name: PullRequestV1.headSequenceFieldName)
                .flatMap { Int64($0) },
            takesDelta: reply.headers[canonicalForm: "accept-encoding"].contains {
                $0 == DeltaCoding.name
            },
            content: Array(content.readableBytesView)
        )
    }

    /// The host and the port of an authority, by default that of HTTPS.
    static func place(of authority: String) -> (host: String, port: Int) {
        let hostEnd: String.Index
        if authority.hasPrefix("[") {
            hostEnd = authority.firstIndex(of: "]") ?? authority.endIndex
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let port = authority[hostEnd...].split(separator: ":").last.flatMap { Int($0) }
        return (String(authority[..<hostEnd].drop { $0 == "[" }), port ?? 443)
    }

    /// The part of a URL between the scheme and the path.
    static func authority(of url: String) -> String {
        guard let start = url.range(of: "://")?.upperBound else { return url }
        var authority = String(url[start...].prefix { $0 != "/" })
        let standardPort = url.hasPrefix("https") ? ":443" : ":80"
        if authority.hasSuffix(standardPort) { authority.removeLast(standardPort.count) }
        return authority
    }
}

extension String {
    /// Where a text first occurs.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<index(start, offsetBy: text.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
