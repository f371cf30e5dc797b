import LedgerDB
import LoyaltyCore
import Testing

struct MemberTests {
    let bench: Bench
    let ledger: Ledger

    init() throws {
        bench = try Bench()
        ledger = try bench.open()
    }

    @Test func `a number never heard of is not known, and is no error`() async throws {
        let record = try await ledger.member(try .test(5))

        #expect(record == MemberRecord(number: try .test(5), isKnown: false))
    }

    @Test func `a row from HQ replaces the one before it`() async throws {
        try await put(5, name: "王○明", barcode: "/ABC1234")
        try await put(5, name: "王○華", isBlocked: true)
        let record = try await ledger.member(try .test(5))

        #expect(record.isKnown && record.standing.isBlocked)
        #expect(record.maskedName == "王○華")
        #expect(record.mobileBarcode == nil)
        #expect(await ledger.memberCount() == 1)
    }

    @Test func `a member who earned before HQ named them keeps what they earned`() async throws {
        _ = try await ledger.record(
            try .pos("P1/1"),
            of: try .test(5),
            at: .noon,
            under: try .latte()
        )
        #expect(try await !ledger.member(try .test(5)).isKnown)
        #expect(await ledger.memberCount() == 0)
        try await put(5, name: "王○明")

        let record = try await ledger.member(try .test(5))
        #expect(record.isKnown)
        #expect(record.standing.balance(of: .points) == 10)
        #expect(await ledger.memberCount() == 1)
    }

    @Test func `a mobile barcode finds its member, and belongs to the one named last`()
        async throws
    {
        try await put(5, barcode: "/ABC1234")
        #expect(try await ledger.member(mobileBarcode: "/ABC1234")?.number == .test(5))
        try await put(6, barcode: "/ABC1234")

        #expect(try await ledger.member(mobileBarcode: "/ABC1234")?.number == .test(6))
        #expect(try await ledger.member(.test(5)).mobileBarcode == nil)
        #expect(try await ledger.member(mobileBarcode: "/NOBODY1") == nil)
        #expect(try await ledger.member(mobileBarcode: "'; DROP TABLE log; --") == nil)
    }

    @Test(arguments: [
        (name: "", barcode: "/ABC1234", isRow: false),
        (String(repeating: "王", count: 40), "/ABC1234", true),
        (String(repeating: "王", count: 41), "/ABC1234", false),
        ("a\0b", "/ABC1234", false),
        ("a", "/ABC123", false),
        ("a", "/ABC12345", false),
        ("a", "/王1234", false),
    ])
    func `a row beyond its limits is no row`(name: String, barcode: String, isRow: Bool)
        async throws
    {
        let row = MemberRow(number: try .test(1), maskedName: name, mobileBarcode: barcode)
        #expect((row != nil) == isRow)
        if let row { try await ledger.importMembers([row]) }
    }

    @Test func `the count of members outlives a restart`() async throws {
        let rows = try (1...3_000).map { try #require(MemberRow(number: .test($0))) }
        try await ledger.importMembers(rows)
        await ledger.close()

        #expect(await (try bench.open()).memberCount() == 3_000)
    }

    private func put(
        _ number: Int64,
        name: String? = nil,
        isBlocked: Bool = false,
        barcode: String? = nil
    ) async throws {
        let row = MemberRow(
            number: try .test(number),
            maskedName: name,
            isBlocked: isBlocked,
            mobileBarcode: barcode
        )
        try await ledger.importMembers([try #require(row)])
    }
}
