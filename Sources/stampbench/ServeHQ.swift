import ArgumentParser
import Glibc
import LoyaltyCore
import ServiceLifecycle
import StampHQ
import SyncWire
import UnixSignals

/// Serves an HQ that knows some agents' devices, until SIGTERM.
struct ServeHQ: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hq")

    @Argument(help: "HQ's data directory.")
    var directory: String
    @Argument(help: "The agents' state directories; 'stampd identity' has made their keys.")
    var statePaths: [String]
    @Option(help: "How many members HQ has.")
    var members: Int64 = 0

    func run() async throws {
        let (hq, logger) = try makeHQ(at: directory)
        for path in statePaths {
            let identity = try Workload.identity(ofAgentAt: path)
            try await hq.store.addDevice(identity, label: "bench")
        }
        try await importMembers(into: hq)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await ServiceGroup(
                    services: [hq],
                    gracefulShutdownSignals: [.sigterm],
                    logger: logger
                ).run()
            }
            let port = await hq.port() ?? 0
            let key = Base64.text(hq.publicKey.bytes)
            let line = Array("{\"port\": \(port), \"key\": \"\(key)\"}\n".utf8)
            _ = write(STDOUT_FILENO, line, line.count)
            try await group.waitForAll()
        }
    }

    private func importMembers(into hq: HQ) async throws {
        for start in stride(from: 0, to: members, by: 5_000) {
            let batch = try (start..<min(start + 5_000, members)).map { index in
                Member(
                    number: try Workload.member(index),
                    maskedName: "王○明",
                    mobileBarcode: "/" + String(10_000_000 + index).suffix(7),
                    isBlocked: false
                )
            }
            _ = try await hq.store.putMembers(batch)
        }
    }
}
