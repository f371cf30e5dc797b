import LoyaltyCore
import SyncWire
import Testing

/// HQ's signed time as a line of the log.
struct AnchorLineTests {
    @Test func `an anchor read back is the one that was written`() throws {
        let entry = entry(AnchorFact(serverMs: 1_795_320_000_000, roundTripMs: 60_000))
        let bytes = EntryLineV1.bytes(of: entry)

        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"seq":7,"type":"anchor","wallMs":5,"clock":"rtc","boot":3,"bootMs":11,"#
                + #""hlc":[5,0],"serverMs":1795320000000,"roundTripMs":60000}"#
        )
        #expect(try EntryLineV1.entry(from: bytes) == entry)
    }

    @Test(arguments: [
        (AnchorFact(serverMs: -1, roundTripMs: 0), "serverMs"),
        (AnchorFact(serverMs: 0, roundTripMs: -1), "roundTripMs"),
        (AnchorFact(serverMs: 0, roundTripMs: AnchorFact.roundTripMsMax + 1), "roundTripMs"),
    ])
    func `an anchor out of range is no entry`(fact: AnchorFact, field: String) {
        #expect(throws: EntryLineError.malformed(field: field)) {
            try EntryLineV1.entry(from: EntryLineV1.bytes(of: entry(fact)))
        }
    }

    private func entry(_ fact: AnchorFact) -> Entry {
        Entry(
            sequence: 7,
            at: Moment(wall: WallTime(unixMs: 5), quality: .rtc, boot: 3, sinceBootMs: 11),
            hybridTime: HybridTime(wallMs: 5, count: 0),
            fact: .anchor(fact)
        )
    }
}
