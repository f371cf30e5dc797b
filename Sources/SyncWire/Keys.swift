import Crypto

/// Names an Ed25519 public key: the first 16 hexadecimal digits of its SHA-256.
public struct KeyID: Hashable, Sendable {
    /// The 16 lower-case digits.
    public let text: String

    /// Names a public key of 32 bytes.
    public init(of publicKey: [UInt8]) {
        text = Hex.text(SHA256.hash(data: publicKey).prefix(8))
    }

    /// Reads a name, or gives nil if it has another form.
    public init?(_ text: String) {
        let isHex = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
        }
        guard text.utf8.count == 16, isHex else { return nil }
        self.text = text
    }
}

/// An Ed25519 public key (RFC 8032): checks what its owner signed.
public struct PublicKey: Hashable, Sendable {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// Bytes of a key.
    ///
    /// Source: RFC 8032 section 5.1.5.
    public static let byteCount = 32

    /// Bytes of a signature.
    ///
    /// Source: RFC 8032 section 5.1.6.
    public static let signatureByteCount = 64

    /// Creates a key from its 32 bytes, or gives nil if no key has them.
    public init?(_ bytes: [UInt8]) {
        do {
            _ = try Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        } catch {
            return nil
        }
        self.bytes = bytes
    }

    /// The key's name.
    public var keyID: KeyID { KeyID(of: bytes) }

    /// Whether the key's owner signed a message.
    ///
    /// - Parameters:
    ///   - signature: 64 bytes; anything else was not signed.
    ///   - message: The exact bytes.
    /// - Returns: True only for a valid signature.
    public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == Self.signatureByteCount else { return false }
        do {
            return try Curve25519.Signing.PublicKey(rawRepresentation: bytes)
                .isValidSignature(signature, for: message)
        } catch {
            return false
        }
    }
}

/// An Ed25519 private key: signs in the name of one device, or of HQ.
///
/// It has no description, so that it cannot slip into a log.
public struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    /// The key that checks its signatures.
    public let publicKey: PublicKey

    /// Makes a new key from the system's randomness.
    public init() {
        self.init(Curve25519.Signing.PrivateKey())
    }

    /// Restores a key from its 32 secret bytes, or gives nil for any other number of bytes.
    public init?(seed: [UInt8]) {
        do {
            self.init(try Curve25519.Signing.PrivateKey(rawRepresentation: seed))
        } catch {
            return nil
        }
    }

    private init(_ key: Curve25519.Signing.PrivateKey) {
        guard let publicKey = PublicKey(Array(key.publicKey.rawRepresentation)) else {
            preconditionFailure("a private key always has a public key of 32 bytes")
        }
        self.key = key
        self.publicKey = publicKey
    }

    /// The 32 secret bytes, to be kept in a file that only its owner can read.
    public var seed: [UInt8] { Array(key.rawRepresentation) }

    /// The key's name.
    public var keyID: KeyID { publicKey.keyID }

    /// Signs a message.
    ///
    /// - Parameter message: The exact bytes.
    /// - Returns: 64 bytes.
    public func signature(for message: [UInt8]) -> [UInt8] {
        do {
            return Array(try key.signature(for: message))
        } catch {
            preconditionFailure("Ed25519 signs every message: \(error)")
        }
    }
}
