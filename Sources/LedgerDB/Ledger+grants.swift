import GRDB
public import LoyaltyCore
import SyncWire

/// What became of a grant that HQ sent.
public enum GrantAnswer: Hashable, Sendable {
    /// The member holds it here from now on; the entry is on the disk.
    case accepted(sequence: Int64)
    /// It was accepted before.
    case repeated
    /// It is more than can be counted here: it stays in flight, and HQ's.
    case overflow
}

extension Ledger {
    /// Takes rights that HQ placed on this device, once: entry, holdings and name in one
    /// transaction.
    ///
    /// Neither a member that nobody knows here nor a bucket that has expired is a reason to leave
    /// it: what is not held by the device is held by nobody. Frozen or not, for it is not spent.
    ///
    /// - Parameters:
    ///   - fact: The grant; its signature and device were checked.
    ///   - reading: What the clocks say.
    /// - Returns: The answer, once it is on the disk.
    /// - Throws: `LedgerError`; HQ sends the grant again.
    public func accept(_ fact: GrantFact, at reading: ClockReading) throws -> GrantAnswer {
        try write(for: .bookkeeping) { db, state in
            guard try !db.hasSeen(fact.id) else { return .repeated }
            let standing = try db.standing(of: fact.member).standing
            guard let after = standing.after(fact.postings) else { return .overflow }
            let sequence = try state.append(.grant(fact), at: state.moment(reading), db)
            try db.write(fact.postings, of: fact.member, giving: after)
            try db.see(fact, entry: state.base + sequence)
            return .accepted(sequence: sequence)
        }
    }
}

extension Database {
    fileprivate func hasSeen(_ id: GrantID) throws -> Bool {
        let found = try first(
            "SELECT 1 FROM grantSeen WHERE number = ? AND hqEpoch = ?",
            .integer(id.number),
            .integer(id.hqEpoch)
        ) { $0.integer(0) }
        return found != nil
    }

    /// Remembers a grant, or where its entry stands now.
    func see(_ fact: GrantFact, entry number: Int64) throws {
        try run(
            """
            INSERT INTO grantSeen (number, hqEpoch, entry, signed) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET entry = excluded.entry
            """,
            .integer(fact.id.number),
            .integer(fact.id.hqEpoch),
            .integer(number),
            .blob(fact.signed.bytes)
        )
    }
}
