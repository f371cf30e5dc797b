import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// Draws: what was announced, whose tickets took part, who won. None of it ever changes.
extension HQStore {
    /// Keeps an announcement, before anybody's tickets are looked at.
    ///
    /// - Parameters:
    ///   - wish: What to draw.
    ///   - nonce: Random bytes, for a draw that is new.
    ///   - seal: What makes the seed of them.
    /// - Returns: What to publish; for a draw that was announced with the same words, what was
    ///   published then.
    /// - Throws: `Problem`; `DatabaseError`.
    func announce(
        _ wish: DrawWish,
        nonce: [UInt8],
        seal: DrawSeal
    ) async throws -> DrawAnnouncementV1 {
        let seed = seal.seed(of: wish.id, nonce: nonce)
        let new = try wish.announcement(commitment: DrawAnnouncementV1.commitment(to: seed))
        let nowMs = nowMs()
        return try await queue.write { db in
            if let kept = try Self.draw(wish.id, db)?.announcement {
                guard try wish.announcement(commitment: kept.commitment) == kept else {
                    throw Problem(
                        .badRequest,
                        "\(wish.id) was announced otherwise, and an announcement stands: give this"
                            + " draw another id."
                    )
                }
                return kept
            }
            guard wish.closesAt.unixMs > nowMs else {
                throw Problem(.badRequest, "The closing time is past: give one to come.")
            }
            try db.execute(
                sql: """
                    INSERT INTO draw (id, announcement, nonce, announcedAtMs) VALUES (?, ?, ?, ?)
                    """,
                arguments: [
                    wish.id, String(decoding: new.bytes, as: UTF8.self), Data(nonce), nowMs,
                ]
            )
            return new
        }
    }

    /// Keeps who has how many tickets, once and for ever; a draw that is closed stays as it is.
    ///
    /// - Throws: `Problem` before the closing time; `DatabaseError`.
    func closeDraw(_ id: String, seal: DrawSeal) async throws -> TicketListV1 {
        let draw = try await keptDraw(id)
        if !draw.isClosed { try await close(draw, seal: seal) }
        return try await ticketList(id)
    }

    /// Runs a draw, or tells what it gave when it was run.
    ///
    /// - Parameters:
    ///   - id: The draw; it is closed if it was not.
    ///   - publicValue: The outcome of the announcement's public source.
    ///   - seal: What makes the seed.
    /// - Returns: The proof and the winners, once they are on the disk.
    /// - Throws: `Problem`; `DatabaseError`.
    func runDraw(
        _ id: String,
        publicValue: String?,
        seal: DrawSeal
    ) async throws -> (proof: DrawProofV1, members: [MemberNumber]) {
        let draw = try await keptDraw(id)
        if draw.proof == nil {
            guard draw.isClosed || draw.announcement.publicSource == nil else {
                throw Problem(
                    .badRequest,
                    "This draw waits for a public value: run stamphq draws close \(id), publish the"
                        + " ticket list, and run the draw once the value is known."
                )
            }
            let tickets = try await closeDraw(id, seal: seal)
            let proof: DrawProofV1
            do throws(DrawError) {
                proof = try DrawProofV1(
                    drawing: draw.announcement,
                    seed: seal.seed(of: id, nonce: draw.nonce),
                    publicValue: publicValue,
                    from: tickets
                )
            } catch {
                throw Problem(error)
            }
            try await keep(proof, from: tickets)
        }
        // What is told is what the disk has, whoever put it there.
        let (proof, members) = try await outcome(of: id)
        guard publicValue == nil || publicValue == proof.publicValue else {
            throw Problem(.badRequest, "\(id) was run with another public value; it stays so.")
        }
        return (proof, members)
    }

    /// The ticket list of a closed draw.
    ///
    /// - Throws: `Problem` if there is none; `DatabaseError`.
    func ticketList(_ id: String) async throws -> TicketListV1 {
        let bytes = try await queue.read { db in
            try Data.fetchOne(
                db,
                sql: "SELECT bytes FROM ticketList WHERE draw = ?",
                arguments: [id]
            )
        }
        guard let bytes else {
            throw Problem(.notFound, "\(id) has no ticket list yet: run stamphq draws close \(id).")
        }
        do throws(DrawError) {
            return try TicketListV1(parsing: Array(bytes))
        } catch {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a ticket list: \(error)")
        }
    }

    /// What a member needs to find the own line, and what is in it.
    ///
    /// - Throws: `Problem` for a draw that is not known; `DatabaseError`.
    func drawEntry(
        of member: MemberNumber,
        in id: String,
        seal: DrawSeal
    ) async throws -> CanonicalJSON {
        let draw = try await keptDraw(id)
        var names = seal.names(of: id, nonce: draw.nonce)
        let entry = names.entry(of: member)
        var tickets = CanonicalJSON.null
        if draw.isClosed {
            let list = try await ticketList(id)
            tickets = .integer(list.index(of: entry.name).map(list.ticketCount) ?? 0)
        }
        return [
            "name": .string(entry.name.text), "secret": .string(entry.secret), "tickets": tickets,
        ]
    }

    /// All draws, the latest first.
    func draws() async throws -> CanonicalJSON {
        try await queue.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT d.*, t.sha256, t.lineCount, t.ticketCount
                    FROM draw d LEFT JOIN ticketList t ON t.draw = d.id
                    ORDER BY d.announcedAtMs DESC, d.id
                    """
            )
            return .array(try rows.map(Self.drawJSON))
        }
    }

    private static func drawJSON(_ row: Row) throws -> CanonicalJSON {
        let draw = try KeptDraw(row)
        let number = { (name: String) in (row[name] as Int64?).map(CanonicalJSON.integer) ?? .null }
        return [
            "draw": .string(draw.id),
            "announcement": draw.announcement.json,
            "announcedAtMs": number("announcedAtMs"),
            "closedAtMs": number("closedAtMs"),
            "sha256": (row["sha256"] as String?).map(CanonicalJSON.string) ?? .null,
            "lines": number("lineCount"),
            "tickets": number("ticketCount"),
            "ranAtMs": number("ranAtMs"),
            "winners": draw.proof.map { .integer(Int64($0.winners.count)) } ?? .null,
        ]
    }
}

extension HQStore {
    private func keptDraw(_ id: String) async throws -> KeptDraw {
        guard let draw = try await queue.read({ db in try Self.draw(id, db) }) else {
            throw Problem(.notFound, "There is no draw \(id); stamphq draws list names them.")
        }
        return draw
    }

    private static func draw(_ id: String, _ db: Database) throws -> KeptDraw? {
        try Row.fetchOne(db, sql: "SELECT * FROM draw WHERE id = ?", arguments: [id])
            .map(KeptDraw.init)
    }

    /// Counts the tickets, and keeps the list.
    ///
    /// Names are made and sorted outside of the database, which devices need meanwhile.
    private func close(_ draw: KeptDraw, seal: DrawSeal) async throws {
        let nowMs = nowMs()
        let closesAtMs = draw.announcement.closesAt.unixMs
        guard nowMs >= closesAtMs else {
            let seconds = (closesAtMs - nowMs + 999) / 1_000
            throw Problem(
                .badRequest,
                "\(draw.id) closes in \(seconds) seconds: its tickets are counted then."
            )
        }
        var names = seal.names(of: draw.id, nonce: draw.nonce)
        let holders = try await holders(of: draw.announcement).map { holder in
            (line: TicketListV1.Line(names.name(of: holder.member), holder.count), holder.member)
        }.sorted { $0.line.name < $1.line.name }
        let list: TicketListV1
        do throws(DrawError) {
            list = try TicketListV1(holders.map(\.line))
        } catch {
            throw Problem(error)
        }
        var members = Data(capacity: holders.count * 8)
        for holder in holders {
            withUnsafeBytes(of: holder.1.value.bigEndian) { members.append(contentsOf: $0) }
        }
        try await keep(list, members, of: draw.id, nowMs: nowMs)
    }

    /// The members with tickets that are usable on the draw's date, by number.
    private func holders(
        of announcement: DrawAnnouncementV1
    ) async throws -> [(member: MemberNumber, count: Int64)] {
        try await queue.read { db in
            var holders: [(member: MemberNumber, count: Int64)] = []
            var last = (bucket: "", isUsable: false)
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT member, bucket, amount FROM balance
                    WHERE asset = ? AND amount <> 0 ORDER BY member
                    """,
                arguments: [announcement.asset.name]
            )
            while let row = try rows.next() {
                let bucket: String = row[1]
                if bucket != last.bucket {
                    last = (bucket, Bucket(bucket)?.isUsable(on: announcement.date) ?? false)
                }
                guard last.isUsable, let member = MemberNumber(value: row[0]) else { continue }
                // Each is within the limit, so that the sum of two cannot overflow. Below zero is
                // what one holder spent of what HQ has from another.
                let countMax = TicketListV1.ticketCountMax
                let count = max(-countMax, min(row[2], countMax))
                if holders.last?.member == member {
                    let sum = holders[holders.count - 1].count + count
                    holders[holders.count - 1].count = min(sum, TicketListV1.ticketCountMax)
                } else {
                    holders.append((member, count))
                }
            }
            return holders.filter { $0.count > 0 }
        }
    }

    private func keep(
        _ list: TicketListV1,
        _ members: Data,
        of id: String,
        nowMs: Int64
    ) async throws {
        try await queue.write { db in
            // Another command may have closed it meanwhile: its list stands.
            guard try Self.draw(id, db)?.isClosed == false else { return }
            try db.execute(
                sql: """
                    INSERT INTO ticketList (draw, sha256, lineCount, ticketCount, bytes, members)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    id, list.sha256, list.lineCount, list.ticketCount, Data(list.bytes), members,
                ]
            )
            try db.execute(
                sql: "UPDATE draw SET closedAtMs = ? WHERE id = ?",
                arguments: [nowMs, id]
            )
        }
    }

    private func keep(_ proof: DrawProofV1, from tickets: TicketListV1) async throws {
        let id = proof.announcement.id
        let nowMs = nowMs()
        try await queue.write { db in
            guard try Self.draw(id, db)?.proof == nil,
                let members = try Data.fetchOne(
                    db,
                    sql: "SELECT members FROM ticketList WHERE draw = ?",
                    arguments: [id]
                )
            else { return }
            for (place, winner) in proof.winners.enumerated() {
                guard let line = tickets.index(of: winner.name)
                else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a winner") }
                let number = members[8 * line..<8 * line + 8].reduce(Int64(0)) {
                    $0 << 8 | Int64($1)
                }
                try db.execute(
                    sql: "INSERT INTO drawWinner (draw, place, member) VALUES (?, ?, ?)",
                    arguments: [id, place + 1, number]
                )
            }
            try db.execute(
                sql: "UPDATE draw SET ranAtMs = ?, proof = ? WHERE id = ?",
                arguments: [nowMs, String(decoding: proof.bytes, as: UTF8.self), id]
            )
        }
    }

    private func outcome(
        of id: String
    ) async throws -> (proof: DrawProofV1, members: [MemberNumber]) {
        try await queue.read { db in
            let numbers = try Int64.fetchAll(
                db,
                sql: "SELECT member FROM drawWinner WHERE draw = ? ORDER BY place",
                arguments: [id]
            )
            let members = numbers.compactMap { MemberNumber(value: $0) }
            guard let proof = try Self.draw(id, db)?.proof, proof.winners.count == members.count
            else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a draw's winners") }
            return (proof, members)
        }
    }
}

extension Problem {
    /// Why a draw cannot be run.
    fileprivate init(_ error: DrawError) {
        switch error {
        case .otherSeed:
            self.init(
                .badRequest,
                "HQ's key is not the one under which the draw was announced: bring back hq.key, or"
                    + " announce another draw."
            )
        case .publicValue(let isWanted):
            self.init(
                .badRequest,
                isWanted
                    ? "The announcement names a public source: give its value, --public-value."
                    : "The announcement names no public source: leave --public-value out."
            )
        case .tooLarge(let max):
            self.init(.badRequest, "The ticket list would have more than \(max) bytes.")
        default: self.init(.badRequest, "The draw cannot be run: \(error).")
        }
    }
}
