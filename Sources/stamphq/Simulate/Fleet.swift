import LedgerDB
import StampAgent
import SyncWire
import Synchronization

/// The stores, and the key that HQ signs with.
struct Fleet: Sendable {
    /// By their numbers, whichever of them HQ let in first: the same seed gives the same fleet.
    private(set) var stores: [SimulatedStore] = []
    private var keys: Set<PublicKey> = []

    mutating func add(_ store: SimulatedStore, _ key: PublicKey) {
        let index = stores.firstIndex { $0.number > store.number } ?? stores.endIndex
        stores.insert(store, at: index)
        keys.insert(key)
    }

    /// HQ's key, as the first store pinned it.
    var hqKey: PublicKey {
        guard let key = keys.first else { preconditionFailure("there is at least one store") }
        return key
    }

    /// Sales of all stores until now.
    var saleCount: Int { stores.reduce(0) { $0 + $1.saleCount } }

    /// Entries that HQ has not acknowledged, of all stores.
    func pendingCount() async throws -> Int64 {
        var count: Int64 = 0
        for store in stores { count += try await store.ledger.queue().pendingCount }
        return count
    }

    /// What each device takes for received.
    func received() async -> [String: Int64] {
        var received: [String: Int64] = [:]
        for store in stores {
            let device = store.ledger.identity.device.text
            received[device] = await store.ledger.watermarks().received
        }
        return received
    }
}

/// A store on its line.
struct MeteredStore: Sendable {
    let store: SimulatedStore
    let link: MeteredLink
    private let line: HTTPLink
    private let hqKey: PublicKey

    init(_ store: SimulatedStore, _ port: Int, _ hqKey: PublicKey, _ meters: Meters) {
        self.store = store
        self.hqKey = hqKey
        line = HTTPLink(
            url: "http://127.0.0.1:\(port)",
            trustRootsPath: nil,
            clock: store.clock
        )
        link = MeteredLink(line, hqKey: hqKey, ledger: store.ledger, meters: meters)
    }

    /// Syncs until it is cancelled.
    func sync(_ pausing: @escaping SyncService<MeteredLink>.Pausing) async throws {
        let service = SyncService(
            counter: store.counter,
            link: link,
            keys: SyncKeys(device: store.key, hq: hqKey),
            floor: store.floor,
            logger: .silent,
            pausing: pausing
        )
        try await service.run()
        try await line.close()
    }
}

/// HQ's memory while it works.
final class MemoryTrack: Sendable {
    private struct State {
        var samples: [Int] = []
        var endKB = 0
    }

    private let state = Mutex(State())

    /// The first sample once work has begun, in kB.
    var startKB: Int { state.withLock { $0.samples.first ?? $0.endKB } }
    /// What it was when work ended, in kB.
    var endKB: Int { state.withLock { $0.endKB } }
    /// The highest, in kB.
    var peakKB: Int { state.withLock { max($0.samples.max() ?? 0, $0.endKB) } }

    func add(_ sampleKB: Int) {
        // HQ that was killed just now has none.
        if sampleKB > 0 { state.withLock { $0.samples.append(sampleKB) } }
    }

    func end(_ sampleKB: Int) {
        state.withLock { $0.endKB = sampleKB }
    }
}

/// Whether HQ still held, after each time that it was killed, what it had acknowledged.
final class DurabilityCheck: Sendable {
    private let state = Mutex((checkedCount: 0, broken: [String]()))

    var checkedCount: Int { state.withLock { $0.checkedCount } }
    var broken: [String] { state.withLock { $0.broken } }

    func add(_ received: [String: Int64], held: [String: Int64]) {
        state.withLock { state in
            for (device, sequence) in received {
                state.checkedCount += 1
                let heldCount = held[device] ?? 0
                guard heldCount < sequence else { continue }
                state.broken.append("\(device) was told \(sequence), HQ has \(heldCount)")
            }
        }
    }
}
