import ArgumentParser
import LoyaltyCore
import SyncWire

/// Which devices may push.
struct Devices: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add, list, and revoke stores' devices.",
        subcommands: [Add.self, List.self, Revoke.self, Authorise.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a device push; stampd identity prints what to give here."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The device's id, a UUID of version 7.")
        var device: String
        @Option(help: "The device's Ed25519 public key, base64.")
        var publicKey: String
        @Option(help: "The nonce made with the key, base64.")
        var nonce: String
        @Option(help: "The epoch of its log.")
        var epoch: Int64 = 1
        @Option(help: "Where it stands, such as \"Taipei 1\".")
        var label: String

        func run() async throws {
            try await AdminClient.run(data) { hq in
                try await hq.post(
                    "/v1/devices",
                    [
                        "device": .string(device),
                        "publicKey": .string(publicKey),
                        "nonce": .string(nonce),
                        "epoch": .integer(epoch),
                        "label": .string(label),
                    ]
                )
                print("\(device) may push.")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show devices and their state.")

        @OptionGroup var data: DataOption

        func run() async throws {
            try await AdminClient.run(data) { hq in
                for device in try await hq.get("/v1/devices").arrayValue ?? [] {
                    print(Self.line(device))
                }
            }
        }

        private static func line(_ device: CanonicalJSON) -> String {
            let state =
                device["revokedAtMs"]?.integerValue != nil
                ? "revoked" : device["frozenAtMs"]?.integerValue != nil ? "frozen" : "active"
            let number = { (name: String) in device[name]?.integerValue ?? 0 }
            let pending = device["report"]?["pending"]?.integerValue.map(String.init) ?? "-"
            let free = device["report"]?["freeMB"]?.integerValue.map(String.init) ?? "-"
            return [
                device["device"]?.stringValue ?? "", state, "epoch \(number("epoch"))",
                "received \(number("received"))", "prunable \(number("prunable"))",
                "pending \(pending)", "free \(free) MB", device["label"]?.stringValue ?? "",
            ].joined(separator: "  ")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Trust a device no more, as when it was stolen."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The device's id.")
        var device: String

        func run() async throws {
            try await AdminClient.run(data) { hq in
                try await hq.post("/v1/devices/\(device)/revocation")
                print("\(device) is revoked.")
            }
        }
    }

    struct Authorise: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a device begin a new log, after its database was salvaged.",
            discussion: "Also ends a freeze: look at stamphq alarms first."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The device's id.")
        var device: String
        @Option(help: "The new log's epoch.")
        var epoch: Int64

        func run() async throws {
            try await AdminClient.run(data) { hq in
                try await hq.post("/v1/devices/\(device)/epochs", ["epoch": .integer(epoch)])
                print("\(device) may push epoch \(epoch).")
            }
        }
    }
}
