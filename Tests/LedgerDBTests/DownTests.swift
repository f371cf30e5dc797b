import Foundation
import GRDB
import LoyaltyCore
import SyncWire
import Testing

@testable import LedgerDB

/// What HQ sends down, as the ledger keeps it: data and place together, and never back.
struct DownTests {
    let bench: Bench
    let ledger: Ledger

    init() throws {
        bench = try Bench()
        ledger = try bench.open()
    }

    @Test func `changes and their place outlive a restart together`() async throws {
        #expect(try await ledger.place(in: .changes) == nil)
        try await ledger.apply(
            [
                ChangeV1(revision: 1, .member(try member(1, "王○明", "/ABC1234"))),
                ChangeV1(revision: 2, .member(try member(2, "李○"))),
                ChangeV1(revision: 3, .unknown),
                ChangeV1(revision: 4, .memberGone(try .test(2))),
            ],
            of: .changes,
            upTo: try place("1.4")
        )
        await ledger.close()
        let reopened = try bench.open()
        #expect(try await reopened.place(in: .changes) == place("1.4"))
        #expect(try await reopened.member(mobileBarcode: "/ABC1234")?.maskedName == "王○明")
        #expect(await reopened.memberCount() == 1)
        #expect(try await reopened.members(after: nil, countMax: 9).map(\.maskedName) == ["王○明"])
    }

    @Test func `a place that would go back changes nothing`() async throws {
        try await ledger.apply([], of: .changes, upTo: try place("2.4"))
        for older in ["2.3", "1.900"] {
            let change = ChangeV1(revision: 3, .member(try member(1, "王○明")))
            await #expect(throws: LedgerError.self) {
                try await ledger.apply([change], of: .changes, upTo: try place(older))
            }
        }
        #expect(try await !ledger.member(.test(1)).isKnown)
        try await ledger.apply([], of: .changes, upTo: try place("2.4"))
        try await ledger.apply([], of: .revocations, upTo: try place("1.1"))
    }

    @Test func `a revocation holds whatever the directory says, also for strangers`()
        async throws
    {
        let barred = Revocation.member(try .test(1))
        try await ledger.apply(
            [ChangeV1(revision: 1, .revoked(barred)), ChangeV1(revision: 2, .revoked(barred))],
            of: .revocations,
            upTo: try place("1.2")
        )
        #expect(try await ledger.member(.test(1)).standing.isBlocked)
        try await load([try member(1, "王○明")], at: "1.9")
        #expect(try await ledger.member(.test(1)).standing.isBlocked)
        let sale = try Sale.pos("P1/1")
        let refused = try await ledger.record(sale, of: .test(1), at: .noon, under: try .latte())
        #expect(refused.decision == .refusal(.memberBlocked))

        try await ledger.apply([], of: .revocations, upTo: try place("1.3"), replacing: true)
        #expect(try await !ledger.member(.test(1)).standing.isBlocked)
    }

    @Test func `a snapshot replaces all members at once and keeps what they hold`()
        async throws
    {
        try await ledger.apply(
            [
                ChangeV1(revision: 1, .member(try member(1, "王○明"))),
                ChangeV1(revision: 2, .member(try member(2, "李○"))),
            ],
            of: .changes,
            upTo: try place("1.2")
        )
        for number in [Int64(1), 9] {
            _ = try await ledger.record(
                try .pos("P1/\(number)"),
                of: .test(number),
                at: .noon,
                under: try .latte()
            )
        }
        try await load([try member(1, "改○名", "/ABC1234"), try member(3, "張○")], at: "1.7")

        let first = try await ledger.member(.test(1))
        #expect(first.maskedName == "改○名")
        #expect(first.standing.balance(of: .points) == 10)
        #expect(try await !ledger.member(.test(2)).isKnown)
        #expect(try await ledger.member(.test(3)).isKnown)
        #expect(try await ledger.member(.test(9)).standing.balance(of: .points) == 10)
        #expect(await ledger.memberCount() == 2)
        #expect(try await ledger.clearSpare(countMax: 1) == false)
        #expect(try await ledger.clearSpare(countMax: 9))

        // And back into the first table.
        try await load([try member(4, "陳○")], at: "1.8")
        #expect(try await ledger.members(after: nil, countMax: 9).map(\.maskedName) == ["陳○"])
        await ledger.close()
        let reopened = try bench.open()
        #expect(try await reopened.members(after: nil, countMax: 9).map(\.maskedName) == ["陳○"])
        #expect(await reopened.memberCount() == 1)
    }

    @Test func `a load goes on after a restart, and a part put in twice counts once`()
        async throws
    {
        let members = [try member(1, "王○明"), try member(2, "李○")]
        let snapshot = try snapshot(of: members, at: "1.5")
        try await ledger.beginLoad([1, 2, 3])
        try await ledger.stage(members)
        await ledger.close()

        let reopened = try bench.open()
        let load = try #require(try await reopened.load())
        #expect(load.list == [1, 2, 3])
        #expect(load.partCount == 0)
        #expect(try await !reopened.member(.test(1)).isKnown)
        await #expect(throws: LedgerError.self) { try await reopened.finishLoad(snapshot) }
        #expect(try await reopened.place(in: .changes) == nil)
        try await reopened.stage(members)
        try await reopened.note(load.adding(members))
        try await reopened.finishLoad(snapshot)
        #expect(await reopened.memberCount() == 2)
        #expect(try await reopened.load() == nil)
    }

    @Test func `a load that lacks a row is not put in use`() async throws {
        let members = [try member(1, "王○明"), try member(2, "李○")]
        try await ledger.beginLoad([1])
        let load = try #require(try await ledger.load())
        try await ledger.stage(members.dropLast())
        try await ledger.note(load.adding(members.dropLast()))
        await #expect(throws: LedgerError.self) {
            try await ledger.finishLoad(try snapshot(of: members, at: "1.5"))
        }
        #expect(await ledger.memberCount() == 0)
    }

    @Test func `a file of version 1 keeps its members and what they hold`() async throws {
        await ledger.close()
        let old = try Bench()
        let queue = try DatabaseQueue(path: old.settings.path)
        try await queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
        }
        try Schema.migrator.migrate(queue, upTo: "1 log, members, holdings and sales")
        let identity = Bench.identity
        try await queue.write { db in
            try db.execute(
                sql: "INSERT INTO meta VALUES (1, ?, 1, ?, ?, 3)",
                arguments: [
                    identity.device.text, Data(identity.publicKey), Data(identity.nonce),
                ]
            )
            try db.execute(
                sql: """
                    INSERT INTO member VALUES
                        (1, '王○明', 1, 1, '/ABC1234'), (2, '李○', 0, 1, NULL),
                        (3, NULL, 0, 0, NULL);
                    INSERT INTO holding VALUES
                        (2, 'points', 'never', 7), (3, 'points', 'never', 8);
                    INSERT INTO visit VALUES (3, 'latte', 1, 20000, 5, 'ntp', 1, 1);
                    INSERT INTO sale VALUES (1, 'P1/1', 3, 'till-1', x'00', NULL);
                    """
            )
        }
        try queue.close()

        let updated = try old.open()
        #expect(try await updated.member(mobileBarcode: "/ABC1234")?.number == .test(1))
        #expect(try await updated.member(.test(1)).standing.isBlocked)
        #expect(try await updated.member(.test(2)).standing.balance(of: .points) == 7)
        #expect(try await updated.member(.test(2)).maskedName == "李○")
        let stranger = try await updated.member(.test(3))
        #expect(!stranger.isKnown && stranger.standing.balance(of: .points) == 8)
        #expect(stranger.standing.lastVisits["latte"]?.at.wall == WallTime(unixMs: 5))
        #expect(await updated.memberCount() == 2)
        await updated.close()
        let file = try DatabaseQueue(path: old.settings.path)
        for refused in [
            "UPDATE sale SET till = 'till-2'",
            "INSERT INTO sale VALUES (2, 'P1/1', 3, 'till-1', x'00', NULL)",
        ] {
            await #expect(throws: DatabaseError.self) {
                try await file.write { db in try db.execute(sql: refused) }
            }
        }
    }

    private func load(_ members: [MemberV1], at cursor: String) async throws {
        while try await !ledger.clearSpare(countMax: 100) {}
        try await ledger.beginLoad([1])
        let load = try #require(try await ledger.load())
        try await ledger.stage(members)
        try await ledger.note(load.adding(members))
        try await ledger.finishLoad(try snapshot(of: members, at: cursor))
    }

    private func snapshot(of members: [MemberV1], at cursor: String) throws -> SnapshotV1 {
        var digest = StateDigest(.members)
        for member in members { digest.add(member.line) }
        let part = SnapshotV1.Part(of: members.flatMap { $0.line + [0x0A] })
        return SnapshotV1(
            id: String(repeating: "a", count: 64),
            cursor: try place(cursor),
            rowCount: Int64(members.count),
            digest: digest,
            parts: [try #require(part)],
            editions: []
        )
    }

    private func place(_ text: String) throws -> FeedCursor {
        try #require(FeedCursor(text))
    }

    private func member(
        _ number: Int64,
        _ name: String,
        _ barcode: String? = nil
    ) throws -> MemberV1 {
        let number = try MemberNumber.test(number)
        return try #require(
            MemberV1(number: number, maskedName: name, mobileBarcode: barcode, isBlocked: false)
        )
    }
}
