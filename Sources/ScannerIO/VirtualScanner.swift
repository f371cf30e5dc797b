import CDevices
import Glibc

/// A serial scanner without hardware, for the demonstration and for tests.
///
/// It is a real pty: the monitor opens its other end as it opens any line.
public final class VirtualScanner: Sendable {
    /// The node to adopt, as `/dev/pts/3`.
    public let nodePath: String

    private let descriptor: Descriptor

    /// Makes a line that nobody reads yet.
    ///
    /// - Throws: `DeviceError` if the system has no pty left.
    public init() throws(DeviceError) {
        var path = [CChar](repeating: 0, count: 32)
        let descriptor = try Descriptor(
            taking: cdevices_pty_open(&path, path.count),
            from: "ptmx"
        )
        nodePath = String(
            decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        self.descriptor = descriptor
    }

    /// Sends bytes as a scanner would, its line ending included.
    ///
    /// - Throws: `DeviceError`; `EAGAIN` if so much is unread that the line is full, and then none
    ///   or a part was sent.
    public func send(_ bytes: [UInt8]) throws(DeviceError) {
        let count = cdevices_write(descriptor.fd, bytes, bytes.count)
        try check(CInt(count), call: "write", path: nodePath)
        guard count == bytes.count else {
            throw DeviceError(call: "write", path: nodePath, errno: EAGAIN)
        }
    }

    /// Returns what the reader has sent to the scanner.
    public func received() throws(DeviceError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try descriptor.read(into: &buffer) ?? 0
        return Array(buffer.prefix(count))
    }
}
