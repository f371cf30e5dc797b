import DaemonKit
import Foundation
import LoyaltyCore
import StampAgent
import SyncWire

/// Who this device is, and the keys that prove it.
struct DeviceKey {
    /// The device, its first public key and its nonce; the epoch is the ledger's to say.
    let identity: LogIdentity
    /// The device's Ed25519 keys, oldest first, at least one.
    let keys: [SigningKey]
    /// Where they come from.
    let origin: DeviceKeys.Origin

    /// The key's name among systemd's credentials.
    static let credentialName = "device-key"
    /// The name of the key that is to follow it.
    static let nextCredentialName = "device-key-next"

    /// Reads the device's keys, or makes the first on the first start.
    ///
    /// A key that systemd hands over goes before those in the state directory.
    ///
    /// - Parameters:
    ///   - statePath: The agent's state directory; made if missing.
    ///   - clock: When the device was set up; only used when its key is made.
    /// - Returns: The keys and what HQ knows of them.
    /// - Throws: `SecretFileError`, `FileError`, `KeyRingFileError`.
    static func load(from statePath: String, clock: WallTime) throws -> DeviceKey {
        try FileManager.default.createDirectory(
            atPath: statePath,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let ring = KeyRingFile(in: statePath)
        let given = try credentials()
        let found = try ring.read()
        let keys: [SigningKey]
        if !given.isEmpty {
            keys = given
        } else if let found {
            guard !found.keys.isEmpty else { throw KeyRingFileError.handedOverBefore }
            keys = found.keys
        } else {
            keys = [try firstKey(in: statePath)]
        }
        let nonce = try SecretFile.readOrMake("\(statePath)/device.nonce") { randomBytes(16) }
        let first = found?.first ?? keys[0].publicKey
        return DeviceKey(
            identity: LogIdentity(
                device: try name(in: statePath, clock: clock),
                epoch: 1,
                publicKey: first.bytes,
                nonce: nonce
            ),
            keys: keys,
            origin: given.isEmpty
                ? .disk { try ring.write(first: first, $0) }
                : .credentials { try ring.write(first: first, []) }
        )
    }

    /// The keys that systemd hands over: none, one, or one and the next.
    private static func credentials() throws -> [SigningKey] {
        let directory = Credentials.directoryFromEnvironment()
        var keys: [SigningKey] = []
        for name in [credentialName, nextCredentialName] {
            guard let seed = try Credentials.read(name, in: directory, byteCount: 32)
            else { break }
            keys.append(try key(seed, name))
        }
        return keys
    }

    private static func firstKey(in statePath: String) throws -> SigningKey {
        let path = "\(statePath)/\(KeyRingFile.firstKeyName)"
        return try key(SecretFile.readOrMake(path) { randomBytes(32) }, path)
    }

    private static func key(_ seed: [UInt8], _ path: String) throws -> SigningKey {
        guard let key = SigningKey(seed: seed)
        else { throw SecretFileError.malformed(path: path, digitCount: 64) }
        return key
    }

    private static func name(in statePath: String, clock: WallTime) throws -> DeviceID {
        let path = "\(statePath)/device.id"
        let found = try DurableFile.read(path)
        let name = found ?? Array("\(DeviceID(at: clock, random: randomBytes(10)).text)\n".utf8)
        if found == nil { try DurableFile.write(name, to: path, mode: 0o644) }
        let text = String(decoding: name, as: UTF8.self).trimmingCharacters(in: .whitespaces)
        guard let device = DeviceID(text.split(separator: "\n").first.map(String.init) ?? "")
        else { throw SecretFileError.malformed(path: path, digitCount: 32) }
        return device
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max) }
    }
}

/// The wall clock, where nothing better is at hand yet.
func wallClockNow() -> WallTime {
    WallTime(unixMs: Int64(Date().timeIntervalSince1970 * 1_000))
}
