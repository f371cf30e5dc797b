import DaemonKit
import Foundation
import LoyaltyCore
import SyncWire

/// Who this device is, and the key that proves it.
struct DeviceKey {
    /// The device, its public key and its nonce; the epoch is the ledger's to say.
    let identity: LogIdentity
    /// The device's Ed25519 key.
    let key: SigningKey

    /// The key's name among systemd's credentials.
    static let credentialName = "device-key"

    /// Reads the device's key, or makes it on the first start.
    ///
    /// A key that systemd hands over goes before the one in the state directory.
    ///
    /// - Parameters:
    ///   - statePath: The agent's state directory; made if missing.
    ///   - clock: When the device was set up; only used when its key is made.
    /// - Returns: The key and what HQ knows of it.
    /// - Throws: `SecretFileError`, `FileError`.
    static func load(from statePath: String, clock: WallTime) throws -> DeviceKey {
        try FileManager.default.createDirectory(
            atPath: statePath,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let given = try Credentials.read(
            credentialName,
            in: Credentials.directoryFromEnvironment(),
            byteCount: 32
        )
        let seed =
            try given
            ?? SecretFile.readOrMake("\(statePath)/device.key") { randomBytes(32) }
        let nonce = try SecretFile.readOrMake("\(statePath)/device.nonce") { randomBytes(16) }
        let namePath = "\(statePath)/device.id"
        let found = try DurableFile.read(namePath)
        let name = found ?? Array("\(DeviceID(at: clock, random: randomBytes(10)).text)\n".utf8)
        if found == nil { try DurableFile.write(name, to: namePath, mode: 0o644) }
        let text = String(decoding: name, as: UTF8.self).trimmingCharacters(in: .whitespaces)
        guard let device = DeviceID(text.split(separator: "\n").first.map(String.init) ?? ""),
            let key = SigningKey(seed: seed)
        else { throw SecretFileError.malformed(path: namePath, digitCount: 32) }
        return DeviceKey(
            identity: LogIdentity(
                device: device,
                epoch: 1,
                publicKey: key.publicKey.bytes,
                nonce: nonce
            ),
            key: key
        )
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max) }
    }
}

/// The wall clock, where nothing better is at hand yet.
func wallClockNow() -> WallTime {
    WallTime(unixMs: Int64(Date().timeIntervalSince1970 * 1_000))
}
