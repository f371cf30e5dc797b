import LoyaltyCore
import Testing

@testable import SyncWire

/// Several batches in a row, in whatever pieces their bytes come.
struct BatchSplitterTests {
    @Test(arguments: [1, 7, 4_096, 1_000_000])
    func `batches come out as they went in, however the bytes are cut`(size: Int) throws {
        let batches = try threeBatches()
        let bytes = batches.flatMap(\.bytes)
        var splitter = BatchSplitter()
        var found: [BatchSplitter.Piece] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            splitter.append(bytes[start..<min(start + size, bytes.count)])
            while let piece = try splitter.next() { found.append(piece) }
        }

        try splitter.finish()
        #expect(found.map(\.bytes) == batches.map(\.bytes))
        #expect(found.map(\.header.first) == [1, 3, 3])
    }

    @Test func `what is whole before a cut is given, and the cut is told`() throws {
        let batches = try threeBatches()
        var splitter = BatchSplitter()
        splitter.append(batches.flatMap(\.bytes).dropLast(1))

        #expect(try splitter.next()?.bytes == batches[0].bytes)
        #expect(try splitter.next()?.bytes == batches[1].bytes)
        #expect(try splitter.next() == nil)
        #expect(throws: BatchError.cutShort) { try splitter.finish() }
    }

    @Test func `what is no batch is told behind the batches before it`() throws {
        var splitter = BatchSplitter()
        splitter.append(try SampleLog().batch.bytes)
        splitter.append(Array("<html>\n".utf8))

        #expect(try splitter.next() != nil)
        #expect(throws: BatchError.self) { try splitter.next() }
    }

    @Test func `a header may announce as many entries as a batch may have, and not one more`()
        throws
    {
        let most = try header(announcing: BatchV1.entryCountMax)
        var splitter = BatchSplitter()
        splitter.append(most)
        #expect(try splitter.next() == nil)

        var other = BatchSplitter()
        other.append(try header(announcing: BatchV1.entryCountMax + 1))
        #expect(throws: BatchError.tooManyEntries(501)) { try other.next() }
    }

    @Test func `no more bytes are kept than a batch may have`() throws {
        var splitter = BatchSplitter()
        splitter.append(Array(repeating: UInt8(ascii: "x"), count: BatchV1.wholeByteCountMax))
        #expect(try splitter.next() == nil)
        splitter.append([UInt8(ascii: "x")])
        #expect(throws: BatchError.tooManyBytes(BatchV1.wholeByteCountMax + 1)) {
            try splitter.next()
        }
    }

    /// Two batches that follow each other, and one with no entries.
    private func threeBatches() throws -> [BatchV1] {
        let log = try SampleLog(entryCount: 2)
        let end = try #require(log.lines.last?.position)
        let empty = BatchV1(
            of: [],
            after: end,
            identity: log.identity,
            report: log.report,
            signedBy: log.key
        )
        return [log.batch, empty, empty]
    }

    private func header(announcing count: Int) throws -> [UInt8] {
        let log = try SampleLog()
        let header = log.batch.header
        let other = BatchHeaderV1(
            device: header.device,
            epoch: header.epoch,
            first: header.first,
            count: count,
            previous: header.previous,
            report: header.report
        )
        return other.json.bytes + [UInt8(ascii: "\n")]
    }
}
