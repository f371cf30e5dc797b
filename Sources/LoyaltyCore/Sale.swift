/// What a till knows of a purchase, or of a visit without one.
public struct Sale: Hashable, Sendable {
    /// The key by which this sale is recognised when it comes again.
    public let key: SaleKey
    /// How the till came to know of it.
    public let evidence: Evidence
    /// What was paid, in the currency's minor unit; nil where the evidence names no amount.
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

    /// Creates a sale.
    public init(
        key: SaleKey,
        evidence: Evidence,
        amount: Int64?,
        businessDate: BusinessDate,
        otherDate: BusinessDate? = nil,
        opensVisit: Bool,
        till: String,
        receipt: Receipt? = nil
    ) {
        self.key = key
        self.evidence = evidence
        self.amount = amount
        self.businessDate = businessDate
        self.otherDate = otherDate
        self.opensVisit = opensVisit
        self.till = till
        self.receipt = receipt
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
            receipt: receipt
        )
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
