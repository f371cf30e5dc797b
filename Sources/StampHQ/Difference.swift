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

extension HeldEdition {
    /// The programme, where HQ has it and can read it.
    var programme: Programme? {
        if case .programme(let programme) = self { programme } else { nil }
    }

    /// Why HQ cannot decide under the edition; nothing if it can.
    var differences: [Difference] {
        switch self {
        case .unknown: return [Difference(.programmeUnknown, hq: .null)]
        case .unreadable(let reason):
            // Only the start: a document's mistakes can be many.
            let detail = CanonicalJSON.string(String(reason.prefix(500)))
            return [Difference(.programmeUnreadable, hq: ["detail": detail])]
        case .other(let reference):
            return [Difference(.programmeOther, hq: ["programme": reference.operatorJSON])]
        case .programme: return []
        }
    }
}

extension AwardFact {
    /// Decides again, from what the entry says was read, and compares.
    ///
    /// - Parameters:
    ///   - edition: What HQ has of the edition that the entry names.
    ///   - moment: When the store decided.
    /// - Returns: How the entry differs; nothing if it does not.
    func differences(_ edition: HeldEdition, at moment: Moment) -> [Difference] {
        guard let programme = edition.programme else { return edition.differences }
        return programme.decide(standing, sale, at: moment).differences(postings, tallies)
    }
}

extension VoidFact {
    /// Compares with the award that it takes back; nil where HQ booked none.
    ///
    /// - Parameters:
    ///   - award: The award.
    ///   - refunds: What was refunded of it before.
    /// - Returns: How the entry differs; nothing if it does not.
    func differences(_ award: AwardFact?, after refunds: [RefundFact]) -> [Difference] {
        guard let award else {
            return [Difference(.refused, hq: ["reason": "void-unknown", "detail": [:]])]
        }
        guard takesBack(award, after: refunds) else {
            return [Difference(.postings, hq: .effect(award.postings, award.tallies))]
        }
        return []
    }

    /// Whether the void is of an award: the same member and sale, and balanced.
    func takesBack(_ award: AwardFact, after refunds: [RefundFact]) -> Bool {
        award.member == member && award.sale.key == key && balances(award, refunds)
    }

    /// Whether the void takes back what an award gave: asset by asset, what moves and what is owed
    /// since, with what refunds took back before, are together what the award moved.
    private func balances(_ award: AwardFact, _ refunds: [RefundFact]) -> Bool {
        var sums: [Asset: Int64] = [:]
        for posting in award.postings + refunds.flatMap(\.postings) + postings {
            sums[posting.asset, default: 0] &+= posting.amount
        }
        for change in award.tallies + refunds.flatMap(\.tallies) + tallies {
            guard case .debt(let asset) = change.tally.subject else { continue }
            sums[asset, default: 0] &-= change.amount
        }
        return sums.values.allSatisfy { $0 == 0 }
    }
}

extension RefundFact {
    /// Decides again, from what the entry says was read and the award that it names, and compares.
    ///
    /// - Parameters:
    ///   - entry: The award and when it was decided; nil where HQ booked none.
    ///   - rules: The programme of the award, which tells how the award came about.
    ///   - programme: The programme whose policy counted.
    /// - Returns: How the entry differs; nothing if it does not.
    func differences(
        _ entry: (fact: AwardFact, at: Moment)?,
        _ rules: Programme,
        _ programme: Programme
    ) -> [Difference] {
        guard let entry else {
            return [Difference(.refused, hq: ["reason": "refund-unknown", "detail": [:]])]
        }
        let sold = entry.fact
        // An award that HQ decides otherwise is a difference of its own.
        guard case .award(let decided) = rules.decide(sold.standing, sold.sale, at: entry.at)
        else { return [] }
        let award = Award(
            postings: sold.postings,
            derivation: decided.derivation,
            tallies: sold.tallies
        )
        let refund = Refund(of: sold.sale, award, amount: amount, lines: lines, before: before)
        let decision =
            refund.map { programme.refund($0, standing, on: businessDate) }
            ?? .refusal(.refundAboveSale(left: 0))
        return decision.differences(postings, tallies)
    }
}

extension Decision {
    /// How what was recorded differs from what HQ decides.
    fileprivate func differences(
        _ postings: [Posting],
        _ tallies: [TallyChange]
    ) -> [Difference] {
        switch self {
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
        case .refund(let refund):
            return CanonicalJSON.effect(refund.postings, refund.tallies)
                .adding("refunds", .integer(refund.sequence))
                .adding("amount", .integer(refund.amount))
                .adding("programme", refund.programme.operatorJSON)
        case .boot, .anchor, .keyRotate, .salvage, .lost, .grant: return nil
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
