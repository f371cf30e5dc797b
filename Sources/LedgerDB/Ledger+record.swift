import GRDB
public import LoyaltyCore
import SyncWire

extension Ledger {
    /// Records a sale: reads the member, decides, and writes what follows, all or nothing.
    ///
    /// A sale that comes again gets its first decision; nothing is written then, nor for a
    /// refusal. A member that the ledger does not know earns all the same.
    ///
    /// - Parameters:
    ///   - sale: What was bought.
    ///   - member: Who bought it.
    ///   - reading: What the clocks say.
    ///   - programme: The rules in force.
    /// - Returns: The answer, once it is on the disk.
    /// - Throws: `LedgerError`; nothing may then be promised to the customer.
    public func record(
        _ sale: Sale,
        of member: MemberNumber,
        at reading: ClockReading,
        under programme: Programme
    ) throws -> Recorded {
        if mode != .writing, let first = try repeated(sale.key, of: member, at: reading) {
            return first  // a full disk keeps nobody from hearing the first answer again
        }
        let reference = reference(to: programme)
        return try write(for: .award) { db, state in
            let proposal = try Proposal(sale, of: member, at: reading, programme, db, state)
            return try proposal.commit(under: reference, db, &state)
        }
    }

    /// Decides as `record` would, and writes nothing.
    ///
    /// - Returns: The answer; `sequence` is nil unless the sale is recorded already.
    /// - Throws: `LedgerError`.
    public func preview(
        _ sale: Sale,
        of member: MemberNumber,
        at reading: ClockReading,
        under programme: Programme
    ) throws -> Recorded {
        let state = state
        return try read { db in
            try Proposal(sale, of: member, at: reading, programme, db, state).answer
        }
    }

    /// The first answer to a sale, with what its member holds now; nil if it was never recorded.
    ///
    /// - Throws: `LedgerError`.
    public func answer(to key: SaleKey) throws -> Recorded? {
        try read { db in
            guard let row = try db.sale(key) else { return nil }
            let place = try db.place(ofNumber: row.number)
            return Recorded(
                repeating: row,
                place.sequence,
                try db.standing(of: row.member).standing
            )
        }
    }

    private func repeated(
        _ key: SaleKey,
        of member: MemberNumber,
        at reading: ClockReading
    ) throws -> Recorded? {
        let moment = state.moment(reading)
        return try read { db in
            guard let row = try db.sale(key) else { return nil }
            let place = try db.place(ofNumber: row.number)
            return Recorded(
                row,
                place.sequence,
                askedBy: member,
                try db.standing(of: member).standing,
                moment
            )
        }
    }

    /// The programme's name by its content, hashed once for as long as it stays the same.
    func reference(to programme: Programme) -> ProgrammeReference {
        if let reference, reference.programme == programme { return reference.reference }
        let fresh = ProgrammeReference(programme)
        reference = (programme, fresh)
        return fresh
    }
}

/// What the ledger would answer to a sale, and what it would write.
private struct Proposal {
    let answer: Recorded
    private let sale: Sale
    private let kept: KeptStanding
    /// The counts that the rules read.
    private let tallies: [TallyChange]
    private let readsHoldings: Bool

    /// Reads the member and decides.
    init(
        _ sale: Sale,
        of member: MemberNumber,
        at reading: ClockReading,
        _ programme: Programme,
        _ db: Database,
        _ state: LedgerState
    ) throws {
        kept = try db.standing(of: member)
        let moment = state.moment(reading)
        if let row = try db.sale(sale.key) {
            self.sale = sale
            tallies = []
            readsHoldings = false
            let place = try db.place(ofNumber: row.number)
            answer = Recorded(row, place.sequence, askedBy: member, kept.standing, moment)
            return
        }
        let names = programme.tallies(for: sale) + programme.debts(for: sale)
        tallies = try db.tallies(names, of: member)
        let profile = programme.reads(kept.standing.profile, for: sale)
        let before = kept.standing.counting(tallies, reading: profile)
        let decided = programme.decideOnBetterDay(before, sale, at: moment)
        let sale = decided.sale
        self.sale = sale
        readsHoldings = programme.readsHoldings(for: sale)
        var decision = decided.decision
        var standing = before
        if sale.details.redeems, !RedemptionFreeze.allowsRedemption(state.freeze) {
            decision = .refusal(.redemptionFrozen)
        }
        if case .award(let award) = decision {
            let visit = Visit(at: moment, businessDate: sale.businessDate)
            if let after = before.after(award, visit: visit) {
                standing = after
            } else {
                decision = .refusal(.overflow)
            }
        }
        answer = Recorded(
            member: member,
            decision: decision,
            sequence: nil,
            standing: standing,
            isRepeat: false,
            at: moment
        )
    }

    /// Writes the award, if there is one; the caller's transaction makes it last.
    func commit(
        under reference: ProgrammeReference,
        _ db: Database,
        _ state: inout LedgerState
    ) throws -> Recorded {
        guard !answer.isRepeat, case .award(let award) = answer.decision else { return answer }
        let fact = AwardFact(
            member: answer.member,
            programme: reference,
            sale: sale,
            lastVisits: kept.standing.lastVisits,
            reads: StandingReads(
                holdings: readsHoldings ? kept.standing.holdings : [],
                tallies: tallies,
                profile: answer.standing.profile
            ),
            postings: award.postings,
            tallies: award.tallies
        )
        guard fits(fact, state) else { return Recorded(answer, refusedFor: .saleTooLarge) }
        if let approval = sale.details.approval { try db.note(approval) }
        let sequence = try state.append(.award(fact), at: answer.at, db)
        let number = state.base + sequence
        try db.write(award.postings, of: answer.member, giving: answer.standing)
        try db.write(award.tallies, of: answer.member)
        let settled = sale.settledAmount(award)
        let first = FirstAnswer(
            at: answer.at,
            businessDate: sale.businessDate,
            award: award,
            visitsBefore: kept.visitNumbers.filter { award.stampedCards.contains($0.key) },
            settled: settled > 0 ? settled : nil
        )
        for card in award.stampedCards {
            let visit = KeptVisit(number: number, visit: first.visit)
            try db.write(visit, of: card, for: answer.member)
        }
        let row = SaleRow(
            number: number,
            key: sale.key,
            member: answer.member,
            answer: first,
            voidedBy: nil
        )
        try db.insert(row, till: sale.till)
        return Recorded(answer, sequence: sequence)
    }
}

extension Proposal {
    /// Whether an award's line is one that HQ reads.
    private func fits(_ fact: AwardFact, _ state: LedgerState) -> Bool {
        sale.details.lines.isEmpty || Fact.award(fact).fitsLine(at: answer.at)
    }
}

extension Fact {
    /// Whether the entry's line is one that HQ reads, whatever its number.
    func fitsLine(at moment: Moment) -> Bool {
        let entry = Entry(
            sequence: BatchHeaderV1.sequenceMax,
            at: moment,
            hybridTime: HybridTime(wallMs: Int64.max, count: Int64.max),
            fact: self
        )
        return EntryLineV1.bytes(of: entry).count <= EntryLineV1.byteCountMax
    }
}

extension SaleDetails {
    /// Whether something is to be spent.
    fileprivate var redeems: Bool { !redemptions.isEmpty || storedValue != nil }
}

extension Recorded {
    fileprivate init(_ proposed: Recorded, refusedFor refusal: Refusal) {
        self.init(
            member: proposed.member,
            decision: .refusal(refusal),
            sequence: nil,
            standing: proposed.standing,
            isRepeat: false,
            at: proposed.at
        )
    }

    /// The first answer again.
    fileprivate init(repeating row: SaleRow, _ sequence: Int64, _ standing: Standing) {
        self.init(
            member: row.member,
            decision: row.voidedBy == nil ? .award(row.answer.award) : .refusal(.saleVoided),
            sequence: row.voidedBy == nil ? sequence : nil,
            standing: standing,
            isRepeat: true,
            at: row.answer.at
        )
    }

    /// The answer to a sale that was recorded before, perhaps for another member.
    fileprivate init(
        _ row: SaleRow,
        _ sequence: Int64,
        askedBy member: MemberNumber,
        _ standing: Standing,
        _ moment: Moment
    ) {
        if row.member == member {
            self.init(repeating: row, sequence, standing)
        } else {
            self.init(
                member: member,
                decision: .refusal(.saleOfOtherMember),
                sequence: nil,
                standing: standing,
                isRepeat: true,
                at: moment
            )
        }
    }

    fileprivate init(_ proposed: Recorded, sequence: Int64) {
        self.init(
            member: proposed.member,
            decision: proposed.decision,
            sequence: sequence,
            standing: proposed.standing,
            isRepeat: false,
            at: proposed.at
        )
    }
}
