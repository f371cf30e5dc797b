import Glibc
import LoyaltyCore

/// How far the log has certainly been, kept outside the database.
///
/// A restored image of the database alone ends before it. Written and synced before the first
/// commit of each block of entries, so that it costs next to nothing; it says how many entries had
/// been committed by then.
final class LedgerMark {
    /// What a mark says.
    struct Place: Hashable {
        let epoch: Int64
        /// Entries of the epoch that had been committed.
        let committed: Int64
    }

    /// Entries of a block.
    ///
    /// Source: SYNC.md section 3.6; a rollback within a block is found by HQ.
    static let blockEntryCount: Int64 = 64
    /// Bytes of the file, written at once: less than any disk's sector.
    private static let byteCount = 96

    private let path: String
    /// The number of entries that ends the block that was begun; 0 before the first.
    private var blockEnd: Int64 = 0

    init(path: String) {
        self.path = path
    }

    /// Notes that an entry is about to be committed, once for each block.
    ///
    /// A disk that cannot hold the mark will tell so at the commit that follows.
    func pass(_ sequence: Int64, after committed: Int64, epoch: Int64) {
        guard sequence > blockEnd, write(Place(epoch: epoch, committed: committed)) else { return }
        blockEnd = committed + Self.blockEntryCount
    }

    /// Replaces what the mark says.
    ///
    /// - Returns: Whether the disk holds it.
    @discardableResult
    func write(_ place: Place) -> Bool {
        let number = "\(place.epoch) \(place.committed)"
        // Twice, so that a torn or damaged mark says nothing.
        let text = "\(number) \(number)\n"
        let bytes = Array((text + String(repeating: "\n", count: Self.byteCount)).utf8)
        do throws(LedgerError) {
            let descriptor = try Descriptor(opening: path, O_WRONLY | O_CREAT)
            return Glibc.write(descriptor.number, bytes, Self.byteCount) == Self.byteCount
                && fsync(descriptor.number) == 0
        } catch {
            return false
        }
    }

    /// What the mark says, or nil if it says nothing.
    func read() -> Place? {
        guard let bytes = SmallFile.read(path) else { return nil }
        let numbers = String(decoding: bytes, as: UTF8.self).split { " \n".contains($0) }
            .map { Int64($0) }
        guard numbers.count == 4, let epoch = numbers[0], let committed = numbers[1],
            numbers[2] == epoch, numbers[3] == committed, epoch >= 1, committed >= 0
        else { return nil }
        return Place(epoch: epoch, committed: committed)
    }
}

/// Files of one line beside the ledger.
enum SmallFile {
    /// Most bytes that are read.
    ///
    /// Source: our own bound; they have some hundred.
    static let byteCountMax = 4_096

    /// Reads a file, or gives nil if there is none or it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: byteCountMax)
        let count = Glibc.read(descriptor, &bytes, byteCountMax)
        return count >= 0 ? Array(bytes.prefix(count)) : nil
    }

    /// Writes a file, and returns once the disk holds it and its name.
    ///
    /// After a power cut it may be there in part: what reads it must notice.
    static func write(_ bytes: [UInt8], to path: String) throws(LedgerError) {
        let descriptor = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
        guard Glibc.write(descriptor.number, bytes, bytes.count) == bytes.count
        else { throw errno == ENOSPC ? .diskFull : .ioError(Volume.failure("write", path)) }
        guard fsync(descriptor.number) == 0 else { throw .ioError(Volume.failure("fsync", path)) }
        try Volume.syncDirectory(of: path)
    }

    /// Gives a file another name, if it is there.
    static func rename(_ path: String, to name: String) throws(LedgerError) {
        guard Glibc.rename(path, name) == 0 || errno == ENOENT
        else { throw .ioError(Volume.failure("rename", path)) }
    }

    /// Deletes a file, if it is there.
    static func remove(_ path: String) throws(LedgerError) {
        guard unlink(path) == 0 || errno == ENOENT
        else { throw .ioError(Volume.failure("unlink", path)) }
    }

    static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }
}
