import CZlib

/// The one compression that every HQ reads: gzip (RFC 1952).
public enum Gzip {
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
        var stream = z_stream()
        let started = deflateInit2_(
            &stream,
            Z_DEFAULT_COMPRESSION,
            Z_DEFLATED,
            gzipWindowBits,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(started == Z_OK, "zlib has no memory")
        defer { deflateEnd(&stream) }

        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
        let outcome = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return deflate(&stream, Z_FINISH)
            }
        }
        precondition(outcome == Z_STREAM_END, "deflateBound promises enough room")
        return Array(output.prefix(Int(stream.total_out)))
    }

    /// Decompresses bytes, and stops as soon as too many come out.
    ///
    /// - Parameters:
    ///   - bytes: One gzip member and nothing after it.
    ///   - limit: Most bytes that may come out.
    ///   - ratio: How many times longer than `bytes` the result may be, once it has more than
    ///     `ratioFreeByteCount` bytes.
    /// - Returns: The decompressed bytes.
    /// - Throws: `GzipError`.
    public static func decompress(
        _ bytes: [UInt8],
        byteCountMax limit: Int = byteCountMax,
        ratioMax ratio: Int = ratioMax
    ) throws(GzipError) -> [UInt8] {
        let allowed = min(limit, max(bytes.count * ratio, ratioFreeByteCount))
        var stream = z_stream()
        let started = inflateInit2_(
            &stream,
            gzipWindowBits,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(started == Z_OK, "zlib has no memory")
        defer { inflateEnd(&stream) }

        var output: [UInt8] = []
        var outcome = Z_OK
        var input = bytes
        var chunk = [UInt8](repeating: 0, count: 65_536)
        input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            while outcome == Z_OK, output.count <= allowed {
                let count = chunk.withUnsafeMutableBufferPointer { chunk in
                    stream.next_out = chunk.baseAddress
                    stream.avail_out = UInt32(chunk.count)
                    outcome = inflate(&stream, Z_NO_FLUSH)
                    return chunk.count - Int(stream.avail_out)
                }
                output += chunk.prefix(count)
            }
        }
        guard output.count <= allowed else { throw .tooLarge(byteCountMax: allowed) }
        guard outcome == Z_STREAM_END, stream.avail_in == 0 else { throw .damaged }
        return output
    }

    /// 15 bits of window, the most there are, plus 16 for gzip's frame (zlib.h, `deflateInit2`).
    private static let gzipWindowBits: Int32 = 15 + 16
}

/// Why bytes cannot be decompressed.
public enum GzipError: Error, Equatable {
    /// More bytes come out than allowed: a bomb, or a batch beyond its limits.
    case tooLarge(byteCountMax: Int)
    /// Not gzip, cut short, spoilt, or followed by something.
    case damaged
}

extension GzipError: CustomStringConvertible {
    /// What is wrong with the bytes, and what to do.
    public var description: String {
        switch self {
        case .tooLarge(let max): "more than \(max) bytes come out; send smaller batches"
        case .damaged: "the gzip data is damaged; send it again"
        }
    }
}
