import Foundation
import GRDB
import LoyaltyCore
import SyncWire
import Testing

@testable import LedgerDB

/// Rights that HQ places on this device: once each, whatever happens to the file.
struct GrantTests {
    let bench: Bench
    private let key: SigningKey
    private var path: String { bench.settings.path }

    init() throws {
        bench = try Bench()
        key = try #require(SigningKey(seed: Array(repeating: 3, count: 32)))
    }

    @Test func `a grant is held and remembered with its entry, and once only`() async throws {
        let ledger = try bench.open()
        let grant = try grant(
            1,
            [Posting(.points, .never, 5), Posting(.voucher("cake"), .never, 1)]
        )
        let answer = try await ledger.accept(grant, at: .noon)

        #expect(answer == .accepted(sequence: 2))
        #expect(try await ledger.entry(2)?.fact == .grant(grant))
        #expect(try await standing(ledger).holdings == grant.postings)
        #expect(try await ledger.accept(grant, at: .noon) == .repeated)
        await ledger.close()

        let again = try bench.open()
        #expect(try await again.accept(grant, at: .noon) == .repeated)
        #expect(try await standing(again).holdings == grant.postings)
        #expect(try await again.head().sequence == 2)
        try await again.verifyChain()
    }

    @Test func `a granted voucher is redeemed, and can then be no second time`() async throws {
        let ledger = try bench.open()
        _ = try await ledger.accept(try grant(1, [Posting(.points, .never, 4)]), at: .noon)
        let first = try await redeem("P/1", ledger)
        #expect(first.award?.postings == [Posting(.points, .never, -4)])
        #expect(try await redeem("P/2", ledger).refusal == .notEnough(.points, needed: 4, held: 0))
    }

    @Test func `an expired bucket and a frozen ledger are no reason to leave a grant`()
        async throws
    {
        let ledger = try bench.open()
        try await ledger.setFreeze(RedemptionFreeze(.hq, since: WallTime(unixMs: 0), epoch: 1))
        let past = Bucket.through(try #require(BusinessDate("2020-01-01")))
        let grant = try grant(1, [Posting(.points, past, 5)])

        #expect(try await ledger.accept(grant, at: .noon) == .accepted(sequence: 2))
        #expect(try await standing(ledger).amount(of: .points, past) == 5)
    }

    @Test func `what cannot be counted is left with HQ, and nothing is written`() async throws {
        let ledger = try bench.open()
        try await write(
            "INSERT INTO holding VALUES (1, 'points', 'never', \(Int64.max - 4))",
            ledger
        )
        let reopened = try bench.open()
        #expect(
            try await reopened.accept(try grant(1, [Posting(.points, .never, 5)]), at: .noon)
                == .overflow
        )
        #expect(try await reopened.head().sequence == 1)
        #expect(
            try await reopened.accept(try grant(1, [Posting(.points, .never, 4)]), at: .noon)
                == .accepted(sequence: 2)
        )
    }

    @Test func `a ledger of the earlier version opens and takes a grant`() async throws {
        let queue = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(queue, upTo: "7 every asset, and counts")
        let identity = Bench.identity
        try await queue.write { db in
            try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
            try db.execute(
                sql: "INSERT INTO meta VALUES (1, ?, 1, ?, ?, 0); INSERT INTO epoch VALUES (1, 0)",
                arguments: [identity.device.text, Data(identity.publicKey), Data(identity.nonce)]
            )
        }
        try queue.close()
        let ledger = try bench.open()
        let answer = try await ledger.accept(try grant(1), at: .noon)
        #expect(answer == .accepted(sequence: 2))
    }

    // MARK: After damage (SYNC.md 3.6)

    @Test
    func `a grant whose entry is lost and whose holding stayed is told again, not taken again`()
        async throws
    {
        let grant = try grant(1)
        let ledger = try bench.open()
        _ = try await ledger.accept(grant, at: .noon)
        await ledger.close()
        try flip("\"reason\":\"gift 1\"")

        let next = try bench.open()
        #expect(next.identity.epoch == 2)
        let told = try await facts(next)
        #expect(told.contains(.lost(LostFact(epoch: 1, from: 2, to: 2))))
        #expect(told.last == .grant(grant))
        #expect(try await next.accept(grant, at: .noon) == .repeated)
        #expect(try await standing(next).holdings == grant.postings)
        await next.close()
        // A second salvage tells it no third time in the new log than its entry.
        let third = try bench.open()
        #expect(third.identity.epoch == 2)
        #expect(try await facts(third).count { $0 == .grant(grant) } == 1)
    }

    @Test func `a grant behind the damage is recorded again with its old name`() async throws {
        let grant = try grant(1)
        let ledger = try bench.open()
        for index in 0..<5 { _ = try await sell("F/\(index)", ledger) }
        _ = try await ledger.accept(grant, at: .noon)
        _ = try await redeem("P/1", ledger)
        await ledger.close()
        try flip("\"key\":\"F/2\"")

        let next = try bench.open()
        #expect(next.identity.epoch == 2)
        #expect(try await facts(next).count { $0 == .grant(grant) } == 1)
        #expect(try await next.accept(grant, at: .noon) == .repeated)
        #expect(try await standing(next).balance(of: .points) == 51)
    }

    @Test func `a grant before the damage stays seen, also if the table of names is damaged`()
        async throws
    {
        let grant = try grant(1)
        let ledger = try bench.open()
        _ = try await ledger.accept(grant, at: .noon)
        for index in 0..<5 { _ = try await sell("F/\(index)", ledger) }
        try await write("DELETE FROM grantSeen", ledger)
        try flip("\"key\":\"F/2\"")

        let next = try bench.open()
        #expect(next.identity.epoch == 2)
        #expect(try await facts(next).count { $0 == .grant(grant) } == 0)
        #expect(try await next.accept(grant, at: .noon) == .repeated)
    }

    @Test func `where holdings are told from the log, a grant that is in none comes again`()
        async throws
    {
        let (kept, lost) = (try grant(1), try grant(2))
        let ledger = try bench.open()
        _ = try await ledger.accept(kept, at: .noon)
        _ = try await ledger.accept(lost, at: .noon)
        // A holding that cannot be read: the member's are told from the log.
        try await write("UPDATE holding SET bucket = '2026-99-99' WHERE member = 1", ledger)
        try flip("\"reason\":\"gift 2\"")

        let next = try bench.open()
        #expect(next.identity.epoch == 2)
        #expect(try await standing(next).holdings == kept.postings)
        #expect(try await next.accept(kept, at: .noon) == .repeated)
        let again = try await next.accept(lost, at: .noon)
        guard case .accepted = again else { return #expect(Bool(false), "\(again)") }
        #expect(try await standing(next).holdings == [Posting(.points, .never, 10)])
    }

    @Test func `an image from before a grant takes it again, for it holds nothing of it`()
        async throws
    {
        let grant = try grant(1)
        let ledger = try bench.open()
        await ledger.close()
        let image = try Data(contentsOf: URL(fileURLWithPath: path))
        let later = try bench.open()
        _ = try await later.accept(grant, at: .noon)
        for index in 0..<99 { _ = try await sell("F/\(index)", later) }
        await later.close()
        try image.write(to: URL(fileURLWithPath: path))

        let restored = try bench.open()
        #expect(restored.identity.epoch == 2)
        #expect(await restored.freeze() != nil)
        #expect(try await standing(restored).holdings.isEmpty)
        let answer = try await restored.accept(grant, at: .noon)
        guard case .accepted = answer else { return #expect(Bool(false), "\(answer)") }
        #expect(try await redeem("P/1", restored).refusal == .redemptionFrozen)
    }

    // MARK: Makers

    private func grant(
        _ number: Int64,
        _ postings: [Posting] = [Posting(.points, .never, 5)]
    ) throws -> GrantFact {
        GrantV1(
            try #require(GrantID(hqEpoch: 1, number: number)),
            on: Bench.identity.device,
            of: try .test(1),
            postings,
            reason: "gift \(number)",
            signedBy: key
        ).fact
    }

    private func standing(_ ledger: Ledger) async throws -> Standing {
        try await ledger.member(try .test(1)).standing
    }

    private func facts(_ ledger: Ledger) async throws -> [Fact] {
        try await ledger.recent(1_000).reversed().map(\.fact)
    }

    private func sell(_ key: String, _ ledger: Ledger) async throws -> Recorded {
        try await ledger.record(try .pos(key), of: try .test(1), at: .noon, under: try .latte())
    }

    private func redeem(_ key: String, _ ledger: Ledger) async throws -> Recorded {
        var sale = try Sale.pos(key, amount: 20)
        sale.details.redemptions = [Redemption("pen")]
        return try await ledger.record(sale, of: try .test(1), at: .noon, under: try pens())
    }

    /// A pen of 10 for 4 points, and nothing earned below 35.
    private func pens() throws -> Programme {
        let words = LocalText(zhHant: "點數", en: "Points")
        return try Programme(
            name: "pens",
            version: 1,
            title: words,
            currency: "TWD",
            calendar: .taipei,
            firstDate: try #require(BusinessDate("2026-01-01")),
            lastDate: try #require(BusinessDate("2099-12-31")),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 7, sellerIDs: []),
            cards: [],
            rules: [Rule(id: "base", per: 35, give: 1)],
            rewards: [
                Reward(
                    id: "pen",
                    title: words,
                    benefit: .amountOff(10),
                    cost: Reward.Cost(4, .points)
                )
            ]
        )
    }

    /// Closes the ledger and changes its file as nobody should.
    private func write(_ sql: String, _ ledger: Ledger) async throws {
        await ledger.close()
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in try db.execute(sql: sql) }
        try queue.close()
    }

    /// Flips a bit in the first copy of a text, which is that of the log.
    private func flip(_ text: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let log = Data("\"seq\":".utf8)
        var start = bytes.startIndex
        while let range = bytes.range(of: Data(text.utf8), in: start..<bytes.endIndex) {
            // A log line begins with its number; the table of names has the grant alone.
            let before = bytes[max(0, range.lowerBound - 700)..<range.lowerBound]
            if let line = before.range(of: log, options: .backwards),
                before[line.lowerBound...].range(of: Data("\"sig\":".utf8)) == nil
            {
                bytes[range.upperBound - 2] ^= 1
                return try bytes.write(to: URL(fileURLWithPath: path))
            }
            start = range.upperBound
        }
        Issue.record("no log line has \(text)")
    }
}
