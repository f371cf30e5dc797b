import Glibc

/// Small files that survive a power cut whole: the old content or the new, never half of it.
public enum DurableFile {
    /// Most bytes that are read.
    ///
    /// Source: our own bound; keys and programmes have some kilobytes.
    public static let byteCountMax = 1_048_576

    /// Reads a file.
    ///
    /// - Parameter path: The file.
    /// - Returns: Its bytes, or nil if there is no such file.
    /// - Throws: `FileError`, also for a file with more than `byteCountMax` bytes.
    public static func read(_ path: String) throws(FileError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError(call: "open", path: path, errno: errno)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw FileError(call: "read", path: path, errno: errno) }
            if count == 0 { return bytes }
            bytes += chunk.prefix(count)
            guard bytes.count <= byteCountMax
            else { throw FileError(call: "read", path: path, errno: EFBIG) }
        }
    }

    /// Replaces a file, and returns once the disk holds it.
    ///
    /// - Parameters:
    ///   - bytes: The new content.
    ///   - path: The file; its directory exists.
    ///   - mode: Who may read and write it.
    /// - Throws: `FileError`; the file is then as it was.
    public static func write(
        _ bytes: [UInt8],
        to path: String,
        mode: UInt32
    ) throws(FileError) {
        let draft = path + ".new"
        try writeDraft(bytes, to: draft, mode: mode)
        guard rename(draft, path) == 0
        else { throw FileError(call: "rename", path: path, errno: errno) }
        try syncDirectory(of: path)
    }

    private static func writeDraft(
        _ bytes: [UInt8],
        to path: String,
        mode: UInt32
    ) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileError(call: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        guard fchmod(descriptor, mode) == 0
        else { throw FileError(call: "fchmod", path: path, errno: errno) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw FileError(call: "write", path: path, errno: errno) }
            written += count
        }
        guard fsync(descriptor) == 0
        else { throw FileError(call: "fsync", path: path, errno: errno) }
    }

    private static func syncDirectory(of path: String) throws(FileError) {
        let end = path.lastIndex(of: "/")
        let directory = end.map { String(path[..<$0]) } ?? "."
        let descriptor = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0
        else { throw FileError(call: "open", path: directory, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0
        else { throw FileError(call: "fsync", path: directory, errno: errno) }
    }
}

/// A system call on a file that failed.
public struct FileError: Error, Equatable {
    /// The call, as its manual page names it.
    public let call: String
    /// The file.
    public let path: String
    /// The error number, from errno(3).
    public let errno: Int32
}

extension FileError: CustomStringConvertible {
    /// The call, the file, the reason and what to look at.
    public var description: String {
        "\(call) \(path): \(String(cString: strerror(errno))): check that its directory exists,"
            + " is yours and has room"
    }
}
