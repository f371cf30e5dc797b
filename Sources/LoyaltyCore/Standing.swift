/// What the ledger knows of a member when they scan.
public struct Standing: Hashable, Sendable {
    /// Whether HQ has barred the member.
    public let isBlocked: Bool
    /// What the member holds, sorted by asset and then by bucket, no entry twice.
    public let holdings: [Posting]
    /// The last stamped visit of each card, by the card's identifier.
    public let lastVisits: [String: Visit]
    /// What is counted of the member, of the cashier and of the programme; what is missing is 0.
    public let tallies: [Tally: Int64]
    /// What HQ knows of the member.
    public let profile: Profile

    /// Creates a standing.
    public init(
        isBlocked: Bool = false,
        holdings: [Posting] = [],
        lastVisits: [String: Visit] = [:],
        tallies: [Tally: Int64] = [:],
        profile: Profile = Profile()
    ) {
        self.isBlocked = isBlocked
        self.holdings = holdings
        self.lastVisits = lastVisits
        self.tallies = tallies
        self.profile = profile
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

extension Standing {
    /// How much is held of an asset in one bucket.
    public func amount(of asset: Asset, _ bucket: Bucket) -> Int64 {
        holdings.first { $0.asset == asset && $0.bucket == bucket }?.amount ?? 0
    }

    /// The standing after postings, visits and counts.
    ///
    /// - Parameters:
    ///   - postings: What changes; negative amounts are taken away.
    ///   - visits: The last visits of cards that change.
    ///   - changes: The counts that change.
    /// - Returns: The standing, or nil if an amount would overflow or fall below zero.
    public func after(
        _ postings: [Posting],
        visits: [String: Visit] = [:],
        tallies changes: [TallyChange] = []
    ) -> Self? {
        var holdings = holdings
        for posting in postings {
            let index = holdings.firstIndex {
                $0.asset == posting.asset && $0.bucket == posting.bucket
            }
            let held = index.map { holdings[$0].amount } ?? 0
            let (amount, overflow) = held.addingReportingOverflow(posting.amount)
            guard !overflow, amount >= 0 else { return nil }
            if let index { holdings.remove(at: index) }
            guard amount > 0 else { continue }
            let next = Posting(posting.asset, posting.bucket, amount)
            holdings.insert(next, at: holdings.firstIndex { next.precedes($0) } ?? holdings.count)
        }
        var tallies = tallies
        for change in changes {
            let (count, overflow) = (tallies[change.tally] ?? 0)
                .addingReportingOverflow(change.amount)
            guard !overflow else { return nil }
            tallies[change.tally] = count == 0 ? nil : count
        }
        return Self(
            isBlocked: isBlocked,
            holdings: holdings,
            lastVisits: lastVisits.merging(visits) { $1 },
            tallies: tallies,
            profile: profile
        )
    }

    /// The standing after an award of a sale, of which the stamped cards keep the visit.
    ///
    /// - Parameters:
    ///   - award: What moves.
    ///   - visit: When it was, and on which day of trade.
    /// - Returns: The standing, or nil if an amount would overflow or fall below zero.
    public func after(_ award: Award, visit: Visit) -> Self? {
        let stamped = award.derivation.filter { $0.kind == .visitStamped }.map(\.subject)
        let visits = Dictionary(stamped.map { ($0, visit) }) { $1 }
        return after(award.postings, visits: visits, tallies: award.tallies)
    }
}

extension Posting {
    /// The order of holdings: by asset, then by bucket, `never` last.
    fileprivate func precedes(_ other: Self) -> Bool {
        asset == other.asset
            ? bucket.description < other.bucket.description : asset < other.asset
    }
}

/// What HQ knows of a member and a rule may ask.
public struct Profile: Hashable, Sendable {
    /// The month and the day of the birthday.
    public var birthday: (month: Int, day: Int)? {
        get { birthMonth > 0 ? (birthMonth, birthDay) : nil }
        set { (birthMonth, birthDay) = newValue ?? (0, 0) }
    }
    /// Whether a friend invited the member.
    public var isReferred = false
    /// The lowest tier that the member has, set by hand.
    public var tierFloor: String?

    private var birthMonth = 0
    private var birthDay = 0

    /// Creates a profile of which nothing is known.
    public init() {}

    /// Creates a profile.
    ///
    /// - Parameters:
    ///   - birthday: The month and the day of the birthday; nil where they are not known.
    ///   - isReferred: Whether a friend invited the member.
    ///   - tierFloor: The lowest tier that the member has; nil for none.
    public init(birthday: Birthday?, isReferred: Bool = false, tierFloor: String? = nil) {
        self.birthday = birthday.map { ($0.month, $0.day) }
        self.isReferred = isReferred
        self.tierFloor = tierFloor
    }

    /// The birthday, as it is written.
    public var birthdate: Birthday? {
        birthday.flatMap { Birthday(month: $0.month, day: $0.day) }
    }

    /// Whether a profile can be sent and kept: its birthday is a day, its tier a tier's name.
    public var isWellFormed: Bool {
        (birthday == nil || birthdate != nil) && (tierFloor.map(Programme.isIdentifier) ?? true)
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
