import LoyaltyCore
import Testing

@testable import SyncWire

/// A batch told by what its reader cannot work out from the entry before it.
struct DeltaCodingTests {
    private func coding(_ log: SampleLog, after count: Int) -> DeltaCoding {
        DeltaCoding(device: log.identity.device, epoch: 1, after: log.lines[count - 1])
    }

    @Test(arguments: [0, 1, 2, 49])
    func `the reader gets the batch as it was signed`(entryCount: Int) throws {
        let log = try SampleLog(entryCount: 1 + entryCount)
        let batch = log.batch(after: 1)
        let coding = coding(log, after: 1)

        let content = try #require(coding.content(of: batch))
        let read = try coding.batch(from: content, signedBy: log.key.keyID)

        #expect(read.bytes == batch.bytes)
        #expect(
            try read.verify(after: log.lines[0].position, key: log.key.publicKey).count
                == entryCount
        )
    }

    @Test func `a single award behind an award has less than 200 bytes`() throws {
        let log = try SampleLog(awardCount: 2)
        let batch = log.batch(after: 1)

        let content = try #require(coding(log, after: 1).content(of: batch))

        #expect(content.count < 200, "\(content.count) bytes")
        #expect(content.count * 3 < Gzip.compress(batch.bytes).count)
    }

    @Test func `fifty entries and a batch from elsewhere are not coded so`() throws {
        let log = try SampleLog(entryCount: 52)
        let last = log.lines[51]
        let other = try #require(DeviceID("018f0000-0000-7000-8000-000000000002"))

        #expect(DeltaCoding.entryCountMax == 49)
        #expect(coding(log, after: 2).content(of: log.batch(after: 2)) == nil)
        #expect(coding(log, after: 3).content(of: log.batch(after: 3)) != nil)
        #expect(coding(log, after: 5).content(of: log.batch(after: 4)) == nil)
        for (device, epoch) in [(other, Int64(1)), (log.identity.device, 2)] {
            let coding = DeltaCoding(device: device, epoch: epoch, after: last)
            #expect(coding.content(of: log.batch(after: 52)) == nil)
        }
    }

    @Test func `a checkpoint of another time than the report's is not coded so`() throws {
        let log = try SampleLog(entryCount: 2)
        let batch = log.batch(after: 1)
        let late = Checkpoint(
            device: log.identity.device,
            epoch: 1,
            position: batch.checkpoint.position,
            wall: WallTime(unixMs: 1),
            signedBy: log.key
        )
        let other = BatchV1(header: batch.header, bodies: batch.bodies, checkpoint: late)

        #expect(coding(log, after: 1).content(of: other) == nil)
    }

    @Test func `a reader that holds another entry says so`() throws {
        let log = try SampleLog(entryCount: 3)
        let content = try #require(coding(log, after: 1).content(of: log.batch(after: 1)))
        let fork = LogLine(sequence: 1, body: Array("another".utf8), hash: log.lines[0].hash)
        let coding = DeltaCoding(device: log.identity.device, epoch: 1, after: fork)

        #expect(throws: DeltaError.inflate(.otherDictionary)) {
            try coding.batch(from: content, signedBy: log.key.keyID)
        }
    }

    @Test func `another key's signature does not verify`() throws {
        let log = try SampleLog(entryCount: 2)
        let coding = coding(log, after: 1)
        var content = try #require(coding.content(of: log.batch(after: 1)))
        let start = log.lines[0].position

        let named = try coding.batch(from: content, signedBy: SigningKey().keyID)
        #expect(throws: BatchError.signatureInvalid) {
            try named.verify(after: start, key: log.key.publicKey)
        }
        content[0] ^= 1
        let forged = try coding.batch(from: content, signedBy: log.key.keyID)
        #expect(throws: BatchError.signatureInvalid) {
            try forged.verify(after: start, key: log.key.publicKey)
        }
    }

    @Test func `damaged, cut, continued and foreign bytes are refused`() throws {
        let log = try SampleLog(entryCount: 2)
        let coding = coding(log, after: 1)
        let content = try #require(coding.content(of: log.batch(after: 1)))
        var spoilt = content
        spoilt[content.count - 1] ^= 1  // the check sum

        for wrong in [
            [], Array(content.prefix(63)), Array(content.prefix(64)), Array(content.dropLast()),
            content + [0], spoilt, Gzip.compress(log.batch.bytes),
        ] {
            #expect(throws: DeltaError.inflate(.damaged)) {
                try coding.batch(from: wrong, signedBy: log.key.keyID)
            }
        }
    }

    @Test func `a flipped bit is noticed or changes nothing`() throws {
        let log = try SampleLog(entryCount: 2)
        let coding = coding(log, after: 1)
        let batch = log.batch(after: 1)
        let content = try #require(coding.content(of: batch))
        var harmlessCount = 0

        for bit in 0..<(content.count * 8) {
            var wrong = content
            wrong[bit / 8] ^= 1 << (bit % 8)
            do {
                let read = try coding.batch(from: wrong, signedBy: log.key.keyID)
                _ = try read.verify(after: log.lines[0].position, key: log.key.publicKey)
                #expect(read.bytes == batch.bytes, "bit \(bit)")
                harmlessCount += 1
            } catch is DeltaError {
            } catch is BatchError {}
        }
        // A stream's last byte may have bits that nobody reads (RFC 1951 section 3.2.3).
        #expect(harmlessCount < 8)
    }

    @Test func `lines that are no batch are refused as such`() throws {
        let log = try SampleLog(entryCount: 2)
        let coding = coding(log, after: 1)
        let rows: [(String, BatchError)] = [
            ("", .cutShort), ("{}", .cutShort), ("{}\n", .malformed(field: "v")),
            ("<html>\n", .notJSON(line: 0, .malformed(at: 0))),
        ]
        for (text, error) in rows {
            let content = coding.content(
                ofLines: Array(text.utf8),
                signature: Array(repeating: 0, count: 64)
            )
            #expect(throws: DeltaError.batch(error), "\(text)") {
                try coding.batch(from: content, signedBy: log.key.keyID)
            }
        }
    }

    @Test func `a bomb is refused before it is inflated`() throws {
        let log = try SampleLog(entryCount: 1)
        let coding = coding(log, after: 1)
        let bomb = coding.content(
            ofLines: Array(repeating: 0x78, count: 20_000_000),
            signature: Array(repeating: 0, count: 64)
        )

        #expect(throws: DeltaError.inflate(.tooLarge(byteCountMax: 20 * (bomb.count - 64)))) {
            try coding.batch(from: bomb, signedBy: log.key.keyID)
        }
    }
}
