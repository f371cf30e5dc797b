import GRDB
import LoyaltyCore

/// A sale that was recorded.
struct SaleRow {
    /// The award's entry, counted over all epochs.
    let number: Int64
    let key: SaleKey
    let member: MemberNumber
    let answer: FirstAnswer
    /// The entry that voided it, counted over all epochs.
    let voidedBy: Int64?
}

extension Database {
    func sale(_ key: SaleKey) throws -> SaleRow? {
        try first("\(Self.selectSale) WHERE key = ?", .text(key.text), read: Self.saleRow)
    }

    func sale(number: Int64) throws -> SaleRow? {
        try first("\(Self.selectSale) WHERE sequence = ?", .integer(number), read: Self.saleRow)
    }

    /// The last sale that a till recorded after an entry, counted over all epochs.
    func lastSale(till: String, after number: Int64) throws -> SaleRow? {
        try first(
            """
            \(Self.selectSale) WHERE sequence > ? AND till = ? ORDER BY sequence DESC LIMIT 1
            """,
            .integer(number),
            .text(till),
            read: Self.saleRow
        )
    }

    func insert(_ row: SaleRow, till: String) throws {
        try run(
            "INSERT INTO sale (sequence, key, member, till, answer) VALUES (?, ?, ?, ?, ?)",
            .integer(row.number),
            .text(row.key.text),
            .integer(row.member.value),
            .text(till),
            .blob(row.answer.bytes)
        )
    }

    private static let selectSale = "SELECT sequence, key, member, answer, voidedBy FROM sale"

    private static func saleRow(_ row: SQLRow) throws -> SaleRow {
        let number = row.integer(0)
        guard let key = SaleKey(row.text(1)), let member = MemberNumber(value: row.integer(2)),
            let answer = FirstAnswer(row.bytes(3))
        else { throw LedgerError.damaged("the answer of entry \(number) cannot be read") }
        return SaleRow(
            number: number,
            key: key,
            member: member,
            answer: answer,
            voidedBy: row.isNull(4) ? nil : row.integer(4)
        )
    }
}
