import Foundation
import Testing

/// A small ext4 file system in a file, mounted for one test.
///
/// Needs root; a test that cannot have it fails and says so, since a promise that was not tested
/// is none.
final class SmallVolume: Sendable {
    let mountPoint: String
    private let image: String

    init(byteCount: Int, blockByteCount: Int = 4_096) throws {
        try #require(
            geteuid() == 0,
            "this test mounts a small file system: run it as root, or in a root container"
        )
        let name = "\(NSTemporaryDirectory())/volume-\(UUID().uuidString)"
        image = name + ".img"
        mountPoint = name
        try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
        try Program.check("truncate", "-s", "\(byteCount)", image)
        try Program.check("mkfs.ext4", "-q", "-F", "-m", "0", "-b", "\(blockByteCount)", image)
        try mount()
    }

    deinit {
        // Allowed: what is left is only in the temporary directory.
        _ = try? Program.run(["umount", "-l", mountPoint])
        try? FileManager.default.removeItem(atPath: image)  // Allowed: as above.
        try? FileManager.default.removeItem(atPath: mountPoint)  // Allowed: as above.
    }

    func mount() throws {
        try Program.check("mount", "-o", "loop,errors=remount-ro", image, mountPoint)
    }

    func unmount() throws {
        try Program.check("umount", mountPoint)
    }

    /// Makes the kernel treat the file system as broken: it becomes read-only at once.
    func abort() throws {
        try Program.check("mount", "-o", "remount,abort", mountPoint)
    }

    /// Fills what room there is.
    func fill() throws {
        let path = "\(mountPoint)/filler"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        for pieceByteCount in [65_536, 4_096, 1_024] {
            let descriptor = open(path, O_WRONLY | O_APPEND)
            let piece = [UInt8](repeating: 1, count: pieceByteCount)
            while write(descriptor, piece, piece.count) == piece.count {}
            fsync(descriptor)
            close(descriptor)
        }
    }

    func empty() throws {
        try FileManager.default.removeItem(atPath: "\(mountPoint)/filler")
        sync()  // ext4 gives blocks back with its journal's next commit
    }
}
