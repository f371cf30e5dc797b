import SyncWire
import Testing

/// Compression with a cap that holds while inflating.
struct GzipTests {
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 300_000])
    func `bytes come back as they were`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }

        #expect(try Gzip.decompress(Gzip.compress(bytes), ratioMax: 1_032) == bytes)
    }

    @Test func `another program's gzip can be read`() throws {
        // printf hello | gzip -n
        let bytes = Hex.bytes("1f8b0800000000000003cb48cdc9c9070086a6103605000000")

        #expect(try Gzip.decompress(try #require(bytes)) == Array("hello".utf8))
    }

    @Test func `a bomb is refused before it is inflated`() {
        let bomb = Gzip.compress(Array(repeating: 0, count: 20_000_000))

        #expect(throws: InflateError.tooLarge(byteCountMax: 20 * bomb.count)) {
            try Gzip.decompress(bomb)
        }
        #expect(throws: InflateError.tooLarge(byteCountMax: 4_194_304)) {
            try Gzip.decompress(bomb, ratioMax: 2_000)
        }
    }

    @Test func `one byte above the cap is refused, the cap itself is not`() throws {
        let bytes = Gzip.compress(Array(repeating: 1, count: 1_000))

        #expect(try Gzip.decompress(bytes, byteCountMax: 1_000).count == 1_000)
        #expect(throws: InflateError.tooLarge(byteCountMax: 999)) {
            try Gzip.decompress(bytes, byteCountMax: 999)
        }
    }

    @Test func `a batch of equal lines is no bomb`() throws {
        let lines = Array(repeating: UInt8(ascii: "x"), count: BatchV1.wholeByteCountMax)
        let bytes = Gzip.compress(lines)

        #expect(bytes.count * Gzip.ratioMax < lines.count)
        #expect(try Gzip.decompress(bytes) == lines)
    }

    @Test func `damaged, cut or continued data is refused`() throws {
        let bytes = Gzip.compress(Array("stamps and points".utf8))
        var spoilt = bytes
        spoilt[bytes.count - 8] ^= 1  // the check sum

        for wrong in [[], Array("plain".utf8), Array(bytes.dropLast()), bytes + [0], spoilt] {
            #expect(throws: InflateError.damaged) { try Gzip.decompress(wrong) }
        }
    }
}
