import ArgumentParser
import LoyaltyCore
import SyncWire

/// What a member holds.
struct Balances: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what a member holds.")

    @OptionGroup var data: DataOption
    @Argument(help: "The member's number, 14 digits.")
    var member: String

    func run() async throws {
        try await AdminClient.run(data) { hq in
            let answer = try await hq.get("/v1/members/\(member)/balances")
            let name = answer["name"]?.stringValue ?? "not imported yet"
            print("\(member)  \(name)\(answer["isBlocked"]?.boolValue == true ? "  blocked" : "")")
            for balance in answer["balances"]?.arrayValue ?? [] {
                let amount = balance["amount"]?.integerValue ?? 0
                let asset = balance["asset"]?.stringValue ?? ""
                print("\(amount)  \(asset)  through \(balance["through"]?.stringValue ?? "")")
            }
        }
    }
}

/// What a device pushed.
struct Entries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a device's log as HQ holds it, one JSON object a line."
    )

    @OptionGroup var data: DataOption
    @Option(help: "The device's id.")
    var device: String
    @Option(help: "The log's epoch; absent: the one that may push.")
    var epoch: Int64?
    @Option(help: "Show entries after this one.")
    var after: Int64 = 0
    @Option(help: "Show at most this many, up to 1000.")
    var limit: Int64 = 100

    func run() async throws {
        try await AdminClient.run(data) { hq in
            let path =
                "/v1/entries?device=\(device)&after=\(after)&limit=\(limit)"
                + (epoch.map { "&epoch=\($0)" } ?? "")
            for entry in try await hq.get(path).arrayValue ?? [] { print(entry.text) }
        }
    }
}

/// What needs a human.
struct Alarms: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show alarms, one JSON object a line, the latest first."
    )

    @OptionGroup var data: DataOption

    func run() async throws {
        try await AdminClient.run(data) { hq in
            for alarm in try await hq.get("/v1/alarms").arrayValue ?? [] { print(alarm.text) }
        }
    }
}

/// What was kept without effect.
struct Quarantine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show entries kept without effect, one JSON object a line, the latest first."
    )

    @OptionGroup var data: DataOption

    func run() async throws {
        try await AdminClient.run(data) { hq in
            for entry in try await hq.get("/v1/quarantine").arrayValue ?? [] { print(entry.text) }
        }
    }
}

/// Copies of HQ's database.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the database, and confirm that a copy is safe elsewhere.",
        discussion: """
            Devices keep every entry until HQ says that it is safe outside HQ's own machine. HQ \
            cannot know that: take a backup, bring the file to another machine, and then confirm \
            it. Without a confirmed backup devices delete nothing, and an HQ whose disk died gets \
            everything back from them.
            """,
        subcommands: [Take.self, Confirm.self]
    )

    struct Take: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy the database to a new file, also while HQ runs."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The new file's absolute path.")
        var path: String

        func run() async throws {
            try await AdminClient.run(data) { hq in
                let answer = try await hq.post("/v1/backups", ["path": .string(path)])
                let id = answer["backup"]?.integerValue ?? 0
                print("Backup \(id) is in \(path). Bring it to another machine, then run:")
                print("stamphq backup confirm \(id)")
            }
        }
    }

    struct Confirm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say that a backup is on another machine: devices may delete its entries."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The backup's number.")
        var backup: Int64

        func run() async throws {
            try await AdminClient.run(data) { hq in
                try await hq.post("/v1/backups/\(backup)/confirmation")
                print("Devices may delete what backup \(backup) holds.")
            }
        }
    }
}
