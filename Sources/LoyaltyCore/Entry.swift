/// One line of the ledger: something that happened, and when.
///
/// Its place in the log, and so its `EntryID`, is given by the ledger in the same transaction.
public struct Entry: Hashable, Sendable {
    /// Its number in the device's log, from 1, without gaps.
    public let sequence: Int64
    /// When it happened, by every clock of the store.
    public let at: Moment
    /// The order of entries across clocks that step; for display and rule windows only.
    public let hybridTime: HybridTime
    /// What happened.
    public let fact: Fact

    /// Creates an entry.
    public init(sequence: Int64, at: Moment, hybridTime: HybridTime, fact: Fact) {
        self.sequence = sequence
        self.at = at
        self.hybridTime = hybridTime
        self.fact = fact
    }
}

/// What an entry says happened.
public enum Fact: Hashable, Sendable {
    /// A member earned.
    case award(AwardFact)
    /// An award was taken back.
    case void(VoidFact)
    /// A part of an award was taken back.
    case refund(RefundFact)
    /// The device started; entries that follow carry the new boot number.
    case boot(BootFact)
    /// HQ told the time.
    case anchor(AnchorFact)
    /// The device changed its key: what comes after this entry is signed with the new one.
    case keyRotate(KeyRotateFact)
    /// The log begins anew after another one; always the first entry of its epoch.
    case salvage(SalvageFact)
    /// Entries of an earlier epoch are gone from the store.
    case lost(LostFact)
    /// The device took rights that HQ had placed on it.
    case grant(GrantFact)

    /// What the entry moves, and of whom; nil for one that moves nothing.
    public var movement: (member: MemberNumber, postings: [Posting])? {
        switch self {
        case .award(let award): (award.member, award.postings)
        case .void(let void): (void.member, void.postings)
        case .refund(let refund): (refund.member, refund.postings)
        case .grant(let grant): (grant.member, grant.postings)
        case .boot, .anchor, .keyRotate, .salvage, .lost: nil
        }
    }
}

/// A member earned something.
public struct AwardFact: Hashable, Sendable {
    /// Who earned.
    public let member: MemberNumber
    /// Under which edition of which programme.
    public let programme: ProgrammeReference
    /// For what.
    public let sale: Sale
    /// The last stamped visits that the rules read, by card; with these HQ can decide again.
    public let lastVisits: [String: Visit]
    /// What the rules read beside them.
    public let reads: StandingReads
    /// What was earned and, below zero, what was spent.
    public let postings: [Posting]
    /// What is counted beside them.
    public let tallies: [TallyChange]

    /// Creates a fact.
    public init(
        member: MemberNumber,
        programme: ProgrammeReference,
        sale: Sale,
        lastVisits: [String: Visit],
        reads: StandingReads = StandingReads(),
        postings: [Posting],
        tallies: [TallyChange] = []
    ) {
        self.member = member
        self.programme = programme
        self.sale = sale
        self.lastVisits = lastVisits
        self.reads = reads
        self.postings = postings
        self.tallies = tallies
    }

    /// The standing on which the sale was decided, as far as the rules read it.
    public var standing: Standing {
        Standing(
            holdings: reads.holdings,
            lastVisits: lastVisits,
            tallies: Dictionary(reads.tallies.map { ($0.tally, $0.amount) }) { $1 },
            profile: reads.profile
        )
    }
}

/// What a decision read of a standing, beside the last visits; with it HQ can decide again.
public struct StandingReads: Hashable, Sendable {
    /// What the member held; empty where the programme does not ask.
    public let holdings: [Posting]
    /// The counts that are not zero, in the order in which the programme names them.
    public let tallies: [TallyChange]
    /// What HQ had told of the member.
    public let profile: Profile

    /// Creates what was read.
    public init(
        holdings: [Posting] = [],
        tallies: [TallyChange] = [],
        profile: Profile = Profile()
    ) {
        self.holdings = holdings
        self.tallies = tallies
        self.profile = profile
    }
}

/// An award was taken back, whole.
public struct VoidFact: Hashable, Sendable {
    /// Whose award it was.
    public let member: MemberNumber
    /// The sale it was for.
    public let key: SaleKey
    /// The entry that recorded the award.
    public let sequence: Int64
    /// The epoch of that entry; nil for the epoch of the void itself.
    public let epoch: Int64?
    /// What moves: the award's postings taken back, as far as they are not spent or refunded.
    public let postings: [Posting]
    /// What is counted no more, and what is owed.
    public let tallies: [TallyChange]

    /// Creates a fact.
    public init(
        member: MemberNumber,
        key: SaleKey,
        sequence: Int64,
        epoch: Int64? = nil,
        postings: [Posting],
        tallies: [TallyChange] = []
    ) {
        self.member = member
        self.key = key
        self.sequence = sequence
        self.epoch = epoch
        self.postings = postings
        self.tallies = tallies
    }
}

/// The device started.
public struct BootFact: Hashable, Sendable {
    /// The kernel's random name for this boot, 32 hexadecimal digits.
    public let bootID: String
    /// The agent's version.
    public let version: String

    /// Creates a fact.
    public init(bootID: String, version: String) {
        self.bootID = bootID
        self.version = version
    }
}

/// The device changed its key.
public struct KeyRotateFact: Hashable, Sendable {
    /// The new Ed25519 public key, 32 bytes.
    public let publicKey: [UInt8]
    /// The new key's own signature, 64 bytes: the device has it.
    public let proof: [UInt8]

    /// Creates a fact.
    public init(publicKey: [UInt8], proof: [UInt8]) {
        self.publicKey = publicKey
        self.proof = proof
    }
}

/// Names one edition of a programme, by what it says.
public struct ProgrammeReference: Hashable, Sendable {
    /// The programme's name.
    public let name: String
    /// The edition.
    public let version: Int64
    /// SHA-256 of the programme's canonical bytes, 64 lower-case hexadecimal digits.
    public let digest: String

    /// Creates a reference.
    public init(name: String, version: Int64, digest: String) {
        self.name = name
        self.version = version
        self.digest = digest
    }
}
