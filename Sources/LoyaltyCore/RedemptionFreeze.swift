/// Since when and why nothing may be redeemed at a store: what it holds may be spent already.
///
/// Earning goes on. Only HQ's signed word ends a freeze.
public struct RedemptionFreeze: Hashable, Sendable {
    /// Why.
    public let reason: Reason
    /// Since when, by the store's wall clock.
    public let since: WallTime
    /// The epoch in which it began; an acknowledgement of an earlier one cannot end it.
    public let epoch: Int64

    /// What a freeze comes from.
    public enum Reason: Hashable, Sendable {
        /// The log was begun anew.
        case salvage(SalvageReason)
        /// HQ holds the device frozen, as after it saw two histories.
        case hq
        /// Another machine has begun the next epoch of this log: one of them is a copy.
        case superseded

        /// The stable name, for the status and the database.
        public var name: String {
            switch self {
            case .salvage(let reason): reason.rawValue
            case .hq: "hq"
            case .superseded: "superseded"
            }
        }

        /// Reads a stable name, or gives nil for another.
        public init?(name: String) {
            switch name {
            case "hq": self = .hq
            case "superseded": self = .superseded
            default:
                guard let reason = SalvageReason(rawValue: name) else { return nil }
                self = .salvage(reason)
            }
        }
    }

    /// Creates a freeze.
    public init(_ reason: Reason, since: WallTime, epoch: Int64) {
        self.reason = reason
        self.since = since
        self.epoch = epoch
    }

    /// Whether a store may redeem: the one question that a redemption asks first.
    ///
    /// - Parameter freeze: What the ledger keeps; nil for none.
    /// - Returns: Whether it may.
    public static func allowsRedemption(_ freeze: Self?) -> Bool { freeze == nil }

    /// The freeze after HQ has acknowledged.
    ///
    /// - Parameters:
    ///   - freeze: The freeze before, or nil.
    ///   - epoch: The epoch that HQ acknowledged entries of.
    ///   - isFrozen: Whether HQ holds the device frozen.
    ///   - now: The store's wall clock.
    /// - Returns: Nil if HQ confirms: it does not freeze, and has entries of the freeze's epoch.
    public static func after(
        _ freeze: Self?,
        acknowledged epoch: Int64,
        isFrozen: Bool,
        at now: WallTime
    ) -> Self? {
        if isFrozen { return freeze ?? Self(.hq, since: now, epoch: epoch) }
        guard let freeze, epoch < freeze.epoch else { return nil }
        return freeze
    }
}
