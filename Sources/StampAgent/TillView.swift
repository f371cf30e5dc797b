public import LoyaltyCore

/// What a till's display shows: all of it, so that a page which just connected needs no history.
public struct TillView: Hashable, Sendable {
    /// The till.
    public let till: String
    /// Counts the views of this till, from 1; a page drops one older than what it shows.
    public let number: Int64
    /// What happened.
    public let phase: Phase
    /// Whose card is shown; nil while nobody's is.
    public let member: MemberView?
    /// What was just earned; empty unless the phase is `award`.
    public let earned: [Posting]
    /// How it came about.
    public let derivation: [DerivationStep]
    /// The entry that is on disk; nil where nothing was written.
    public let entry: Int64?
    /// Whether this is the first answer again, for a sale that came twice.
    public let isRepeat: Bool
    /// The amount of the sale that is open or was recorded, in the currency's minor unit.
    public let amount: Int64?
    /// What the member at the till can redeem now, beside what is chosen.
    public let offers: [RewardOffer]
    /// What the member at the till has chosen to redeem with the sale that follows.
    public let chosen: [Redemption]
    /// What was just redeemed, and is on disk.
    public let redeemed: [RedeemedReward]
    /// What is left to pay of the recorded sale; nil where nothing was redeemed, or none is known.
    public let due: Int64?
    /// What was wanted in the recorded sale and is not in it.
    public let dropped: [DroppedReward]
    /// When it happened, by the store's wall clock.
    public let at: WallTime

    /// What a till is at.
    public enum Phase: Hashable, Sendable {
        /// Nobody is at the till.
        case idle
        /// A member is at the till; the sale is awaited.
        case memberAttached
        /// A customer is at the till; their data has left the screen.
        case concealed
        /// A sale waits for its member.
        case waitingForMember
        /// Only the receipt's right-hand QR was scanned.
        case waitingForLeftHalf
        /// The member earned, and it is on disk.
        case award
        /// The till's last award was taken back, and that is on disk as this entry.
        case voided(entry: Int64)
        /// A part of an award was taken back: these postings, on disk as this entry.
        case refunded([Posting], entry: Int64, of: Int64)
        /// Nothing was earned; `code` names the words, `detail` fills them.
        case refused(code: String, detail: [String: String])
        /// The ledger could not record; nothing is promised.
        case notRecorded(code: String)
    }

    /// Creates a view.
    public init(
        till: String,
        number: Int64,
        phase: Phase,
        member: MemberView? = nil,
        earned: [Posting] = [],
        derivation: [DerivationStep] = [],
        entry: Int64? = nil,
        isRepeat: Bool = false,
        amount: Int64? = nil,
        offers: [RewardOffer] = [],
        chosen: [Redemption] = [],
        redeemed: [RedeemedReward] = [],
        due: Int64? = nil,
        dropped: [DroppedReward] = [],
        at: WallTime
    ) {
        self.till = till
        self.number = number
        self.phase = phase
        self.member = member
        self.earned = earned
        self.derivation = derivation
        self.entry = entry
        self.isRepeat = isRepeat
        self.amount = amount
        self.offers = offers
        self.chosen = chosen
        self.redeemed = redeemed
        self.due = due
        self.dropped = dropped
        self.at = at
    }
}

extension TillView {
    /// The award's entry that is shown, whole or in part.
    var award: Int64? {
        if case .refunded(_, _, let award) = phase { award } else { entry }
    }
}

/// A member as the counter may see them.
public struct MemberView: Hashable, Sendable {
    /// The number, for the POS; the display does not show it.
    public let number: MemberNumber
    /// The masked name, such as 王○明; nil for a member this store has not heard of.
    public let maskedName: String?
    /// Whether HQ has barred the member.
    public let isBlocked: Bool
    /// The cards as they stand, in the programme's order.
    public let cards: [CardView]
    /// Points held.
    public let points: Int64

    /// Creates a view.
    public init(
        number: MemberNumber,
        maskedName: String?,
        isBlocked: Bool,
        cards: [CardView],
        points: Int64
    ) {
        self.number = number
        self.maskedName = maskedName
        self.isBlocked = isBlocked
        self.cards = cards
        self.points = points
    }
}

/// A stamp card as it stands.
public struct CardView: Hashable, Sendable {
    /// The card of the programme.
    public let card: StampCard
    /// Stamps held, over all cards of this kind; `stamps / size` of them are full.
    public let stamps: Int64

    /// Creates a view.
    public init(card: StampCard, stamps: Int64) {
        self.card = card
        self.stamps = stamps
    }

    /// Stamps on the card that is being filled; a card just filled shows all of them.
    public var stampsOnCard: Int64 {
        stamps > 0 && stamps.isMultiple(of: card.size) ? card.size : stamps % card.size
    }
}
