import Glibc

/// The file system that a file lies on.
enum Volume {
    /// Bytes that the file system would still give to this process; 0 if it cannot be asked.
    static func freeByteCount(_ path: String) -> Int64 {
        status(path).map { Int64(clamping: $0.f_bavail) * Int64(clamping: $0.f_frsize) } ?? 0
    }

    /// Whether the file system takes no writes.
    ///
    /// After an error, kernels from 6.14 refuse writes without saying so in the mount's flags;
    /// opening the lock file shows it. Never the database's own file: closing it would drop
    /// SQLite's locks (sqlite.org/howtocorrupt.html, section 2.2).
    static func isReadOnly(_ path: String) -> Bool {
        if let status = status(path), status.f_flag & UInt(ST_RDONLY) != 0 { return true }
        let descriptor = Glibc.open(path + ".lock", O_RDWR | O_CLOEXEC)
        if descriptor >= 0 { close(descriptor) }
        return descriptor < 0 && errno == EROFS
    }

    /// A file's size, or 0 if there is none.
    static func byteCount(_ path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    /// The directory that holds a file.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes the names of the files beside a file last.
    ///
    /// - Throws: `LedgerError.ioError`: a power cut could take files away, with all that they hold.
    static func syncDirectory(of path: String) throws(LedgerError) {
        let directory = directory(of: path)
        let descriptor = try Descriptor(opening: directory, O_RDONLY | O_DIRECTORY)
        guard fsync(descriptor.number) == 0
        else { throw .ioError(Volume.failure("fsync", directory)) }
    }

    private static func status(_ path: String) -> statvfs? {
        var status = statvfs()
        return statvfs(directory(of: path), &status) == 0 ? status : nil
    }

    /// A failed call, its path and the reason, for an error's words.
    static func failure(_ call: String, _ path: String) -> String {
        let code = errno
        return "\(call) \(path): \(String(cString: strerror(code)))"
    }
}

/// A file descriptor that closes itself.
struct Descriptor: ~Copyable {
    let number: CInt

    /// Opens a file for this user only.
    ///
    /// - Throws: `LedgerError.readOnly` or `LedgerError.ioError`.
    init(opening path: String, _ flags: CInt) throws(LedgerError) {
        let number = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard number >= 0 else {
            let isDenied = [EROFS, EACCES, EPERM].contains(errno)
            let detail = Volume.failure("open", path)
            throw isDenied ? .readOnly(detail) : errno == ENOSPC ? .diskFull : .ioError(detail)
        }
        self.number = number
    }

    deinit {
        close(number)
    }
}
