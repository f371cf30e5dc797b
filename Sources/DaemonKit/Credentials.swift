import Glibc

/// Secrets that systemd hands to a service: `LoadCredential=` and `LoadCredentialEncrypted=`.
public enum Credentials {
    /// Where systemd put this service's secrets, or nil if it has none.
    public static func directoryFromEnvironment() -> String? {
        getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }
    }

    /// Reads a secret, as hexadecimal digits like `SecretFile`'s.
    ///
    /// Its mode is not looked at: systemd lets the service in by an access list, which shows as the
    /// group's permission, and nobody else can enter the directory (systemd.exec(5)).
    ///
    /// - Parameters:
    ///   - name: The credential's name.
    ///   - directory: Where systemd put it, if it did.
    ///   - byteCount: Bytes that the secret must have.
    /// - Returns: The bytes, or nil if the service was given no such credential.
    /// - Throws: `SecretFileError`.
    public static func read(
        _ name: String,
        in directory: String?,
        byteCount: Int
    ) throws(SecretFileError) -> [UInt8]? {
        guard let directory, directory.hasPrefix("/") else { return nil }
        return try SecretFile.read("\(directory)/\(name)", byteCount: byteCount, mayBeShared: true)
    }
}
