import ArgumentParser
import LedgerDB
import Logging
import LoyaltyCore
import ScanCodec
import ScannerIO
import StampAgent
import Synchronization

/// How long a scan takes from its last byte to the award on the event stream.
///
/// A real pty, the real reader, counter, ledger and hub; one member after the other.
struct Latency: AsyncParsableCommand {
    @Argument(help: "An empty directory on the disk to measure.")
    var directory: String
    @Argument(help: "How many scans.")
    var scanCount: Int64

    /// Rest between two scans, so that each finds an idle agent.
    private static let pause: Duration = .milliseconds(4)
    /// Bytes that one visit's award adds to the write-ahead log: five frames of 1,048.
    private static let commitByteCount = 5 * 1_048

    func run() async throws {
        let ledger = try Workload.open("\(directory)/ledger.sqlite")
        try await Workload.importMembers(scanCount, into: ledger)
        let scanner = try VirtualScanner()
        let (counter, monitor) = try makeAgent(ledger, scanner)
        let gate = ScanTimes()
        let reports = monitor.events.compactMap { gate.take($0) }
        let events = counter.hub.follow()
        let logger = Logger(label: "bench")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await monitor.run() }
            group.addTask { try await ScanService(reports: reports, counter: counter).run() }
            group.addTask { try await TillService(counter: counter, logger: logger).run() }
            try await scan(with: scanner, gate, events)
            group.cancelAll()
        }
        await ledger.close()
    }

    private func scan(
        with scanner: VirtualScanner,
        _ times: ScanTimes,
        _ events: AsyncStream<CounterEvent>
    ) async throws {
        for await _ in times.attachments { break }
        let sync = try SyncTimes(in: directory, byteCount: Self.commitByteCount)
        var (fromSending, fromReading) = (Samples(), Samples())
        var iterator = events.makeAsyncIterator()
        for index in 0..<scanCount {
            let card = Workload.card(of: try Workload.member(index))
            let sentAt = monotonicNow()
            try scanner.send(Array(card.utf8) + [0x0D])
            try await awaitAward(&iterator)
            let seenAt = monotonicNow()
            fromSending.append(seenAt - sentAt)
            fromReading.append(seenAt - times.completedAt)
            try await Task.sleep(for: Self.pause)
            try sync.sample()
        }
        report([
            "scans": Double(fromSending.count),
            "p50_ms": fromSending.percentileMs(50),
            "p99_ms": fromSending.percentileMs(99),
            "max_ms": fromSending.maxMs,
            "completed_p50_ms": fromReading.percentileMs(50),
            "completed_p99_ms": fromReading.percentileMs(99),
            "append_sync_p50_ms": sync.appending.percentileMs(50),
            "append_sync_p99_ms": sync.appending.percentileMs(99),
            "overwrite_sync_p50_ms": sync.overwriting.percentileMs(50),
            "overwrite_sync_p99_ms": sync.overwriting.percentileMs(99),
        ])
    }

    private func awaitAward(_ events: inout AsyncStream<CounterEvent>.Iterator) async throws {
        while let event = await events.next(isolation: #isolation) {
            guard case .till(let view) = event else { continue }
            guard view.phase == .award else { throw BenchError("no award, but \(view.phase)") }
            return
        }
        throw BenchError("the events ended")
    }

    private func makeAgent(
        _ ledger: Ledger,
        _ scanner: VirtualScanner
    ) throws -> (Counter, ScannerMonitor) {
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let counter = Counter(
            ledger: ledger,
            programme: try Workload.programme(),
            clock: .system(floor: TimeFloor()) { true },
            settings: CounterSettings(store: "bench", tills: ["1"], invoiceKeys: [], version: "0"),
            board: StatusBoard(hqURL: nil),
            hub: EventHub(),
            logger: logger
        )
        let monitor = try ScannerMonitor(
            settings: ScannerSettings(
                adopted: [AdoptedScanner(match: .node(scanner.nodePath), transport: .serial)],
                adoptsByProperty: false
            ),
            logger: logger
        )
        return (counter, monitor)
    }
}

/// When the last scan was complete, and when the scanner was attached.
private final class ScanTimes: Sendable {
    let attachments: AsyncStream<Void>
    private let attached: AsyncStream<Void>.Continuation
    private let state = Mutex(Duration.zero)

    init() {
        (attachments, attached) = AsyncStream.makeStream()
    }

    var completedAt: Duration { state.withLock { $0 } }

    /// Notes an event.
    ///
    /// - Returns: What the counter has to know of it.
    func take(_ event: ScannerEvent) -> ScanReport? {
        switch event {
        case .scan(let scan, let till):
            state.withLock { $0 = scan.completedAt }
            return .scan(scan, till: till)
        case .attached:
            attached.yield()
            return nil
        default: return nil
        }
    }
}
