import LoyaltyCore
import SyncWire
import Testing

/// How a log says that a part of a sale came back.
struct RefundLineTests {
    private static let programme = ProgrammeReference(
        name: "coffee",
        version: 3,
        digest: String(repeating: "a", count: 64)
    )
    private static let head =
        #"{"seq":9,"type":"refund","wallMs":5,"clock":"rtc","boot":3,"bootMs":11,"hlc":[5,0],"#
        + #""member":"00000000000001","key":"P/1","refund":"R/1","refunds":4,"#
    private static let edition =
        #""programme":["coffee",3,""# + String(repeating: "a", count: 64) + #""],"#

    @Test func `a first refund is spelled out, and reads back as it was`() throws {
        let entry = try entry(
            fact(postings: [Posting(.points, .never, -3)], moved: [AssetAmount(.points, -3)])
        )
        #expect(
            text(entry) == Self.head + Self.edition
                + #""in":{"date":"2026-11-22","till":"1","amount":40,"settled":100},"#
                + #""moved":[["points",-3]],"post":[["points","never",-3]]}"#
        )
        #expect(try EntryLineV1.entry(from: EntryLineV1.bytes(of: entry)) == entry)
    }

    @Test func `a later refund tells what came before, what was read and what is owed`() throws {
        let before = Refunded(
            amount: 30,
            lines: [ReturnedLine(0, 500)],
            moved: [AssetAmount(.points, -3), AssetAmount(.points, 1)],
            counts: [TallyChange(Tally(.spend), -30)]
        )
        let reads = StandingReads(
            holdings: [Posting(.points, .never, 1)],
            tallies: [TallyChange(Tally(.spend), 70)]
        )
        let entry = try entry(
            fact(
                epoch: 2,
                lines: [ReturnedLine(0, 500), ReturnedLine(1, 1_000)],
                before: before,
                reads: reads,
                postings: [Posting(.points, .never, -1)],
                moved: [AssetAmount(.points, -4)],
                tallies: [TallyChange(Tally(.debt(.points)), 3)]
            )
        )
        #expect(
            text(entry) == Self.head + #""refundsEpoch":2,"# + Self.edition
                + #""in":{"date":"2026-11-22","till":"1","amount":40,"settled":100,"#
                + #""lines":[[0,500],[1,1000]],"before":{"amount":30,"lines":[[0,500]],"#
                + #""moved":[["points",-3],["points",1]],"count":[["spend",-30]]},"#
                + #""held":[["points","never",1]],"counts":[["spend",70]]},"#
                + #""moved":[["points",-4]],"post":[["points","never",-1]],"#
                + #""count":[["debt/points",3]]}"#
        )
        #expect(try EntryLineV1.entry(from: EntryLineV1.bytes(of: entry)) == entry)
    }

    @Test(arguments: [
        (#""refund":"R/1""#, #""refund":"R 1""#, "refund"),
        (#""refunds":4"#, #""refunds":0"#, "refunds"),
        (#""amount":40"#, #""amount":-1"#, "amount"),
        (#""settled":100"#, #""settled":-1"#, "settled"),
        (#""date":"2026-11-22""#, #""date":"today""#, "date"),
        (#""lines":[[0,500]]"#, #""lines":[[0,0]]"#, "lines"),
        (#""lines":[[0,500]]"#, #""lines":[[0,500],[0,1]]"#, "lines"),
        (#""lines":[[0,500]]"#, #""lines":[[200,500]]"#, "lines"),
        (#""lines":[[0,500]]"#, #""lines":[[-1,500]]"#, "lines"),
        (#""moved":[["points",-3]]"#, #""moved":[["points",0]]"#, "moved"),
        (#""moved":[["points",-3]]"#, #""moved":[["points",-3],["points",-1]]"#, "moved"),
        (#""moved":[["points",-3]]"#, #""moved":[["coins",-3]]"#, "moved"),
        (#""moved":[["points",-3]],"#, "", "moved"),
        (#""before":{"amount":1}"#, #""before":{"amount":-1}"#, "amount"),
    ])
    func `a refund out of range is no entry`(old: String, new: String, field: String) throws {
        let good = try text(
            entry(
                fact(
                    lines: [ReturnedLine(0, 500)],
                    before: Refunded(amount: 1),
                    postings: [],
                    moved: [AssetAmount(.points, -3)]
                )
            )
        )
        #expect(good.contains(old))
        #expect(throws: EntryLineError.malformed(field: field)) {
            try EntryLineV1.entry(from: Array(good.replacing(old, with: new).utf8))
        }
    }

    @Test func `members of a later version are passed over`() throws {
        let entry = try entry(fact(postings: []))
        let later = text(entry).dropLast() + #","reason":"broken"}"#
        #expect(try EntryLineV1.entry(from: Array(later.utf8)) == entry)
    }

    @Test func `a refund of as many lines as a sale has is read, one more is not`() throws {
        let most = SaleDetails.lineCountMax
        let all = (0..<most).map { ReturnedLine($0, 1_000_000) }
        let before = Refunded(amount: 1, lines: all)
        let entry = try entry(fact(lines: all, before: before, postings: []))
        let bytes = EntryLineV1.bytes(of: entry)
        #expect(bytes.count <= EntryLineV1.byteCountMax)
        #expect(try EntryLineV1.entry(from: bytes) == entry)
        let extra = text(entry).replacing("[199,1000000]]", with: "[199,1000000],[0,1]]")
        #expect(throws: EntryLineError.malformed(field: "lines")) {
            try EntryLineV1.entry(from: Array(extra.utf8))
        }
    }

    private func fact(
        epoch: Int64? = nil,
        lines: [ReturnedLine] = [],
        before: Refunded = Refunded(),
        reads: StandingReads = StandingReads(),
        postings: [Posting],
        moved: [AssetAmount] = [],
        tallies: [TallyChange] = []
    ) throws -> RefundFact {
        RefundFact(
            refund: try #require(SaleKey("R/1")),
            member: try #require(MemberNumber(value: 1)),
            key: try #require(SaleKey("P/1")),
            sequence: 4,
            epoch: epoch,
            programme: Self.programme,
            till: "1",
            businessDate: try #require(BusinessDate("2026-11-22")),
            amount: 40,
            settled: 100,
            lines: lines,
            before: before,
            reads: reads,
            moved: moved,
            postings: postings,
            tallies: tallies
        )
    }

    private func text(_ entry: Entry) -> String {
        String(decoding: EntryLineV1.bytes(of: entry), as: UTF8.self)
    }

    private func entry(_ fact: RefundFact) throws -> Entry {
        Entry(
            sequence: 9,
            at: Moment(wall: WallTime(unixMs: 5), quality: .rtc, boot: 3, sinceBootMs: 11),
            hybridTime: HybridTime(wallMs: 5, count: 0),
            fact: .refund(fact)
        )
    }
}
