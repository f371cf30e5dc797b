import ArgumentParser
import Glibc
import LoyaltyCore
import StampAgent
import SyncWire

/// Pushes batches of one size to whatever listens on a port, which counts what arrives.
struct Wire: AsyncParsableCommand {
    @Argument(help: "The port of this machine to push to.")
    var port: Int
    @Argument(help: "How many entries each batch has.")
    var entryCount: Int
    @Argument(help: "How many batches.")
    var batchCount: Int
    @Flag(help: "Push as to an HQ that said it reads batches coded against the entry before.")
    var coded = false

    func run() async throws {
        let link = HTTPLink(
            url: "http://127.0.0.1:\(port)",
            trustRootsPath: nil,
            clock: .system(floor: TimeFloor(), isSynchronised: { true })
        )
        let key = SigningKey()
        let log = try DeviceLog(Workload.identity(of: key), key)
        let requests = try log.requests(
            batchCount,
            entryCount: entryCount,
            to: link.authority,
            isCoded: coded
        )
        for request in requests { _ = try await link.push(request) }
        try await link.close()
    }
}

/// Writes entries' lines, for what else they can be sent to.
struct Lines: ParsableCommand {
    @Argument(help: "The file to write: a line for each entry.")
    var path: String
    @Argument(help: "How many entries.")
    var entryCount: Int

    func run() throws {
        let key = SigningKey()
        let bodies = try DeviceLog(Workload.identity(of: key), key).lines(entryCount).map(\.body)
        let bytes = Array(bodies.joined(separator: [UInt8(ascii: "\n")]))
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count
        else { throw BenchError("\(path) cannot be written") }
    }
}
