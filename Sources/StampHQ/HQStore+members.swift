import GRDB
public import LoyaltyCore
import SyncWire

/// A member as HQ and its stores know one: no full name, no phone number.
public struct Member: Equatable, Sendable {
    /// The number on the card.
    public let number: MemberNumber
    /// The name with its middle hidden, such as 王○明.
    public let maskedName: String
    /// The mobile barcode (手機條碼) that also identifies the member, if linked.
    public let mobileBarcode: String?
    /// Whether HQ has barred the member.
    public let isBlocked: Bool

    /// Creates a member.
    public init(
        number: MemberNumber,
        maskedName: String,
        mobileBarcode: String?,
        isBlocked: Bool
    ) {
        self.number = number
        self.maskedName = maskedName
        self.mobileBarcode = mobileBarcode
        self.isBlocked = isBlocked
    }
}

extension HQStore {
    /// Adds members, or changes those that are there, all in one transaction.
    ///
    /// - Parameter members: In any order; the last of equals holds.
    /// - Returns: For each member that was refused since its barcode is linked to another, its
    ///   place in the list.
    /// - Throws: `DatabaseError`; nothing was stored then.
    public func putMembers(_ members: [Member]) async throws -> [Int] {
        let nowMs = nowMs()
        return try await queue.write { db in
            var refused: [Int] = []
            for (index, member) in members.enumerated() {
                do {
                    // Asked for each time: GRDB drops a statement that failed, since it cannot be
                    // used again.
                    try db.cachedStatement(sql: Self.putMember).execute(arguments: [
                        member.number.value, member.maskedName, member.mobileBarcode,
                        member.isBlocked, nowMs,
                    ])
                } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                    refused.append(index)
                }
            }
            return refused
        }
    }

    private static let putMember = """
        INSERT INTO member (number, maskedName, mobileBarcode, isBlocked, changedAtMs)
        VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (number) DO UPDATE SET
            maskedName = excluded.maskedName,
            mobileBarcode = excluded.mobileBarcode,
            isBlocked = excluded.isBlocked,
            changedAtMs = excluded.changedAtMs
        """

    /// How many members there are.
    public func memberCount() async throws -> Int {
        try await queue.read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM member") ?? 0
        }
    }

    /// Looks a member up, or gives nil.
    public func member(_ number: MemberNumber) async throws -> Member? {
        try await queue.read { db in
            try Row.fetchOne(
                db,
                sql: "SELECT * FROM member WHERE number = ?",
                arguments: [number.value]
            ).map { row in
                Member(
                    number: number,
                    maskedName: row["maskedName"],
                    mobileBarcode: row["mobileBarcode"],
                    isBlocked: row["isBlocked"]
                )
            }
        }
    }
}
