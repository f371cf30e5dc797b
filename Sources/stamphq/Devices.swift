import ArgumentParser
import LoyaltyCore
import SyncWire

/// Which devices may push.
struct Devices: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add, list, and revoke stores' devices.",
        subcommands: [
            Add.self, List.self, Revoke.self, Authorise.self, Release.self, PullNow.self,
            RotateKey.self,
        ]
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
            let after = device["revokedAfter"]?.integerValue.map { " after \($0)" } ?? ""
            let state =
                device["revokedAtMs"]?.integerValue != nil
                ? "revoked\(after)"
                : device["frozenAtMs"]?.integerValue != nil
                    ? "frozen" : device["isSilent"]?.boolValue == true ? "silent" : "active"
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
            abstract: "Trust a device no more, as when it was stolen.",
            discussion: """
                With --after, what the device recorded up to that entry still counts when it is \
                pushed, and later entries are kept in quarantine. What HQ has booked stays booked.
                """
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The device's id.")
        var device: String
        @Option(help: "The last entry that counts; later ones are taken into quarantine.")
        var after: Int64?

        func run() async throws {
            try await AdminClient.run(data) { hq in
                let path = "/v1/devices/\(device)/revocation"
                let answer = try await hq.post(
                    path,
                    .object(after.map { [.init("after", .integer($0))] } ?? [])
                )
                print("\(device) is revoked.")
                let received = answer["received"]?.integerValue ?? 0
                if let after, received > after {
                    print(
                        "HQ has entries \(after + 1) to \(received) already: they stay booked; see"
                            + " stamphq entries --device \(device) --after \(after)."
                    )
                }
            }
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a device's freeze after its log was begun anew or seen to fork.",
            discussion: "Look at stamphq alarms first: of two copies of a disk, one must go."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The device's id.")
        var device: String

        func run() async throws {
            try await AdminClient.run(data) { hq in
                try await hq.post("/v1/devices/\(device)/release")
                print("\(device) is not frozen any more.")
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

    struct PullNow: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pull",
            abstract: "Have a device push what it holds back, as when it waits after a failure.",
            discussion: "The device is told as soon as it asks for news; until then HQ keeps it."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The device's id.")
        var device: String

        func run() async throws {
            try await AdminClient.run(data) { hq in
                try await hq.post("/v1/devices/\(device)/commands", ["do": "pull"])
                print("\(device) is told to push when it asks next.")
            }
        }
    }

    struct RotateKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have a device go on under a new key, as when staff who could copy it leave.",
            discussion: "The device is told as soon as it asks for news; until then HQ keeps it."
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The device's id.")
        var device: String

        func run() async throws {
            try await AdminClient.run(data) { hq in
                try await hq.post("/v1/devices/\(device)/commands", ["do": "rotateKey"])
                print("\(device) is told to change its key when it asks next.")
            }
        }
    }
}
