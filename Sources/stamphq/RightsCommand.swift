import ArgumentParser
import Foundation
import LoyaltyCore
import SyncWire

/// Who may spend what, and where.
struct RightsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rights",
        abstract: "Give members points, vouchers and the like, and place them on a store's device.",
        discussion: """
            A till spends what its own device holds: what it awarded, and what HQ placed on it. So \
            nothing is spent twice, however long stores are cut off. What is placed leaves HQ at \
            once and comes to the store when its line is up; until then it is in flight.
            """,
        subcommands: [Give.self, List.self, Place.self]
    )

    struct Wish: ParsableArguments {
        @Argument(help: "The member's number, 14 digits.")
        var member: String
        @Option(help: "What, such as voucher/birthday, points or stamps/latte.")
        var asset: String
        @Option(help: "How many.")
        var amount: Int64
        @Option(help: "The store whose device is to hold it, if it has one device.")
        var store: String?
        @Option(help: "The id of the device that is to hold it.")
        var device: String?
        @Option(help: "Who wants it; whoever runs this command if left out.")
        var by: String?

        func json(
            reason: String,
            _ more: [CanonicalJSON.Member] = []
        ) -> CanonicalJSON {
            let operatorName = by ?? NSUserName()
            return .object(
                [
                    .init("member", .string(member)), .init("asset", .string(asset)),
                    .init("amount", .integer(amount)), .init("reason", .string(reason)),
                    .init("by", .string(operatorName)),
                ] + (store.map { [.init("store", .string($0))] } ?? [])
                    + (device.map { [.init("device", .string($0))] } ?? []) + more
            )
        }

        func report(_ answer: CanonicalJSON) {
            guard let grant = answer["grant"]?.stringValue else {
                print("\(member) has it; HQ holds it until stamphq rights place.")
                return
            }
            for amount in answer["amounts"]?.arrayValue ?? [] { print(RightsCommand.line(amount)) }
            print("grant \(grant) waits for \(answer["device"]?.stringValue ?? "")")
        }
    }

    struct Give: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make something new for a member, with a reason, and place it.",
            discussion: """
                Without --store and --device it stays with HQ, which can place it later. A command \
                that was cut off may have done its work: see 'list' before giving it again.
                """
        )

        @OptionGroup var data: DataOption
        @OptionGroup var wish: Wish
        @Option(help: "Why; it stands in the device's log.")
        var reason: String
        @Option(name: .customLong("from"), help: "The first date on which it can be used.")
        var first: String?
        @Option(help: "The last date on which it can be used; never expires if left out.")
        var through: String?

        func run() async throws {
            try await AdminClient.run(data) { hq in
                var more: [CanonicalJSON.Member] = []
                if let first { more.append(.init("from", .string(first))) }
                if let through { more.append(.init("through", .string(through))) }
                wish.report(try await hq.post("/v1/rights", wish.json(reason: reason, more)))
            }
        }
    }

    struct Place: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Place on a device what HQ holds of a member's, nearest expiry first."
        )

        @OptionGroup var data: DataOption
        @OptionGroup var wish: Wish
        @Option(help: "Why; it stands in the device's log.")
        var reason = "placed by HQ"

        func run() async throws {
            try await AdminClient.run(data) { hq in
                wish.report(try await hq.post("/v1/placements", wish.json(reason: reason)))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show who holds what of a member's, or all that is in flight, and since when."
        )

        @OptionGroup var data: DataOption
        @Option(help: "The member's number; absent: what is in flight, of all members.")
        var member: String?

        func run() async throws {
            try await AdminClient.run(data) { hq in
                guard let member else { return try await listFlights(hq) }
                let rights = try await hq.get("/v1/members/\(member)/rights")
                for amount in rights["free"]?.arrayValue ?? [] {
                    print("HQ  \(RightsCommand.line(amount))")
                }
                for amount in rights["held"]?.arrayValue ?? [] {
                    print("\(RightsCommand.holder(amount))  \(RightsCommand.line(amount))")
                }
                for flight in rights["inFlight"]?.arrayValue ?? [] {
                    RightsCommand.show(flight)
                }
            }
        }

        private func listFlights(_ hq: AdminClient) async throws {
            var after: Int64 = 0
            while true {
                let path = "/v1/grants?after=\(after)&limit=500"
                let flights = try await hq.get(path).arrayValue ?? []
                for flight in flights { RightsCommand.show(flight) }
                guard let last = flights.last?["number"]?.integerValue else { return }
                after = last
            }
        }
    }

    private static func line(_ amount: CanonicalJSON) -> String {
        let (asset, through) = (amount["asset"]?.stringValue, amount["through"]?.stringValue)
        let number = amount["amount"]?.integerValue ?? 0
        return "\(number)  \(asset ?? "")  through \(through ?? "")"
    }

    private static func holder(_ json: CanonicalJSON) -> String {
        "\(json["device"]?.stringValue ?? "") \(json["label"]?.stringValue ?? "")"
    }

    private static func show(_ flight: CanonicalJSON) {
        let placedAtMs = flight["placedAtMs"]?.integerValue ?? 0
        let since = Date(timeIntervalSince1970: Double(placedAtMs) / 1_000).ISO8601Format()
        let amounts = (flight["amounts"]?.arrayValue ?? []).map(line).joined(separator: ", ")
        print(
            [
                "in flight since \(since) to \(holder(flight))",
                "member \(flight["member"]?.stringValue ?? "")", amounts,
                "grant \(flight["grant"]?.stringValue ?? "")",
                "by \(flight["by"]?.stringValue ?? ""): \(flight["reason"]?.stringValue ?? "")",
            ].joined(separator: "  ")
        )
    }
}
