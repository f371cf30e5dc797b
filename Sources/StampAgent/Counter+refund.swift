import LedgerDB
public import LoyaltyCore

/// A part of a sale that the POS gives back.
public struct PosRefund: Hashable, Sendable {
    /// The POS's key for it, its return receipt; the same key is the same refund.
    public let key: SaleKey
    /// The sale.
    public let sale: SaleKey
    /// How much is refunded, in the currency's minor unit.
    public let amount: Int64
    /// What comes back, where the POS tells.
    public let articles: [ReturnedArticle]
    /// The member's code, if the POS says whose sale it must be.
    public let memberCode: String?
    /// The till; nil for the one at which the sale was.
    public let till: String?
    /// The day of trade by the POS's books, if it names one.
    public let businessDate: BusinessDate?

    /// Creates a refund.
    public init(
        key: SaleKey,
        of sale: SaleKey,
        amount: Int64,
        articles: [ReturnedArticle] = [],
        memberCode: String? = nil,
        till: String? = nil,
        businessDate: BusinessDate? = nil
    ) {
        self.key = key
        self.sale = sale
        self.amount = amount
        self.articles = articles
        self.memberCode = memberCode
        self.till = till
        self.businessDate = businessDate
    }
}

/// The answer to a refund.
public enum RefundAnswer: Sendable {
    /// A part of the award was taken back, and that is on disk; the same again when asked again.
    case refunded(RefundedSale)
    /// Nothing was taken back.
    case refused(Refusal)
}

/// A part of an award that was taken back.
public struct RefundedSale: Sendable {
    /// The entry that takes it back.
    public let entry: Int64
    /// The sale.
    public let key: SaleKey
    /// The award's entry.
    public let award: Int64
    /// How much was refunded, in the currency's minor unit.
    public let amount: Int64
    /// What moves.
    public let postings: [Posting]
    /// What is owed since it was spent.
    public let owed: [AssetAmount]
    /// How it came about.
    public let derivation: [DerivationStep]
    /// The member as they stand now.
    public let member: MemberView
    /// Whether this is the first answer again.
    public let isRepeat: Bool
}

extension Counter {
    /// Takes a part of a sale back; the same key gets the first answer again.
    ///
    /// The till that still shows the sale's award then shows what was taken back.
    ///
    /// - Parameter refund: What comes back.
    /// - Returns: The entry and what it moves; or why nothing is taken back.
    /// - Throws: `CounterError`, if the member or the till is unknown, or nothing is recorded.
    public func refund(_ refund: PosRefund) async throws(CounterError) -> RefundAnswer {
        if let till = refund.till, !tills.contains(till) { throw .unknownTill }
        var member: MemberNumber?
        if let code = refund.memberCode { member = try await resolve(code) }
        let request = RefundRequest(
            key: refund.key,
            of: refund.sale,
            amount: refund.amount,
            articles: refund.articles,
            member: member,
            till: refund.till,
            businessDate: refund.businessDate
        )
        do {
            let now = clock.reading()
            let answer = try await ledger.refund(request, at: now, under: programme)
            switch answer {
            case .refused(let refusal): return .refused(refusal)
            case .refunded(let award):
                let refunded = try await refundedSale(award)
                showRefunded(refunded)
                recorded()
                return .refunded(refunded)
            }
        } catch {
            throw CounterError(ledger: error)
        }
    }

    /// The answer that a refund got when it came first.
    ///
    /// - Parameter key: The refund's own key.
    /// - Returns: The first answer, with what its member holds now; nil if it was never recorded.
    /// - Throws: `CounterError.notRecorded`, if the ledger cannot be read.
    public func firstAnswer(toRefund key: SaleKey) async throws(CounterError) -> RefundedSale? {
        do {
            guard let award = try await ledger.answer(toRefund: key) else { return nil }
            return try await refundedSale(award)
        } catch {
            throw CounterError(ledger: error)
        }
    }

    /// Tells the till that still shows an award what was taken back of it.
    private func showRefunded(_ refunded: RefundedSale) {
        for till in tills where view(of: till)?.award == refunded.award {
            show(
                .refunded(refunded.postings, entry: refunded.entry, of: refunded.award),
                member: refunded.member,
                amount: refunded.amount,
                at: till
            )
        }
    }

    private func refundedSale(_ award: RefundedAward) async throws -> RefundedSale {
        let known = try await ledger.member(award.member)
        return RefundedSale(
            entry: award.sequence,
            key: award.key,
            award: award.award,
            amount: award.amount,
            postings: award.postings,
            owed: award.tallies.owed,
            derivation: award.derivation,
            member: view(of: known, standing: award.standing),
            isRepeat: award.isRepeat
        )
    }
}
