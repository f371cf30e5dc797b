import GRDB
public import LoyaltyCore
import SyncWire

extension Ledger {
    /// Takes a part of a sale back; the same refund again is answered alike and writes nothing.
    ///
    /// The parts of a sale never move more than the sale did, whatever the order, the policy or the
    /// edition under which each was decided; a void after them takes back what they left. The
    /// member's visit stays.
    ///
    /// - Parameters:
    ///   - request: What came back, of which sale.
    ///   - reading: What the clocks say.
    ///   - programme: The rules in force, whose policy says what a part of a sale is.
    /// - Returns: The answer, once it is on the disk.
    /// - Throws: `LedgerError`.
    public func refund(
        _ request: RefundRequest,
        at reading: ClockReading,
        under programme: Programme
    ) throws -> RefundOutcome {
        if mode != .writing, let first = try read({ try request.repeated($0) }) { return first }
        let reference = reference(to: programme)
        return try write(for: .award) { db, state in
            if let first = try request.repeated(db) { return first }
            do {
                let part = try PartOfSale(request, at: reading, programme, db, state)
                return try part.commit(under: reference, db, &state)
            } catch let refusal as Refusal {
                return .refused(refusal)
            }
        }
    }

    /// The first answer to a refund, with what its member holds now; nil if it was never recorded.
    ///
    /// - Throws: `LedgerError`.
    public func answer(toRefund key: SaleKey) throws -> RefundedAward? {
        try read { db in
            guard let row = try db.refund(key), let sold = try db.sale(row.sale) else { return nil }
            return try RefundedAward(repeating: row, of: sold, db)
        }
    }
}

extension RefundedAward {
    /// The first answer again.
    fileprivate init(repeating row: RefundRow, of sold: SaleRow, _ db: Database) throws {
        self.init(
            sequence: try db.place(ofNumber: row.number).sequence,
            key: sold.key,
            award: try db.place(ofNumber: sold.number).sequence,
            member: sold.member,
            amount: row.answer.part.amount,
            postings: row.answer.postings,
            tallies: row.answer.tallies,
            derivation: row.answer.derivation,
            standing: try db.standing(of: sold.member).standing,
            isRepeat: true
        )
    }
}

/// What a POS asks to be taken back of a sale.
public struct RefundRequest: Hashable, Sendable {
    /// The refund's own key; the same key is the same refund.
    public let key: SaleKey
    /// The sale.
    public let sale: SaleKey
    /// How much is refunded, in the currency's minor unit.
    public let amount: Int64
    /// What comes back, where the POS tells.
    public let articles: [ReturnedArticle]
    /// Whose sale it must be; nil where the POS does not say.
    public let member: MemberNumber?
    /// The till; nil for the one at which the sale was.
    public let till: String?
    /// The day of trade by the POS's books, if it names one.
    public let businessDate: BusinessDate?

    /// Creates a request.
    public init(
        key: SaleKey,
        of sale: SaleKey,
        amount: Int64,
        articles: [ReturnedArticle] = [],
        member: MemberNumber? = nil,
        till: String? = nil,
        businessDate: BusinessDate? = nil
    ) {
        self.key = key
        self.sale = sale
        self.amount = amount
        self.articles = articles
        self.member = member
        self.till = till
        self.businessDate = businessDate
    }

    /// The answer that the refund got; nil if its key is new.
    fileprivate func repeated(_ db: Database) throws -> RefundOutcome? {
        guard let row = try db.refund(key) else { return nil }
        guard row.sale == sale, let sold = try db.sale(row.sale)
        else { return .refused(.refundOfOtherSale) }
        if let member, member != sold.member { return .refused(.saleOfOtherMember) }
        return .refunded(try RefundedAward(repeating: row, of: sold, db))
    }
}

/// A refund as the ledger would record it.
private struct PartOfSale {
    private let request: RefundRequest
    private let sold: SaleRow
    private let till: String
    private let date: BusinessDate
    private let moment: Moment
    private let lines: [ReturnedLine]
    private let before: Refunded
    private let settled: Int64
    private let reads: StandingReads
    private let decided: Award
    private let after: Standing

    /// Reads the sale and its member, and decides.
    ///
    /// - Throws: `Refusal`, or the database's error.
    init(
        _ request: RefundRequest,
        at reading: ClockReading,
        _ programme: Programme,
        _ db: Database,
        _ state: LedgerState
    ) throws {
        self.request = request
        guard let sold = try db.sale(request.sale) else { throw Refusal.saleUnknown }
        if let member = request.member, member != sold.member { throw Refusal.saleOfOtherMember }
        guard sold.voidedBy == nil else { throw Refusal.saleVoided }
        self.sold = sold
        let earlier = try db.refunds(of: sold.key)
        guard let sale = try db.saleAsDecided(sold, earlier) else { throw Refusal.saleTooOld }
        let (award, before) = (sold.answer.award, earlier.sum)
        settled = sale.settledAmount(award)
        let aboveSale = Refusal.refundAboveSale(left: max(0, settled - before.amount))
        guard !earlier.isWhole else { throw aboveSale }
        moment = state.moment(reading)
        date = request.businessDate ?? BusinessDate(at: moment.wall, in: programme.calendar)
        till = try request.till ?? db.till(of: sold)
        // Without the sale's lines only the amount counts, also of the refunds before.
        let hasLines = !sale.details.lines.isEmpty
        self.before =
            hasLines
            ? before : Refunded(amount: before.amount, moved: before.moved, counts: before.counts)
        guard let lines = hasLines ? sale.returnedLines(request.articles, after: before) : [],
            let refund = Refund(
                of: sale,
                award,
                amount: request.amount,
                lines: lines,
                before: self.before
            )
        else { throw aboveSale }
        self.lines = lines
        let kept = try db.standing(of: sold.member).standing
        let assets = Set(award.postings.map(\.asset))
        reads = StandingReads(
            holdings: kept.holdings.filter { assets.contains($0.asset) },
            tallies: try db.tallies(award.talliesOfCancel, of: sold.member)
        )
        let standing = kept.counting(reads.tallies)
        switch programme.refund(refund, standing, on: date) {
        case .refusal(let refusal): throw refusal
        case .award(let decided):
            guard let after = standing.after(decided.postings, tallies: decided.tallies)
            else { throw Refusal.overflow }
            (self.decided, self.after) = (decided, after)
        }
    }

    /// Writes the refund; the caller's transaction makes it last.
    func commit(
        under reference: ProgrammeReference,
        _ db: Database,
        _ state: inout LedgerState
    ) throws -> RefundOutcome {
        let place = try db.place(ofNumber: sold.number)
        let epoch = try db.place(ofNumber: state.base + state.tail.sequence + 1).epoch
        let part = decided.refunded(request.amount, lines)
        let fact = RefundFact(
            refund: request.key,
            member: sold.member,
            key: sold.key,
            sequence: place.sequence,
            epoch: place.epoch == epoch ? nil : place.epoch,
            programme: reference,
            till: till,
            businessDate: date,
            amount: request.amount,
            settled: settled,
            lines: lines,
            before: before,
            reads: reads,
            moved: part.moved,
            postings: decided.postings,
            tallies: decided.tallies
        )
        guard Fact.refund(fact).fitsLine(at: moment) else { return .refused(.saleTooLarge) }
        let sequence = try state.append(.refund(fact), at: moment, db)
        try db.write(decided.postings, of: sold.member, giving: after)
        try db.write(decided.tallies, of: sold.member)
        let answer = FirstRefundAnswer(
            part: part,
            settled: settled,
            postings: decided.postings,
            tallies: decided.tallies,
            derivation: decided.derivation
        )
        let number = state.base + sequence
        try db.insert(
            RefundRow(number: number, key: request.key, sale: sold.key, answer: answer)
        )
        return .refunded(
            RefundedAward(
                sequence: sequence,
                key: sold.key,
                award: place.sequence,
                member: sold.member,
                amount: request.amount,
                postings: decided.postings,
                tallies: decided.tallies,
                derivation: decided.derivation,
                standing: try db.standing(of: sold.member).standing,
                isRepeat: false
            )
        )
    }
}

extension Database {
    /// The sale as it was decided: from the award's entry, or, where that was pruned, what is kept
    /// of it; nil where nothing tells what it cost.
    fileprivate func saleAsDecided(_ row: SaleRow, _ refunds: [RefundRow]) throws -> Sale? {
        if let award = try award(number: row.number) { return award.sale }
        guard let settled = row.answer.settled ?? refunds.last?.answer.settled else { return nil }
        let off = Sale.amountOff(row.answer.award)
        return Sale(
            key: row.key,
            evidence: .keyed,
            amount: settled + off,
            businessDate: row.answer.businessDate,
            opensVisit: false,
            till: try till(of: row)
        )
    }

    /// What an award's entry says; nil if it was pruned.
    private func award(number: Int64) throws -> AwardFact? {
        let place = try place(ofNumber: number)
        let isCurrent = try first("SELECT epoch FROM meta") { $0.integer(0) } == place.epoch
        let line = try first(
            isCurrent
                ? "SELECT body FROM log WHERE sequence = ?"
                : "SELECT body FROM earlierLog WHERE number = ?",
            .integer(isCurrent ? place.sequence : number)
        ) { $0.bytes(0) }
        guard let line else { return nil }
        do throws(EntryLineError) {
            guard case .award(let award) = try EntryLineV1.entry(from: line).fact else {
                return nil
            }
            return award
        } catch {
            throw LedgerError.damaged("entry \(number): \(error)")
        }
    }

    fileprivate func till(of row: SaleRow) throws -> String {
        try first("SELECT till FROM sale WHERE sequence = ?", .integer(row.number)) { $0.text(0) }
            ?? ""
    }
}
