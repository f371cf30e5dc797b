import ArgumentParser
import LoyaltyCore

/// What HQ found out by itself.
struct Report: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what HQ found out by itself.",
        subcommands: [Differences.self, Recoveries.self]
    )

    struct Differences: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the entries that HQ, by the same rules, would decide otherwise.",
            discussion: """
                A running HQ decides every booked entry again from what the entry says was read, \
                by its own edition of the programme. A difference changes no balance: it is for \
                people. 'programme-unknown' goes away by itself once the edition is published.
                """
        )

        @OptionGroup var data: DataOption
        @Option(help: "Only of this device.")
        var device: String?
        @Flag(help: "Print one JSON object a line, with how HQ came to its side.")
        var json = false

        /// Differences that are asked for at a time.
        ///
        /// Source: the most that HQ gives at once.
        private static let pageCount = 500

        func run() async throws {
            try await AdminClient.run(data) { hq in
                var last: Int64 = 0
                while true {
                    let path =
                        "/v1/differences?after=\(last)&limit=\(Self.pageCount)"
                        + (device.map { "&device=\($0)" } ?? "")
                    let page = try await hq.get(path).arrayValue ?? []
                    for difference in page {
                        print(json ? difference.text : Self.words(difference))
                    }
                    guard let id = page.last?["id"]?.integerValue else { return }
                    last = id
                }
            }
        }

        /// A difference for people: where it is, and then both sides.
        static func words(_ difference: CanonicalJSON) -> String {
            let text = { (name: String) in difference[name]?.stringValue ?? "" }
            let number = { (name: String) in difference[name]?.integerValue ?? 0 }
            return """
                \(text("kind"))  \(text("label"))  \(text("device"))  \
                epoch \(number("epoch")) entry \(number("seq"))
                  store  \(difference["store"]?.text ?? "")
                  HQ     \(difference["hq"]?.text ?? "")
                """
        }
    }
}

extension Report {
    struct Recoveries: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show compensations for bad service: who allowed them, and why.",
            discussion: """
                By day of trade, both days included; without them all there are. One that was \
                taken back is listed as voided.
                """
        )

        @OptionGroup var data: DataOption
        @Option(help: "The first day of trade, such as 2026-01-01.")
        var from: String?
        @Option(help: "The last day of trade.")
        var through: String?
        @Flag(help: "Print one JSON object a line.")
        var json = false

        /// Compensations that are asked for at a time.
        ///
        /// Source: the most that HQ gives at once.
        private static let pageCount = 500

        func run() async throws {
            try await AdminClient.run(data) { hq in
                var last: Int64 = 0
                let dates =
                    (from.map { "&from=\($0)" } ?? "") + (through.map { "&through=\($0)" } ?? "")
                while true {
                    let path = "/v1/recoveries?after=\(last)&limit=\(Self.pageCount)\(dates)"
                    let page = try await hq.get(path).arrayValue ?? []
                    for recovery in page { print(json ? recovery.text : Self.words(recovery)) }
                    guard let id = page.last?["id"]?.integerValue else { return }
                    last = id
                }
            }
        }

        /// A compensation in a line: day, store, member, severity, manager, amounts, reason.
        static func words(_ recovery: CanonicalJSON) -> String {
            let text = { (name: String) in recovery[name]?.stringValue ?? "-" }
            let amounts = (recovery["postings"]?.arrayValue ?? []).compactMap(\.arrayValue).map {
                "\($0.last?.integerValue ?? 0) \($0.first?.stringValue ?? "")"
            }
            let voided = recovery["isVoided"]?.boolValue == true ? "  voided" : ""
            return "\(text("date"))  \(text("store"))  \(text("member"))  \(text("severity"))"
                + "  manager \(text("manager"))  \(amounts.joined(separator: ", "))\(voided)"
                + "  \(text("reason"))"
        }
    }
}
