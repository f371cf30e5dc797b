import DaemonKit
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import NIOSSL
public import ServiceLifecycle
public import SyncWire

/// The service that stores' agents report to: its database, its key and its two servers.
public struct HQ: Service {
    /// HQ's database.
    public let store: HQStore
    /// The key that checks HQ's acknowledgements; every device is told it when it is set up.
    public let publicKey: PublicKey

    private let settings: HQSettings
    private let key: SigningKey
    private let seal: EnrolmentSeal
    private let drawSeal: DrawSeal
    private let token: [UInt8]
    private let tls: TLSConfiguration?
    private let logger: Logger
    private let intake: Intake
    private let check: DecisionCheck?
    private let bound = BoundPort()

    fileprivate init(_ settings: HQSettings, logger: Logger) throws {
        try HQFiles.makeDirectory(settings.dataDirectory)
        guard settings.socketPath.utf8.count <= HQFiles.socketPathByteCountMax
        else { throw HQError.socketPathTooLong(path: settings.socketPath) }
        // SQLite gives its log the mode of the database.
        try HQFiles.makeEmpty(settings.databasePath)
        let onUpdate = {
            logger.notice(
                "bringing the database to this version: may take minutes, and begins again if ended"
            )
        }
        var store = try HQStore(
            path: settings.databasePath,
            onUpdate: onUpdate,
            nowMs: settings.nowMs
        )
        let seed = try SecretFile.readOrMake(settings.keyPath) { SigningKey().seed }
        guard let key = SigningKey(seed: seed)
        else { throw SecretFileError.malformed(path: settings.keyPath, digitCount: 64) }
        token = try SecretFile.readOrMake(settings.tokenPath) { SigningKey().seed }
        tls = try settings.tls.map(Self.tlsConfiguration)
        publicKey = key.publicKey
        store.publicKey = key.publicKey
        self.store = store
        intake = Intake(
            store: store,
            gate: PushGate(pushCountMax: settings.pushCountMax),
            logger: logger
        )
        check = settings.readProgramme.map { [store] readProgramme in
            DecisionCheck(
                store: store,
                readProgramme: readProgramme,
                pause: settings.checkPause,
                onRound: settings.onCheck,
                logger: logger
            )
        }
        self.key = key
        seal = EnrolmentSeal(seed: seed)
        drawSeal = DrawSeal(seed: seed)
        self.settings = settings
        self.logger = logger
    }

    /// Serves devices and operators until the service group shuts down.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runNetwork() }
            group.addTask { try await runAdmin() }
            if let check { group.addTask { await check.run() } }
            defer { group.cancelAll() }
            try await group.next()
            try await group.waitForAll()
        }
    }

    /// Serves only the administrator's socket, for a command while HQ itself is stopped.
    public func runAdmin(whenBound: @escaping @Sendable () async -> Void = {}) async throws {
        let router = Router()
        router.add(middleware: ProblemMiddleware(logger: logger))
        OperatorController(store: store).addRoutes(to: router.group("v1"))
        AdminController(intake: intake, key: key, seal: seal).addRoutes(to: router.group("v1"))
        DrawController(store: store, seal: drawSeal).addRoutes(to: router.group("v1"))
        try await Application(
            router: router,
            configuration: .init(address: .unixDomainSocket(path: settings.socketPath)),
            onServerRunning: { [logger, settings] _ in
                do throws(HQError) {
                    try HQFiles.restrict(settings.socketPath)
                } catch {
                    logger.error("socket not restricted", metadata: ["error": "\(error)"])
                }
                await whenBound()
            },
            logger: quietLogger
        ).run()
    }

    /// The port that devices reach, once HQ listens; nil if it ended before.
    public func port() async -> Int? {
        await bound.port()
    }

    private func runNetwork() async throws {
        let http1 = HTTPServerBuilder.http1(
            // A device that falls silent in mid-request must not hold a connection for ever.
            configuration: .init(idleTimeout: .seconds(60))
        )
        let application = Application(
            router: makeRouter(),
            server: try tls.map { try .tls(http1, tlsConfiguration: $0) } ?? http1,
            configuration: .init(address: .hostname(settings.host, port: settings.port)),
            onServerRunning: { [bound, logger] channel in
                let port = channel.localAddress?.port
                logger.notice("hq listens", metadata: ["port": "\(port ?? 0)"])
                await bound.set(port)
            },
            logger: quietLogger
        )
        do {
            try await application.run()
        } catch {
            await bound.set(nil)
            throw error
        }
        await bound.set(nil)
    }

    /// HQ's routes on the network; tests call them through the same function.
    func makeRouter() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware(logger: logger))
        let group = router.group("v1")
        let keyID = publicKey.keyID.text
        group.get("health") { _, _ in
            Response(try await store.health(keyID: keyID))
        }
        let push = PushController(intake: intake, key: key)
        group.post("devices/{device}/log", use: push.push)
        let enrolment = EnrolmentController(
            store: store,
            key: key,
            seal: seal,
            gate: intake.gate,
            logger: logger
        )
        group.post("devices", use: enrolment.enrol)
        DownController(store: store, key: key, sender: intake.sender).addRoutes(to: group)
        OperatorController(store: store)
            .addRoutes(to: group.add(middleware: TokenMiddleware(token: token)))
        router.refuseOtherMethods()
        return router
    }

    /// The HTTP library's own lines concern no operator unless something is wrong.
    private var quietLogger: Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }

    static func tlsConfiguration(_ files: HQSettings.TLSFiles) throws -> TLSConfiguration {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(files.certificateFile)
        } catch {
            throw HQError.certificate(path: files.certificateFile, reason: "\(error)")
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: files.keyFile, format: .pem)
        } catch {
            throw HQError.certificate(path: files.keyFile, reason: "\(error)")
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

/// Builds HQ from its settings; the program, the demo and the tests all call this.
///
/// Makes the data directory, the database, HQ's key and the administrator's token where they are
/// missing.
///
/// - Parameters:
///   - settings: Where to keep data and where to listen.
///   - logger: Where to tell operators what happens.
/// - Returns: The service, ready to run.
/// - Throws: `HQError`, `SecretFileError`, `DatabaseError`.
public func buildHQ(_ settings: HQSettings, logger: Logger) throws -> HQ {
    try HQ(settings, logger: logger)
}

/// A port that becomes known once, and those who wait for it.
private actor BoundPort {
    private var answer: Int??
    private var waiters: [CheckedContinuation<Int?, Never>] = []

    func set(_ port: Int?) {
        guard answer == nil else { return }
        answer = .some(port)
        for waiter in waiters { waiter.resume(returning: port) }
        waiters = []
    }

    func port() async -> Int? {
        if let answer { return answer }
        return await withCheckedContinuation { waiters.append($0) }
    }
}
