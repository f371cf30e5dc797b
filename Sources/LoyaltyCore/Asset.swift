/// Something a member can hold, counted in whole units.
///
/// Points, the stamps of one card and later vouchers and stored value are all assets: one
/// mechanism, not six.
public struct Asset: Hashable, Comparable, Sendable {
    /// The name on the wire and in the ledger: `points`, or `stamps/` and the card's id.
    public let name: String

    /// Most characters a name may have.
    ///
    /// Source: `stamps/` and an identifier of `Programme.identifierCharacterCountMax` characters.
    public static let nameCharacterCountMax = 47

    /// The programme's points.
    public static let points = Self(unchecked: "points")

    /// The stamps of one card.
    public static func stamps(ofCard card: String) -> Self {
        Self(unchecked: stampsPrefix + card)
    }

    /// Reads a name, or gives nil if no asset can have it.
    public init?(name: String) {
        guard name == Self.points.name || Self.isStamps(name) else { return nil }
        self.name = name
    }

    private static let stampsPrefix = "stamps/"

    private static func isStamps(_ name: String) -> Bool {
        guard name.utf8.starts(with: stampsPrefix.utf8) else { return false }
        return Programme.isIdentifier(String(name.utf8.dropFirst(stampsPrefix.utf8.count)) ?? "")
    }

    private init(unchecked name: String) {
        self.name = name
    }

    /// Whether the first name sorts before the second.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.name.utf8.lexicographicallyPrecedes(rhs.name.utf8)
    }
}

/// Until when an amount can be used.
public enum Bucket: Hashable, Sendable {
    /// For ever.
    case never
    /// Through this business date, the date itself included.
    case through(BusinessDate)

    /// Reads `never` or a date such as `2027-12-31`, or gives nil.
    public init?(_ text: String) {
        if text == "never" {
            self = .never
        } else if let date = BusinessDate(text) {
            self = .through(date)
        } else {
            return nil
        }
    }
}

extension Bucket: CustomStringConvertible {
    /// The bucket as the wire and the ledger write it: `never` or `2027-12-31`.
    public var description: String {
        switch self {
        case .never: "never"
        case .through(let date): date.description
        }
    }
}

/// A change of one amount, or an amount held.
public struct Posting: Hashable, Sendable {
    /// What changes.
    public let asset: Asset
    /// Which expiry bucket of it changes.
    public let bucket: Bucket
    /// By how many units; negative when it is taken away.
    public let amount: Int64

    /// Creates a posting.
    public init(_ asset: Asset, _ bucket: Bucket, _ amount: Int64) {
        self.asset = asset
        self.bucket = bucket
        self.amount = amount
    }
}
