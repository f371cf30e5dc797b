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
                "SELECT number FROM member WHERE mobileBarcode = ?",
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
            for row in batch where try db.put(row) { state.memberCount += 1 }
            guard state.memberCount != before else { return }
            try db.run("UPDATE meta SET memberCount = ?", .integer(state.memberCount))
        }
    }

    /// How many members the ledger lists, those included whom HQ has not named.
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

extension Database {
    /// Inserts or replaces a member.
    ///
    /// - Returns: Whether the member is new.
    fileprivate func put(_ row: MemberRow) throws -> Bool {
        let number = SQLValue.integer(row.number.value)
        let name = row.maskedName.map(SQLValue.text) ?? .null
        let barcode = row.mobileBarcode.map(SQLValue.text) ?? .null
        let isBlocked = SQLValue.integer(row.isBlocked ? 1 : 0)
        if row.mobileBarcode != nil {
            try run(
                "UPDATE member SET mobileBarcode = NULL WHERE mobileBarcode = ? AND number <> ?",
                barcode,
                number
            )
        }
        try run(
            """
            INSERT INTO member (number, maskedName, isBlocked, isKnown, mobileBarcode)
            VALUES (?, ?, ?, 1, ?) ON CONFLICT (number) DO NOTHING
            """,
            number,
            name,
            isBlocked,
            barcode
        )
        if changesCount > 0 { return true }
        try run(
            """
            UPDATE member SET maskedName = ?, isBlocked = ?, isKnown = 1, mobileBarcode = ?
            WHERE number = ?
            """,
            name,
            isBlocked,
            barcode,
            number
        )
        return false
    }
}
