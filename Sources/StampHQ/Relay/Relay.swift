import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOSSL
public import ServiceLifecycle
public import SyncWire

/// One machine of a store or district that keeps the logs of many agents until HQ fetches them.
///
/// It is not trusted: it can delay entries, never change, forge or acknowledge them.
public struct Relay: Service {
    /// Most bytes that a relay keeps unless told otherwise.
    public static let byteCountMax = RelayStore.byteCountMax

    private let settings: HQSettings
    private let store: RelayStore
    private let gate: HQGate
    private let tls: TLSConfiguration?
    private let logger: Logger

    /// Opens the relay's directory.
    ///
    /// - Parameters:
    ///   - settings: Where to keep batches and where to listen.
    ///   - hqKey: HQ's public key: whose pulls are answered, whose acknowledgements count.
    ///   - byteCountMax: Most bytes of all kept batches; agents beyond it are told to keep theirs.
    ///   - logger: Where to tell operators what happens.
    /// - Throws: `HQError`, `FileError`.
    public init(
        _ settings: HQSettings,
        hqKey: PublicKey,
        byteCountMax: Int64 = Self.byteCountMax,
        logger: Logger
    ) throws {
        store = try RelayStore(
            directory: settings.dataDirectory,
            hqKey: hqKey,
            byteCountMax: byteCountMax
        )
        gate = HQGate(key: hqKey, nowMs: settings.nowMs)
        tls = try settings.tls.map(HQ.tlsConfiguration)
        self.settings = settings
        self.logger = logger
    }

    /// Serves agents and HQ until the service group shuts down.
    public func run() async throws {
        let http1 = HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(60)))
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        try await Application(
            router: makeRouter(),
            server: try tls.map { try .tls(http1, tlsConfiguration: $0) } ?? http1,
            configuration: .init(address: .hostname(settings.host, port: settings.port)),
            onServerRunning: { [logger] channel in
                let port = channel.localAddress?.port ?? 0
                logger.notice("relay listens", metadata: ["port": "\(port)"])
            },
            logger: quiet
        ).run()
    }

    /// The relay's routes; tests call them through the same function.
    func makeRouter() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: ProblemMiddleware(logger: logger))
        RelayController(store: store, gate: gate).addRoutes(to: router.group("v1"))
        return router
    }
}
