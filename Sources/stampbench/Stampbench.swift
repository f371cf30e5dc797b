import ArgumentParser

/// What `make bench` measures inside a process; Tests/Bench/bench.py runs it and prints the table.
///
/// Each command prints its figures as one JSON object on one line.
@main
struct Stampbench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stampbench",
        abstract: "Measure parts of stampd; make bench runs this and prints the table.",
        subcommands: [
            Latency.self, Awards.self, Record.self, Keys.self, Fill.self, LookUps.self, Wear.self,
            Ingest.self, ServeHQ.self, Wire.self, Lines.self, Decisions.self,
        ]
    )
}

/// Why a measurement could not be made.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
