import LoyaltyCore
import SyncWire
import Testing

/// What an entry says of a compensation, and of a member's profile.
struct ApprovalLineTests {
    @Test func `a compensation names the severity, the reason, the manager and the code's step`()
        throws
    {
        let entry = try makeEntry(approval: Approval(manager: "anna", step: 58_123_456))

        let line = EntryLineV1.bytes(of: entry)
        #expect(
            String(decoding: line, as: UTF8.self).contains(
                #""occasion":["recovery","minor","soup was cold"],"approved":true,"#
                    + #""approvedBy":["anna",58123456]"#
            )
        )
        #expect(try EntryLineV1.entry(from: line) == entry)
    }

    @Test func `a compensation of an earlier version names no manager`() throws {
        let entry = try makeEntry(approval: nil)

        let line = EntryLineV1.bytes(of: entry)
        #expect(!String(decoding: line, as: UTF8.self).contains("approvedBy"))
        #expect(try EntryLineV1.entry(from: line) == entry)
    }

    @Test(arguments: [
        #""anna""#, #"["anna"]"#, #"["anna",-1]"#, #"["Anna",1]"#, #"["anna","1"]"#,
        #"["anna",1,2]"#,
    ])
    func `an approval out of form is malformed`(value: String) throws {
        let entry = try makeEntry(approval: Approval(manager: "anna", step: 1))
        let text = String(decoding: EntryLineV1.bytes(of: entry), as: UTF8.self)
            .replacing(#""approvedBy":["anna",1]"#, with: #""approvedBy":\#(value)"#)

        #expect(throws: EntryLineError.malformed(field: "approvedBy")) {
            try EntryLineV1.entry(from: Array(text.utf8))
        }
    }

    private func makeEntry(approval: Approval?) throws -> Entry {
        var details = SaleDetails()
        details.occasion = .recovery(severity: "minor", reason: "soup was cold")
        details.isApproved = true
        details.approval = approval
        let fact = AwardFact(
            member: try #require(MemberNumber(value: 42)),
            programme: ProgrammeReference(
                name: "care",
                version: 1,
                digest: String(repeating: "a", count: 64)
            ),
            sale: Sale(
                key: try #require(SaleKey("P1/1")),
                evidence: .pos,
                amount: nil,
                businessDate: try #require(BusinessDate("2026-11-22")),
                opensVisit: false,
                till: "1",
                details: details
            ),
            lastVisits: [:],
            reads: StandingReads(
                profile: Profile(birthday: Birthday("02-29"), isReferred: true, tierFloor: "gold")
            ),
            postings: [Posting(.points, .never, 30)]
        )
        return Entry(
            sequence: 2,
            at: Moment(wall: WallTime(unixMs: 5), quality: .ntp, boot: 1, sinceBootMs: 7),
            hybridTime: HybridTime(wallMs: 5, count: 0),
            fact: .award(fact)
        )
    }
}
