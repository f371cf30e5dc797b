/// What a till knows of a purchase, or of whatever else a member did.
public struct Sale: Hashable, Sendable {
    /// The key by which this sale is recognised when it comes again.
    public let key: SaleKey
    /// How the till came to know of it.
    public let evidence: Evidence
    /// What is to be paid after the POS's own discounts, tax included, in the currency's minor
    /// unit; nil where the evidence names no amount.
    public let amount: Int64?
    /// The day of trade it belongs to.
    public let businessDate: BusinessDate
    /// The day it may belong to as well, where the clock near the turn of the day leaves two open;
    /// nil for a sale that was decided.
    public let otherDate: BusinessDate?
    /// Whether the member came to the store for it, or it belongs to a visit already recorded.
    public let opensVisit: Bool
    /// The till at which it happened.
    public let till: String
    /// What the printed receipt says, where a receipt is the evidence.
    public let receipt: Receipt?
    /// What else is known of it; nothing for a scan or a keyed amount.
    public var details: SaleDetails

    /// Creates a sale.
    public init(
        key: SaleKey,
        evidence: Evidence,
        amount: Int64?,
        businessDate: BusinessDate,
        otherDate: BusinessDate? = nil,
        opensVisit: Bool,
        till: String,
        receipt: Receipt? = nil,
        details: SaleDetails = SaleDetails()
    ) {
        self.key = key
        self.evidence = evidence
        self.amount = amount
        self.businessDate = businessDate
        self.otherDate = otherDate
        self.opensVisit = opensVisit
        self.till = till
        self.receipt = receipt
        self.details = details
    }

    /// Whether nothing was bought and nobody came for it: rewards are handed over, and that is all.
    ///
    /// It earns nothing, or asking for what one has would be a way to earn.
    public var isHandOver: Bool {
        evidence == .visit && !opensVisit && amount == nil && !details.redemptions.isEmpty
    }

    /// The same sale as a till would know it otherwise.
    func known(by evidence: Evidence, opensVisit: Bool) -> Self {
        Self(
            key: key,
            evidence: evidence,
            amount: amount,
            businessDate: businessDate,
            otherDate: otherDate,
            opensVisit: opensVisit,
            till: till,
            receipt: receipt,
            details: details
        )
    }

    /// The same sale on one day of trade and no other.
    func settled(on date: BusinessDate) -> Self {
        Self(
            key: key,
            evidence: evidence,
            amount: amount,
            businessDate: date,
            opensVisit: opensVisit,
            till: till,
            receipt: receipt,
            details: details
        )
    }
}

/// What a POS that knows more tells of a sale (LOYALTY.md section 2).
public struct SaleDetails: Hashable, Sendable {
    /// What the member did.
    public var occasion: Occasion = .purchase
    /// The store; nil where only this store's rules are asked.
    public var store: String?
    /// Who served.
    public var cashier: String?
    /// Whether the cashier is the member.
    public var isCashiersOwn = false
    /// The currency, where the POS names it.
    public var currency: String?
    /// The lines of the basket.
    public var lines: [SaleLine] = []
    /// The POS's own discount of the whole order, already off `amount`, in no line's net.
    public var orderDiscount: Int64 = 0
    /// The amount without tax, after discounts.
    public var untaxed: Int64?
    /// How much of the amount is paid with points of another system.
    public var paidWithPoints: Int64 = 0
    /// How much stored value the member wants to pay with; nil for none, `.max` for all.
    public var storedValue: Int64?
    /// The codes that were presented.
    public var codes: [String] = []
    /// What the member wants to redeem, in the order of the wishes.
    public var redemptions: [Redemption] = []
    /// Whether a manager's code approved it; asked of compensations.
    public var isApproved = false
    /// Whose code it was, and which.
    public var approval: Approval?
    /// The chance of the sale, drawn once at the till, for instant wins.
    public var luck: UInt64?

    /// Most lines of a basket.
    ///
    /// Source: our own bound; a basket whose names are so long that its entry would be larger than
    /// an entry may be is refused by the ledger.
    public static let lineCountMax = 200
    /// Most codes and most wishes of a sale.
    ///
    /// Source: our own bound; a till shows no more.
    public static let wishCountMax = 20
    /// Most characters of a compensation's reason.
    ///
    /// Source: our own bound; two sentences, and a line of a report.
    public static let reasonCharacterCountMax = 200
    /// The highest answer to a survey's question.
    ///
    /// Source: our own bound; a recommendation (NPS) is answered with 0 to 10, a share of a whole
    /// with 0 to 100.
    public static let surveyAnswerMax: Int64 = 100

    /// Creates details of which nothing is known.
    public init() {}
}

/// A manager's word, given by a one-time code.
public struct Approval: Hashable, Sendable {
    /// The manager, as the store's configuration names them.
    public let manager: String
    /// The code's step in time (RFC 6238 section 4.2); a manager's next code has a higher one.
    public let step: Int64

    /// Creates a word.
    public init(manager: String, step: Int64) {
        self.manager = manager
        self.step = step
    }
}

/// One line of a basket.
public struct SaleLine: Hashable, Sendable {
    /// The article.
    public let sku: String
    /// Its categories.
    public let categories: [String]
    /// Its labels.
    public let labels: [String]
    /// How much of it, in thousandths of a unit.
    public let quantity: Int64
    /// Before discounts, tax included, in the currency's minor unit.
    public let gross: Int64
    /// After the line's own discount, tax included.
    public let net: Int64
    /// After the line's own discount, without tax; nil where the POS does not tell.
    public let untaxed: Int64?

    /// Thousandths in a unit.
    public static let unit: Int64 = 1_000

    /// Creates a line.
    public init(
        sku: String,
        categories: [String] = [],
        labels: [String] = [],
        quantity: Int64 = unit,
        gross: Int64,
        net: Int64? = nil,
        untaxed: Int64? = nil
    ) {
        self.sku = sku
        self.categories = categories
        self.labels = labels
        self.quantity = quantity
        self.gross = gross
        self.net = net ?? gross
        self.untaxed = untaxed
    }
}

/// What a member did.
public enum Occasion: Hashable, Sendable {
    /// Bought something, or came by.
    case purchase
    /// Became a member.
    case join
    /// Paid stored value in.
    case topUp
    /// Checked in for the day (每日簽到).
    case checkIn
    /// Answered a survey's question; the answer counts from 0.
    case survey(String, answer: Int64)
    /// Voted for an option.
    case vote(String, option: String)
    /// Is compensated for bad service, by a manager, for a reason.
    case recovery(severity: String, reason: String)
    /// Invited a friend, who has just made a step.
    case referral(Referral.Step)
    /// The member's birthday came.
    case birthday

    /// What kind of occasion it is.
    public var kind: Kind {
        switch self {
        case .purchase: .purchase
        case .join: .join
        case .topUp: .topUp
        case .checkIn: .checkIn
        case .survey: .survey
        case .vote: .vote
        case .recovery: .recovery
        case .referral: .referral
        case .birthday: .birthday
        }
    }

    /// The survey, the vote or the severity.
    public var subject: String? {
        switch self {
        case .survey(let id, _), .vote(let id, _): id
        case .recovery(let severity, _): severity
        case .purchase, .join, .topUp, .checkIn, .referral, .birthday: nil
        }
    }

    /// Whether it happens once: to a member, to a friend, or in a year.
    ///
    /// Its sale key then says to whom, so that whoever reports it twice gets the first answer; HQ
    /// keeps those keys apart over the whole chain.
    public var isOnce: Bool {
        switch self {
        case .join, .birthday, .referral(.join), .referral(.firstSale): true
        case .purchase, .topUp, .checkIn, .survey, .vote, .recovery, .referral(.everySale): false
        }
    }

    /// The key of an occasion that happens once.
    ///
    /// - Parameters:
    ///   - member: Whose occasion it is, or for a referral the friend who was invited.
    ///   - date: On which day of trade.
    /// - Returns: The key; nil for an occasion that may happen again.
    public func onceKey(of member: MemberNumber, on date: BusinessDate) -> SaleKey? {
        guard isOnce else { return nil }
        return switch self {
        case .birthday: SaleKey("birthday/\(member)/\(date.year)")
        case .referral(let step): SaleKey("referral/\(step.rawValue)/\(member)")
        default: SaleKey("\(kind.rawValue)/\(member)")
        }
    }

    /// The kinds of occasions.
    public enum Kind: String, CaseIterable, Sendable {
        /// A purchase, or a scan of the member's code.
        case purchase
        /// Joining.
        case join
        /// A top-up.
        case topUp
        /// A check-in.
        case checkIn
        /// An answer.
        case survey
        /// A vote.
        case vote
        /// A compensation.
        case recovery
        /// A friend's step.
        case referral
        /// A birthday.
        case birthday
    }
}

/// How a till came to know of a sale.
public enum Evidence: String, CaseIterable, Sendable {
    /// The POS reported it.
    case pos
    /// The receipt's electronic-invoice QR was scanned.
    case eInvoice
    /// The cashier keyed the amount.
    case keyed
    /// The member's code was scanned, nothing else.
    case visit
}

/// What a printed electronic invoice says of a sale.
public struct Receipt: Hashable, Sendable {
    /// The date printed on it.
    public let date: BusinessDate
    /// The seller's eight-digit tax number.
    public let sellerID: String

    /// Creates a receipt.
    public init(date: BusinessDate, sellerID: String) {
        self.date = date
        self.sellerID = sellerID
    }
}

/// The key by which a store recognises a sale that is reported twice.
///
/// A cashier scans a receipt again, a POS repeats a call: the same key is one award.
public struct SaleKey: Hashable, Sendable {
    /// The key's text.
    public let text: String

    /// Most characters of a key.
    ///
    /// Source: our own bound; a POS id and a receipt number have some 30.
    public static let characterCountMax = 80

    /// Reads a key: 1 to 80 of `A-Z a-z 0-9 . _ : / -`, or gives nil.
    public init?(_ text: String) {
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "-")...UInt8(ascii: ":"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard allowed, (1...Self.characterCountMax).contains(text.utf8.count) else { return nil }
        self.text = text
    }
}
