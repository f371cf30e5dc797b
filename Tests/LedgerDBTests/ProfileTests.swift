import Foundation
import GRDB
import LoyaltyCore
import SyncWire
import Testing

@testable import LedgerDB

/// What HQ told of a member, as the ledger keeps it and as an entry tells it; managers' codes.
struct ProfileTests {
    let bench: Bench
    let ledger: Ledger

    init() throws {
        bench = try Bench()
        ledger = try bench.open()
    }

    private static let whole = Profile(
        birthday: Birthday("02-29"),
        isReferred: true,
        tierFloor: "gold"
    )

    @Test(arguments: [
        Profile(), whole, Profile(birthday: Birthday("12-31")),
        Profile(birthday: nil, isReferred: true), Profile(birthday: nil, tierFloor: "gold"),
    ])
    func `a profile is kept, sent on to the digest, and outlives a restart`(profile: Profile)
        async throws
    {
        let sent = try member(1, profile)
        try await take([ChangeV1(revision: 1, .member(sent))], "1.1")
        await ledger.close()
        let reopened = try bench.open()

        #expect(try await reopened.member(.test(1)).standing.profile == profile)
        #expect(try await reopened.members(after: nil, countMax: 9) == [sent])
    }

    @Test func `a profile that HQ takes back is gone`() async throws {
        try await take([ChangeV1(revision: 1, .member(try member(1, Self.whole)))], "1.1")
        try await take([ChangeV1(revision: 2, .member(try member(1, Profile())))], "1.2")

        #expect(try await ledger.member(.test(1)).standing.profile == Profile())
    }

    @Test func `an entry tells of the profile what the programme asks, and nothing else`()
        async throws
    {
        try await take([ChangeV1(revision: 1, .member(try member(1, Self.whole)))], "1.1")
        let silent = try await entry(of: "P1/1", under: try .latte())
        var asksBirthday = Conditions()
        asksBirthday.birthday = .month
        let curious = try await entry(of: "P1/2", under: try .asking(asksBirthday))

        #expect(silent.reads.profile == Profile())
        #expect(curious.reads.profile == Profile(birthday: Birthday("02-29")))
    }

    @Test func `HQ decides by the entry as the store did by its directory`() async throws {
        let born = Profile(birthday: Birthday("11-01"), isReferred: true, tierFloor: "gold")
        try await take([ChangeV1(revision: 1, .member(try member(1, born)))], "1.1")
        var conditions = Conditions()
        conditions.birthday = .month
        let programme = try Programme.asking(conditions)
        let fact = try await entry(of: "P1/1", under: programme)

        #expect(fact.postings == [Posting(.points, .never, 15)])
        let at = Moment(.noon, boot: 1)
        guard case .award(let award) = programme.decide(fact.standing, fact.sale, at: at) else {
            Issue.record("HQ refuses")
            return
        }
        #expect(award.postings == fact.postings)
    }

    @Test func `a ledger of version 7 keeps its members and learns their profiles`() async throws {
        await ledger.close()
        let old = try Bench()
        let queue = try DatabaseQueue(path: old.settings.path)
        try await queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
        }
        try Schema.migrator.migrate(queue, upTo: "7 every asset, and counts")
        let identity = Bench.identity
        try await queue.write { db in
            try db.execute(
                sql: "INSERT INTO meta VALUES (1, ?, 1, ?, ?, 2)",
                arguments: [
                    identity.device.text, Data(identity.publicKey), Data(identity.nonce),
                ]
            )
            try db.execute(
                sql: """
                    INSERT INTO directoryB VALUES (1, '王○明', 0, '/ABC1234'), (2, '李○', 1, NULL);
                    UPDATE directoryInUse SET name = 'directoryB';
                    DROP VIEW directory;
                    CREATE VIEW directory AS SELECT * FROM directoryB;
                    """
            )
        }
        try queue.close()

        let updated = try old.open()
        #expect(try await updated.member(.test(2)).standing.isBlocked)
        let before = try await updated.members(after: nil, countMax: 9)
        #expect(before.map(\.profile) == [Profile(), Profile()])
        #expect(before.map(\.maskedName) == ["王○明", "李○"])
        try await updated.apply(
            [ChangeV1(revision: 1, .member(try member(1, Self.whole)))],
            of: .changes,
            upTo: try #require(FeedCursor("1.1"))
        )
        #expect(try await updated.member(.test(1)).standing.profile == Self.whole)
    }

    // MARK: Managers' codes

    @Test func `a manager's code is good once, also after a restart`() async throws {
        let first = try compensation("R/1", Approval(manager: "anna", step: 100))
        #expect(try await record(first, ledger).sequence != nil)
        await #expect(throws: LedgerError.approvalUsed(manager: "anna")) {
            try await record(try compensation("R/2", .init(manager: "anna", step: 100)), ledger)
        }
        await ledger.close()
        let reopened = try bench.open()
        for step: Int64 in [99, 100] {
            await #expect(throws: LedgerError.approvalUsed(manager: "anna")) {
                try await record(
                    try compensation("R/3", .init(manager: "anna", step: step)),
                    reopened
                )
            }
        }
        // Nothing was written, the same sale again has its first answer, and the next code is good.
        #expect(try await reopened.answer(to: try #require(SaleKey("R/3"))) == nil)
        #expect(try await record(first, reopened).isRepeat)
        let next = try compensation("R/3", .init(manager: "anna", step: 101))
        #expect(try await record(next, reopened).sequence != nil)
        let other = try compensation("R/4", .init(manager: "ben", step: 100))
        #expect(try await record(other, reopened).sequence != nil)
    }

    @Test(arguments: ["F/1", "F/3"])
    func `a code stays used in a ledger that is mended, also where its table was lost`(
        damaged: String
    ) async throws {
        // The compensation lies before the damaged entry or behind it.
        for key in ["F/0", "F/1"] { try await sell(key) }
        _ = try await record(
            try compensation("R/1", Approval(manager: "anna", step: 100)),
            ledger
        )
        for key in ["F/2", "F/3"] { try await sell(key) }
        await ledger.close()
        let file = try DatabaseQueue(path: bench.settings.path)
        try await file.write { db in
            try db.execute(sql: "DROP TRIGGER approval_stays; DELETE FROM approval")
        }
        try file.close()
        let url = URL(fileURLWithPath: bench.settings.path)
        var bytes = try Data(contentsOf: url)
        let line = try #require(bytes.range(of: Data("\"key\":\"\(damaged)\"".utf8)))
        bytes[line.upperBound - 2] ^= 1
        try bytes.write(to: url)

        let mended = try bench.open()
        #expect(mended.identity.epoch == 2)
        await #expect(throws: LedgerError.approvalUsed(manager: "anna")) {
            try await record(try compensation("R/2", .init(manager: "anna", step: 100)), mended)
        }
        let next = try compensation("R/2", .init(manager: "anna", step: 101))
        #expect(try await record(next, mended).sequence != nil)
    }

    @Test func `a code that allowed nothing may be used again`() async throws {
        let approval = Approval(manager: "anna", step: 100)
        var refused = try compensation("R/1", approval)
        refused.details.occasion = .recovery(severity: "unknown", reason: "late")
        #expect(try await record(refused, ledger).refusal == .nothingForOccasion)

        #expect(try await record(try compensation("R/2", approval), ledger).sequence != nil)
    }

    @Test(arguments: [
        "UPDATE approval SET step = 100", "UPDATE approval SET step = 99", "DELETE FROM approval",
        "INSERT INTO approval VALUES ('', 1)", "INSERT INTO approval VALUES ('ben', -1)",
        "UPDATE directoryA SET birthday = 100", "UPDATE directoryA SET birthday = 1232",
        "UPDATE directoryA SET isReferred = 2", "UPDATE directoryA SET tierFloor = ''",
    ])
    func `the file itself refuses to forget a code or to keep no day`(sql: String) async throws {
        try await take([ChangeV1(revision: 1, .member(try member(1, Self.whole)))], "1.1")
        _ = try await record(
            try compensation("R/1", Approval(manager: "anna", step: 100)),
            ledger
        )
        await ledger.close()
        let file = try DatabaseQueue(path: bench.settings.path)
        await #expect(throws: DatabaseError.self) {
            try await file.write { db in try db.execute(sql: sql) }
        }
    }

    // MARK: Makers

    private func compensation(_ key: String, _ approval: Approval) throws -> Sale {
        var sale = try Sale.pos(key, amount: nil, opensVisit: false)
        sale.details.occasion = .recovery(severity: "minor", reason: "late")
        sale.details.isApproved = true
        sale.details.approval = approval
        return sale
    }

    private func sell(_ key: String) async throws {
        _ = try await ledger.record(
            try .pos(key),
            of: .test(1),
            at: .noon,
            under: try .latte()
        )
    }

    private func record(_ sale: Sale, _ ledger: Ledger) async throws -> Recorded {
        var conditions = Conditions()
        conditions.occasion = .recovery
        conditions.subject = "minor"
        return try await ledger.record(
            sale,
            of: .test(1),
            at: .noon,
            under: try .asking(conditions)
        )
    }

    private func entry(of key: String, under programme: Programme) async throws -> AwardFact {
        let recorded = try await ledger.record(
            try .pos(key),
            of: .test(1),
            at: .noon,
            under: programme
        )
        guard let sequence = recorded.sequence,
            case .award(let fact)? = try await ledger.entry(sequence)?.fact
        else { throw Missing() }
        return fact
    }

    private struct Missing: Error {}

    private func take(_ changes: [ChangeV1], _ place: String) async throws {
        try await ledger.apply(
            changes,
            of: .changes,
            upTo: try #require(FeedCursor(place))
        )
    }

    private func member(_ number: Int64, _ profile: Profile) throws -> MemberV1 {
        let number = try MemberNumber.test(number)
        return try #require(
            MemberV1(
                number: number,
                maskedName: "王○明",
                mobileBarcode: nil,
                isBlocked: false,
                profile: profile
            )
        )
    }
}

extension Programme {
    /// A point for each whole 35, and five more where some conditions hold.
    fileprivate static func asking(_ conditions: Conditions) throws -> Self {
        let words = LocalText(zhHant: "拿鐵", en: "Latte")
        return try Self(
            name: "latte",
            version: 1,
            title: words,
            currency: "TWD",
            calendar: .taipei,
            firstDate: try #require(BusinessDate("2026-01-01")),
            lastDate: try #require(BusinessDate("2099-12-31")),
            saleAmountMax: Programme.amountMax,
            receipts: ReceiptPolicy(ageDaysMax: 7, sellerIDs: []),
            cards: [],
            rules: [
                Rule(id: "base", per: 35, give: 1),
                Rule(id: "more", conditions: conditions, gift: .bonus(5, .points)),
            ]
        )
    }
}
