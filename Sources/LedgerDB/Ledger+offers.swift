import GRDB
public import LoyaltyCore

extension Ledger {
    /// The rewards that a member can have now; nothing is written.
    ///
    /// - Parameters:
    ///   - member: Who asks.
    ///   - sale: What is bought, as far as it is known; its redemptions are the wishes so far.
    ///   - reading: What the clocks say.
    ///   - programme: The rules in force.
    /// - Returns: The offers; none while redemption is frozen.
    /// - Throws: `LedgerError`.
    public func offers(
        to member: MemberNumber,
        in sale: Sale,
        at reading: ClockReading,
        under programme: Programme
    ) throws -> Offered {
        let moment = state.moment(reading)
        let isFrozen = !RedemptionFreeze.allowsRedemption(state.freeze)
        return try read { db in
            let names = programme.talliesForOffers(in: sale)
            let standing = try db.standing(of: member).standing
                .counting(db.tallies(names, of: member))
            return Offered(
                offers: isFrozen ? [] : programme.offers(to: standing, in: sale, at: moment)
            ) { reward in
                isFrozen
                    ? .redemptionFrozen
                    : programme.refusal(of: reward, to: standing, in: sale, at: moment)
            }
        }
    }
}

/// What a member can have now, and why not more.
public struct Offered: Sendable {
    /// The offers, in the programme's order.
    public let offers: [RewardOffer]
    private let why: @Sendable (String) -> Refusal

    init(offers: [RewardOffer], why: @escaping @Sendable (String) -> Refusal) {
        self.offers = offers
        self.why = why
    }

    /// Why a reward is not among the offers.
    ///
    /// - Parameter reward: The reward.
    /// - Returns: A refusal, as that of a sale that asks for it.
    public func refusal(of reward: String) -> Refusal { why(reward) }
}
