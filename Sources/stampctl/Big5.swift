import Glibc

/// Text in Big5, as invoices carry it, by the C library's table.
enum Big5 {
    /// Microsoft's Big5, which Taiwan's tills write.
    private static let name = "CP950"

    /// Decodes Big5.
    ///
    /// - Returns: The text; nil if the bytes are no Big5, or the system has no table for it.
    static func text(_ bytes: [UInt8]) -> String? {
        guard let converter = iconv_open("UTF-8", name), Int(bitPattern: converter) != -1 else {
            return nil
        }
        defer { iconv_close(converter) }
        // No character of Big5 takes more than two bytes, and none more than four in UTF-8.
        var output = [CChar](repeating: 0, count: bytes.count * 2 + 4)
        var input = bytes.map { CChar(bitPattern: $0) }
        let count = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                convert(converter, source, target)
            }
        }
        return count.map {
            String(decoding: output.prefix($0).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    /// Converts all of the source; nil if a byte does not fit.
    private static func convert(
        _ converter: iconv_t,
        _ source: UnsafeMutableBufferPointer<CChar>,
        _ target: UnsafeMutableBufferPointer<CChar>
    ) -> Int? {
        var (from, fromCount) = (source.baseAddress, source.count)
        var (to, toCount) = (target.baseAddress, target.count)
        let result = iconv(converter, &from, &fromCount, &to, &toCount)
        return result == -1 || fromCount > 0 ? nil : target.count - toCount
    }
}
