import Glibc

/// How long the disk takes to sync as many bytes as one award writes, beside what is measured.
final class SyncTimes {
    /// A write that makes the file longer, as the write-ahead log grows at first.
    private(set) var appending = Samples()
    /// A write over what is there, as the write-ahead log does once it has its length.
    private(set) var overwriting = Samples()

    private static let byteCountKept = 4 << 20
    private let grown: CInt
    private let kept: CInt
    private let bytes: [UInt8]
    private var offset = 0

    /// Makes two files in a directory.
    init(in directory: String, byteCount: Int) throws {
        bytes = Array(repeating: 0xA5, count: byteCount)
        grown = try Self.open("\(directory)/sync-grown")
        kept = try Self.open("\(directory)/sync-kept")
        let whole = [UInt8](repeating: 0x5A, count: Self.byteCountKept)
        guard write(kept, whole, whole.count) == whole.count, fsync(kept) == 0
        else { throw BenchError("\(directory) cannot be written: is the disk full?") }
    }

    deinit {
        close(grown)
        close(kept)
    }

    /// Takes one sample of each, each the first of the two in turn.
    func sample() throws {
        if appending.count.isMultiple(of: 2) {
            try append()
            try overwrite()
        } else {
            try overwrite()
            try append()
        }
    }

    private func append() throws {
        try appending.measure {
            guard write(grown, bytes, bytes.count) == bytes.count, fdatasync(grown) == 0
            else { throw BenchError("a write failed: is the disk full?") }
        }
    }

    private func overwrite() throws {
        offset = offset + 2 * bytes.count > Self.byteCountKept ? 0 : offset + bytes.count
        try overwriting.measure {
            guard pwrite(kept, bytes, bytes.count, off_t(offset)) == bytes.count,
                fdatasync(kept) == 0
            else { throw BenchError("a write failed: is the disk full?") }
        }
    }

    private static func open(_ path: String) throws -> CInt {
        let descriptor = Glibc.open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchError("\(path) cannot be made") }
        return descriptor
    }
}
