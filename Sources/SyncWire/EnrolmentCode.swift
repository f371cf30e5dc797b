/// A one-time code with which HQ's operator lets one device in: ten characters, 50 bits.
///
/// The first four name the code and the other six prove it, so that wrong tries are counted under
/// the code that they meant. It has no description, so that it cannot slip into a log.
public struct EnrolmentCode: Hashable, Sendable {
    /// The ten characters, in capitals.
    public let text: String

    /// Characters of a code.
    ///
    /// Source: SYNC.md section 2.9: 50 bits, five a character.
    public static let characterCount = 10
    /// Characters that name a code.
    ///
    /// Source: our own bound: whoever guesses at random seldom names a code that is open, and the
    /// other six, 30 bits, meet `tryCountMax`.
    public static let nameCharacterCount = 4
    /// How long a code may be used, in milliseconds.
    ///
    /// Source: SYNC.md section 2.9: 30 minutes.
    public static let lifeMs: Int64 = 1_800_000
    /// Wrong tries after which a code is worth nothing.
    ///
    /// Source: SYNC.md section 2.9.
    public static let tryCountMax: Int64 = 5
    /// Random bytes that a code is made of; six of their bits are not used.
    public static let randomByteCount = 7

    /// Source: Douglas Crockford, "Base 32": no I, L, O and U.
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// Makes a code.
    ///
    /// - Parameter random: `randomByteCount` bytes from the system's randomness.
    public init(random: [UInt8]) {
        precondition(random.count == Self.randomByteCount, "a code is made of seven bytes")
        let bits = random.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        text = String(
            (0..<Self.characterCount).map { Self.alphabet[Int(bits >> UInt64(5 * $0) & 31)] }
        )
    }

    /// Reads a code as people type it, or gives nil for anything else.
    ///
    /// Case, hyphens and spaces do not matter; O is read as 0, I and L as 1 (Crockford).
    public init?(_ typed: some StringProtocol) {
        guard typed.utf8.count <= 4 * Self.characterCount else { return nil }
        let characters = typed.uppercased().filter { $0 != "-" && $0 != " " }.map { character in
            switch character {
            case "O": Character("0")
            case "I", "L": Character("1")
            default: character
            }
        }
        guard characters.count == Self.characterCount,
            characters.allSatisfy(Self.alphabet.contains)
        else { return nil }
        text = String(characters)
    }

    /// The part that names the code.
    public var name: String { String(text.prefix(Self.nameCharacterCount)) }

    /// The code as it is shown: two groups of five.
    public var spelling: String { "\(text.prefix(5))-\(text.suffix(5))" }
}
