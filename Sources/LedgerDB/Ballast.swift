import Glibc

/// A file that takes up room until the disk is full, and is then dropped.
struct Ballast: Sendable {
    let path: String
    let byteCount: Int64

    /// Whether all of it is there.
    var isComplete: Bool { byteCount > 0 && Volume.byteCount(path) >= byteCount }

    /// Allocates the file if there is room for it and for the given bytes beside it.
    ///
    /// - Returns: Whether the ballast is complete, or none is wanted.
    func fill(leaving spareByteCount: Int64) -> Bool {
        guard byteCount > 0, !isComplete else { return true }
        drop()  // a part from before a power cut
        guard Volume.freeByteCount(path) >= byteCount + spareByteCount else { return false }
        do throws(LedgerError) {
            let descriptor = try Descriptor(opening: path, O_RDWR | O_CREAT)
            if posix_fallocate(descriptor.number, 0, Int(byteCount)) == 0 { return true }
        } catch {
            return false  // the ledger works without; `LedgerHealth.hasBallast` tells
        }
        drop()
        return false
    }

    /// Gives the room back to the file system.
    func drop() {
        unlink(path)
    }
}
