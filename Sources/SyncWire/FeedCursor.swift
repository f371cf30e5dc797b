/// A place in one of HQ's feeds; devices keep it, hand it back, and never let it go back.
public struct FeedCursor: Hashable, Comparable, Sendable {
    /// HQ's incarnation: one more after each restore from a backup.
    public let epoch: Int64
    /// How many changes HQ had made in that feed.
    public let position: Int64

    /// Creates a place, or nil if a number is out of range.
    public init?(epoch: Int64, position: Int64) {
        guard epoch >= 1, position >= 0 else { return nil }
        self.epoch = epoch
        self.position = position
    }

    /// Reads the one spelling that `text` writes, or gives nil.
    public init?(_ text: some StringProtocol) {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
            .compactMap { Int64($0) }
        guard numbers.count == 2 else { return nil }
        self.init(epoch: numbers[0], position: numbers[1])
        guard text == self.text else { return nil }
    }

    /// The place as it stands in addresses and bodies, such as `1.4402`.
    public var text: String { "\(epoch).\(position)" }

    /// A later incarnation of HQ comes after every place of an earlier one.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.epoch, lhs.position) < (rhs.epoch, rhs.position)
    }
}

/// What HQ sends down, each with places of its own.
public enum Feed: String, CaseIterable, Sendable {
    /// Members and programmes.
    case changes
    /// Whom and what to trust no more: small, and asked for first.
    case revocations

    /// Where it is asked for.
    public var path: String { "/v1/\(rawValue)" }
}
