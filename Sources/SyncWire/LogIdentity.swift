import Crypto
public import LoyaltyCore

/// Names one store device for ever: a UUID of version 7 in lower case.
///
/// Source: RFC 9562 section 5.7.
public struct DeviceID: Hashable, Sendable {
    /// The 36 characters.
    public let text: String

    /// Reads an identifier, or gives nil if it has another form.
    public init?(_ text: String) {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        let isHex = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || byte == 0x2D
        }
        guard isHex, groups.map(\.utf8.count) == [8, 4, 4, 4, 12], groups[2].first == "7"
        else { return nil }
        self.text = text
    }

    /// Makes an identifier from a moment and randomness, both given.
    ///
    /// - Parameters:
    ///   - wall: When the device was set up; it only makes identifiers sort.
    ///   - random: Ten random bytes; fewer are filled with zeros.
    public init(at wall: WallTime, random: [UInt8]) {
        let timeMs = UInt64(max(0, wall.unixMs))
        var bytes = (0..<6).map { UInt8(truncatingIfNeeded: timeMs >> (40 - 8 * $0)) }
        bytes += (random + Array(repeating: 0, count: 10)).prefix(10)
        bytes[6] = bytes[6] & 0x0F | 0x70  // version 7
        bytes[8] = bytes[8] & 0x3F | 0x80  // the variant of RFC 9562
        let hex = Hex.text(bytes)
        var text = ""
        for (index, character) in hex.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(character)
        }
        self.text = text
    }

    /// When the device was set up, as far as its clock knew: the first 48 bits (RFC 9562).
    public var madeAt: WallTime {
        WallTime(unixMs: Int64(text.filter { $0 != "-" }.prefix(12), radix: 16) ?? 0)
    }
}

/// What a device's log hangs from: who writes it, in which incarnation, under which key.
public struct LogIdentity: Hashable, Sendable {
    /// The device.
    public let device: DeviceID
    /// The incarnation of its database: 1 at first, one more after each salvage or enrolment.
    public let epoch: Int64
    /// The device's Ed25519 public key, 32 bytes.
    public let publicKey: [UInt8]
    /// A random value fixed when the key was made, 16 bytes.
    public let nonce: [UInt8]

    /// Creates an identity.
    public init(device: DeviceID, epoch: Int64, publicKey: [UInt8], nonce: [UInt8]) {
        self.device = device
        self.epoch = epoch
        self.publicKey = publicKey
        self.nonce = nonce
    }

    /// The same device's log of another epoch.
    public func with(epoch: Int64) -> Self {
        Self(device: device, epoch: epoch, publicKey: publicKey, nonce: nonce)
    }

    /// The hash before the first entry:
    /// SHA-256("stampd/log/v1" ‖ device ‖ u32 epoch ‖ public key ‖ nonce).
    public var genesis: ChainHash {
        var hash = SHA256()
        hash.update(data: Array("stampd/log/v1".utf8))
        hash.update(data: Array(device.text.utf8))
        hash.update(data: bigEndian(UInt32(truncatingIfNeeded: epoch)))
        hash.update(data: publicKey)
        hash.update(data: nonce)
        return ChainHash(hash.finalize())
    }
}

/// The hash of a log up to and including one entry.
public struct ChainHash: Hashable, Sendable {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// Bytes of a hash: SHA-256.
    public static let byteCount = 32

    /// Creates a hash from its 32 bytes, or gives nil for any other number.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    init(_ digest: SHA256Digest) {
        bytes = Array(digest)
    }

    /// The hash after one more entry: SHA-256(0x01 ‖ this ‖ u64 sequence ‖ u32 length ‖ body).
    ///
    /// - Parameters:
    ///   - sequence: The entry's number in the log.
    ///   - body: The exact bytes of its line, without the line's end.
    /// - Returns: The log's hash up to that entry.
    public func extended(by sequence: Int64, _ body: [UInt8]) -> Self {
        var hash = SHA256()
        hash.update(data: [0x01])
        hash.update(data: bytes)
        hash.update(data: bigEndian(UInt64(bitPattern: sequence)))
        hash.update(data: bigEndian(UInt32(truncatingIfNeeded: body.count)))
        hash.update(data: body)
        return Self(hash.finalize())
    }
}

/// One entry as the log holds it: bytes that are never written again.
public struct LogLine: Hashable, Sendable {
    /// The entry's number in the log, from 1.
    public let sequence: Int64
    /// The exact bytes of its line, without the line's end.
    public let body: [UInt8]
    /// The log's hash up to and including it.
    public let hash: ChainHash

    /// Creates a line.
    public init(sequence: Int64, body: [UInt8], hash: ChainHash) {
        self.sequence = sequence
        self.body = body
        self.hash = hash
    }
}

/// A number's bytes, the highest first.
func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian, Array.init)
}
