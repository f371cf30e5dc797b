import LedgerDB
import LoyaltyCore
import Testing

struct VoidTests {
    let bench: Bench
    let ledger: Ledger
    let programme: Programme
    let member: MemberNumber

    init() throws {
        bench = try Bench()
        ledger = try bench.open()
        programme = try .latte()
        member = try .test(42)
    }

    @Test func `a void takes back what the sale gave`() async throws {
        let recorded = try await record("P1/1")
        let award = try voided(try await void("P1/1"))

        #expect(award.sequence == 3)
        #expect(award.fact.sequence == recorded.sequence)
        #expect(
            award.fact.postings
                == [Posting(.latteStamps, .never, -1), Posting(.points, .never, -10)]
        )
        #expect(award.standing == Standing())
        #expect(try await ledger.member(member).standing == Standing())
        guard case .void(award.fact)? = try await ledger.entry(3)?.fact
        else { return #expect(Bool(false)) }
    }

    @Test func `a void again answers the same and writes nothing`() async throws {
        _ = try await record("P1/1")
        let first = try voided(try await void("P1/1"))
        let again = try voided(try await void("P1/1"))

        #expect(!first.isRepeat && again.isRepeat)
        #expect(again.sequence == first.sequence)
        #expect(again.fact == first.fact)
        #expect(try await ledger.head().sequence == 3)
    }

    @Test func `an unknown sale cannot be voided`() async throws {
        #expect(try await void("P1/none") == .refused(.saleUnknown))
        #expect(try await ledger.head().sequence == 1)
    }

    @Test func `a voided sale earns no more`() async throws {
        _ = try await record("P1/1")
        _ = try await void("P1/1")
        let again = try await record("P1/1")

        #expect(again.refusal == .saleVoided)
        #expect(again.sequence == nil)
        #expect(again.standing == Standing())
    }

    @Test func `after a void the same day's visit is stamped again`() async throws {
        _ = try await record("P1/1")
        _ = try await void("P1/1")

        #expect(try await record("P1/2").standing.balance(of: .latteStamps) == 1)
    }

    @Test func `a void brings the visit before it back`() async throws {
        let first = try await record("P1/1", day: 0)
        _ = try await record("P1/2", day: 1)
        let standing = try voided(try await void("P1/2")).standing

        #expect(standing.lastVisits == first.standing.lastVisits)
    }

    @Test func `a visit that was voided itself is not brought back`() async throws {
        let first = try await record("P1/1", day: 0)
        _ = try await record("P1/2", day: 1)
        _ = try await record("P1/3", day: 2)
        let second = try voided(try await void("P1/2")).standing
        #expect(second.lastVisits["latte"]?.businessDate == first.at.date(plus: 2))

        let third = try voided(try await void("P1/3")).standing
        #expect(third.lastVisits == first.standing.lastVisits)
        #expect(try voided(try await void("P1/1")).standing.lastVisits.isEmpty)
    }

    @Test func `undo voids the till's last sale, and only that`() async throws {
        _ = try await record("P1/1", till: "till-1")
        _ = try await record("P1/2", till: "till-1", day: 1)
        _ = try await record("P2/1", till: "till-2", day: 2)

        let first = try voided(try await ledger.voidLast(till: "till-1", at: .noon))
        let again = try voided(try await ledger.voidLast(till: "till-1", at: .noon))
        #expect(first.fact.key.text == "P1/2")
        #expect(again.fact == first.fact && again.isRepeat)
        #expect(
            try await ledger.voidLast(till: "till-9", at: .noon) == .refused(.saleUnknown)
        )
    }

    @Test func `an undo after a restart still finds the sale`() async throws {
        _ = try await record("P1/1")
        await ledger.close()
        let ledger = try bench.open()

        #expect(try voided(try await ledger.voidLast(till: "till-1", at: .noon)).sequence == 3)
    }

    private func record(
        _ key: String,
        till: String = "till-1",
        day: Int = 0
    ) async throws -> Recorded {
        try await ledger.record(
            try .pos(key, till: till, dayOffset: day),
            of: member,
            at: .noon(plusMs: Int64(day) * 86_400_000),
            under: programme
        )
    }

    private func void(_ key: String) async throws -> Voided {
        try await ledger.void(try #require(SaleKey(key)), at: .noon(plusMs: 1_000))
    }

    private func voided(_ answer: Voided) throws -> VoidedAward {
        guard case .voided(let award) = answer else {
            Issue.record("not voided: \(answer)")
            throw LedgerError.closed
        }
        return award
    }
}

extension Moment {
    fileprivate func date(plus days: Int) -> BusinessDate {
        BusinessDate(at: wall, in: .taipei).adding(days: days)
    }
}
