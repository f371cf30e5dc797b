/// The number under which a chain knows a member: 14 decimal digits, never a phone number.
public struct MemberNumber: Hashable, Comparable, Sendable {
    /// Digits that every number has.
    ///
    /// Source: our printed card, kind 4 of our own codes: 14 digits and two check digits.
    public static let digitCount = 14

    /// The largest number of 14 digits.
    public static let valueMax: Int64 = 99_999_999_999_999

    /// The digits as one number, 0 to `valueMax`.
    public let value: Int64

    /// Creates a number, or nil outside 0 to `valueMax`.
    public init?(value: Int64) {
        guard (0...Self.valueMax).contains(value) else { return nil }
        self.value = value
    }

    /// Reads exactly 14 ASCII digits, or gives nil.
    public init?(_ digits: some StringProtocol) {
        let bytes = Array(digits.utf8)
        guard bytes.count == Self.digitCount, bytes.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        value = bytes.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Whether the first number is the smaller one.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.value < rhs.value
    }
}

extension MemberNumber: CustomStringConvertible {
    /// The 14 digits.
    ///
    /// Personal data: not for logs.
    public var description: String { padded(value, to: Self.digitCount) }
}
