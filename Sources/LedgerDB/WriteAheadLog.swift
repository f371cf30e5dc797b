import Glibc

/// The write-ahead log as a plain file, for the one thing that SQLite does not do.
enum WriteAheadLog {
    private static let pieceByteCount = 1 << 16

    /// Writes the log's bytes over themselves and syncs them.
    ///
    /// After a failed sync the kernel may hold pages as written that never reached the disk, and
    /// a second sync says nothing about them. Written again, they are synced again. The caller
    /// holds the database, and writes nothing to it meanwhile.
    ///
    /// - Parameter path: The log's file; nothing happens if there is none.
    /// - Throws: `LedgerError` if the disk still fails.
    static func settle(_ path: String) throws(LedgerError) {
        guard Volume.byteCount(path) > 0 else { return }
        let descriptor = try Descriptor(opening: path, O_RDWR)
        var piece = [UInt8](repeating: 0, count: pieceByteCount)
        var offset: off_t = 0
        while true {
            let readCount = pread(descriptor.number, &piece, piece.count, offset)
            guard readCount >= 0 else { throw .ioError(Volume.failure("read", path)) }
            if readCount == 0 { break }
            guard pwrite(descriptor.number, piece, readCount, offset) == readCount
            else { throw .ioError(Volume.failure("write", path)) }
            offset += off_t(readCount)
        }
        guard fsync(descriptor.number) == 0 else { throw .ioError(Volume.failure("fsync", path)) }
    }
}
