import ArgumentParser
import LedgerDB
import Logging
import LoyaltyCore
import ServiceLifecycle
import StampAgent
import StampHQ
import SyncWire

/// How long a new store takes until it has all of HQ's members, over HTTP on this machine.
///
/// HQ makes the snapshot meanwhile, as it does for the first store after an import.
struct Snapshot: AsyncParsableCommand {
    @Argument(help: "An empty directory on the disk to measure.")
    var directory: String
    @Argument(help: "How many members.")
    var memberCount: Int64

    func run() async throws {
        let (hq, logger) = try makeHQ(at: "\(directory)/hq")
        let imported = try await seconds { try await importMembers(into: hq) }
        let key = SigningKey()
        let identity = LogIdentity(
            device: Workload.identity.device,
            epoch: 1,
            publicKey: key.publicKey.bytes,
            nonce: Workload.identity.nonce
        )
        try await hq.store.addDevice(identity, label: "bench")
        let ledger = try Workload.open("\(directory)/ledger.sqlite", identity: identity)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ServiceGroup(services: [hq], logger: logger).run() }
            guard let port = await hq.port() else { throw BenchError("HQ does not listen") }
            let link = HTTPLink(
                url: "http://127.0.0.1:\(port)",
                trustRootsPath: nil,
                clock: .system(floor: TimeFloor(), isSynchronised: { true })
            )
            group.addTask { try await link.run() }
            let down = DownService(
                counter: try counter(ledger, logger),
                link: link,
                keys: SyncKeys(device: key, hq: hq.publicKey),
                floor: TimeFloor(),
                logger: logger,
                readProgramme: { _ in throw BenchError("no programme is published") }
            )
            let loaded = try await seconds {
                group.addTask { try await down.run() }
                while try await ledger.place(in: .changes) == nil {
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            guard await ledger.memberCount() == memberCount
            else { throw BenchError("members are missing") }
            report([
                "members": Double(memberCount),
                "import_s": imported,
                "ready_s": loaded,
            ])
            group.cancelAll()
        }
    }

    private func seconds(_ work: () async throws -> Void) async throws -> Double {
        let started = monotonicNow()
        try await work()
        return (monotonicNow() - started) / .seconds(1)
    }

    private func importMembers(into hq: HQ) async throws {
        for start in stride(from: 0, to: memberCount, by: 5_000) {
            let members = try (start..<min(start + 5_000, memberCount)).map { index in
                Member(
                    number: try Workload.member(index),
                    maskedName: "王○明",
                    mobileBarcode: "/" + String(10_000_000 + index).suffix(7),
                    isBlocked: false
                )
            }
            _ = try await hq.store.putMembers(members)
        }
    }

    private func counter(_ ledger: Ledger, _ logger: Logger) throws -> Counter {
        Counter(
            ledger: ledger,
            programme: try Workload.programme(),
            clock: .system(floor: TimeFloor()) { true },
            settings: CounterSettings(
                store: "bench",
                tills: ["1"],
                invoiceKeys: [],
                version: "bench"
            ),
            board: StatusBoard(hqURL: nil),
            hub: EventHub(),
            logger: logger
        )
    }
}
