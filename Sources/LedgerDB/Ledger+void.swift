import GRDB
public import LoyaltyCore

extension Ledger {
    /// How many entries back a till's last sale is looked for.
    ///
    /// Source: our own bound; a cashier undoes what she just did.
    static let undoEntryCountMax: Int64 = 1_000

    /// Takes an award back, whole; asking again answers the same and writes nothing.
    ///
    /// What refunds took back before is not taken back again.
    /// The member's visit counts as not made, so the card can be stamped again. What was spent
    /// since is owed: later awards repay it.
    ///
    /// - Parameters:
    ///   - key: The sale that was cancelled.
    ///   - reading: What the clocks say.
    /// - Returns: The answer, once it is on the disk.
    /// - Throws: `LedgerError`.
    public func void(_ key: SaleKey, at reading: ClockReading) throws -> Voided {
        try write(for: .award) { db, state in
            try Self.void(try db.sale(key), at: reading, db, &state)
        }
    }

    /// Takes back the last award that a till gave; asking again answers the same.
    ///
    /// Only the last one: a control code that is scanned twice must not undo two sales.
    ///
    /// - Parameters:
    ///   - till: The till that asks.
    ///   - reading: What the clocks say.
    /// - Returns: The answer, once it is on the disk.
    /// - Throws: `LedgerError`.
    public func voidLast(till: String, at reading: ClockReading) throws -> Voided {
        try write(for: .award) { db, state in
            let horizon = state.base + state.tail.sequence - Self.undoEntryCountMax
            let sale = try db.lastSale(till: till, after: horizon)
            return try Self.void(sale, at: reading, db, &state)
        }
    }

    private static func void(
        _ sale: SaleRow?,
        at reading: ClockReading,
        _ db: Database,
        _ state: inout LedgerState
    ) throws -> Voided {
        guard let sale else { return .refused(.saleUnknown) }
        let place = try db.place(ofNumber: sale.number)
        let epoch = try db.place(ofNumber: state.base + state.tail.sequence + 1).epoch
        func fact(_ postings: [Posting], _ tallies: [TallyChange]) -> VoidFact {
            VoidFact(
                member: sale.member,
                key: sale.key,
                sequence: place.sequence,
                epoch: place.epoch == epoch ? nil : place.epoch,
                postings: postings,
                tallies: tallies
            )
        }
        let award = sale.answer.award
        let refunds = try db.refunds(of: sale.key)
        if let number = sale.voidedBy {
            // Of an entry that was pruned only the award and its refunds are left to tell from.
            let moved = award.postings + refunds.flatMap(\.answer.postings)
            let rest = fact(moved.map { Posting($0.asset, $0.bucket, -$0.amount) }, [])
            return .voided(try voided(number, of: sale, in: epoch, or: rest, db))
        }
        let before = try db.standing(of: sale.member)
        let tallies = try db.tallies(award.talliesOfCancel, of: sale.member)
        let standing = before.standing.counting(tallies)
        let decision = Programme.cancel(
            award,
            after: refunds.sum,
            isWhollyRefunded: refunds.isWhole,
            standing,
            on: sale.answer.businessDate
        )
        guard case .award(let movement) = decision,
            let after = standing.after(movement.postings, tallies: movement.tallies)
        else { return .refused(.overflow) }
        let voiding = fact(movement.postings, movement.tallies)
        let sequence = try state.append(.void(voiding), at: state.moment(reading), db)
        try db.write(movement.postings, of: sale.member, giving: after)
        try db.write(movement.tallies, of: sale.member)
        try db.run(
            "UPDATE sale SET voidedBy = ? WHERE sequence = ?",
            .integer(state.base + sequence),
            .integer(sale.number)
        )
        for (card, visit) in before.visitNumbers where visit == sale.number {
            try restoreVisit(before: sale, of: card, db)
        }
        let standingNow = try db.standing(of: sale.member).standing
        return .voided(
            VoidedAward(sequence: sequence, fact: voiding, standing: standingNow, isRepeat: false)
        )
    }

    /// The void that was made before.
    private static func voided(
        _ number: Int64,
        of sale: SaleRow,
        in epoch: Int64,
        or rest: VoidFact,
        _ db: Database
    ) throws -> VoidedAward {
        let voided = try db.place(ofNumber: number)
        let told = voided.epoch == epoch ? try Self.told(voided.sequence, db) : nil
        return VoidedAward(
            sequence: voided.sequence,
            fact: told ?? rest,
            standing: try db.standing(of: sale.member).standing,
            isRepeat: true
        )
    }

    /// What an entry that took an award back says; nil if it was pruned.
    private static func told(_ sequence: Int64, _ db: Database) throws -> VoidFact? {
        let line = try db.logLines("WHERE sequence = ?", .integer(sequence)).first
        guard case .void(let fact)? = try line?.entry().fact else { return nil }
        return fact
    }

    /// Makes the visit before a voided one the last again; visits voided meanwhile are passed over.
    private static func restoreVisit(
        before sale: SaleRow,
        of card: String,
        _ db: Database
    ) throws {
        var candidate = sale.answer.visitsBefore[card]
        while let number = candidate, let earlier = try db.sale(number: number) {
            if earlier.voidedBy == nil {
                let visit = KeptVisit(number: number, visit: earlier.answer.visit)
                return try db.write(visit, of: card, for: sale.member)
            }
            candidate = earlier.answer.visitsBefore[card]
        }
        try db.run(
            "DELETE FROM visit WHERE member = ? AND card = ?",
            .integer(sale.member.value),
            .text(card)
        )
    }
}

extension Award {
    /// The counts that a cancelled sale changes: its own, and the debts of what it gave.
    var talliesOfCancel: [Tally] {
        let debts = Set(postings.filter { $0.amount > 0 }.map(\.asset)).sorted()
            .map { Tally(.debt($0)) }
        return tallies.map(\.tally).filter { !debts.contains($0) } + debts
    }
}
