import ArgumentParser

/// HQ: takes what stores' agents push, keeps members and programmes, and answers operators.
@main
struct StampHQCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stamphq",
        abstract: "HQ of the stampd loyalty agents.",
        discussion: """
            HQ keeps everything in one directory, made on first use: the database, HQ's key, the \
            administrator's token and a socket. Its database has one owner at a time, so commands \
            reach a running HQ through the socket, and open the database themselves while HQ is \
            stopped; run them as the user who runs HQ. Nothing on the network changes anything \
            but the devices' signed requests.
            """,
        subcommands: [
            Serve.self, RelayCommand.self, Initialise.self, Enrolments.self, Devices.self,
            Import.self, Pull.self, Members.self, Programmes.self, Draws.self, Balances.self,
            RightsCommand.self,
            Entries.self, Alarms.self, Quarantine.self, Report.self, Backup.self, Simulate.self,
        ]
    )
}

/// The option that every command has.
struct DataOption: ParsableArguments {
    @Option(name: .customLong("data"), help: "HQ's directory.")
    var directory = "/var/lib/stamphq"
}
