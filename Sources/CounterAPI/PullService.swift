import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
public import NIOCore
import NIOSSL
public import ServiceLifecycle
public import StampAgent
public import SyncWire

/// The listener on which HQ pulls the log, where a store can be reached from outside.
///
/// HTTPS, apart from the counter's own listeners, and off unless it is configured: whoever connects
/// sees nothing but the answer to requests that HQ's key signed.
public struct PullService: Service {
    /// Where the service listens.
    public struct Settings: Sendable {
        /// The address, such as `0.0.0.0` for all.
        public var address: String
        /// The TCP port; 0 lets the kernel choose one.
        public var port: Int
        /// The certificate, followed by those of its issuers, PEM.
        public var certificatePath: String
        /// Its private key, PEM.
        public var keyPath: String

        /// Creates settings.
        public init(address: String, port: Int, certificatePath: String, keyPath: String) {
            self.address = address
            self.port = port
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    /// Most connections at a time; more wait until one closes.
    ///
    /// Source: our own bound; HQ needs one.
    public static let connectionCountMax = 16

    private let settings: Settings
    private let tls: TLSConfiguration
    private let eventLoopGroup: any EventLoopGroup
    private let responder: RouterResponder<CounterContext>
    private let onListening: @Sendable (Int) async -> Void
    private let logger: Logger

    /// Creates the service; `run()` starts it.
    ///
    /// - Parameters:
    ///   - exchange: What hands the log out.
    ///   - hqKey: HQ's pinned key.
    ///   - nowMs: The agent's clock, in POSIX milliseconds.
    ///   - settings: Where to listen.
    ///   - eventLoopGroup: The threads for connections.
    ///   - logger: The logger.
    ///   - onListening: Called once with the bound port.
    /// - Throws: `PullError` if the certificate or its key cannot be used.
    public init(
        exchange: LogExchange,
        hqKey: PublicKey,
        nowMs: @escaping @Sendable () -> Int64,
        settings: Settings,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        self.settings = settings
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        self.onListening = onListening
        tls = try Self.tlsConfiguration(settings)
        let routes = PullRoutes(exchange: exchange, gate: PullGate(key: hqKey, nowMs: nowMs)).all
        let router = Router(context: CounterContext.self)
        router.add(middleware: Envelope(routes: routes))
        for route in routes {
            router.on(RouterPath(route.path), method: route.method, use: route.handler)
        }
        responder = router.buildResponder()
    }

    /// Listens until a graceful shutdown or a cancellation.
    ///
    /// - Throws: `IOError` if the address cannot be bound.
    public func run() async throws {
        let idleTimeout = Duration.seconds(PullRequestV1.waitSecondsMax + 5)
        let http1 = HTTPServerBuilder.http1(
            configuration: .init(idleTimeout: .seconds(idleTimeout.components.seconds))
        )
        // Built here and not by `Application`, whose date cache wakes each second.
        let server = try HTTPServerBuilder.tls(http1, tlsConfiguration: tls).buildServer(
            configuration: ServerConfiguration(
                address: .hostname(settings.address, port: settings.port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionCountMax)
            ),
            eventLoopGroup: eventLoopGroup,
            logger: logger,
            responder: respond,
            onServerRunning: { [logger, onListening] channel in
                let port = channel.localAddress?.port ?? 0
                logger.notice("hq may pull", metadata: ["port": "\(port)"])
                await onListening(port)
            }
        )
        try await server.run()
    }

    @concurrent @Sendable
    private func respond(
        _ request: Request,
        writer: consuming ResponseWriter,
        channel: any Channel
    ) async throws {
        let context = CounterContext(
            source: ApplicationRequestContextSource(channel: channel, logger: logger)
        )
        let response = try await responder.respond(to: request, context: context)
        try await writer.write(response: response.head, body: response.body)
    }

    private static func tlsConfiguration(_ settings: Settings) throws -> TLSConfiguration {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(settings.certificatePath)
        } catch {
            throw PullError.certificate(path: settings.certificatePath, reason: "\(error)")
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: settings.keyPath, format: .pem)
        } catch {
            throw PullError.certificate(path: settings.keyPath, reason: "\(error)")
        }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        // Both ends are ours, so nothing older is ever needed (FAULTS.md T8).
        tls.minimumTLSVersion = .tlsv13
        return tls
    }
}

/// Why HQ cannot pull.
public enum PullError: Error, Equatable {
    /// The certificate or its key cannot be used.
    case certificate(path: String, reason: String)
}

extension PullError: CustomStringConvertible {
    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .certificate(let path, let reason):
            "\(path) cannot be used: \(reason); give a PEM certificate and its PEM key under 'pull'"
        }
    }
}
