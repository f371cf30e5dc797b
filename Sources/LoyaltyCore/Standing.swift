/// What the ledger knows of a member when they scan.
public struct Standing: Hashable, Sendable {
    /// Whether HQ has barred the member.
    public let isBlocked: Bool
    /// What the member holds, sorted by asset and then by bucket, no entry twice.
    public let holdings: [Posting]
    /// The last stamped visit of each card, by the card's identifier.
    public let lastVisits: [String: Visit]

    /// Creates a standing.
    public init(
        isBlocked: Bool = false,
        holdings: [Posting] = [],
        lastVisits: [String: Visit] = [:]
    ) {
        self.isBlocked = isBlocked
        self.holdings = holdings
        self.lastVisits = lastVisits
    }

    /// How much the member holds of an asset, over all buckets.
    ///
    /// Saturates at the largest number: a balance is only shown here, postings are checked.
    public func balance(of asset: Asset) -> Int64 {
        holdings.lazy.filter { $0.asset == asset }.reduce(0) { sum, holding in
            let (next, overflow) = sum.addingReportingOverflow(holding.amount)
            return overflow ? .max : next
        }
    }
}

/// When a member's visit was stamped.
public struct Visit: Hashable, Sendable {
    /// By the store's clocks.
    public let at: Moment
    /// On which day of trade.
    public let businessDate: BusinessDate

    /// Creates a visit.
    public init(at: Moment, businessDate: BusinessDate) {
        self.at = at
        self.businessDate = businessDate
    }
}
