import ArgumentParser
import Glibc
import Logging
import LoyaltyCore
import ServiceLifecycle
import StampAgent
import StampHQ
import SyncWire
import UnixSignals

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
        let identity = LogIdentity(
            device: Workload.identity.device,
            epoch: 1,
            publicKey: key.publicKey.bytes,
            nonce: Workload.identity.nonce
        )
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
            let requests = try DeviceLog(identity, key).requests(batchCount, to: link.authority)
            try await push(requests, over: link)
            group.cancelAll()
        }
    }

    private func push(_ requests: [PushRequestV1], over link: HTTPLink) async throws {
        let started = monotonicNow()
        for request in requests {
            let reply = try await link.push(request)
            guard reply.status == 200 else {
                throw BenchError("HQ: \(String(decoding: reply.content, as: UTF8.self))")
            }
        }
        let seconds = (monotonicNow() - started) / .seconds(1)
        let entryCount = Double(requests.count * BatchV1.entryCountMax)
        let byteCount = requests.reduce(0) { $0 + $1.content.count }
        report([
            "entries": entryCount,
            "per_s": entryCount / seconds,
            "bytes_per_entry": Double(byteCount) / entryCount,
        ])
    }
}

/// Serves an HQ that knows one agent's device, until SIGTERM.
struct ServeHQ: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hq")

    @Argument(help: "HQ's data directory.")
    var directory: String
    @Argument(help: "The agent's state directory; 'stampd identity' has made its key.")
    var statePath: String

    func run() async throws {
        let (hq, logger) = try makeHQ(at: directory)
        let identity = try Workload.identity(ofAgentAt: statePath)
        try await hq.store.addDevice(identity, label: "bench")
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
}

/// An HQ on a port of its own, without a log.
func makeHQ(at directory: String) throws -> (HQ, Logger) {
    let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
    var settings = HQSettings(dataDirectory: directory)
    settings.port = 0
    return (try buildHQ(settings, logger: logger), logger)
}

/// A device's log made in memory, each entry an award as a till makes it.
private struct DeviceLog {
    private let identity: LogIdentity
    private let key: SigningKey
    private let programme: ProgrammeReference

    init(_ identity: LogIdentity, _ key: SigningKey) throws {
        self.identity = identity
        self.key = key
        programme = ProgrammeReference(try Workload.programme())
    }

    /// The pushes of some batches, in order.
    func requests(_ batchCount: Int, to authority: String) throws -> [PushRequestV1] {
        var position = identity.start
        return try (0..<batchCount).map { _ in
            let start = position
            var lines: [LogLine] = []
            for _ in 0..<BatchV1.entryCountMax {
                let line = try line(after: position)
                lines.append(line)
                position = line.position
            }
            let batch = BatchV1(
                of: lines,
                after: start,
                identity: identity,
                report: DeviceReportV1(
                    now: moment(position.sequence),
                    pendingCount: Int64(batchCount * BatchV1.entryCountMax) - start.sequence,
                    oldestAgeS: 0,
                    programmeDigest: programme.digest,
                    freeMB: 1_000
                ),
                signedBy: key
            )
            return PushRequestV1(
                batch,
                authority: authority,
                createdS: Int64(time(nil)),
                nonce: "bench-\(start.sequence)",
                signedBy: key
            )
        }
    }

    private func line(after position: LogPosition) throws -> LogLine {
        let sequence = position.sequence + 1
        let sale = try Workload.sale(sequence)
        let entry = Entry(
            sequence: sequence,
            at: moment(sequence),
            hybridTime: HybridTime(wallMs: moment(sequence).wall.unixMs, count: 0),
            fact: .award(
                AwardFact(
                    member: try Workload.member(Int64.random(in: 0..<1_000_000)),
                    programme: programme,
                    sale: sale,
                    lastVisits: [:],
                    postings: [
                        Posting(.points, .never, (sale.amount ?? 0) / 35),
                        Posting(.stamps(ofCard: "latte"), .never, 1),
                    ]
                )
            )
        )
        let body = EntryLineV1.bytes(of: entry)
        let hash = position.hash.extended(by: sequence, body)
        return LogLine(sequence: sequence, body: body, hash: hash)
    }

    private func moment(_ sequence: Int64) -> Moment {
        let reading = Workload.reading(sequence)
        return Moment(
            wall: reading.wall,
            quality: reading.quality,
            boot: 1,
            sinceBootMs: reading.sinceBootMs
        )
    }
}
