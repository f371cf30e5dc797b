import LoyaltyCore

/// How much a member wants of a reward; more than can be had is as much as can be had.
public enum RewardChoice: Hashable, Sendable {
    /// One more of it, as a scan of its sheet says; all that fits of a reward that pays.
    case oneMore
    /// So many of it; 0 for none. Any other count is all that fits of a reward that pays.
    case count(Int64)
    /// So many units to pay with; 0 for none.
    case units(Int64)

    /// Whether nothing of it is wanted.
    var isNone: Bool { self == .count(0) || self == .units(0) }
}

/// A reward that was wanted in a sale and is not in it.
public struct DroppedReward: Hashable, Sendable {
    /// The reward.
    public let reward: String
    /// Why: the code of a refusal, or one of those below.
    public let reason: String

    /// The bill is not one that the reward is for.
    public static let billUnfit = "bill-unfit"
    /// The sale was recorded before, without it.
    public static let saleRepeated = "sale-repeated"

    /// Creates what was dropped.
    public init(_ reward: String, reason: String) {
        self.reward = reward
        self.reason = reason
    }
}

extension RewardOffer {
    /// The wish that a choice makes, within the offer; nil for none of it.
    func wish(_ choice: RewardChoice, after earlier: Redemption?) -> Redemption? {
        switch choice {
        case .count(0), .units(0): return nil
        case .oneMore: return wish(count: min(earlier?.count ?? 0, countMax - 1) + 1)
        case .count(let count): return wish(count: count)
        case .units(let units):
            guard let unitsMax else { return wish(count: 1) }
            return Redemption(reward.id, count: nil, amount: min(units, unitsMax))
        }
    }

    private func wish(count: Int64) -> Redemption {
        Redemption(reward.id, count: reward.isPayment ? nil : min(count, countMax))
    }
}

extension Redemption {
    /// Whether it is a wish to pay: only such a wish leaves open at the till how many.
    var isPayment: Bool { count == nil }
}

/// What goes with a sale of what was chosen at the till, and what had to be left out of it.
struct ChosenRewards {
    private(set) var wishes: [Redemption]
    private(set) var dropped: [DroppedReward] = []

    /// Takes what was chosen; where the POS has a wish for the same reward, that one counts.
    init(_ chosen: [Redemption], besides told: [Redemption]) {
        let own = chosen.filter { wish in !told.contains { $0.reward == wish.reward } }
        wishes = Array(own.prefix(max(0, SaleDetails.wishCountMax - told.count)))
        let tooMany = Refusal.tooMany(SaleDetails.wishCountMax)
        for wish in own.dropFirst(wishes.count) { drop(wish, because: tooMany.code) }
    }

    /// Leaves out what made the ledger refuse the sale.
    ///
    /// - Parameters:
    ///   - refusal: The refusal.
    ///   - programme: The rules by which it was decided.
    /// - Returns: Whether the sale is worth another try; if not, the refusal stands.
    mutating func leaveOut(for refusal: Refusal, _ programme: Programme) -> Bool {
        let culprits: [Redemption]
        switch refusal {
        case .rewardUnknown(let id), .rewardUnavailable(let id):
            culprits = wishes.filter { $0.reward == id }
        case .notEnough(let asset, _, _):
            let costly = Set(programme.rewards.filter { $0.cost?.asset == asset }.map(\.id))
            culprits = wishes.last { costly.contains($0.reward) }.map { [$0] } ?? []
        case .redemptionFrozen: culprits = wishes
        case .overflow, .tooMany, .saleTooLarge: culprits = wishes.suffix(1)
        default: culprits = []
        }
        for wish in culprits { drop(wish, because: refusal.code) }
        wishes.removeAll(where: culprits.contains)
        return !culprits.isEmpty
    }

    /// Notes what became of the wishes once the sale was decided.
    mutating func note(_ decision: Decision, isRepeat: Bool) {
        if isRepeat {
            for wish in wishes { drop(wish, because: DroppedReward.saleRepeated) }
        } else if case .award(let award) = decision {
            for step in award.derivation where step.kind == .rewardDropped {
                dropped.append(DroppedReward(step.subject, reason: DroppedReward.billUnfit))
            }
        }
    }

    private mutating func drop(_ wish: Redemption, because reason: String) {
        dropped.append(DroppedReward(wish.reward, reason: reason))
    }
}
