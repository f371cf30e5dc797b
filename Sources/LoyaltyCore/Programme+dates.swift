extension Programme {
    /// Decides what a sale earns on the day of trade that is better for its member, where the clock
    /// leaves two open (SYNC.md 3.11).
    ///
    /// The other day counts only if it gives what the clock's day does not, and never lies before a
    /// visit that was stamped: nobody is stamped twice for one day.
    ///
    /// - Parameters:
    ///   - standing: What the ledger knows of the member.
    ///   - sale: What was bought, on one day or two.
    ///   - moment: When the till came to know, by every clock.
    /// - Returns: The sale on the day that counts, and what it earns.
    public func decideOnBetterDay(
        _ standing: Standing,
        _ sale: Sale,
        at moment: Moment
    ) -> (sale: Sale, decision: Decision) {
        let settled = sale.settled(on: sale.businessDate)
        let decision = decide(standing, settled, at: moment)
        guard let date = sale.otherDate,
            standing.lastVisits.values.allSatisfy({ $0.businessDate <= date })
        else { return (settled, decision) }
        let other = sale.settled(on: date)
        let otherDecision = decide(standing, other, at: moment)
        return otherDecision.gives(moreThan: decision)
            ? (other, otherDecision) : (settled, decision)
    }
}

extension Decision {
    /// Whether this gives all that another does, and something else.
    fileprivate func gives(moreThan other: Self) -> Bool {
        guard case .award(let award) = self else { return false }
        guard case .award(let least) = other else { return true }
        return award.postings != least.postings
            && least.postings.allSatisfy { posting in
                award.postings.contains { given in
                    given.asset == posting.asset && given.bucket == posting.bucket
                        && given.amount >= posting.amount
                }
            }
    }
}
