import ArgumentParser
import Glibc
import ScanCodec

/// Reads a scan from a file, no more of it than a scan can have.
enum ScanInput {
    /// What an AIM identifier, a line ending and one byte too many add to a scan.
    private static let byteCountMax = Scan.byteCountMax + AIMIdentifier.byteCount + 2 + 1

    /// Reads a file as a scanner's bytes.
    ///
    /// - Parameter path: The file, or `-` for standard input.
    /// - Returns: The bytes, without the line ending that a scanner adds.
    /// - Throws: `ValidationError` if the file cannot be read.
    static func bytes(of path: String) throws -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { if path != "-" { close(descriptor) } }
        var bytes = [UInt8](repeating: 0, count: byteCountMax)
        var count = 0
        while count < bytes.count {
            let got = bytes[count...].withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress, $0.count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure("read", path) }
            guard got > 0 else { break }
            count += got
        }
        return withoutLineEnding(bytes[..<count])
    }

    private static func withoutLineEnding(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var bytes = bytes
        if bytes.last == 0x0A { bytes.removeLast() }
        if bytes.last == 0x0D { bytes.removeLast() }
        return Array(bytes)
    }

    private static func failure(_ call: String, _ path: String) -> ValidationError {
        ValidationError("\(call) \(path): \(String(cString: strerror(errno))): check the path.")
    }
}
