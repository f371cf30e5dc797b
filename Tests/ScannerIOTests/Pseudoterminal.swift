import CDevices
import Glibc
import Testing

/// A serial line without hardware that a test can pull out.
final class Pseudoterminal {
    /// The reader's end, as `/dev/pts/3`.
    let path: String
    private var descriptor: CInt

    init() throws {
        var buffer = [CChar](repeating: 0, count: 32)
        descriptor = cdevices_pty_open(&buffer, buffer.count)
        try #require(descriptor >= 0)
        path = String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
    }

    deinit { unplug() }

    /// Sends bytes as a scanner would.
    func send(_ bytes: some Collection<UInt8>) throws {
        let data = Array(bytes)
        try #require(cdevices_write(descriptor, data, data.count) == data.count)
    }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// What the reader sent to the scanner.
    func received() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = cdevices_read(descriptor, &buffer, buffer.count)
        return Array(buffer.prefix(max(0, count)))
    }

    /// How the line is set now.
    func settings() throws -> termios {
        var line = termios()
        try #require(tcgetattr(descriptor, &line) == 0)
        return line
    }

    /// Pulls the plug.
    func unplug() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }
}
