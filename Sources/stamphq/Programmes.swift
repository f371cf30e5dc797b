import ArgumentParser
import Documents
import LoyaltyCore
import SyncWire

/// The loyalty programmes' editions.
struct Programmes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish programmes, and list what is published.",
        subcommands: [Publish.self, List.self]
    )

    struct Publish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a programme and publish it; its version must rise."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The programme, a YAML file; docs/programmes.md tells every key.")
        var file: String

        func run() async throws {
            let yaml = try DocumentFile.text(at: file)
            let programme = try ProgrammeDocument.programme(from: yaml, file: file)
            let reference = ProgrammeReference(programme)
            try await AdminClient.run(data) { hq in
                try await hq.post(
                    "/v1/programmes",
                    [
                        "name": .string(reference.name),
                        "version": .integer(reference.version),
                        "digest": .string(reference.digest),
                        "canonical": .string(programme.canonicalJSON.text),
                        "yaml": .string(yaml),
                    ]
                )
                print("\(reference.name) version \(reference.version), \(reference.digest)")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show published editions.")

        @OptionGroup var data: DataOption

        func run() async throws {
            try await AdminClient.run(data) { hq in
                for edition in try await hq.get("/v1/programmes").arrayValue ?? [] {
                    print(edition.text)
                }
            }
        }
    }
}
