import ArgumentParser

/// The store agent: parses its arguments, builds its services, and runs them.
@main
struct Stampd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stampd",
        abstract: "Award stamps and points at the till, online or off.",
        version: agentVersion,
        subcommands: [Run.self, Demo.self, Identity.self],
        defaultSubcommand: Run.self
    )
}

/// The agent's version, as in the changelog.
let agentVersion = "0.1.0"
