import LoyaltyCore
import StampAgent

extension TillView {
    /// The view for a page: everything it shows, and no member's number.
    var json: CanonicalJSON {
        [
            "till": .string(till),
            "number": .integer(number),
            "phase": .string(phase.name),
            "code": .optional(phase.code),
            "detail": .object(phase.detail),
            "member": member.map { .object($0.shownMembers) } ?? .null,
            "earned": .array((phase.refunded ?? earned).map(\.json)),
            "derivation": .array(derivation.map(\.json)),
            "entry": .optional(phase.voidEntry ?? entry),
            "isRepeat": .bool(isRepeat),
            "amount": .optional(amount),
            "offers": .array(offers.map(\.json)),
            "chosen": .array(chosen.map(\.json)),
            "redeemed": .array(redeemed.map(\.json)),
            "due": .optional(due),
            "dropped": .array(dropped.map(\.json)),
            "at": .integer(at.unixMs),
        ]
    }
}

extension TillView.Phase {
    fileprivate var name: String {
        switch self {
        case .idle: "idle"
        case .memberAttached: "member-attached"
        case .concealed: "concealed"
        case .waitingForMember: "waiting-for-member"
        case .waitingForLeftHalf: "waiting-for-left-half"
        case .award: "award"
        case .voided: "voided"
        case .refunded: "refunded"
        case .refused: "refused"
        case .notRecorded: "not-recorded"
        }
    }

    fileprivate var code: String? {
        switch self {
        case .refused(let code, _), .notRecorded(let code): code
        case .idle, .memberAttached, .concealed, .waitingForMember, .waitingForLeftHalf, .award,
            .voided, .refunded:
            nil
        }
    }

    /// The entry that took the till's last award back, or a part of it.
    fileprivate var voidEntry: Int64? {
        switch self {
        case .voided(let entry), .refunded(_, let entry, _): entry
        default: nil
        }
    }

    /// What a refund moved; nil in every other phase.
    fileprivate var refunded: [Posting]? {
        if case .refunded(let postings, _, _) = self { postings } else { nil }
    }

    fileprivate var detail: [CanonicalJSON.Member] {
        guard case .refused(_, let detail) = self else { return [] }
        return detail.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }
    }
}

extension RewardOffer {
    /// The offer for a page, with what the page needs of the reward.
    fileprivate var json: CanonicalJSON {
        [
            "reward": .string(reward.id),
            "title": reward.title.json,
            "cost": reward.cost.map {
                ["asset": .string($0.asset.name), "amount": .integer($0.amount)]
            } ?? .null,
            "countMax": .integer(min(countMax, RequestFields.integerMax)),
            "pointsMax": .optional(unitsMax),
            "value": .optional(value),
            "needsBill": .bool(needsBill),
        ]
    }
}

extension Redemption {
    /// What is chosen, as `choose` takes it; both null for a reward that pays all that fits.
    fileprivate var json: CanonicalJSON {
        [
            "reward": .string(reward), "count": .optional(count), "points": .optional(amount),
        ]
    }
}

extension MemberView {
    /// The member for a POS.
    var json: CanonicalJSON {
        .object([.init("number", .string(number.description))] + shownMembers)
    }

    /// What a display may show of the member.
    fileprivate var shownMembers: [CanonicalJSON.Member] {
        [
            .init("name", .optional(maskedName)),
            .init("isBlocked", .bool(isBlocked)),
            .init("points", .integer(points)),
            .init("cards", .array(cards.map(\.json))),
        ]
    }
}

extension CardView {
    fileprivate var json: CanonicalJSON {
        .object(
            card.shownMembers + [
                .init("stamps", .integer(stamps)),
                .init("stampsOnCard", .integer(stampsOnCard)),
                .init("fullCount", .integer(stamps / card.size)),
            ]
        )
    }
}

extension StampCard {
    var shownMembers: [CanonicalJSON.Member] {
        [
            .init("id", .string(id)),
            .init("title", title.json),
            .init("reward", reward.json),
            .init("size", .integer(size)),
        ]
    }
}

extension LocalText {
    /// The text by language tag (BCP 47).
    var json: CanonicalJSON { ["zh-Hant": .string(zhHant), "en": .string(en)] }
}
