public import LoyaltyCore

/// Plays a programme over what members did, one input after the other, as `stampctl programme try`
/// does.
///
/// Pure: no clock, no file. Time passes by the inputs' dates: before each input, what has become
/// due until its date is done for every member, day by day: expiry, the tiers at a year's end,
/// birthdays. A date that lies before an earlier one's moves no time.
///
/// It keeps a standing for each member, one table of the counts that all members share, and the
/// sales that a later input asks for (`ReplayMemory`).
public struct ProgrammeReplay: Sendable {
    /// The programme.
    public let programme: Programme
    /// What was moved so far.
    public internal(set) var summary: ReplaySummary

    let memory: ReplayMemory
    var members: [Member] = []
    private var memberIndices: [String: Int] = [:]
    var shared = SharedCounts()
    /// The sales that were awarded, by their keys; a key that several stores used has several.
    var sales: [String: [KeptSale]] = [:]
    var refunds: [String: ReplayAnswer] = [:]
    var clock: BusinessDate?
    var dueDates = DueDates()
    let feeds: Feeds

    /// A member, as far as the replay knows.
    struct Member: Sendable {
        let name: String
        var standing: Standing
        var birthday: Birthday?
        var referrer: Int?
        var hasJoined: Bool
        var purchaseCount: Int64
        /// The last date through which everything that was due is done.
        var doneThrough: BusinessDate?
        /// The earliest date that stands in the heap; nil for none.
        var nextDue: BusinessDate?
        var counts: [Tally.Subject: Int64] = [:]
        var firstTier: String?
    }

    /// A sale that a later input may ask for.
    struct KeptSale: Sendable {
        let member: Int
        let sale: Sale
        let award: Award
        /// What refunds of it came to.
        var refunded = Refunded()
        var isWhollyRefunded = false
    }

    /// Which occasions anybody gets something for; no others are fed.
    struct Feeds: Sendable {
        let birthdays: Bool
        let referrers: Set<Referral.Step>
        let yearEnds: Bool

        init(_ programme: Programme) {
            birthdays = programme.rules.contains { $0.conditions.occasion == .birthday }
            referrers = Set(
                programme.rules.compactMap(\.conditions.referral)
                    .filter { $0.role == .referrer }.map(\.step)
            )
            yearEnds = programme.tiers.map { $0.downgrade != .never } ?? false
        }
    }

    /// Begins a replay.
    ///
    /// - Parameters:
    ///   - programme: The programme.
    ///   - known: The members with something to begin with; all others begin with nothing.
    ///   - memory: Which sales are kept.
    public init(
        _ programme: Programme,
        members known: [ReplayMember] = [],
        remembering memory: ReplayMemory = .all
    ) {
        self.programme = programme
        self.memory = memory
        summary = ReplaySummary(programme)
        feeds = Feeds(programme)
        for member in known { add(member) }
    }

    private mutating func add(_ known: ReplayMember) {
        let index = index(of: known.name)
        members[index].standing = Standing(
            isBlocked: known.isBlocked,
            holdings: known.holdings,
            profile: known.profile
        )
        members[index].birthday = known.birthday
        members[index].hasJoined = true
        members[index].referrer = known.referrer.map { self.index(of: $0) }
        members[index].purchaseCount = known.counts[.sales] ?? 0
        members[index].counts = known.counts
        members[index].firstTier = known.tier
        summary.open(known.holdings)
    }

    /// The member of a name, known or new.
    mutating func index(of name: String) -> Int {
        if let index = memberIndices[name] { return index }
        let index = members.count
        memberIndices[name] = index
        members.append(
            Member(
                name: name,
                standing: Standing(),
                hasJoined: false,
                purchaseCount: 0,
                doneThrough: clock
            )
        )
        summary.memberCount += 1
        if clock != nil { schedule(index) }
        return index
    }

    func knownIndex(_ name: String) -> Int? { memberIndices[name] }

    /// Answers one input.
    ///
    /// - Parameter input: The input; its date may lie before the one of the input before.
    /// - Returns: The answer, with what followed from it and from the time before it.
    public mutating func answer(_ input: ReplayInput) -> ReplayAnswer {
        let passed = pass(until: input.date)
        var answer =
            switch input.event {
            case .sale(let sale, let joining, let isDraft):
                answer(input, sale, joining, isDraft: isDraft)
            case .refund(let refund): answer(input, refund)
            case .time: timeAnswer(input)
            }
        let followed = answer.derived
        answer.derived = []
        answer.derivedCount = 0
        for one in passed.answers + followed { answer.add(one) }
        answer.derivedCount += passed.count - passed.answers.count
        summary.note(answer)
        return answer
    }

    /// Counts what all members hold at the end; call it once, after the last input.
    public mutating func finish() {
        summary.close(members.lazy.map(\.standing))
    }

    private func timeAnswer(_ input: ReplayInput) -> ReplayAnswer {
        var answer = ReplayAnswer(
            key: input.key.text,
            member: input.member,
            type: "time",
            date: input.date,
            .award(Award(postings: [], derivation: []))
        )
        answer.position = input.member.flatMap { memberIndices[$0] }
            .map { position(of: $0, on: input.date) }
        return answer
    }

    /// How a member stands on a date.
    func position(of index: Int, on date: BusinessDate) -> ReplayPosition {
        let standing = members[index].standing
        var usable = summary.assets.mapValues { _ in Int64(0) }
        var pending: [Asset: Int64] = [:]
        for holding in standing.holdings where !holding.bucket.hasExpired(on: date) {
            if holding.bucket.isUsable(on: date) {
                usable[holding.asset, default: 0] &+= holding.amount
            } else {
                pending[holding.asset, default: 0] &+= holding.amount
            }
        }
        var owed: [Asset: Int64] = [:]
        for (tally, count) in standing.tallies {
            if case .debt(let asset) = tally.subject, count > 0 { owed[asset] = count }
        }
        return ReplayPosition(
            balances: Self.amounts(usable),
            pending: Self.amounts(pending),
            owed: Self.amounts(owed),
            tier: programme.evaluateTier(standing, on: date)
        )
    }

    private static func amounts(_ table: [Asset: Int64]) -> [ReplayPosition.Amount] {
        table.sorted { $0.key < $1.key }.map {
            ReplayPosition.Amount(asset: $0.key, amount: $0.value)
        }
    }
}

/// Which sales a replay keeps, for refunds and for keys that come again.
public enum ReplayMemory: Sendable {
    /// All of them: memory grows with each sale.
    case all
    /// Those that a first reading of the file found to be asked for.
    case only(ReplayKeys)

    func keeps(_ key: String, store: String) -> Bool {
        switch self {
        case .all: true
        case .only(let keys): keys.contains(key, store: store)
        }
    }
}

/// The keys that a file of sales names more than once, or refunds.
///
/// Keeps eight bytes for each input while it reads, at most `heldMax` of them: a file with more is
/// read several times, for another part of the keys each time. Afterwards it keeps what it found.
public struct ReplayKeys: Sendable {
    private var seen: [Int] = []
    private var wanted: Set<Int> = []
    private let heldMax: Int
    /// Keys count in this reading whose hash ends in these bits.
    private var part = 0
    private var partCount = 1

    /// Most keys held at once.
    ///
    /// Source: our own bound; 128 MiB, and one reading for a year of the largest chain.
    public static let heldMax = 16_777_216

    /// Creates an empty set.
    public init() {
        self.init(heldMax: Self.heldMax)
    }

    init(heldMax: Int) {
        self.heldMax = heldMax
    }

    /// Takes note of an input.
    public mutating func note(_ input: ReplayInput) {
        if case .refund(let refund) = input.event {
            wanted.insert(Self.hash(refund.original, nil))
        }
        let hash = Self.hash(input.key.text, input.store)
        guard hash & (partCount - 1) == part else { return }
        seen.append(hash)
        guard seen.count > heldMax else { return }
        settle()
        // Half of them is enough room: without it the next few inputs would come to this again.
        while seen.count > max(1, heldMax / 2), partCount < Int.max / 2 {
            partCount *= 2
            let (part, bits) = (part, partCount - 1)
            seen.removeAll { $0 & bits != part }
        }
    }

    /// Finds the keys that came twice, once the file was read to its end.
    ///
    /// - Returns: Whether the file must be read once more, each input noted again.
    public mutating func finishReading() -> Bool {
        settle()
        part += 1
        seen.removeAll(keepingCapacity: part < partCount)
        return part < partCount
    }

    /// Keeps each key once, and what came twice.
    private mutating func settle() {
        seen.sort()
        var count = 0
        for index in seen.indices {
            let hash = seen[index]
            if count > 0, seen[count - 1] == hash {
                wanted.insert(hash)
            } else {
                seen[count] = hash
                count += 1
            }
        }
        seen.removeSubrange(count...)
    }

    /// Whether an input may be asked for; two keys of one hash only keep a sale too many.
    func contains(_ key: String, store: String) -> Bool {
        wanted.contains(Self.hash(key, store)) || wanted.contains(Self.hash(key, nil))
    }

    private static func hash(_ key: String, _ store: String?) -> Int {
        var hasher = Hasher()
        hasher.combine(key)
        hasher.combine(store)
        return hasher.finalize()
    }
}

/// The counts that belong to no single member: those of cashiers, and of the programme.
struct SharedCounts {
    private var byScope: [Tally.Scope: [Tally: Int64]] = [:]

    var isEmpty: Bool { byScope.isEmpty }

    /// A standing that knows the counts of a cashier and of the programme as well.
    func added(to standing: Standing, cashier: String?) -> Standing {
        var tallies = standing.tallies
        let scopes = [Tally.Scope.programme] + (cashier.map { [.cashier($0)] } ?? [])
        for scope in scopes {
            if let counts = byScope[scope] { tallies.merge(counts) { $1 } }
        }
        return standing.replacing(tallies)
    }

    /// Takes the shared counts out of a standing, as they are now.
    mutating func removed(from standing: Standing, changes: [TallyChange]) -> Standing {
        let changed = changes.map(\.tally).filter { $0.scope != .member }
        guard !byScope.isEmpty || !changed.isEmpty else { return standing }
        for tally in changed { byScope[tally.scope, default: [:]][tally] = standing.tallies[tally] }
        return standing.replacing(standing.tallies.filter { $0.key.scope == .member })
    }

    /// Forgets the counts of days and weeks that are over.
    mutating func prune(before date: BusinessDate) {
        for scope in byScope.keys {
            byScope[scope] = byScope[scope]?.filter { !$0.key.period.isOver(before: date) }
        }
    }
}

extension Tally.Period {
    /// Whether it is a day or a week that ended before a date.
    func isOver(before date: BusinessDate) -> Bool {
        switch self {
        case .day(let day): day < date
        case .week(let monday): monday.adding(days: 6) < date
        case .ever, .month, .year: false
        }
    }
}

extension Standing {
    func replacing(_ tallies: [Tally: Int64]) -> Standing {
        Standing(
            isBlocked: isBlocked,
            holdings: holdings,
            lastVisits: lastVisits,
            tallies: tallies,
            profile: profile
        )
    }
}

extension Programme {
    /// Every asset that the programme names, sorted.
    var namedAssets: [Asset] {
        var assets: Set<Asset> = Set(cards.map(\.asset))
        assets.formUnion(cards.compactMap(\.completion?.asset))
        assets.formUnion(rules.map(\.gift.asset))
        assets.formUnion(self.assets.map(\.asset))
        assets.formUnion(self.assets.compactMap(\.conversion?.asset))
        assets.formUnion(rewards.compactMap(\.cost?.asset))
        for reward in rewards {
            if case .gives(_, let asset) = reward.benefit { assets.insert(asset) }
        }
        return assets.sorted()
    }
}
