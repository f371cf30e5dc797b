/// Names a grant of rights, for ever: HQ gives no name twice, not even restored from a backup.
public struct GrantID: Hashable, Comparable, Sendable {
    /// HQ's incarnation when it placed the rights.
    public let hqEpoch: Int64
    /// The number; it rises with each grant of whatever incarnation.
    public let number: Int64

    /// Creates a name, or nil if a number is out of range.
    public init?(hqEpoch: Int64, number: Int64) {
        guard hqEpoch >= 1, number >= 1 else { return nil }
        self.hqEpoch = hqEpoch
        self.number = number
    }

    /// Reads the one spelling that `text` writes, or gives nil.
    public init?(_ text: some StringProtocol) {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
            .compactMap { Int64($0) }
        guard numbers.count == 2 else { return nil }
        self.init(hqEpoch: numbers[0], number: numbers[1])
        guard text == self.text else { return nil }
    }

    /// The name as operators and addresses have it, such as `1.1790000000000`.
    public var text: String { "\(hqEpoch).\(number)" }

    /// Whether the first was placed before the second.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.hqEpoch, lhs.number) < (rhs.hqEpoch, rhs.number)
    }
}

/// The device took rights that HQ had placed on it: it may spend them from now on.
public struct GrantFact: Hashable, Sendable {
    /// The grant's name.
    public let id: GrantID
    /// Whose rights they are.
    public let member: MemberNumber
    /// What the device holds from now on, each amount above zero, no asset's bucket twice.
    public let postings: [Posting]
    /// HQ's words for why.
    public let reason: String
    /// The grant as HQ signed it, with what a later version may have added.
    public let signed: CanonicalJSON

    /// Most postings of a grant.
    ///
    /// Source: our own bound; a year's monthly buckets, and some.
    public static let postingCountMax = 16
    /// The largest amount of a posting.
    ///
    /// Source: that of a programme, `Programme.amountMax`.
    public static let amountMax = Programme.amountMax
    /// Most characters of a reason.
    ///
    /// Source: our own bound; a sentence on an operator's screen.
    public static let reasonCharacterCountMax = 120

    /// Creates a fact; the caller has checked it by `isSound`.
    public init(
        id: GrantID,
        member: MemberNumber,
        postings: [Posting],
        reason: String,
        signed: CanonicalJSON
    ) {
        self.id = id
        self.member = member
        self.postings = postings
        self.reason = reason
        self.signed = signed
    }

    /// Whether postings can be those of a grant.
    public static func isSound(_ postings: [Posting]) -> Bool {
        let places = Set(postings.map { Posting($0.asset, $0.bucket, 0) })
        return (1...postingCountMax).contains(postings.count) && places.count == postings.count
            && postings.allSatisfy { (1...amountMax).contains($0.amount) }
    }

    /// Whether a text can be a grant's reason: not empty, not too long, in one line.
    public static func isReason(_ text: String) -> Bool {
        (1...reasonCharacterCountMax).contains(text.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}
