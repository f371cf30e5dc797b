public import LoyaltyCore

/// A sale as it came to the till, before its member is known.
public struct SaleEvidence: Hashable, Sendable {
    /// The key by which the store recognises it.
    public let key: SaleKey
    /// How the till knows of it.
    public let kind: Evidence
    /// What was paid, in the currency's minor unit; nil where the evidence names none.
    public let amount: Int64?
    /// The day of trade, where the POS named it.
    public let businessDate: BusinessDate?
    /// What the receipt says, where there is one.
    public let receipt: Receipt?
    /// What else the POS tells.
    public let details: SaleDetails

    /// Creates evidence.
    public init(
        key: SaleKey,
        kind: Evidence,
        amount: Int64?,
        businessDate: BusinessDate? = nil,
        receipt: Receipt? = nil,
        details: SaleDetails = SaleDetails()
    ) {
        self.key = key
        self.kind = kind
        self.amount = amount
        self.businessDate = businessDate
        self.receipt = receipt
        self.details = details
    }
}
