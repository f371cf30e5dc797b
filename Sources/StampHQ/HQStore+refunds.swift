import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// Parts of sales that were refunded.
extension HQStore {
    static let refundTable = """
        CREATE TABLE refund (
            scope INTEGER NOT NULL,  -- the device's id: a refund's key is its own
            key TEXT NOT NULL,
            log INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            awardLog INTEGER NOT NULL,
            awardSequence INTEGER NOT NULL,
            PRIMARY KEY (scope, key),
            FOREIGN KEY (log, sequence) REFERENCES entry (log, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX refund_award ON refund (awardLog, awardSequence);
        """

    /// The booked refunds of an award, in the order in which they came.
    static func refunds(of award: EntryPlace, _ db: Database) throws -> [RefundFact] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT e.body FROM refund r
                JOIN entry e ON e.log = r.log AND e.sequence = r.sequence
                WHERE r.awardLog = ? AND r.awardSequence = ? ORDER BY r.log, r.sequence
                """
        )
        return try Data.fetchAll(statement, arguments: [award.log, award.sequence])
            .compactMap { body in
                guard case .success(let entry) = ParsedEntry.content(of: Array(body)),
                    case .refund(let refund) = entry.fact
                else { return nil }
                return refund
            }
    }
}

extension RefundFact {
    /// Whether the refund is of an award and leaves it within what it moved: the same member and
    /// sale, no more than was paid, earned and spent, and each asset balanced.
    ///
    /// All of it is sums, so the order in which refunds come does not matter.
    ///
    /// - Parameters:
    ///   - award: The award that the refund names.
    ///   - earlier: Its refunds that are booked.
    /// - Returns: Whether the refund may be booked.
    func isPart(of award: AwardFact, after earlier: [Self]) -> Bool {
        guard award.member == member, award.sale.key == key,
            earlier.allSatisfy({ $0.settled == settled }),
            settled <= award.sale.settledAmount(Award(postings: [], derivation: [])),
            // A sale of nothing is refunded by its first refund.
            settled > 0 || earlier.isEmpty
        else { return false }
        var sum = earlier.reduce(into: Refunded()) { $0.add($1.part) }
        guard settled == 0 || sum.amount < settled else { return false }
        sum.add(part)
        guard sum.amount <= settled else { return false }
        let assets = Set((award.postings + postings).map(\.asset) + moved.map(\.asset))
        return assets.allSatisfy { asset in
            let earned = award.postings.total(of: asset) { $0 > 0 }
            let spent = -award.postings.total(of: asset) { $0 < 0 }
            guard sum.taken(asset) <= earned, sum.given(asset) <= spent else { return false }
            // With the last part the award's own debts are as they were.
            let undone = sum.amount == settled ? award.tallies.debt(of: asset) : 0
            let due = part.given(asset) &- part.taken(asset) &+ undone
            return postings.total(of: asset) { _ in true } &- tallies.debt(of: asset) == due
        }
    }
}

extension [Posting] {
    /// How much of an asset some of the postings move.
    fileprivate func total(of asset: Asset, where isMeant: (Int64) -> Bool) -> Int64 {
        reduce(0) { $1.asset == asset && isMeant($1.amount) ? $0 &+ $1.amount : $0 }
    }
}

extension [TallyChange] {
    /// By how much the debt of an asset changes.
    fileprivate func debt(of asset: Asset) -> Int64 {
        reduce(0) { $1.tally == Tally(.debt(asset)) ? $0 &+ $1.amount : $0 }
    }
}
