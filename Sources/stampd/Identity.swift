import ArgumentParser
import Documents
import SyncWire

/// `stampd identity`: says how HQ is told of this device.
struct Identity: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the command that makes HQ know this device.",
        discussion: "Makes the device's key if there is none yet. The key itself is not printed."
    )

    @Option(help: "The configuration file.")
    var config = "/etc/stampd/stampd.yaml"

    func run() throws {
        let configuration = try AgentDocument.configuration(
            from: DocumentFile.text(at: config),
            file: config
        )
        let device = try DeviceKey.load(from: configuration.statePath, clock: wallClockNow())
        print(
            """
            stamphq devices add \(device.identity.device.text) \
            --public-key \(Base64.text(device.identity.publicKey)) \
            --nonce \(Base64.text(device.identity.nonce)) --label \(configuration.store)
            """
        )
    }
}
