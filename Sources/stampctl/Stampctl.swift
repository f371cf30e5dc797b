import ArgumentParser

/// The operator's tool: asks the agent, explains codes and files, and types into the demo.
@main
struct Stampctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stampctl",
        abstract: "Look after a store's loyalty agent.",
        subcommands: [
            Status.self, EnrollCommand.self, KeyCommand.self, ManagerCommand.self,
            LogCommand.self, Decode.self, ScanCommand.self, ConfigCommand.self,
            ProgrammeCommand.self, ExplainCommand.self, ReportCommand.self,
            DrawCommand.self,
        ]
    )
}
