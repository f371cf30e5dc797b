/// The tiers (會員等級) and how members reach them.
public struct TierLadder: Hashable, Sendable {
    /// What is counted.
    public let counter: Counter
    /// Since when it is counted.
    public let window: Window
    /// What happens to those who no longer reach their tier.
    public let downgrade: Downgrade
    /// The tiers, from the lowest, whose threshold is 0.
    public let tiers: [Tier]

    /// Most tiers.
    ///
    /// Source: our own bound; chains have two to five.
    public static let tierCountMax = 10
    /// Most months of a rolling window.
    ///
    /// Source: our own bound; three years.
    public static let monthCountMax: Int64 = 36

    /// Creates a ladder.
    public init(counter: Counter, window: Window, downgrade: Downgrade, tiers: [Tier]) {
        self.counter = counter
        self.window = window
        self.downgrade = downgrade
        self.tiers = tiers
    }

    /// One tier.
    public struct Tier: Hashable, Sendable {
        /// The tier's identifier within the programme.
        public let id: String
        /// What customers call it.
        public let title: LocalText
        /// The least count that reaches it.
        public let min: Int64

        /// Creates a tier.
        public init(id: String, title: LocalText, min: Int64) {
            self.id = id
            self.title = title
            self.min = min
        }
    }

    /// What is counted.
    public enum Counter: String, CaseIterable, Sendable {
        /// Money spent.
        case spend
        /// Visits.
        case visits
        /// Points earned.
        case points
    }

    /// Since when it is counted.
    public enum Window: Hashable, Sendable {
        /// Since the member joined.
        case lifetime
        /// Since 1 January.
        case calendarYear
        /// In this month and the ones before it, so many in all.
        case rollingMonths(Int64)
    }

    /// What happens to those who no longer reach their tier.
    public enum Downgrade: String, CaseIterable, Sendable {
        /// They keep it.
        case never
        /// At the end of the year they get the tier that they reached in it.
        case yearEnd
        /// At the end of the year they fall by one tier at most.
        case oneStep
    }
}

/// A member's tier, and the next one.
public struct TierStanding: Hashable, Sendable {
    /// The tier that counts.
    public let tier: TierLadder.Tier
    /// Its place in the ladder, from 0.
    public let index: Int
    /// The count so far.
    public let count: Int64
    /// The next tier; nil at the top.
    public let next: TierLadder.Tier?
    /// What is missing to it.
    public let missing: Int64

    /// Creates a standing.
    public init(
        tier: TierLadder.Tier,
        index: Int,
        count: Int64,
        next: TierLadder.Tier?,
        missing: Int64
    ) {
        self.tier = tier
        self.index = index
        self.count = count
        self.next = next
        self.missing = missing
    }
}
