import ArgumentParser
import DaemonKit
import LoyaltyCore
import StampHQ
import SyncWire

/// Draws that anybody can check.
struct Draws: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Announce and run draws that anybody can check.",
        discussion: """
            Announce a draw and publish the line that 'announce' prints; it binds HQ to a secret \
            seed. Members collect tickets, the asset ticket/ID. After the closing time, 'run' \
            counts the tickets and draws. Publish the files that it writes: with them, 'stampctl \
            draw verify' or docs/verify-draw.py finds the same winners on anybody's computer.
            """,
        subcommands: [Announce.self, Close.self, Run.self, List.self, Entry.self]
    )

    struct Announce: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keep a draw's terms, and print the line to publish; they never change.",
            discussion: """
                The same words again print the same line. A public source is an event after the \
                closing time whose outcome nobody can know or choose, such as an official \
                lottery's numbers: with one, HQ itself cannot choose tickets that fit its seed.
                """
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The draw, as in the asset ticket/ID.")
        var id: String
        @Option(help: "What is won; may be repeated, the first prize first.")
        var prize: [String]
        @Option(help: "How many win it; once for each --prize, in the same order.")
        var winners: [Int64]
        @Option(
            help: """
                When tickets are counted, such as 2026-12-31T18:00+08:00; those usable on its date \
                count.
                """
        )
        var closes: String
        @Option(help: "A public event whose outcome enters the draw.")
        var publicSource: String?
        @Flag(help: "A member may win as often as there are tickets; else once.")
        var winAgain = false

        func run() async throws {
            guard let time = LocalTime(closes) else {
                throw ValidationError("--closes takes a time such as 2026-12-31T18:00+08:00.")
            }
            guard prize.count == winners.count else {
                throw ValidationError("Give one --winners for each --prize.")
            }
            let prizes = zip(prize, winners).map { name, count -> CanonicalJSON in
                ["name": .string(name), "winners": .integer(count)]
            }
            try await AdminClient.run(data) { hq in
                let announcement = try await hq.post(
                    "/v1/draws",
                    [
                        "id": .string(id),
                        "prizes": .array(prizes),
                        "closesAtMs": .integer(time.wall.unixMs),
                        "date": .string(time.date.description),
                        "winsOnce": .bool(!winAgain),
                        "publicSource": publicSource.map(CanonicalJSON.string) ?? .null,
                    ]
                )
                print(announcement.text)
            }
        }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count the tickets after the closing time, and write the list to publish.",
            discussion: """
                Needed before 'run' only for a draw with a public source: publish the list before \
                the source's value is known. The list is counted once; again writes the same.
                """
        )

        @OptionGroup var data: DataOption
        @OptionGroup var output: DrawOutput
        @Argument(help: "The draw.")
        var id: String

        func run() async throws {
            try await AdminClient.run(data) { hq in
                let list = try await hq.post("/v1/draws/\(id)/closing")
                try await output.writeTickets(of: id, from: hq)
                print("\(output.path(id, "tickets.txt")): \(DrawOutput.summary(of: list))")
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw, write the files to publish, and print the winners for the shops.",
            discussion: """
                A draw is run once; again writes the same files and prints the same winners. \
                What is printed has the members' numbers: it is not for the public.
                """
        )

        @OptionGroup var data: DataOption
        @OptionGroup var output: DrawOutput
        @Argument(help: "The draw.")
        var id: String
        @Option(help: "The outcome of the announcement's public source, as it was published.")
        var publicValue: String?

        func run() async throws {
            try await AdminClient.run(data) { hq in
                let answer = try await hq.post(
                    "/v1/draws/\(id)/outcome",
                    ["publicValue": publicValue.map(CanonicalJSON.string) ?? .null]
                )
                let bytes = Array((answer["proof"]?.stringValue ?? "").utf8)
                let proof = try DrawProofV1(parsing: bytes)
                try await output.writeTickets(of: id, from: hq)
                try output.write(proof.announcement.bytes, id, "announcement.json")
                // Last: where there is a proof, what it proves is there too.
                try output.write(bytes, id, "proof.json")
                let members = (answer["members"]?.arrayValue ?? []).compactMap(\.stringValue)
                for (winner, member) in zip(proof.winners, members) {
                    print("\(member)  \(winner.prize)")
                }
                print("\(proof.winners.count) winners of \(proof.ticketCount) tickets.")
                print("Publish \(output.path(id, "announcement.json")),")
                print("\(output.path(id, "tickets.txt")) and \(output.path(id, "proof.json")).")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show draws, one JSON object a line, the latest first."
        )

        @OptionGroup var data: DataOption

        func run() async throws {
            try await AdminClient.run(data) { hq in
                for draw in try await hq.get("/v1/draws").arrayValue ?? [] { print(draw.text) }
            }
        }
    }

    struct Entry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a member needs to find the own line in a draw's ticket list.",
            discussion: "For this member only: whoever has number and secret finds the line."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The draw.")
        var id: String
        @Argument(help: "The member's number, 14 digits.")
        var member: String

        func run() async throws {
            try await AdminClient.run(data) { hq in
                let entry = try await hq.get("/v1/draws/\(id)/entries/\(member)")
                print("name    \(entry["name"]?.stringValue ?? "")")
                print("secret  \(entry["secret"]?.stringValue ?? "")")
                let count = entry["tickets"]?.integerValue
                print("tickets \(count.map(String.init) ?? "not counted yet")")
            }
        }
    }
}

/// Where a draw's files go.
struct DrawOutput: ParsableArguments {
    @Option(name: .customLong("out"), help: "The directory for the files to publish.")
    var directory: String

    func path(_ id: String, _ name: String) -> String { "\(directory)/\(id).\(name)" }

    func write(_ bytes: [UInt8], _ id: String, _ name: String) throws {
        try DurableFile.makeDirectory(directory, mode: 0o755)
        try DurableFile.write(bytes, to: path(id, name), mode: 0o644)
    }

    func writeTickets(of id: String, from hq: AdminClient) async throws {
        let bytes = try await hq.get(
            "/v1/draws/\(id)/tickets",
            upTo: TicketListV1.byteCountMax
        )
        try write(bytes, id, "tickets.txt")
    }

    static func summary(of list: CanonicalJSON) -> String {
        let (tickets, lines) = (
            list["tickets"]?.integerValue ?? 0, list["lines"]?.integerValue ?? 0
        )
        return "\(tickets) tickets in \(lines) lines, SHA-256 \(list["sha256"]?.stringValue ?? "")"
    }
}
