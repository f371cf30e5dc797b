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
            try await AdminClient.run(data) { hq in
                let reference = try await Self.publish(programme, yaml: yaml, at: hq)
                print("\(reference.name) version \(reference.version), \(reference.digest)")
            }
        }

        /// Publishes a programme that was read.
        @discardableResult
        static func publish(
            _ programme: Programme,
            yaml: String,
            at hq: AdminClient
        ) async throws -> ProgrammeReference {
            let reference = ProgrammeReference(programme)
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
            return reference
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
