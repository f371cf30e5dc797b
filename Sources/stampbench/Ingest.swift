import ArgumentParser
import Logging
import LoyaltyCore
import ServiceLifecycle
import StampAgent
import StampHQ
import SyncWire

/// Entries a second that HQ takes from one device over HTTP, and their bytes on the wire.
///
/// The requests are made beforehand. HQ checks signatures and chain, books and commits each batch.
struct Ingest: AsyncParsableCommand {
    @Argument(help: "An empty directory on the disk to measure.")
    var directory: String
    @Argument(help: "How many batches of 500.")
    var batchCount: Int

    func run() async throws {
        let (hq, logger) = try makeHQ(at: directory)
        let key = SigningKey()
        let identity = Workload.identity(of: key)
        try await hq.store.addDevice(identity, label: "bench")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ServiceGroup(services: [hq], logger: logger).run() }
            guard let port = await hq.port() else { throw BenchError("HQ does not listen") }
            let link = HTTPLink(
                url: "http://127.0.0.1:\(port)",
                trustRootsPath: nil,
                clock: .system(floor: TimeFloor(), isSynchronised: { true })
            )
            group.addTask { try await link.run() }
            let requests = try DeviceLog(identity, key)
                .requests(batchCount, entryCount: BatchV1.entryCountMax, to: link.authority)
            try await push(requests, over: link)
            group.cancelAll()
        }
    }

    private func push(_ requests: [PushRequestV1], over link: HTTPLink) async throws {
        let (started, startedProcessor) = (monotonicNow(), processorTime())
        for request in requests {
            let reply = try await link.push(request)
            guard reply.status == 200 else {
                throw BenchError("HQ: \(String(decoding: reply.content, as: UTF8.self))")
            }
        }
        let seconds = (monotonicNow() - started) / .seconds(1)
        let processorSeconds = (processorTime() - startedProcessor) / .seconds(1)
        let entryCount = Double(requests.count * BatchV1.entryCountMax)
        let byteCount = requests.reduce(0) { $0 + $1.content.count }
        report([
            "entries": entryCount,
            "per_s": entryCount / seconds,
            "processor_us_per_entry": processorSeconds * 1_000_000 / entryCount,
            "bytes_per_entry": Double(byteCount) / entryCount,
        ])
    }
}

/// An HQ on a port of its own, without a log.
func makeHQ(at directory: String) throws -> (HQ, Logger) {
    let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
    var settings = HQSettings(dataDirectory: directory)
    settings.port = 0
    return (try buildHQ(settings, logger: logger), logger)
}
