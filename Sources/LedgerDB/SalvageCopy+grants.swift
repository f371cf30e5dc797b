import GRDB
import LoyaltyCore
import SyncWire

/// Grants in a salvaged ledger: the names that were seen must fit the holdings.
///
/// Taken twice, a grant could be spent twice; so whoever keeps the holdings keeps the names.
extension SalvageCopy {
    /// Settles the grants whose entries no log has any more.
    ///
    /// Where the member's holdings were copied, the grant is among them: the new log tells of it
    /// again, and HQ books it once. Where they were made anew from the log it is not: its name is
    /// forgotten, and HQ, which has not seen it accepted, sends it again.
    mutating func settleGrants(
        lostFrom plan: SalvagePlan,
        at moment: Moment,
        into state: inout LedgerState
    ) throws {
        for seen in try seenGrants() where plan.hasLost(seen.entry) {
            if hasLostHoldings(of: seen.fact.member) {
                try db.run(
                    "DELETE FROM grantSeen WHERE number = ? AND hqEpoch = ?",
                    .integer(seen.fact.id.number),
                    .integer(seen.fact.id.hqEpoch)
                )
            } else {
                let sequence = try state.append(.grant(seen.fact), at: moment, db)
                try db.see(seen.fact, entry: state.base + sequence)
            }
        }
    }

    private func seenGrants() throws -> [(entry: Int64, fact: GrantFact)] {
        try db.all("SELECT entry, signed FROM grantSeen ORDER BY entry") { row in
            guard let fact = Self.grant(row.bytes(1)) else {
                throw LedgerError.damaged("the grant of entry \(row.integer(0))")
            }
            return (row.integer(0), fact)
        }
    }

    /// A grant's row as the ledger has it; nil if it is damaged.
    static func grant(_ signed: [UInt8]) -> GrantFact? {
        // Allowed: what cannot be read is damaged, which nil says.
        let json = try? CanonicalJSON(parsing: signed)
        // Allowed: as above.
        return json.flatMap { try? GrantFact(signed: $0) }
    }
}

extension SalvagePlan {
    /// Whether an entry, counted over all epochs, is in no log any more.
    func hasLost(_ number: Int64) -> Bool {
        if number > nextBase { return true }
        let logs = kept.map(\.log) + again.map(\.log)
        return lost.contains { hole in
            guard let log = logs.first(where: { $0.identity.epoch == hole.epoch })
            else { return true }
            return (log.base + hole.from...log.base + hole.to).contains(number)
        }
    }
}
