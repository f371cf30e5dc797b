import ArgumentParser
import DaemonKit
import Documents
import Logging
import ServiceLifecycle

/// `stampd run`: serves the store that the configuration names, until told to stop.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve this store's tills.",
        discussion: """
            Reads the configuration once; SIGHUP (systemctl reload stampd) reads the programme \
            again. SIGTERM ends it in order.
            """
    )

    @Option(help: "The configuration file; 'stampctl config check FILE' explains mistakes in it.")
    var config = "/etc/stampd/stampd.yaml"

    @Flag(help: "Run the demonstration instead: an HQ, a virtual scanner and three scans.")
    var demo = false

    func run() async throws {
        if demo { return try await Demo().run() }
        let configuration = try AgentDocument.configuration(
            from: DocumentFile.text(at: config),
            file: config
        )
        let logger = makeLogger(level: .info)
        let agent = try buildAgent(configuration, logger: logger)
        try await agent.serviceGroup(notifier: .fromEnvironment()).run()
    }
}

/// The log of a daemon: with priorities under systemd, plain for a person at a terminal.
func makeLogger(level: Logger.Level) -> Logger {
    Logger(label: "stampd") { _ in
        JournalLogHandler(level: level, hasPriority: JournalLogHandler.isUnderJournal)
    }
}
