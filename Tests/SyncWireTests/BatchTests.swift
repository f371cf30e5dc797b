import LoyaltyCore
import SyncWire
import Testing

/// Batches of a small log: what holds, and what is refused with which reason.
struct BatchTests {
    let log: SampleLog

    init() throws {
        log = try SampleLog()
    }

    @Test func `a batch read back is the batch that was sent, and its chain holds`() throws {
        let batch = try BatchV1(parsing: log.batch.bytes)

        #expect(batch == log.batch)
        #expect(try batch.verify(after: log.identity.start, key: log.key.publicKey) == log.lines)
    }

    @Test func `the lines travel byte for byte, between a header and a checkpoint`() {
        let lines = log.batch.bytes.split(separator: UInt8(ascii: "\n"))

        #expect(lines.count == 5)
        #expect(lines[1...3].map(Array.init) == log.lines.map(\.body))
        #expect(
            String(decoding: lines[0], as: UTF8.self)
                == #"{"v":1,"kind":"batch","dev":"018f0000-0000-7000-8000-000000000001","ep":1,"#
                + #""first":1,"count":3,"prev":"\#(Base64.text(log.identity.genesis.bytes))","#
                + #""now":{"wallMs":1790000000000,"boot":17,"bootMs":52110,"clock":"ntp"},"#
                + #""queue":{"pending":3,"oldestAgeS":5400},"programme":null,"freeMB":812}"#
        )
    }

    @Test func `a checkpoint signs the text of the protocol`() throws {
        let checkpoint = log.batch.checkpoint
        let hash = Base64.text(try #require(log.lines.last).hash.bytes)

        #expect(
            checkpoint.text
                == "stampd/ckpt/v1\n018f0000-0000-7000-8000-000000000001\n1\n3\n\(hash)\n"
                + "1790000000000\n"
        )
        #expect(checkpoint.isSigned(by: log.key.publicKey))
        #expect(!checkpoint.isSigned(by: SigningKey().publicKey))
    }

    @Test func `a batch without entries still reports`() throws {
        let end = try #require(log.lines.last).position
        let empty = BatchV1(
            of: [],
            after: end,
            identity: log.identity,
            report: log.report,
            signedBy: log.key
        )

        let batch = try BatchV1(parsing: empty.bytes)
        #expect(batch.header.count == 0)
        #expect(try batch.verify(after: end, key: log.key.publicKey).isEmpty)
    }

    @Test(arguments: [0, 1, 2])
    func `a changed line breaks the chain`(index: Int) throws {
        var bodies = log.batch.bodies
        bodies[index][8] = UInt8(ascii: "9")

        #expect(throws: BatchError.chainInvalid(index: 3)) { try verify(bodies: bodies) }
    }

    @Test func `reordered lines break the chain`() throws {
        #expect(throws: BatchError.chainInvalid(index: 3)) {
            try verify(bodies: log.batch.bodies.reversed())
        }
    }

    @Test func `a dropped line breaks the chain`() throws {
        #expect(throws: BatchError.chainInvalid(index: 2)) {
            try verify(bodies: log.batch.bodies.dropLast())
        }
    }

    @Test func `a batch for another place in the log is refused`() throws {
        let batch = log.batch
        let start = log.identity.start

        #expect(throws: BatchError.notNext(1)) {
            try batch.verify(after: log.lines[0].position, key: log.key.publicKey)
        }
        #expect(throws: BatchError.chainInvalid(index: 0)) {
            let other = LogPosition(sequence: 0, hash: log.lines[0].hash)
            return try batch.verify(after: other, key: log.key.publicKey)
        }
        #expect(throws: BatchError.signatureInvalid) {
            try batch.verify(after: start, key: SigningKey().publicKey)
        }
    }

    @Test func `a batch cut short anywhere is refused`() {
        let bytes = log.batch.bytes
        for count in 0..<bytes.count {
            #expect(throws: BatchError.self) { try BatchV1(parsing: Array(bytes.prefix(count))) }
        }
    }

    @Test(
        arguments: [
            ("\"v\":1", "\"v\":2", BatchError.unknownVersion),
            ("\"kind\":\"batch\"", "\"kind\":\"patch\"", .malformed(field: "kind")),
            ("\"ep\":1", "\"ep\":0", .malformed(field: "ep")),
            ("\"first\":1", "\"first\":9007199254740993", .malformed(field: "first")),
            ("\"count\":3", "\"count\":4", .countMismatch(announced: 4, found: 3)),
            ("\"count\":3", "\"count\":-1", .malformed(field: "count")),
            ("\"clock\":\"ntp\"", "\"clock\":\"sun\"", .malformed(field: "clock")),
            ("018f0000-", "018g0000-", .malformed(field: "dev")),
            ("\"prev\":\"", "\"prev\":\"=", .malformed(field: "prev")),
            ("\"pending\":3", "\"pending\":3.5", .notJSON(line: 0, .notWhole(at: 237))),
        ]
    )
    func `a header out of form is refused`(old: String, new: String, error: BatchError) throws {
        let text = String(decoding: log.batch.bytes, as: UTF8.self)
        let range = try #require(text.firstRange(of: old))

        #expect(throws: error) {
            try BatchV1(parsing: Array(text.replacingCharacters(in: range, with: new)))
        }
    }

    @Test func `a batch holds 500 entries and no more`() throws {
        let log = try SampleLog(entryCount: 501)
        #expect(BatchV1.fittingCount(of: log.lines) == 500)

        let full = batch(of: Array(log.lines.prefix(500)), in: log)
        #expect(try BatchV1(parsing: full.bytes).bodies.count == 500)

        let over = batch(of: log.lines, in: log)
        #expect(throws: BatchError.tooManyEntries(501)) { try BatchV1(parsing: over.bytes) }
    }

    @Test func `a batch holds 256 KiB of entries and no more`() throws {
        // 16 lines of 16,383 bytes and their line ends are exactly 262,144 bytes.
        let lines = (1...17).map { sequence in
            LogLine(
                sequence: Int64(sequence),
                body: Array(repeating: UInt8(ascii: "x"), count: 16_383),
                hash: log.identity.genesis
            )
        }
        #expect(BatchV1.fittingCount(of: lines) == 16)

        let full = batch(of: Array(lines.prefix(16)), in: log)
        #expect(try BatchV1(parsing: full.bytes).bodies.count == 16)

        var over = Array(lines.prefix(16))
        over[0] = LogLine(sequence: 1, body: over[0].body + [0x78], hash: over[0].hash)
        #expect(throws: BatchError.tooManyBytes(262_145)) {
            try BatchV1(parsing: batch(of: over, in: log).bytes)
        }
    }

    @Test func `the header tells where the device's log ends`() {
        #expect(log.batch.header.deviceHead == 3)
    }

    private func batch(of lines: [LogLine], in log: SampleLog) -> BatchV1 {
        BatchV1(
            of: lines,
            after: log.identity.start,
            identity: log.identity,
            report: log.report,
            signedBy: log.key
        )
    }

    private func verify(bodies: some Sequence<[UInt8]>) throws {
        let forged = BatchV1(
            header: log.batch.header,
            bodies: Array(bodies),
            checkpoint: log.batch.checkpoint
        )
        _ = try forged.verify(after: log.identity.start, key: log.key.publicKey)
    }
}

extension String {
    /// The text with one range replaced, as bytes.
    fileprivate func replacingCharacters(in range: Range<Index>, with other: String) -> [UInt8] {
        Array(self[..<range.lowerBound].utf8) + Array(other.utf8)
            + Array(self[range.upperBound...].utf8)
    }
}
