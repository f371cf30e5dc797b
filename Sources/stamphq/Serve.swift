import ArgumentParser
import DaemonKit
import Documents
import Logging
import ServiceLifecycle
import StampHQ
import SyncWire
import UnixSignals

/// Runs HQ until it is told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run HQ; makes what is missing in the data directory.",
        discussion: "What is given as an option holds before what the configuration file says."
    )

    @Option(help: "The configuration file; docs/stamphq.example.yaml shows every key.")
    var config: String?

    @Option(help: "HQ's directory.")
    var data: String?

    @Option(help: "The address to listen on; any but this machine's own needs a certificate.")
    var listen: String?

    @Option(help: "The port to listen on; 0 lets the system choose.")
    var port: Int?

    @Option(help: "The certificate chain for HTTPS, PEM.")
    var tlsCertificate: String?

    @Option(help: "The certificate's private key, PEM.")
    var tlsKey: String?

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("Give --tls-certificate and --tls-key together.")
        }
        guard (0...65_535).contains(port ?? 0) else {
            throw ValidationError("A port is 0 to 65535.")
        }
    }

    func run() async throws {
        LoggingSystem.bootstrap { _ in
            JournalLogHandler(level: .info, hasPriority: JournalLogHandler.isUnderJournal)
        }
        let logger = Logger(label: "stamphq")
        let settings = try settings()
        let hq = try buildHQ(settings, logger: logger)
        logger.notice(
            "hq starts",
            metadata: [
                "public_key": "\(Base64.text(hq.publicKey.bytes))",
                "data": "\(settings.dataDirectory)", "tls": "\(settings.tls != nil)",
            ]
        )
        try await ServiceGroup(
            services: [hq, Readiness(hq: hq, logger: logger)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        ).run()
    }

    private func settings() throws -> HQSettings {
        var configuration = HQConfiguration()
        if let config {
            configuration = try HQDocument.configuration(
                from: try DocumentFile.text(at: config),
                file: config
            )
        }
        var settings = HQSettings(dataDirectory: data ?? configuration.dataPath)
        settings.host = listen ?? configuration.address
        settings.port = port ?? configuration.port
        settings.readProgramme = {
            try ProgrammeDocument.programme(from: $0, file: "the published programme")
        }
        settings.tls = configuration.tls.map {
            HQSettings.TLSFiles(certificateFile: $0.certificatePath, keyFile: $0.keyPath)
        }
        if let tlsCertificate, let tlsKey {
            settings.tls = HQSettings.TLSFiles(certificateFile: tlsCertificate, keyFile: tlsKey)
        }
        guard settings.tls != nil || ["127.0.0.1", "::1"].contains(settings.host) else {
            throw ValidationError(
                "Members' data would cross the network unprotected: give a certificate, or listen"
                    + " on 127.0.0.1."
            )
        }
        return settings
    }
}

/// Tells systemd that HQ listens, and then that its database still answers.
private struct Readiness: Service {
    let hq: HQ
    let logger: Logger
    private let notifier = ServiceNotifier.fromEnvironment()

    init(hq: HQ, logger: Logger) {
        self.hq = hq
        self.logger = logger
    }

    func run() async throws {
        guard let port = await hq.port() else { return }
        tell(.ready, .status("listens on port \(port)"))
        await cancelWhenGracefulShutdown { await watch() }
        tell(.stopping)
    }

    private func watch() async {
        let interval = WatchdogInterval.fromEnvironment()?.sendEvery
        while !Task.isCancelled {
            do {
                // Without a watchdog there is nothing to tell: wait for the end.
                try await Task.sleep(for: interval ?? .seconds(86_400))
                guard interval != nil else { continue }
                try await hq.store.probe()
                tell(.watchdog)
            } catch is CancellationError {
                return
            } catch {
                logger.error("database does not answer", metadata: ["error": "\(error)"])
            }
        }
    }

    private func tell(_ states: ServiceState...) {
        for state in states {
            do throws(NotifyError) {
                try notifier.send(state)
            } catch {
                logger.warning("systemd not told", metadata: ["error": "\(error)"])
            }
        }
    }
}

/// Makes HQ's directory without serving.
struct Initialise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make HQ's key and database, and print the public key for the agents.",
        discussion: "Prints the key again if there is one; HQ must be stopped."
    )

    @OptionGroup var data: DataOption

    func run() async throws {
        let hq = try buildHQ(
            HQSettings(dataDirectory: data.directory),
            logger: Logger(label: "stamphq") { _ in JournalLogHandler(level: .error) }
        )
        print(Base64.text(hq.publicKey.bytes))
    }
}
