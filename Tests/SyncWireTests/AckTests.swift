import LoyaltyCore
import SyncWire
import Testing

/// HQ's acknowledgement: a device acts on nothing else.
struct AckTests {
    let hq: SigningKey
    let ack: AckV1

    init() throws {
        let log = try SampleLog()
        hq = try #require(SigningKey(seed: Array(repeating: 7, count: 32)))
        ack = AckV1(
            device: log.identity.device,
            epoch: 1,
            received: log.lines[2].position,
            posted: 3,
            prunable: 1,
            serverMs: 1_790_000_000_500,
            hqEpoch: 2,
            credit: AckV1.Credit(entryCount: 5_000, byteCount: 1_048_576, afterMs: 0),
            duplicateCount: 2,
            quarantined: [AckV1.Quarantined(sequence: 2, code: "unknown-type")],
            hasChanges: false
        )
    }

    @Test func `an acknowledgement read back is the one that was signed`() throws {
        #expect(try AckV1(parsing: ack.bytes(signedBy: hq), signedBy: hq.publicKey) == ack)
    }

    @Test func `white space on the way does no harm`() throws {
        let text = String(decoding: ack.bytes(signedBy: hq), as: UTF8.self)
        let spaced = Array(text.split(separator: ",").joined(separator: ", ").utf8)

        #expect(try AckV1(parsing: spaced, signedBy: hq.publicKey) == ack)
    }

    @Test func `a single changed digit is refused`() throws {
        let text = String(decoding: ack.bytes(signedBy: hq), as: UTF8.self)
        for (old, new) in [
            ("\"prunable\":1", "\"prunable\":3"), ("\"received\":3", "\"received\":4"),
            ("\"ep\":1", "\"ep\":2"), ("\"dup\":2", "\"dup\":1"), ("unknown-type", "unknown-typo"),
        ] {
            let range = try #require(text.firstRange(of: old))
            let forged = text[..<range.lowerBound] + new + text[range.upperBound...]
            #expect(throws: AckError.signatureInvalid) {
                try AckV1(parsing: Array(forged.utf8), signedBy: hq.publicKey)
            }
        }
    }

    @Test func `another HQ's signature is refused`() {
        #expect(throws: AckError.signatureInvalid) {
            try AckV1(parsing: ack.bytes(signedBy: SigningKey()), signedBy: hq.publicKey)
        }
    }

    @Test(arguments: ["", "<html>Please log in</html>", "{}", "[]", #"{"kind":"ck"}"#])
    func `a portal's page is no acknowledgement`(body: String) {
        #expect(throws: AckError.notAnAck) {
            try AckV1(parsing: Array(body.utf8), signedBy: hq.publicKey)
        }
    }

    @Test func `watermarks that contradict each other are refused even if signed`() throws {
        let wrong = AckV1(
            device: ack.device,
            epoch: 1,
            received: ack.received,
            posted: 3,
            prunable: 4,
            serverMs: 0,
            hqEpoch: 1,
            credit: ack.credit,
            duplicateCount: 0,
            quarantined: [],
            hasChanges: false
        )
        #expect(throws: AckError.malformed) {
            try AckV1(parsing: wrong.bytes(signedBy: hq), signedBy: hq.publicKey)
        }
    }

    @Test func `the fullest acknowledgement stays below its limit`() {
        let full = AckV1(
            device: ack.device,
            epoch: 1,
            received: ack.received,
            posted: 3,
            prunable: 0,
            serverMs: .max,
            hqEpoch: .max,
            credit: ack.credit,
            duplicateCount: 0,
            quarantined: (0..<500).map { offset in
                AckV1.Quarantined(sequence: .max - offset, code: String(repeating: "x", count: 40))
            },
            hasChanges: true
        )
        #expect(full.bytes(signedBy: hq).count <= AckV1.byteCountMax)
    }
}
