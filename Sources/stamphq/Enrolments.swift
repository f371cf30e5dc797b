import ArgumentParser
import Foundation
import LoyaltyCore

/// The codes that let new devices in.
struct Enrolments: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make one-time codes for new devices.",
        subcommands: [Create.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a code with which one device of a store gets in.",
            discussion: """
                Tell it to the person at the store's computer, who runs 'stampctl enroll'. It is \
                shown only here, works once, for 30 minutes, and not after 5 wrong tries.
                """
        )

        @OptionGroup var data: DataOption
        @Option(help: "The store's name, such as yongkang.")
        var store: String
        @Option(help: "Where the device stands, such as \"Taipei 1\"; its name if left out.")
        var label: String?

        func run() async throws {
            try await AdminClient.run(data) { hq in
                var wish: [CanonicalJSON.Member] = [.init("store", .string(store))]
                if let label { wish.append(.init("label", .string(label))) }
                let answer = try await hq.post("/v1/enrolments", .object(wish))
                let endMs = answer["notAfterMs"]?.integerValue ?? 0
                let end = Date(timeIntervalSince1970: Double(endMs) / 1_000).ISO8601Format()
                print("\(answer["code"]?.stringValue ?? "")")
                print("for one device of \(store), until \(end)")
            }
        }
    }
}
