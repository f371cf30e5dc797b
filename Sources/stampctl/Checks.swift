import ArgumentParser
import Documents
import Foundation
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
        abstract:
            "Check a loyalty programme, try it on a file of sales, or print its sheets' codes.",
        subcommands: [Check.self, Try.self, Codes.self]
    )

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find mistakes in a programme, with file, line and what to do.",
            discussion: """
                Refuses what cannot be read, what no till could decide by, and what cannot be \
                meant: docs/programmes.md lists it. Exits with 1 on a mistake.
                """
        )

        @Argument(help: "The programme file.")
        var file: String

        @Option(help: "The edition in force, which this one is to replace: its version must rise.")
        var active: String?

        @Option(
            name: .customLong("on"),
            help: "The day of trade on which it must not have ended; today if none is given.",
            transform: Self.date
        )
        var date: BusinessDate?

        func run() throws {
            let edition = try active.map { path in
                try ProgrammeDocument.programme(from: DocumentFile.text(at: path), file: path)
            }
            print(try Self.report(file, on: date ?? Self.today(in: file), after: edition))
        }

        private static func date(_ text: String) throws -> BusinessDate {
            guard let date = BusinessDate(text)
            else { throw ValidationError("use a date such as 2026-01-31") }
            return date
        }

        /// The day of trade by this machine's clock; only the programme knows when its day turns.
        private static func today(in file: String) throws -> BusinessDate {
            let text = try DocumentFile.text(at: file)
            let programme = try ProgrammeDocument.programme(from: text, file: file)
            let now = WallTime(unixMs: Int64(Date().timeIntervalSince1970 * 1_000))
            return BusinessDate(at: now, in: programme.calendar)
        }

        /// One line about a programme that is in order.
        static func report(
            _ file: String,
            on date: BusinessDate? = nil,
            after active: Programme? = nil
        ) throws -> String {
            let programme = try ProgrammeDocument.programme(
                from: DocumentFile.text(at: file),
                file: file,
                on: date,
                after: active
            )
            let digest = ProgrammeReference(programme).digest.prefix(12)
            return "\(file): programme \(programme.name) version \(programme.version) (\(digest)),"
                + " \(programme.cards.count) cards, \(programme.rules.count) rules,"
                + " \(programme.rewards.count) rewards,"
                + " \(programme.firstDate) to \(programme.lastDate), is in order"
        }
    }
}
