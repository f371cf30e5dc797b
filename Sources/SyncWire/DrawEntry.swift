import Crypto
public import LoyaltyCore

/// Under which name a member stands in the public list of a draw.
///
/// The name is a hash of the member's number and of a secret of 128 bits that only HQ and this
/// member know: whoever has only the list cannot try all numbers, the member finds the own line
/// again, and HQ cannot give one line to two members.
public struct DrawEntry: Hashable, Sendable {
    /// The member's name in the list.
    public let name: Name
    /// What the member needs, besides the number, to make the name: 32 hexadecimal digits.
    public let secret: String

    /// A name in a ticket list: 128 bits, so that two members with one name would take 2^64 tries.
    public struct Name: Hashable, Comparable, Sendable {
        let high: UInt64
        let low: UInt64

        /// Digits of a name.
        public static let digitCount = 32

        init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }

        /// Takes the first 16 bytes of a hash.
        init(_ digest: SHA256Digest) {
            self = digest.withUnsafeBytes { bytes in
                Self(
                    high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                    low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        }

        /// Reads 32 lower-case hexadecimal digits, or gives nil.
        public init?(_ text: String) {
            guard text.utf8.count == Self.digitCount, text == text.lowercased(),
                let bytes = Hex.bytes(text)
            else { return nil }
            high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
            low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
        }

        /// Whether the first name stands before the second.
        public static func < (lhs: Self, rhs: Self) -> Bool {
            lhs.high != rhs.high ? lhs.high < rhs.high : lhs.low < rhs.low
        }

        /// The 32 lower-case digits.
        public var text: String {
            Hex.text(
                [high, low].flatMap { half in
                    (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
                }
            )
        }
    }

    /// What is hashed with the secret before the draw's id.
    private static let prefix = "stampd draw entry 1\n"

    /// Makes a member's name from what the member was told, or gives nil if that is no secret.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - draw: The draw's id.
    ///   - secret: 32 lower-case hexadecimal digits.
    public init?(of member: MemberNumber, in draw: String, secret: String) {
        guard Name(secret) != nil else { return nil }
        name = Name(
            SHA256.hash(data: Array("\(Self.prefix)\(draw)\n\(member)\n\(secret)".utf8))
        )
        self.secret = secret
    }

    /// Makes the names of a draw's members, one after the other, without a text for each.
    public struct Maker {
        private var keyed: [UInt8]
        private var hashed: [UInt8]
        private let numberIndex: Int

        /// Bytes of the key.
        public static let keyByteCount = 32

        /// Begins with a draw's own secret key of 32 bytes.
        public init(draw: String, key: [UInt8]) {
            precondition(key.count == Self.keyByteCount, "a draw's key has 32 bytes")
            let digits = Array(repeating: UInt8(ascii: "0"), count: MemberNumber.digitCount)
            keyed = key + digits
            hashed = Array("\(DrawEntry.prefix)\(draw)\n".utf8)
            numberIndex = hashed.count
            hashed += digits
            hashed.append(UInt8(ascii: "\n"))
            hashed += Array(repeating: UInt8(ascii: "0"), count: Name.digitCount)
        }

        /// A member's name in the list.
        public mutating func name(of member: MemberNumber) -> Name {
            write(member)
            return Name(SHA256.hash(data: hashed))
        }

        /// A member's name, and the secret to hand out.
        public mutating func entry(of member: MemberNumber) -> DrawEntry {
            let name = name(of: member)
            let secret = String(decoding: hashed.suffix(Name.digitCount), as: UTF8.self)
            return DrawEntry(name: name, secret: secret)
        }

        /// Writes the number in both places, and the secret behind the second.
        ///
        /// The secret is a hash of key and number. That keeps the key, since both have one length
        /// and half of the hash is not given away.
        private mutating func write(_ member: MemberNumber) {
            var rest = member.value
            for index in (0..<MemberNumber.digitCount).reversed() {
                let digit = UInt8(ascii: "0") + UInt8(rest % 10)
                keyed[Self.keyByteCount + index] = digit
                hashed[numberIndex + index] = digit
                rest /= 10
            }
            Name(SHA256.hash(data: keyed)).write(
                to: &hashed,
                at: numberIndex + MemberNumber.digitCount + 1
            )
        }
    }

    private init(name: Name, secret: String) {
        self.name = name
        self.secret = secret
    }
}

extension DrawEntry.Name {
    /// Writes the 32 digits into bytes that are there.
    func write(to bytes: inout [UInt8], at start: Int) {
        bytes.withUnsafeMutableBufferPointer { write(to: $0, at: start) }
    }

    /// Writes the 32 digits into memory that is there.
    func write(to bytes: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        for index in 0..<16 {
            let half = index < 8 ? high : low
            let byte = UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * (index & 7)))
            bytes[start + 2 * index] = Self.digit(byte >> 4)
            bytes[start + 2 * index + 1] = Self.digit(byte & 15)
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
