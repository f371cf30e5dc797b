import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
public import NIOCore
public import ServiceLifecycle
public import StampAgent

/// The agent's own HTTP: what the POS calls, the display's page and its live events.
///
/// Two listeners with the same routes: the loopback interface, for the browser and for a POS, and a
/// Unix socket, for programs whose user the file's mode lets in. There is no way to listen on any
/// other interface.
public struct CounterService: Service {
    /// Where the service listens.
    public struct Settings: Sendable {
        /// The loopback address.
        public var address: LoopbackAddress
        /// The TCP port; 0 lets the kernel choose one.
        public var port: Int
        /// Path of the Unix socket; nil for none.
        public var socketPath: String?
        /// Longest silence on an event stream, after which a comment is sent.
        public var heartbeat: Duration

        /// Creates settings.
        ///
        /// - Parameters:
        ///   - address: The loopback address.
        ///   - port: The TCP port; 0 lets the kernel choose one.
        ///   - socketPath: Path of the Unix socket; nil for none.
        ///   - heartbeat: Longest silence on an event stream.
        public init(
            address: LoopbackAddress = .ipv4,
            port: Int,
            socketPath: String? = nil,
            heartbeat: Duration = .seconds(60)
        ) {
            self.address = address
            self.port = port
            self.socketPath = socketPath
            self.heartbeat = heartbeat
        }
    }

    /// An address that only this machine reaches.
    public enum LoopbackAddress: String, Sendable {
        /// IPv4's loopback address.
        case ipv4 = "127.0.0.1"
        /// IPv6's loopback address.
        case ipv6 = "::1"
    }

    /// Most connections of a listener at a time; more wait until one closes.
    ///
    /// Source: our own bound; a store has a few displays and a POS for each till.
    public static let connectionCountMax = 64
    /// Longest time a connection may stay open without a request, in seconds.
    ///
    /// Source: our own bound; it ends connections that only hold a place.
    public static let idleSecondsMax: Int64 = 60
    /// Who may connect to the Unix socket: its user and its group.
    ///
    /// Source: FAULTS.md section 4, T14.
    public static let socketMode: UInt32 = 0o660

    private let settings: Settings
    private let eventLoopGroup: any EventLoopGroup
    private let responder: RouterResponder<CounterContext>
    private let onListening: @Sendable (Int) async -> Void
    private let logger: Logger

    /// Creates the service; `run()` starts it.
    ///
    /// - Parameters:
    ///   - counter: The counter that answers.
    ///   - exchange: What hands the log out on the socket; nil for a service without a log.
    ///   - settings: Where to listen.
    ///   - eventLoopGroup: The threads for connections; one is plenty.
    ///   - logger: The logger.
    ///   - onListening: Called once with the bound TCP port, when every listener is bound.
    public init(
        counter: Counter,
        exchange: LogExchange? = nil,
        settings: Settings,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.settings = settings
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        self.onListening = onListening
        let routes = allRoutes(
            counter: counter,
            exchange: exchange,
            heartbeat: settings.heartbeat
        )
        responder = makeRouter(routes).buildResponder()
    }

    /// Listens until a graceful shutdown or a cancellation; open event streams end then.
    ///
    /// - Throws: `IOError` if an address cannot be bound.
    public func run() async throws {
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingDiscardingTaskGroup { group in
            let address = BindAddress.hostname(settings.address.rawValue, port: settings.port)
            group.addTask {
                try await listen(on: address) { bound.yield($0.localAddress?.port ?? 0) }
                bound.finish()
            }
            // The first listener is bound before the second, so both are when the second one is.
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { return }
            guard let path = settings.socketPath else { return await onListening(port) }
            group.addTask {
                defer { unlink(path) }
                try await listen(on: .unixDomainSocket(path: path)) { _ in
                    restrict(path)
                    await onListening(port)
                }
            }
        }
    }

    private func listen(
        on address: BindAddress,
        onBound: @escaping @Sendable (any Channel) async -> Void
    ) async throws {
        let http = HTTPServerBuilder.http1(
            configuration: .init(idleTimeout: .seconds(Self.idleSecondsMax))
        )
        // Built here and not by `Application`, whose date cache wakes each second.
        let server = try http.buildServer(
            configuration: ServerConfiguration(
                address: address,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionCountMax)
            ),
            eventLoopGroup: eventLoopGroup,
            logger: logger,
            responder: respond,
            onServerRunning: onBound
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

    /// Lets only the socket's user and group in.
    private func restrict(_ path: String) {
        guard chmod(path, Self.socketMode) == 0 else {
            logger.error("socket mode not set", metadata: ["errno": "\(errno)"])
            return
        }
    }
}

/// Every route of the API.
func allRoutes(counter: Counter, exchange: LogExchange?, heartbeat: Duration) -> [Route] {
    SaleRoutes(counter: counter).all + RefundRoutes(counter: counter).all
        + ReportRoutes(counter: counter).all + TillRoutes(counter: counter).all
        + (exchange.map { LogRoutes(exchange: $0).all + KeyRoutes(exchange: $0).all } ?? [])
        + EventRoutes(counter: counter, heartbeat: heartbeat).all + PageRoutes().all
}
