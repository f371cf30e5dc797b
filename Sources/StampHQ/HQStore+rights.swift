import GRDB
import LoyaltyCore
import SyncWire

/// Rights that HQ makes and places: taken from what is free before the grant exists.
extension HQStore {
    /// Most grants of one device that nobody has accepted yet.
    ///
    /// Source: our own bound; a store that is cut off for a month gets no more in one go.
    static let inFlightCountMax = 1_000

    /// Makes rights for a member, and places them if the wish says where; all in one transaction.
    ///
    /// - Parameters:
    ///   - wish: What, why and where.
    ///   - bucket: When they can be used.
    /// - Returns: The grant, once it is on the disk; nil if they stay with HQ.
    /// - Throws: `Problem`, which says what to do; `DatabaseError`.
    func give(_ wish: RightsWish, _ bucket: Bucket) async throws -> Placement? {
        try await change(wish) { db, rights in
            guard try Self.isKnown(wish.member, db) else {
                throw Problem(
                    .notFound,
                    "No member has the number \(wish.member): check it, or import the member."
                )
            }
            do throws(RightsError) {
                try rights.mint(wish.amount, bucket)
            } catch {
                throw Problem(.badRequest, "The member would hold more than can be counted.")
            }
            try db.execute(
                sql: """
                    INSERT INTO mint (member, asset, bucket, amount, reason, operator, mintedAtMs)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    wish.member.value, wish.asset.name, bucket.description, wish.amount,
                    wish.reason, wish.byOperator, nowMs(),
                ]
            )
        }
    }

    /// Places rights that HQ holds, nearest expiry first.
    ///
    /// - Returns: The grant, once it is on the disk.
    /// - Throws: `Problem`, which says what to do; `DatabaseError`.
    func place(_ wish: RightsWish) async throws -> Placement {
        guard let placed = try await change(wish, { _, _ in }) else {
            throw Problem(.badRequest, "Give the device or the store that is to hold the rights.")
        }
        return placed
    }

    /// The business date at HQ.
    func today() -> BusinessDate { BusinessDate(at: WallTime(unixMs: nowMs()), in: .taipei) }

    private func change(
        _ wish: RightsWish,
        _ prepare: @escaping @Sendable (Database, inout Rights<Int64>) throws -> Void
    ) async throws -> Placement? {
        let today = today()
        let placed = try await queue.write { db in
            var rights = try Self.rights(of: wish.member, to: wish.asset, db)
            let before = rights
            try prepare(db, &rights)
            let placed = try wish.target.map { target in
                try place(wish, at: Self.device(at: target, db), &rights, on: today, db)
            }
            for (bucket, amount) in rights.free where before.free[bucket] != amount {
                try Self.write(free: amount, wish.member, wish.asset, bucket, db)
            }
            return placed
        }
        if let placed { bell.ring(for: placed.device) }
        return placed
    }

    private func place(
        _ wish: RightsWish,
        at device: Device,
        _ rights: inout Rights<Int64>,
        on today: BusinessDate,
        _ db: Database
    ) throws -> Placement {
        let id = try nextGrant(db)
        let parts: [(bucket: Bucket, amount: Int64)]
        do throws(RightsError) {
            parts = try rights.place(wish.amount, at: device.rowID, as: id, on: today)
        } catch {
            guard case .notEnough(let available) = error else {
                throw Problem(.badRequest, tooManyParts)
            }
            throw Problem(
                .badRequest,
                "HQ holds \(available) \(wish.asset.name) of this member that it can place. What"
                    + " devices hold is theirs: see stamphq rights list --member \(wish.member)."
            )
        }
        let postings = parts.map { Posting(wish.asset, $0.bucket, $0.amount) }
        guard GrantFact.isSound(postings) else { throw Problem(.badRequest, tooManyParts) }
        try db.execute(
            sql: """
                INSERT INTO placement
                    (number, hqEpoch, device, member, reason, operator, placedAtMs)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                id.number, id.hqEpoch, device.rowID, wish.member.value, wish.reason,
                wish.byOperator, nowMs(),
            ]
        )
        try Self.insert(postings, of: id, db)
        try callForGrants(device.rowID, db)
        return Placement(id: id, device: device.identity.device, postings: postings)
    }

    private var tooManyParts: String {
        "It would take more than \(GrantFact.postingCountMax) buckets: place a smaller amount."
    }

    /// A name that no grant had, nor will have in an HQ that is restored from a backup: numbers
    /// follow the clock.
    private func nextGrant(_ db: Database) throws -> GrantID {
        let last = try Int64.fetchOne(db, sql: "SELECT max(number) FROM placement") ?? 0
        guard let id = GrantID(hqEpoch: try hqEpoch(db), number: max(last + 1, nowMs()))
        else { throw Problem(.hqFailed, "HQ's clock stands before 1970: set it.") }
        return id
    }

    static func insert(_ postings: [Posting], of id: GrantID, _ db: Database) throws {
        for posting in postings {
            try db.execute(
                sql: """
                    INSERT INTO placementPart (number, asset, bucket, amount) VALUES (?, ?, ?, ?)
                    """,
                arguments: [
                    id.number, posting.asset.name, posting.bucket.description, posting.amount,
                ]
            )
        }
    }

    /// Has a device ask for its grants, if any are in flight.
    ///
    /// Under a new number each time: confirming an earlier command must not forget this one.
    func callForGrants(_ rowID: Int64, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO command (device, action, wantedAtMs)
                SELECT ?1, ?2, ?3 WHERE EXISTS
                (SELECT 1 FROM placement WHERE device = ?1 AND acceptedLog IS NULL)
                """,
            arguments: [rowID, CommandListV1.Action.takeGrants.rawValue, nowMs()]
        )
    }

    // MARK: Reading the account

    private static func rights(
        of member: MemberNumber,
        to asset: Asset,
        _ db: Database
    ) throws -> Rights<Int64> {
        let arguments: StatementArguments = [member.value, asset.name]
        var free: [Bucket: Int64] = [:]
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT bucket, amount FROM free WHERE member = ? AND asset = ?",
            arguments: arguments
        )
        for row in rows { free[try bucket(row["bucket"])] = row["amount"] }
        var held: [Int64: [Bucket: Int64]] = [:]
        let devices = try Row.fetchAll(
            db,
            sql: "SELECT device, bucket, amount FROM held WHERE member = ? AND asset = ?",
            arguments: arguments
        )
        for row in devices {
            held[row["device"], default: [:]][try bucket(row["bucket"])] = row["amount"]
        }
        var flights: [GrantID: Rights<Int64>.Flight] = [:]
        let parts = try Row.fetchAll(
            db,
            sql: """
                SELECT p.hqEpoch, p.number, p.device, t.bucket, t.amount
                FROM placement p JOIN placementPart t ON t.number = p.number
                WHERE p.member = ? AND t.asset = ? AND p.acceptedLog IS NULL
                """,
            arguments: arguments
        )
        for row in parts {
            guard let id = GrantID(hqEpoch: row["hqEpoch"], number: row["number"])
            else { continue }
            var amounts = flights[id]?.amounts ?? [:]
            amounts[try bucket(row["bucket"])] = row["amount"]
            flights[id] = .init(holder: row["device"], amounts: amounts)
        }
        return Rights(free: free, held: held, inFlight: flights)
    }

    private static func bucket(_ text: String) throws -> Bucket {
        guard let bucket = Bucket(text)
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "bucket \(text)") }
        return bucket
    }

    static func write(
        free amount: Int64,
        _ member: MemberNumber,
        _ asset: Asset,
        _ bucket: Bucket,
        _ db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO free (member, asset, bucket, amount) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET amount = excluded.amount
                """,
            arguments: [member.value, asset.name, bucket.description, amount]
        )
    }

    private static func isKnown(_ member: MemberNumber, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM member WHERE number = ?1)
                    OR EXISTS (SELECT 1 FROM held WHERE member = ?1)
                    OR EXISTS (SELECT 1 FROM free WHERE member = ?1)
                """,
            arguments: [member.value]
        ) ?? false
    }

    /// The device that is to hold rights.
    private static func device(at target: RightsWish.Target, _ db: Database) throws -> Device {
        let id: DeviceID
        switch target {
        case .device(let device): id = device
        case .store(let store): id = try device(ofStore: store, db)
        }
        guard let device = try device(id, db) else { throw Problem.unknown(id) }
        guard device.revokedAtMs == nil else {
            throw Problem(.badRequest, "\(id.text) is revoked: place the rights on another device.")
        }
        guard device.frozenAtMs == nil else {
            throw Problem(
                .badRequest,
                "\(id.text) is frozen: look at stamphq alarms, and run stamphq devices release"
                    + " \(id.text) before it gets rights."
            )
        }
        let count = try Int.fetchOne(
            db,
            sql: "SELECT count(*) FROM placement WHERE device = ? AND acceptedLog IS NULL",
            arguments: [device.rowID]
        )
        guard count ?? 0 < inFlightCountMax else {
            throw Problem(
                .badRequest,
                "\(inFlightCountMax) grants wait for \(id.text) already: see that it reaches HQ,"
                    + " and that its agent is up to date."
            )
        }
        return device
    }

    private static func device(ofStore store: String, _ db: Database) throws -> DeviceID {
        let ids = try String.fetchAll(
            db,
            sql: """
                SELECT deviceID FROM device WHERE store = ? AND revokedAtMs IS NULL
                ORDER BY deviceID
                """,
            arguments: [store]
        )
        guard let first = ids.first.flatMap({ DeviceID($0) }) else {
            throw Problem(
                .notFound,
                "No device was enrolled for the store \(store): give --device, see stamphq devices"
                    + " list."
            )
        }
        guard ids.count == 1 else {
            throw Problem(
                .badRequest,
                "The store \(store) has \(ids.count) devices, and rights are held by one: give"
                    + " --device, one of \(ids.prefix(5).joined(separator: ", "))."
            )
        }
        return first
    }
}
