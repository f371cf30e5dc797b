/// The one compression that every HQ reads: gzip (RFC 1952).
public enum Gzip {
    /// The coding's name in `Content-Encoding` (RFC 9110 section 8.4.1.3).
    public static let name = "gzip"

    /// How many times longer than its compressed form a body may be.
    ///
    /// Source: FAULTS.md T12. Batches shrink some 6 times (SYNC.md 2.7); deflate's own limit is
    /// 1,032.
    public static let ratioMax = 20

    /// Bytes that may come out whatever the ratio: a whole batch of equal lines is no bomb.
    public static let ratioFreeByteCount = BatchV1.wholeByteCountMax

    /// Most bytes that anyone may inflate at once.
    ///
    /// Source: our own bound: 4 MiB, some fifteen batches.
    public static let byteCountMax = 4_194_304

    /// Compresses bytes; equal bytes always compress equally.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        Zlib.deflated(bytes, .gzip)
    }

    /// Decompresses bytes, and stops as soon as too many come out.
    ///
    /// - Parameters:
    ///   - bytes: One gzip member and nothing after it.
    ///   - limit: Most bytes that may come out.
    ///   - ratio: How many times longer than `bytes` the result may be, once it has more than
    ///     `ratioFreeByteCount` bytes.
    /// - Returns: The decompressed bytes.
    /// - Throws: `InflateError`.
    public static func decompress(
        _ bytes: [UInt8],
        byteCountMax limit: Int = byteCountMax,
        ratioMax ratio: Int = ratioMax
    ) throws(InflateError) -> [UInt8] {
        let allowed = allowedByteCount(of: bytes.count, byteCountMax: limit, ratioMax: ratio)
        return try Zlib.inflated(bytes, .gzip, byteCountMax: allowed)
    }

    /// How many bytes may come out of so many.
    static func allowedByteCount(
        of byteCount: Int,
        byteCountMax limit: Int = byteCountMax,
        ratioMax ratio: Int = ratioMax
    ) -> Int {
        min(limit, max(byteCount * ratio, ratioFreeByteCount))
    }
}
