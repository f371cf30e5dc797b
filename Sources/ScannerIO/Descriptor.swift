import CDevices
import Glibc

/// A file descriptor with one owner, closed when its owner lets go of it.
///
/// A scanner may be unplugged half-way through set-up; with this, no path out can leak the node.
struct Descriptor: ~Copyable {
    let fd: CInt
    let path: String

    /// Opens a node.
    init(opening path: String, flags: CInt) throws(DeviceError) {
        fd = CInt(try check(cdevices_open(path, flags), call: "open", path: path))
        self.path = path
    }

    /// Takes over a descriptor that a shim function made, or throws its error.
    init(taking fd: CInt, from call: String) throws(DeviceError) {
        self.fd = CInt(try check(fd, call: call, path: ""))
        path = ""
    }

    deinit {
        close(fd)
    }

    /// Reads what is there, at most a buffer full.
    ///
    /// - Returns: The count of bytes; `nil` if there is nothing to read now.
    /// - Throws: `DeviceError`; the end of the file counts as `ENODEV`, which is how a serial line
    ///   says that it was unplugged.
    func read(into buffer: inout [UInt8]) throws(DeviceError) -> Int? {
        let count = cdevices_read(fd, &buffer, buffer.count)
        if count == -Int(EAGAIN) { return nil }
        guard count != 0 else { throw DeviceError(call: "read", path: path, errno: ENODEV) }
        return try check(CInt(count), call: "read", path: path)
    }
}

/// Reads a small file whole.
///
/// - Parameters:
///   - path: The file.
///   - byteCountMax: Where to stop; the rest is not read.
/// - Returns: Its bytes.
/// - Throws: `DeviceError`.
func readFile(_ path: String, byteCountMax: Int) throws(DeviceError) -> [UInt8] {
    let file = try Descriptor(opening: path, flags: O_RDONLY)
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: byteCountMax)
    while content.count < byteCountMax {
        let count = cdevices_read(file.fd, &buffer, byteCountMax - content.count)
        guard try check(CInt(count), call: "read", path: path) > 0 else { break }
        content += buffer.prefix(count)
    }
    return content
}
