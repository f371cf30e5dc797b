/// Something a member can hold, counted in whole units.
///
/// Points, the stamps of a card, vouchers, stored value, session passes and draw tickets are all
/// assets: one mechanism, not six.
public struct Asset: Hashable, Comparable, Sendable {
    /// The name on the wire and in the ledger: `points`, `value/paid`, `value/bonus`, or the kind
    /// and an identifier of the programme, such as `stamps/latte` and `voucher/latte`.
    public let name: String

    /// Most characters a name may have.
    ///
    /// Source: `voucher/` and an identifier of `Programme.identifierCharacterCountMax` characters.
    public static let nameCharacterCountMax = 48

    /// The programme's points.
    public static let points = Self(unchecked: "points")
    /// Stored value that was paid for (儲值金), in the currency's minor unit.
    public static let paidValue = Self(unchecked: "value/paid")
    /// Stored value that was given for a top-up, in the currency's minor unit.
    public static let bonusValue = Self(unchecked: "value/bonus")

    /// The stamps of one card.
    public static func stamps(ofCard card: String) -> Self {
        Self(unchecked: "stamps/" + card)
    }

    /// The voucher with which a reward is fetched.
    public static func voucher(_ id: String) -> Self { Self(unchecked: "voucher/" + id) }

    /// Sessions of a product that were paid for at once (堂票).
    public static func pass(_ id: String) -> Self { Self(unchecked: "pass/" + id) }

    /// Tickets of one draw (抽獎券).
    public static func ticket(ofDraw draw: String) -> Self { Self(unchecked: "ticket/" + draw) }

    /// Reads a name, or gives nil if no asset can have it.
    public init?(name: String) {
        let singles = [Self.points, .paidValue, .bonusValue]
        guard singles.contains(where: { $0.name == name }) || Self.hasIdentifier(name)
        else { return nil }
        self.name = name
    }

    /// What kind of thing it is.
    public var kind: Kind {
        var bytes = name.utf8.makeIterator()
        return switch (bytes.next(), bytes.next()) {
        case (UInt8(ascii: "s"), _): .stamps
        case (UInt8(ascii: "t"), _): .ticket
        case (UInt8(ascii: "v"), UInt8(ascii: "o")): .voucher
        case (UInt8(ascii: "v"), _): .value
        case (_, UInt8(ascii: "a")): .pass
        default: .points
        }
    }

    /// The card, voucher, product or draw that the name names; nil for points and stored value.
    public var identifier: String? {
        guard kind.isNamed, let slash = name.firstIndex(of: "/") else { return nil }
        return String(name[name.index(after: slash)...])
    }

    /// Whether a member paid money for it, so that it may not expire.
    ///
    /// Source: Ministry of Economic Affairs (Taiwan), notice 09502428980 of 2006-10-19.
    public var isPaidFor: Bool { self == .paidValue || kind == .pass }

    private static func hasIdentifier(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let word = String(parts[0]), let kind = Kind(rawValue: word),
            kind.isNamed, let identifier = String(parts[1])
        else { return false }
        return Programme.isIdentifier(identifier)
    }

    private init(unchecked name: String) {
        self.name = name
    }

    /// Whether the first name sorts before the second.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.name.utf8.lexicographicallyPrecedes(rhs.name.utf8)
    }

    /// The kinds of things that members hold; the raw value begins the asset's name.
    public enum Kind: String, CaseIterable, Sendable {
        /// Points of the programme.
        case points
        /// Stamps of a card.
        case stamps
        /// A right to a reward, used once.
        case voucher
        /// Stored value, paid or given.
        case value
        /// Sessions of a product.
        case pass
        /// Tickets of a draw.
        case ticket

        /// Whether an identifier follows the kind in an asset's name.
        public var isNamed: Bool { self != .points && self != .value }
    }
}

/// From when and until when an amount can be used.
public enum Bucket: Hashable, Sendable {
    /// At once and for ever.
    case never
    /// At once and through this business date, the date itself included.
    case through(BusinessDate)
    /// From a business date on (待生效), through another or, where that is nil, for ever.
    case pending(from: BusinessDate, through: BusinessDate?)

    /// Creates a bucket from the dates on which it is usable, both included; nil for no bound.
    public init(from first: BusinessDate?, through last: BusinessDate?) {
        if let first {
            self = .pending(from: first, through: last)
        } else {
            self = last.map(Self.through) ?? .never
        }
    }

    /// Reads `never`, a date such as `2027-12-31`, or a date and one of both as in
    /// `2026-12-01..never`; gives nil for anything else.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        switch parts.count {
        case 1:
            guard let last = Self.end(text) else { return nil }
            self.init(from: nil, through: last.date)
        case 3:
            guard parts[1].isEmpty, let first = String(parts[0]).flatMap({ BusinessDate($0) }),
                let last = String(parts[2]).flatMap(Self.end)
            else { return nil }
            self = .pending(from: first, through: last.date)
        default: return nil
        }
    }

    private static func end(_ text: String) -> (date: BusinessDate?, Void)? {
        if text == "never" { return (nil, ()) }
        return BusinessDate(text).map { ($0, ()) }
    }

    /// The first date on which it is usable, where that is not at once.
    public var firstDate: BusinessDate? {
        if case .pending(let first, _) = self { first } else { nil }
    }

    /// The last date on which it is usable; nil if it never expires.
    public var lastDate: BusinessDate? {
        switch self {
        case .never: nil
        case .through(let last): last
        case .pending(_, let last): last
        }
    }

    /// Whether it can be used on a date.
    public func isUsable(on date: BusinessDate) -> Bool {
        (firstDate.map { $0 <= date } ?? true) && !hasExpired(on: date)
    }

    /// Whether its last date has passed.
    public func hasExpired(on date: BusinessDate) -> Bool { lastDate.map { $0 < date } ?? false }
}

extension Bucket: Comparable {
    /// Whether the first is spent before the second: nearest expiry first, then oldest, what never
    /// expires last (oracle row X02).
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.order < rhs.order }

    private var order: (Int64, Int64) {
        (
            lastDate.map { Int64($0.dayNumber) } ?? .max,
            firstDate.map { Int64($0.dayNumber) } ?? .min
        )
    }
}

extension Bucket: CustomStringConvertible {
    /// The bucket as the wire and the ledger write it: `never`, `2027-12-31`, or
    /// `2026-12-01..never`.
    public var description: String {
        let last = lastDate?.description ?? "never"
        return firstDate.map { "\($0)..\(last)" } ?? last
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
