import CZlib

/// zlib's two streams, each run in one go.
enum Zlib {
    /// The frame around the compressed bytes, as zlib's `windowBits` has it.
    ///
    /// 15 bits of window, the most there are, plus 16 for gzip's frame (zlib.h, `deflateInit2`).
    enum Frame: Int32 {
        /// RFC 1950, which can name a dictionary.
        case zlib = 15
        /// RFC 1952.
        case gzip = 31
    }

    /// Compresses bytes; equal bytes always compress equally.
    ///
    /// - Parameters:
    ///   - bytes: What to compress.
    ///   - frame: What stands around it.
    ///   - dictionary: What the reader has already; empty for none.
    /// - Returns: The compressed bytes.
    static func deflated(
        _ bytes: [UInt8],
        _ frame: Frame,
        dictionary: [UInt8] = []
    ) -> [UInt8] {
        var stream = z_stream()
        let started = deflateInit2_(
            &stream,
            Z_DEFAULT_COMPRESSION,
            Z_DEFLATED,
            frame.rawValue,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(started == Z_OK, "zlib has no memory")
        defer { deflateEnd(&stream) }
        if !dictionary.isEmpty {
            let given = deflateSetDictionary(&stream, dictionary, UInt32(dictionary.count))
            precondition(given == Z_OK, "a stream that has not begun takes a dictionary")
        }

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
    ///   - bytes: One stream and nothing after it.
    ///   - frame: What stands around it.
    ///   - dictionary: What its writer may have taken for known; empty for nothing.
    ///   - allowed: Most bytes that may come out.
    /// - Returns: The decompressed bytes.
    /// - Throws: `InflateError`.
    static func inflated(
        _ bytes: [UInt8],
        _ frame: Frame,
        dictionary: [UInt8] = [],
        byteCountMax allowed: Int
    ) throws(InflateError) -> [UInt8] {
        var stream = z_stream()
        let started = inflateInit2_(
            &stream,
            frame.rawValue,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(started == Z_OK, "zlib has no memory")
        defer { inflateEnd(&stream) }

        var output: [UInt8] = []
        var outcome = Z_OK
        var isDictionaryKnown = true
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
                guard outcome == Z_NEED_DICT else { continue }
                outcome = inflateSetDictionary(&stream, dictionary, UInt32(dictionary.count))
                isDictionaryKnown = outcome == Z_OK
            }
        }
        guard isDictionaryKnown else { throw .otherDictionary }
        guard output.count <= allowed else { throw .tooLarge(byteCountMax: allowed) }
        guard outcome == Z_STREAM_END, stream.avail_in == 0 else { throw .damaged }
        return output
    }
}

/// Why bytes cannot be decompressed.
public enum InflateError: Error, Equatable {
    /// More bytes come out than allowed: a bomb, or a batch beyond its limits.
    case tooLarge(byteCountMax: Int)
    /// Not compressed in this way, cut short, spoilt, or followed by something.
    case damaged
    /// Compressed against something else than what is known here.
    case otherDictionary
}

extension InflateError: CustomStringConvertible {
    /// What is wrong with the bytes, and what to do.
    public var description: String {
        switch self {
        case .tooLarge(let max): "more than \(max) bytes come out; send smaller batches"
        case .damaged: "the compressed data is damaged; send it again"
        case .otherDictionary:
            "the entry before the batch is not held here as its sender has it; send it as gzip"
        }
    }
}
