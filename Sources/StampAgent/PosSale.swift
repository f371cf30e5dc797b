public import LoyaltyCore

/// A sale as the POS reports it.
public struct PosSale: Hashable, Sendable {
    /// The POS's key for it; the same key is the same sale.
    public let key: SaleKey
    /// The member's code, if the POS knows it: a card's digits, a member number, a mobile barcode.
    public let memberCode: String?
    /// What was paid, in the currency's minor unit; nil for an occasion at which nothing is paid.
    public let amount: Int64?
    /// The till.
    public let till: String
    /// The day of trade by the POS's books, if it names one.
    public let businessDate: BusinessDate?
    /// The basket, what the member wants to redeem, and what else the POS tells.
    public let details: SaleDetails
    /// The code of the friend whom the member invited; for a referral only.
    public let friendCode: String?
    /// A manager's one-time code; for a compensation only.
    public let managerCode: String?

    /// Creates a sale.
    public init(
        key: SaleKey,
        memberCode: String?,
        amount: Int64?,
        till: String,
        businessDate: BusinessDate? = nil,
        details: SaleDetails = SaleDetails(),
        friendCode: String? = nil,
        managerCode: String? = nil
    ) {
        self.key = key
        self.memberCode = memberCode
        self.amount = amount
        self.till = till
        self.businessDate = businessDate
        self.details = details
        self.friendCode = friendCode
        self.managerCode = managerCode
    }

    var evidence: SaleEvidence {
        SaleEvidence(
            key: key,
            kind: .pos,
            amount: amount,
            businessDate: businessDate,
            details: details
        )
    }
}

/// The answer to a sale that the POS reports.
public enum SaleAnswer: Sendable {
    /// The sale was decided; an award is on disk.
    case recorded(RecordedSale)
    /// The sale waits at the till for its member.
    case waitingForMember
}

/// A sale that was decided.
public struct RecordedSale: Sendable {
    /// An award, or why there is none.
    public let decision: Decision
    /// The entry that is on disk; nil for a refusal and for a preview.
    public let entry: Int64?
    /// The member as they stand now.
    public let member: MemberView
    /// Whether this is the first answer again.
    public let isRepeat: Bool
    /// What was wanted and is not in the sale; only the first answer tells what the till left out.
    public let dropped: [DroppedReward]

    /// Creates an answer.
    public init(
        decision: Decision,
        entry: Int64?,
        member: MemberView,
        isRepeat: Bool,
        dropped: [DroppedReward] = []
    ) {
        self.decision = decision
        self.entry = entry
        self.member = member
        self.isRepeat = isRepeat
        self.dropped = dropped
    }
}

/// The answer to a void.
public enum VoidAnswer: Hashable, Sendable {
    /// The award was taken back by this entry; the same entry again when asked again.
    case voided(entry: Int64, postings: [Posting])
    /// Nothing could be taken back; `code` is the reason's stable name.
    case refused(code: String)
}

/// Why the counter cannot answer.
public enum CounterError: Error, Equatable {
    /// The code names no member; `code` is the reason's stable name.
    case unknownMember(code: String)
    /// No such till is configured.
    case unknownTill
    /// A member of the call is wrong as things are: its name, and what to write.
    case wrongField(String, String)
    /// No manager's code allows it.
    case notApproved(ApprovalRefusal)
    /// The ledger does not record at present; `code` is the reason's stable name.
    case notRecorded(code: String, detail: String)
}
