import GRDB
import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

struct RecordTests {
    let bench: Bench
    let ledger: Ledger
    let programme: Programme
    let member: MemberNumber

    init() throws {
        bench = try Bench()
        ledger = try bench.open()
        programme = try .latte()
        member = try .test(12_345_678_901_234)
    }

    @Test func `an award is an entry, a standing and an answer at once`() async throws {
        let recorded = try await ledger.record(
            try .pos("P1/1", amount: 71),
            of: member,
            at: .noon,
            under: programme
        )

        #expect(recorded.sequence == 2)  // after the boot
        #expect(!recorded.isRepeat)
        #expect(
            recorded.award?.postings
                == [Posting(.latteStamps, .never, 1), Posting(.points, .never, 2)]
        )
        #expect(recorded.standing.balance(of: .points) == 2)
        #expect(try await ledger.member(member).standing == recorded.standing)
        let entry = try #require(try await ledger.entry(2))
        guard case .award(let fact) = entry.fact else { return #expect(Bool(false)) }
        #expect(fact.member == member)
        #expect(fact.programme == ProgrammeReference(programme))
        #expect(fact.lastVisits.isEmpty)
        #expect(entry.at == recorded.at)
        #expect(entry.at.boot == 1)
    }

    @Test func `an entry holds the visits that the rules read, so that HQ can decide again`()
        async throws
    {
        let first = try await record("P1/1", day: 0)
        let second = try await record("P1/2", day: 1)

        guard case .award(let fact)? = try await ledger.entry(3)?.fact
        else { return #expect(Bool(false)) }
        #expect(fact.lastVisits == first.standing.lastVisits)
        let again = programme.decide(
            Standing(lastVisits: fact.lastVisits),
            fact.sale,
            at: second.at
        )
        #expect(again == second.decision)
    }

    @Test func `the same sale again gets the first answer and writes nothing`() async throws {
        let first = try await record("P1/1", amount: 71)
        let other = try Programme.latte(version: 2, give: 100)
        let again = try await ledger.record(
            try .pos("P1/1", amount: 9_999),
            of: member,
            at: .noon(plusMs: 90_000_000),
            under: other
        )

        #expect(again.isRepeat)
        #expect(again.decision == first.decision)
        #expect(again.sequence == first.sequence)
        #expect(again.at == first.at)
        #expect(try await ledger.answer(to: try #require(SaleKey("P1/1"))) == again)
        #expect(try await ledger.head().sequence == 2)
    }

    @Test func `every kind of derivation comes back as it was answered`() async throws {
        let guards: [DoubleGrantGuard] = [.none, .businessDay, .hours(5)]
        for (index, doubleGrantGuard) in guards.enumerated() {
            let programme = try Programme.latte(guard: doubleGrantGuard)
            for (part, amount) in [(0, Int64(20)), (1, 700)] {
                let sale = try Sale.pos("G\(index)/\(part)", amount: amount)
                let member = try MemberNumber.test(Int64(index))
                let first = try await ledger.record(
                    sale,
                    of: member,
                    at: .noon,
                    under: programme
                )
                let again = try await ledger.answer(to: sale.key)
                #expect(again?.decision == first.decision)
                #expect(first.award?.derivation.count == 2)
            }
        }
    }

    @Test func `a sale of another member is refused`() async throws {
        _ = try await record("P1/1")
        let other = try await ledger.record(
            try .pos("P1/1"),
            of: try .test(2),
            at: .noon,
            under: programme
        )

        #expect(other.refusal == .saleOfOtherMember)
        #expect(other.sequence == nil)
        let member = try await ledger.member(try .test(2))
        #expect(member == MemberRecord(number: try .test(2), isKnown: false))
    }

    @Test(arguments: [
        (amount: Int64(-1), refusal: Refusal.amountNegative),
        (Programme.amountMax + 1, .amountAboveMax(Programme.amountMax)),
    ])
    func `a refused sale writes nothing`(amount: Int64, refusal: Refusal) async throws {
        let recorded = try await record("P1/1", amount: amount)

        #expect(recorded.refusal == refusal)
        #expect(recorded.sequence == nil)
        #expect(try await ledger.head().sequence == 1)
        #expect(await ledger.memberCount() == 0)
        #expect(try await ledger.answer(to: try #require(SaleKey("P1/1"))) == nil)
        // The sale may come again with the right amount.
        #expect(try await record("P1/1", amount: 35).sequence == 2)
    }

    @Test func `a blocked member is refused`() async throws {
        try await ledger.importMembers([
            try #require(MemberRow(number: member, isBlocked: true))
        ])

        #expect(try await record("P1/1").refusal == .memberBlocked)
    }

    @Test func `a preview decides the same and writes nothing`() async throws {
        let sale = try Sale.pos("P1/1")
        let preview = try await ledger.preview(sale, of: member, at: .noon, under: programme)
        #expect(preview.sequence == nil)
        #expect(try await ledger.head().sequence == 1)
        #expect(await ledger.memberCount() == 0)

        let recorded = try await ledger.record(sale, of: member, at: .noon, under: programme)
        #expect(recorded.decision == preview.decision)
        #expect(recorded.standing == preview.standing)
        let later = try await ledger.preview(sale, of: member, at: .noon, under: programme)
        #expect(later.isRepeat && later.sequence == 2)
    }

    @Test func `holdings that would overflow are refused and nothing is written`() async throws {
        let first = try await record("P1/1")
        await ledger.close()
        let queue = try DatabaseQueue(path: bench.settings.path)
        try await queue.write { db in
            try db.execute(
                sql: "UPDATE holding SET amount = ? WHERE asset = 'points'",
                arguments: [Int64.max - 10]
            )
        }
        try queue.close()
        let ledger = try bench.open()

        for (key, day, refusal) in [("P1/2", 1, nil), ("P1/3", 2, Refusal.overflow)] {
            let recorded = try await ledger.record(
                try .pos(key, dayOffset: day),
                of: member,
                at: .noon,
                under: programme
            )
            #expect(recorded.refusal == refusal)
            #expect(recorded.standing.balance(of: .points) == .max)
        }
        #expect(first.sequence == 2)
        #expect(try await ledger.head().sequence == 3)
        #expect(try await ledger.member(member).standing.balance(of: .latteStamps) == 2)
    }

    @Test func `a till's name too long for a line is an error and leaves no gap`() async throws {
        let sale = try Sale.pos("P1/1", till: String(repeating: "x", count: 20_000))
        await #expect(throws: LedgerError.self) {
            try await ledger.record(sale, of: member, at: .noon, under: programme)
        }

        #expect(await ledger.memberCount() == 0)
        #expect(try await record("P1/2").sequence == 2)
    }

    @Test func `calls from many tasks are served one by one and none is lost`() async throws {
        let total: Int64 = 400
        let sequences = try await withThrowingTaskGroup(of: Int64?.self) { group in
            for index in 0..<total {
                let sale = try Sale.pos("S/\(index)", amount: 35, till: "till-\(index % 4)")
                let member = try MemberNumber.test(index % 7)
                group.addTask { [ledger, programme] in
                    try await ledger.record(sale, of: member, at: .noon, under: programme)
                        .sequence
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(sequences.compactMap(\.self).sorted() == Array(2...total + 1))
        var points: Int64 = 0
        var stamps: Int64 = 0
        for index: Int64 in 0..<7 {
            let standing = try await ledger.member(try .test(index)).standing
            points += standing.balance(of: .points)
            stamps += standing.balance(of: .latteStamps)
        }
        #expect(points == total)
        #expect(stamps == 7)  // the guard holds across tills
    }

    private func record(
        _ key: String,
        amount: Int64 = 350,
        day: Int = 0
    ) async throws -> Recorded {
        try await ledger.record(
            try .pos(key, amount: amount, dayOffset: day),
            of: member,
            at: .noon(plusMs: Int64(day) * 86_400_000),
            under: programme
        )
    }
}
