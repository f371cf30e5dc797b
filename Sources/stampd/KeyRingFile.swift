import DaemonKit
import SyncWire

/// The device's keys since it first changed its key: one file, replaced by one rename.
///
/// Lines of hexadecimal digits: the first public key, from which the log hangs for ever, then the
/// keys' seeds, oldest first. Before the first change there is only `device.key`, and no such file.
struct KeyRingFile {
    /// The file of a device that never changed its key.
    static let firstKeyName = "device.key"

    /// What the file says.
    struct Content {
        /// The public key from which the log hangs.
        let first: PublicKey
        /// The keys, oldest first; none if systemd hands them over.
        let keys: [SigningKey]
    }

    private let path: String
    private let firstKeyPath: String

    /// Names the file.
    init(in statePath: String) {
        path = "\(statePath)/device.keys"
        firstKeyPath = "\(statePath)/\(Self.firstKeyName)"
    }

    /// Reads the file, or gives nil if the device never changed its key.
    ///
    /// A first key that the file has taken over, and that a power cut left, is deleted.
    ///
    /// - Throws: `FileError`, `SecretFileError`, `KeyRingFileError`.
    func read() throws -> Content? {
        guard let lines = try SecretFile.readLines(path, byteCount: 32) else { return nil }
        let keys = lines.dropFirst().compactMap { SigningKey(seed: $0) }
        guard let first = lines.first.flatMap({ PublicKey($0) }), keys.count == lines.count - 1
        else { throw KeyRingFileError.damaged(path: path) }
        if !keys.isEmpty { try DurableFile.remove(firstKeyPath) }
        return Content(first: first, keys: keys)
    }

    /// Has the disk hold exactly these keys; none of them if systemd hands them over.
    ///
    /// - Throws: `FileError`; the file is then as it was, or is as it should be.
    func write(first: PublicKey, _ keys: [SigningKey]) throws {
        try SecretFile.write(lines: [first.bytes] + keys.map(\.seed), to: path)
        if !keys.isEmpty { try DurableFile.remove(firstKeyPath) }
    }
}

/// Why the device's keys cannot be used.
enum KeyRingFileError: Error, CustomStringConvertible {
    case damaged(path: String)
    case handedOverBefore

    var description: String {
        switch self {
        case .damaged(let path):
            "\(path) does not hold the device's keys: restore it from your backup"
        case .handedOverBefore:
            "this device's key came from systemd, and systemd hands none over now: restore"
                + " LoadCredentialEncrypted=\(DeviceKey.credentialName):… ('systemctl edit stampd')"
        }
    }
}
