import LoyaltyCore
import SyncWire

/// One way in which an entry is not what HQ decides from the same inputs.
struct Difference: Hashable, Sendable {
    /// In what they differ.
    let kind: Kind
    /// What HQ has instead, for people; the store's side is the entry itself.
    let hq: CanonicalJSON

    /// In what an entry and HQ's decision differ; the raw value is the stable name.
    enum Kind: String, CaseIterable {
        /// Other amounts move, or a void does not take back what its award gave.
        case postings
        /// Other counts change.
        case counts
        /// HQ refuses what the store awarded.
        case refused
        /// HQ has no such edition of the programme; looked at again when it is published.
        case programmeUnknown = "programme-unknown"
        /// HQ's edition of that version says something else.
        case programmeOther = "programme-other"
        /// HQ has the edition and cannot read it: an earlier version of HQ published it.
        case programmeUnreadable = "programme-unreadable"
    }

    /// Most bytes of what is kept of HQ's side.
    ///
    /// Source: the longest line of an entry; HQ's side of an honest sale is not longer.
    static let byteCountMax = EntryLineV1.byteCountMax

    /// Creates a difference; HQ's side is only counted where it is longer than may be kept.
    init(_ kind: Kind, hq: CanonicalJSON) {
        let byteCount = hq.bytes.count
        self.kind = kind
        self.hq =
            byteCount <= Self.byteCountMax ? hq : ["leftOutBytes": .integer(Int64(byteCount))]
    }
}

/// What HQ has of an edition that an entry names.
enum HeldEdition: Sendable {
    /// The programme.
    case programme(Programme)
    /// Another edition of the same version.
    case other(ProgrammeReference)
    /// A document that cannot be read, and why.
    case unreadable(String)
    /// Nothing.
    case unknown
}

extension AwardFact {
    /// Decides again, from what the entry says was read, and compares.
    ///
    /// - Parameters:
    ///   - edition: What HQ has of the edition that the entry names.
    ///   - moment: When the store decided.
    /// - Returns: How the entry differs; nothing if it does not.
    func differences(_ edition: HeldEdition, at moment: Moment) -> [Difference] {
        switch edition {
        case .unknown: return [Difference(.programmeUnknown, hq: .null)]
        case .unreadable(let reason):
            // Only the start: a document's mistakes can be many.
            let detail = CanonicalJSON.string(String(reason.prefix(500)))
            return [Difference(.programmeUnreadable, hq: ["detail": detail])]
        case .other(let reference):
            return [Difference(.programmeOther, hq: ["programme": reference.operatorJSON])]
        case .programme(let programme):
            return differences(programme.decide(standing, sale, at: moment))
        }
    }

    private func differences(_ decision: Decision) -> [Difference] {
        switch decision {
        case .refusal(let refusal):
            let json: CanonicalJSON = [
                "reason": .string(refusal.code), "detail": .object(refusal.details),
            ]
            return [Difference(.refused, hq: json)]
        case .award(let award):
            let hq = CanonicalJSON.effect(award.postings, award.tallies, award.derivation)
            var kinds: [Difference.Kind] = []
            if !award.postings.isSame(as: postings) { kinds.append(.postings) }
            if !award.tallies.isSame(as: tallies) { kinds.append(.counts) }
            return kinds.map { Difference($0, hq: hq) }
        }
    }
}

extension VoidFact {
    /// Compares with the award that it takes back; nil where HQ booked none.
    func differences(_ award: AwardFact?) -> [Difference] {
        guard let award else {
            return [Difference(.refused, hq: ["reason": "void-unknown", "detail": [:]])]
        }
        guard takesBack(award) else {
            return [Difference(.postings, hq: .effect(award.postings, award.tallies))]
        }
        return []
    }

    /// Whether the void is of an award: the same member and sale, and balanced.
    func takesBack(_ award: AwardFact) -> Bool {
        award.member == member && award.sale.key == key && balances(award)
    }

    /// Whether the void takes back what an award gave: asset by asset, what moves and what is owed
    /// since are together what the award moved.
    private func balances(_ award: AwardFact) -> Bool {
        var sums: [Asset: Int64] = [:]
        for posting in award.postings + postings {
            sums[posting.asset, default: 0] &+= posting.amount
        }
        for change in award.tallies + tallies {
            guard case .debt(let asset) = change.tally.subject else { continue }
            sums[asset, default: 0] &-= change.amount
        }
        return sums.values.allSatisfy { $0 == 0 }
    }
}

extension Fact {
    /// What the entry says was decided, for people; nil for one that decides nothing.
    var decisionJSON: CanonicalJSON? {
        switch self {
        case .award(let award):
            let effect = CanonicalJSON.effect(award.postings, award.tallies)
            return effect.adding("programme", award.programme.operatorJSON)
        case .void(let void):
            return CanonicalJSON.effect(void.postings, void.tallies)
                .adding("voids", .integer(void.sequence))
        case .boot, .anchor, .keyRotate, .salvage, .lost: return nil
        }
    }
}

extension CanonicalJSON {
    /// What moves, what is counted and, where it is known, how that came about.
    fileprivate static func effect(
        _ postings: [Posting],
        _ tallies: [TallyChange],
        _ derivation: [DerivationStep]? = nil
    ) -> Self {
        let moves = postings.map { posting -> Self in
            [
                "asset": .string(posting.asset.name),
                "through": .string(posting.bucket.description),
                "amount": .integer(posting.amount),
            ]
        }
        let counts = tallies.map { change -> Self in
            ["count": .string(change.tally.description), "amount": .integer(change.amount)]
        }
        let effect: Self = ["postings": .array(moves), "counts": .array(counts)]
        guard let derivation else { return effect }
        return effect.adding("derivation", .array(derivation.map(\.canonicalJSON)))
    }

    fileprivate func adding(_ name: String, _ value: Self) -> Self {
        guard case .object(let members) = self else { return self }
        return .object(members + [.init(name, value)])
    }
}

extension ProgrammeReference {
    fileprivate var operatorJSON: CanonicalJSON {
        ["name": .string(name), "version": .integer(version), "digest": .string(digest)]
    }
}

extension Array where Element: Hashable {
    /// Whether both hold the same elements equally often; their order tells a member nothing.
    fileprivate func isSame(as other: Self) -> Bool {
        counted == other.counted
    }

    private var counted: [Element: Int] {
        reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
