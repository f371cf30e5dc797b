import Documents
import Glibc

/// Reads a file line by line, a piece at a time, however large it is.
final class LineFile {
    /// How many bytes were read.
    private(set) var byteCount: Int64 = 0
    /// The number of the line that `next` gave, from 1.
    private(set) var line = 0
    /// The file's size; nil where it is no file that can be read a second time.
    let size: Int64?

    private let path: String
    private let lineByteCountMax: Int
    private let descriptor: CInt
    private var piece = [UInt8](repeating: 0, count: 262_144)
    private var rest = 0..<0

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: The file, or `-` for standard input.
    ///   - lineByteCountMax: Most bytes of a line.
    /// - Throws: `DocumentError` if it cannot be read.
    init(_ path: String, lineByteCountMax: Int) throws(DocumentError) {
        self.path = path
        self.lineByteCountMax = lineByteCountMax
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0
        else { throw Self.failure(path, "check the path") }
        size = status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
    }

    deinit {
        if descriptor > STDIN_FILENO { close(descriptor) }
    }

    /// The next line without its end; nil at the file's end.
    ///
    /// - Throws: `DocumentError` if the file cannot be read on, or a line is too long.
    func next() throws(DocumentError) -> [UInt8]? {
        var bytes: [UInt8] = []
        while true {
            if rest.isEmpty {
                guard try fill() else {
                    guard !bytes.isEmpty else { return nil }
                    line += 1
                    return try content(bytes)
                }
            }
            if let end = piece[rest].firstIndex(of: 0x0A) {
                bytes += piece[rest.lowerBound..<end]
                rest = end + 1..<rest.upperBound
                line += 1
                return try content(bytes)
            }
            bytes += piece[rest]
            rest = 0..<0
            // A mark of the encoding and a return may still come off.
            guard bytes.count <= lineByteCountMax + 4 else { throw tooLong(line + 1) }
        }
    }

    private func fill() throws(DocumentError) -> Bool {
        var count = 0
        repeat {
            count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR && !Interruption.isWanted
        if count < 0, Interruption.isWanted { return false }
        guard count >= 0 else { throw Self.failure(path, "make it readable") }
        byteCount += Int64(count)
        rest = 0..<count
        return count > 0
    }

    /// A line without a return before its end, if it is within the limit.
    private func content(_ bytes: [UInt8]) throws(DocumentError) -> [UInt8] {
        var bytes = bytes
        if bytes.last == 0x0D { bytes.removeLast() }
        // Some editors begin a file with a mark of its encoding.
        if line == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard bytes.count <= lineByteCountMax else { throw tooLong(line) }
        return bytes
    }

    private func tooLong(_ line: Int) -> DocumentError {
        DocumentError(
            file: path,
            line: line,
            problem: "the line has more than \(lineByteCountMax) bytes",
            fix: "write one JSON object on each line"
        )
    }

    private static func failure(_ path: String, _ fix: String) -> DocumentError {
        DocumentError(
            file: path,
            problem: "the file cannot be read (\(String(cString: strerror(errno))))",
            fix: fix
        )
    }
}
