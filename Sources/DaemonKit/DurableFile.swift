import Glibc

/// Small files that survive a power cut whole: the old content or the new, never half of it.
public enum DurableFile {
    /// Most bytes that are read.
    ///
    /// Source: our own bound; keys and programmes have some kilobytes.
    public static let byteCountMax = 1_048_576

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - byteCountMax: Most bytes that it may have.
    /// - Returns: Its bytes, or nil if there is no such file.
    /// - Throws: `FileError`, also for a longer file.
    public static func read(
        _ path: String,
        upTo byteCountMax: Int = byteCountMax
    ) throws(FileError) -> [UInt8]? {
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
        let draft = try Draft(of: path, mode: mode)
        try draft.setMode(mode)
        try draft.append(bytes)
        try draft.finish()
    }

    /// Makes a directory unless it is there, and returns once the disk holds its name.
    ///
    /// - Throws: `FileError`.
    public static func makeDirectory(_ path: String, mode: UInt32) throws(FileError) {
        guard mkdir(path, mode) == 0 || errno == EEXIST
        else { throw FileError(call: "mkdir", path: path, errno: errno) }
        try syncDirectory(of: path)
    }

    /// Has the disk hold the names in a directory.
    ///
    /// A process that was killed between a renaming and its sync leaves a name that reads like any
    /// other, and that a power cut takes back.
    ///
    /// - Throws: `FileError`.
    public static func settle(_ directory: String) throws(FileError) {
        try syncDirectory(of: directory + "/")
    }

    /// Deletes a file unless it is gone; after a power cut it may be back.
    ///
    /// - Throws: `FileError`.
    public static func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT
        else { throw FileError(call: "unlink", path: path, errno: errno) }
    }

    /// A file on its way to the disk: written piece by piece, it takes its name only when whole.
    ///
    /// One that is let go unfinished leaves nothing behind.
    public final class Draft {
        private let path: String
        private let draftPath: String
        private let descriptor: Int32
        private var isFinished = false

        /// Begins a file beside the one that it will replace.
        ///
        /// - Parameters:
        ///   - path: The file; its directory exists.
        ///   - mode: Who may read and write it, as far as the process's mask lets them.
        /// - Throws: `FileError`.
        public init(of path: String, mode: UInt32) throws(FileError) {
            self.path = path
            draftPath = path + ".new"
            let opened = open(draftPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
            guard opened >= 0
            else { throw FileError(call: "open", path: draftPath, errno: errno) }
            descriptor = opened
        }

        deinit {
            close(descriptor)
            if !isFinished { unlink(draftPath) }
        }

        /// Writes the bytes that follow.
        ///
        /// - Throws: `FileError`; let the draft go then.
        public func append(_ bytes: [UInt8]) throws(FileError) {
            var written = 0
            while written < bytes.count {
                let count = bytes[written...].withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress, $0.count)
                }
                guard count > 0
                else { throw FileError(call: "write", path: draftPath, errno: errno) }
                written += count
            }
        }

        /// Gives the file its name, and returns once the disk holds it.
        ///
        /// - Throws: `FileError`; before the renaming the old file is then as it was.
        public func finish() throws(FileError) {
            guard fsync(descriptor) == 0
            else { throw FileError(call: "fsync", path: draftPath, errno: errno) }
            guard rename(draftPath, path) == 0
            else { throw FileError(call: "rename", path: path, errno: errno) }
            isFinished = true
            try DurableFile.syncDirectory(of: path)
        }

        /// Lets exactly these read and write it, whatever the process's mask says.
        fileprivate func setMode(_ mode: UInt32) throws(FileError) {
            guard fchmod(descriptor, mode) == 0
            else { throw FileError(call: "fchmod", path: draftPath, errno: errno) }
        }
    }

    fileprivate static func syncDirectory(of path: String) throws(FileError) {
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
