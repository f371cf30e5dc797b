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
    /// What rules may ask of the member; of the birthday HQ keeps no year.
    public let profile: Profile

    /// Creates a member; the profile is well formed.
    public init(
        number: MemberNumber,
        maskedName: String,
        mobileBarcode: String?,
        isBlocked: Bool,
        profile: Profile = Profile()
    ) {
        self.number = number
        self.maskedName = maskedName
        self.mobileBarcode = mobileBarcode
        self.isBlocked = isBlocked
        self.profile = profile
    }

    /// Reads a row of the table `member`; nil for a number that no card has.
    init?(_ row: Row) {
        guard let number = MemberNumber(value: row["number"]) else { return nil }
        let birthday = (row["birthday"] as String?).flatMap { Birthday($0) }
        self.init(
            number: number,
            maskedName: row["maskedName"],
            mobileBarcode: row["mobileBarcode"],
            isBlocked: row["isBlocked"],
            profile: Profile(
                birthday: birthday,
                isReferred: row["isReferred"] ?? false,
                tierFloor: row["tierFloor"]
            )
        )
    }
}

extension HQStore {
    /// Adds members, or changes those that are there, all in one transaction.
    ///
    /// A member that is there as given already goes down to no store again.
    ///
    /// - Parameter members: In any order; the last of equals holds.
    /// - Returns: For each member that was refused since its barcode is linked to another, its
    ///   place in the list.
    /// - Throws: `DatabaseError`; nothing was stored then.
    public func putMembers(_ members: [Member]) async throws -> [Int] {
        let nowMs = nowMs()
        defer { bell.ring() }
        return try await queue.write { db in
            var refused: [Int] = []
            var draft = FeedDraft(nowMs: nowMs)
            var digest = try Self.memberDigest(db)
            for (index, member) in members.enumerated() {
                let before = try Self.member(member.number, db)
                if before == member { continue }
                do {
                    // Asked for each time: GRDB drops a statement that failed, since it cannot be
                    // used again.
                    try db.cachedStatement(sql: Self.putMember).execute(arguments: [
                        member.number.value, member.maskedName, member.mobileBarcode,
                        member.isBlocked, member.profile.birthdate?.description,
                        member.profile.isReferred, member.profile.tierFloor, nowMs,
                    ])
                } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                    refused.append(index)
                    continue
                }
                if let before { digest.remove(before.wire.line) }
                digest.add(member.wire.line)
                draft.note(member, before: before)
            }
            try Self.setMemberDigest(digest, db)
            try draft.publish(db)
            return refused
        }
    }

    private static let putMember = """
        INSERT INTO member (
            number, maskedName, mobileBarcode, isBlocked, birthday, isReferred, tierFloor,
            changedAtMs
        )
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (number) DO UPDATE SET
            maskedName = excluded.maskedName,
            mobileBarcode = excluded.mobileBarcode,
            isBlocked = excluded.isBlocked,
            birthday = excluded.birthday,
            isReferred = excluded.isReferred,
            tierFloor = excluded.tierFloor,
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
        try await queue.read { db in try Self.member(number, db) }
    }

    static func member(_ number: MemberNumber, _ db: Database) throws -> Member? {
        let statement = try db.cachedStatement(sql: "SELECT * FROM member WHERE number = ?")
        return try Row.fetchOne(statement, arguments: [number.value]).flatMap { Member($0) }
    }
}

extension Member {
    /// The member as stores are sent it; a name that is too long for a display is cut.
    var wire: MemberV1 {
        let name = MemberV1.fitting(maskedName)
        let whole = MemberV1(
            number: number,
            maskedName: name,
            mobileBarcode: mobileBarcode,
            isBlocked: isBlocked,
            profile: profile
        )
        if let whole { return whole }
        // A barcode that no scanner reads names nobody.
        guard
            let rest = MemberV1(
                number: number,
                maskedName: name,
                mobileBarcode: nil,
                isBlocked: isBlocked,
                profile: profile.isWellFormed ? profile : Profile()
            )
        else { preconditionFailure("a name that was cut fits") }
        return rest
    }
}
