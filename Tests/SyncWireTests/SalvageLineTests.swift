import LoyaltyCore
import SyncWire
import Testing

/// How a log says that it was begun anew, and what is missing.
struct SalvageLineTests {
    private static let hash = [UInt8](repeating: 1, count: 32)

    @Test func `a salvage and a hole are spelled out, and read back as they were`() throws {
        let salvage = entry(
            .salvage(SalvageFact(epoch: 1, last: 80, hash: Self.hash, reason: .rolledBack))
        )
        let lost = entry(.lost(LostFact(epoch: 1, from: 81, to: 95)))

        let head =
            #"{"seq":1,"type":"TYPE","wallMs":5,"clock":"rtc","boot":3,"bootMs":11,"hlc":[5,0],"#
        #expect(
            text(salvage) == head.replacing("TYPE", with: "salvage")
                + #""epoch":1,"last":80,"h":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","#
                + #""reason":"rolled-back"}"#
        )
        #expect(
            text(lost) == head.replacing("TYPE", with: "lost") + #""epoch":1,"from":81,"to":95}"#
        )
        for entry in [salvage, lost] {
            #expect(try EntryLineV1.entry(from: EntryLineV1.bytes(of: entry)) == entry)
        }
    }

    @Test func `a void names the epoch of its award only if it is another`() throws {
        let member = try #require(MemberNumber(value: 1))
        let key = try #require(SaleKey("P/1"))
        for epoch in [nil, 1, Int64(UInt32.max)] {
            let void = VoidFact(
                member: member,
                key: key,
                sequence: 4,
                epoch: epoch,
                postings: [Posting(.points, .never, -1)]
            )
            let line = text(entry(.void(void)))
            #expect(line.contains("voidsEpoch") == (epoch != nil))
            #expect(try EntryLineV1.entry(from: Array(line.utf8)).fact == .void(void))
        }
    }

    @Test(arguments: [
        (#""epoch":1"#, #""epoch":0"#, "epoch"),
        (#""epoch":1"#, #""epoch":4294967296"#, "epoch"),
        (#""last":80"#, #""last":-1"#, "last"),
        (#""reason":"damaged""#, #""reason":"bored""#, "reason"),
        (#""h":"AQEB"#, #""h":"QEB"#, "h"),
    ])
    func `a salvage out of range is no entry`(old: String, new: String, field: String) throws {
        let good = text(
            entry(.salvage(SalvageFact(epoch: 1, last: 80, hash: Self.hash, reason: .damaged)))
        )
        #expect(good.contains(old))
        #expect(throws: EntryLineError.malformed(field: field)) {
            try EntryLineV1.entry(from: Array(good.replacing(old, with: new).utf8))
        }
    }

    @Test(arguments: [(0, 5, "from"), (6, 5, "to"), (1, BatchHeaderV1.sequenceMax + 1, "to")])
    func `a hole that is none is no entry`(from: Int64, to: Int64, field: String) {
        let bytes = EntryLineV1.bytes(of: entry(.lost(LostFact(epoch: 1, from: from, to: to))))
        #expect(throws: EntryLineError.malformed(field: field)) {
            try EntryLineV1.entry(from: bytes)
        }
    }

    @Test func `a freeze ends by HQ's word for its own epoch alone`() {
        let now = WallTime(unixMs: 9)
        let freeze = RedemptionFreeze(.salvage(.damaged), since: WallTime(unixMs: 1), epoch: 2)
        func after(_ freeze: RedemptionFreeze?, _ epoch: Int64, _ isFrozen: Bool)
            -> RedemptionFreeze?
        {
            .after(freeze, acknowledged: epoch, isFrozen: isFrozen, at: now)
        }
        #expect(after(freeze, 1, false) == freeze)
        #expect(after(freeze, 2, true) == freeze)
        #expect(after(freeze, 2, false) == nil)
        #expect(after(nil, 2, false) == nil)
        #expect(after(nil, 2, true) == RedemptionFreeze(.hq, since: now, epoch: 2))
        #expect(!RedemptionFreeze.allowsRedemption(freeze))
        #expect(RedemptionFreeze.allowsRedemption(nil))
        let names = SalvageReason.allCases.map(RedemptionFreeze.Reason.salvage)
        for reason in names + [.hq, .superseded] {
            #expect(RedemptionFreeze.Reason(name: reason.name) == reason)
        }
    }

    private func text(_ entry: Entry) -> String {
        String(decoding: EntryLineV1.bytes(of: entry), as: UTF8.self)
    }

    private func entry(_ fact: Fact) -> Entry {
        Entry(
            sequence: 1,
            at: Moment(wall: WallTime(unixMs: 5), quality: .rtc, boot: 3, sinceBootMs: 11),
            hybridTime: HybridTime(wallMs: 5, count: 0),
            fact: fact
        )
    }
}
