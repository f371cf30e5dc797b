import LoyaltyCore
import SyncWire
import Testing

@testable import StampHQ

/// Compensations, as HQ lists them for those who answer for them.
@Suite(.timeLimit(.minutes(2)))
struct RecoveryTests {
    @Test func `a compensation is listed with store, member, severity, manager, reason, amount`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try device.compensate("R/1", "2026-09-21", approval: .init(manager: "anna", step: 7))
            try device.compensate("R/2", "2026-09-22", approval: nil)
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)

            let all = try await hq.recoveries("")
            #expect(all.count == 2)
            let first = try #require(all.first)
            #expect(first["member"] == "00000000000042")
            #expect(first["date"] == "2026-09-21")
            #expect(first["severity"] == "minor")
            #expect(first["reason"] == "湯冷了")
            #expect(first["manager"] == "anna")
            #expect(first["cashier"] == "c7")
            #expect(first["postings"] == [["points", 30]])
            #expect(first["isVoided"] == .bool(false))
            #expect(first["seq"] == 2)
            #expect(first["device"]?.stringValue == device.identity.device.text)
            #expect(all.last?["manager"] == .null)
        }
    }

    @Test func `the days of a report are included, and its pages go on`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for day in 20...23 {
                try device.compensate("R/\(day)", "2026-09-\(day)", approval: nil)
            }
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)

            let dates = { (query: String) in
                try await hq.recoveries(query).compactMap { $0["date"]?.stringValue?.suffix(2) }
            }
            #expect(try await dates("?from=2026-09-21&through=2026-09-22") == ["21", "22"])
            #expect(try await dates("?from=2026-09-23") == ["23"])
            #expect(try await dates("?through=2026-09-20") == ["20"])
            #expect(try await dates("?from=2026-10-01").isEmpty)
            let page = try await hq.recoveries("?limit=3")
            #expect(page.count == 3)
            let last = try #require(page.last?["id"]?.integerValue)
            #expect(try await dates("?after=\(last)&limit=3") == ["23"])
        }
    }

    @Test func `a compensation that was taken back stays listed, as voided`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.compensate("R/1", "2026-09-21", approval: nil)
            device.append(
                .void(
                    VoidFact(
                        member: try #require(MemberNumber(value: 42)),
                        key: try #require(SaleKey("R/1")),
                        sequence: 1,
                        postings: [Posting(.points, .never, -30)]
                    )
                )
            )
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)

            #expect(try await hq.recoveries("").map { $0["isVoided"] } == [.bool(true)])
        }
    }

    @Test(arguments: [
        "?from=x", "?through=2026-02-30", "?from=2026-02-02&through=2026-02-01", "?after=-1",
        "?limit=0",
    ])
    func `a report that is asked for wrongly is a bad request`(query: String) async throws {
        try await RunningHQ.run { hq in
            let answer = try await hq.read("/v1/recoveries\(query)")
            #expect(answer.problem?.type == .badRequest)
        }
    }

    @Test func `who joins at two stores joins once in the chain`() async throws {
        try await RunningHQ.run { hq in
            for number in 1...2 {
                var device = try TestDevice(number)
                var details = SaleDetails()
                details.occasion = .join
                try device.occasion("join/00000000000042", "2026-09-21", details)
                try await device.join(hq)
                try await hq.pushed(device.batch(), by: device)
            }

            let member = try #require(MemberNumber(value: 42))
            #expect(
                try await hq.hq.store.balances(of: member) == [Posting(.points, .never, 30)]
            )
            let held = try await hq.hq.store.quarantine().arrayValue ?? []
            #expect(held.map { $0["code"] } == ["duplicate-sale"])
        }
    }
}

extension TestDevice {
    /// Writes a compensation of 30 points.
    fileprivate mutating func compensate(
        _ key: String,
        _ date: String,
        approval: Approval?
    ) throws {
        var details = SaleDetails()
        details.occasion = .recovery(severity: "minor", reason: "湯冷了")
        details.isApproved = true
        details.approval = approval
        details.cashier = "c7"
        try occasion(key, date, details)
    }

    fileprivate mutating func occasion(
        _ key: String,
        _ date: String,
        _ details: SaleDetails
    ) throws {
        append(
            .award(
                AwardFact(
                    member: try #require(MemberNumber(value: 42)),
                    programme: ProgrammeReference(
                        name: "care",
                        version: 1,
                        digest: String(repeating: "0", count: 64)
                    ),
                    sale: Sale(
                        key: try #require(SaleKey(key)),
                        evidence: .pos,
                        amount: nil,
                        businessDate: try #require(BusinessDate(date)),
                        opensVisit: false,
                        till: "1",
                        details: details
                    ),
                    lastVisits: [:],
                    postings: [Posting(.points, .never, 30)]
                )
            )
        )
    }
}

extension RunningHQ {
    fileprivate func recoveries(_ query: String) async throws -> [CanonicalJSON] {
        let answer = try await read("/v1/recoveries\(query)")
        return try CanonicalJSON(parsing: answer.bytes).arrayValue ?? []
    }
}
