import GRDB
public import LoyaltyCore

extension Ledger {
    /// What the store knows of a member; a number that it never heard of is not known.
    ///
    /// - Throws: `LedgerError`.
    public func member(_ number: MemberNumber) throws -> MemberRecord {
        try read { db in MemberRecord(number, try db.standing(of: number)) }
    }

    /// The member who identifies by an e-invoice carrier, or nil.
    ///
    /// - Throws: `LedgerError`.
    public func member(mobileBarcode: String) throws -> MemberRecord? {
        try read { db in
            let number = try db.first(
                "SELECT number FROM directory WHERE mobileBarcode = ?",
                .text(mobileBarcode)
            ) { MemberNumber(value: $0.integer(0)) }
            guard let number, let number else { return nil }
            return MemberRecord(number, try db.standing(of: number))
        }
    }

    /// Takes members as HQ sends them, in one transaction; a row replaces the one before it.
    ///
    /// A barcode belongs to the member named last.
    ///
    /// - Parameter batch: The rows; some thousand at a time keep the tills waiting least.
    /// - Throws: `LedgerError`; no row is then taken.
    public func importMembers(_ batch: [MemberRow]) throws {
        guard !batch.isEmpty else { return }
        try write(for: .bookkeeping) { db, state in
            let before = state.memberCount
            let directory = try db.directoryInUse()
            for row in batch {
                if try db.put(row, into: directory) { state.memberCount += 1 }
            }
            if state.memberCount != before { try db.keep(memberCount: state.memberCount) }
        }
    }

    /// How many members HQ has named.
    public func memberCount() -> Int64 { state.memberCount }
}

extension MemberRecord {
    fileprivate init(_ number: MemberNumber, _ kept: KeptStanding) {
        self.init(
            number: number,
            isKnown: kept.isKnown,
            maskedName: kept.maskedName,
            mobileBarcode: kept.mobileBarcode,
            standing: kept.standing
        )
    }
}
