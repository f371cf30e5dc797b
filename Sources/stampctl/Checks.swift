import ArgumentParser
import Documents
import LoyaltyCore
import SyncWire

/// `stampctl config`: what the agent is configured to do.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the agent's configuration.",
        subcommands: [Check.self]
    )

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find mistakes in a configuration, with file, line and what to do.",
            discussion: "Also checks the programme that it names. Exits with 1 on a mistake."
        )

        @Argument(help: "The configuration file.")
        var file = "/etc/stampd/stampd.yaml"

        func run() throws {
            let configuration = try AgentDocument.configuration(
                from: DocumentFile.text(at: file),
                file: file
            )
            print("\(file): store \(configuration.store) is in order")
            print(try ProgrammeCommand.Check.report(configuration.programmePath))
        }
    }
}

/// `stampctl programme`: what members earn.
struct ProgrammeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "programme",
        abstract: "Check a loyalty programme.",
        subcommands: [Check.self]
    )

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find mistakes in a programme, with file, line and what to do.",
            discussion: "Exits with 1 on a mistake."
        )

        @Argument(help: "The programme file.")
        var file: String

        func run() throws {
            print(try Self.report(file))
        }

        /// One line about a programme that is in order.
        static func report(_ file: String) throws -> String {
            let programme = try ProgrammeDocument.programme(
                from: DocumentFile.text(at: file),
                file: file
            )
            let digest = ProgrammeReference(programme).digest.prefix(12)
            return "\(file): programme \(programme.name) version \(programme.version) (\(digest)),"
                + " \(programme.cards.count) cards, \(programme.rules.count) rules,"
                + " \(programme.firstDate) to \(programme.lastDate), is in order"
        }
    }
}
