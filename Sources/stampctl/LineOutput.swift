import Glibc

/// Writes lines to standard output, many at a time.
struct LineOutput: ~Copyable {
    /// Bytes that are kept until they are written.
    private static let pieceByteCount = 65_536

    private var piece: [UInt8] = []

    init() {
        piece.reserveCapacity(Self.pieceByteCount * 2)
    }

    mutating func write(_ bytes: some Sequence<UInt8>) throws(TrialError) {
        piece += bytes
        piece.append(0x0A)
        if piece.count >= Self.pieceByteCount { try flush() }
    }

    mutating func flush() throws(TrialError) {
        var done = 0
        while done < piece.count {
            let count = piece[done...].withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw TrialError("standard output: \(String(cString: strerror(errno)))")
            }
            done += count
        }
        piece.removeAll(keepingCapacity: true)
    }
}
