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
    /// What was earned.
    public let postings: [Posting]

    /// Creates a fact.
    public init(
        member: MemberNumber,
        programme: ProgrammeReference,
        sale: Sale,
        lastVisits: [String: Visit],
        postings: [Posting]
    ) {
        self.member = member
        self.programme = programme
        self.sale = sale
        self.lastVisits = lastVisits
        self.postings = postings
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
    /// What is taken back: the award's postings, negated.
    public let postings: [Posting]

    /// Creates a fact.
    public init(
        member: MemberNumber,
        key: SaleKey,
        sequence: Int64,
        epoch: Int64? = nil,
        postings: [Posting]
    ) {
        self.member = member
        self.key = key
        self.sequence = sequence
        self.epoch = epoch
        self.postings = postings
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
