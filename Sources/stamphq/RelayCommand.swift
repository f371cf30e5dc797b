import ArgumentParser
import DaemonKit
import Logging
import ServiceLifecycle
import StampHQ
import SyncWire
import UnixSignals

/// Runs a relay until it is told to stop.
struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "Keep the logs of many agents until HQ fetches them.",
        discussion: """
            For a machine in a store or district that agents reach and HQ reaches too. Agents name \
            it as their 'hq: url'; their key stays HQ's own. HQ fetches with stamphq pull. The \
            relay needs no trust: it cannot acknowledge, and deletes only what HQ signed as safe.
            """
    )

    @Option(help: "The relay's directory.")
    var data = "/var/lib/stamphq-relay"
    @Option(help: "HQ's public key, as stamphq init prints it.")
    var hqKey: String
    @Option(help: "The address to listen on; any but this machine's own needs a certificate.")
    var listen = "127.0.0.1"
    @Option(help: "The port to listen on; 0 lets the system choose.")
    var port = 8471
    @Option(help: "Most megabytes of logs to keep; agents beyond it keep theirs until HQ fetched.")
    var maxMB = Relay.byteCountMax / 1_048_576
    @Option(help: "The certificate chain for HTTPS, PEM.")
    var tlsCertificate: String?
    @Option(help: "The certificate's private key, PEM.")
    var tlsKey: String?

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("Give --tls-certificate and --tls-key together.")
        }
        guard (1...1_048_576).contains(maxMB) else {
            throw ValidationError("'--max-mb' is 1 to 1048576.")
        }
        guard (0...65_535).contains(port) else { throw ValidationError("A port is 0 to 65535.") }
        guard Base64.bytes(hqKey).flatMap({ PublicKey($0) }) != nil else {
            throw ValidationError("Give HQ's public key as stamphq init prints it.")
        }
        guard tlsCertificate != nil || ["127.0.0.1", "::1"].contains(listen) else {
            throw ValidationError(
                "Members' data would cross the network unprotected: give a certificate, or listen"
                    + " on 127.0.0.1."
            )
        }
    }

    func run() async throws {
        guard let key = Base64.bytes(hqKey).flatMap({ PublicKey($0) }) else { return }
        LoggingSystem.bootstrap { _ in
            JournalLogHandler(level: .info, hasPriority: JournalLogHandler.isUnderJournal)
        }
        let logger = Logger(label: "stamphq")
        var settings = HQSettings(dataDirectory: data)
        settings.host = listen
        settings.port = port
        if let tlsCertificate, let tlsKey {
            settings.tls = HQSettings.TLSFiles(certificateFile: tlsCertificate, keyFile: tlsKey)
        }
        try await ServiceGroup(
            services: [
                try Relay(
                    settings,
                    hqKey: key,
                    byteCountMax: maxMB * 1_048_576,
                    logger: logger
                )
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        ).run()
    }
}
