import Foundation
import LedgerDB
import LoyaltyCore
import StampAgent
import StampHQ
import SyncWire
import Synchronization
import UnixSignals

/// Stores that sell, an HQ of its own process, and a line with faults between them.
struct Simulation: Sendable {
    /// What is simulated.
    struct Plan: Sendable {
        let agentCount: Int
        let seed: UInt64
        let duration: Duration
        /// Most entries of all stores together; nil for as many as time allows.
        let entryCountMax: Int?
        /// Between two sales of a store, on average.
        let gap: Duration
        let faults: Set<Fault>
        /// How much shorter than a real store's its pauses are.
        let haste: Double
        /// Whether one sale is counted that never was, so that a promise must be found broken.
        let hasPhantomSale: Bool
    }

    let plan: Plan
    /// Where everything lives; it exists and is empty.
    let directory: String
    let dice: Dice
    let trouble = Trouble()
    let meters = Meters()
    let memory = MemoryTrack()

    /// From so many stores on their commits need not be durable: HQ is what is looked at then.
    static let lightAgentCountMin = 100
    /// Stores that are made at once.
    private static let makingCountMax = 8
    /// The longest time in which everything must reach HQ once the faults have ended.
    ///
    /// Source: our own bound; the slow lane's pause once, shortened, and what was waiting.
    static let drainTimeMax = Duration.seconds(120)

    init(_ plan: Plan, in directory: String) {
        self.plan = plan
        self.directory = directory
        dice = Dice(seed: plan.seed)
    }

    /// Simulates, heals, drains and checks.
    ///
    /// - Parameter tell: Hears how it goes, every few seconds.
    /// - Returns: What was found.
    /// - Throws: What keeps HQ or a store from starting.
    func run(tell: @escaping @Sendable (String) -> Void) async throws -> SimulationReport {
        let hq = HQProcess(directory: "\(directory)/hq")
        let port = try await hq.start()
        do {
            try await Programmes.Publish.publish(
                .simulated(),
                yaml: Programme.simulatedDocument,
                at: admin
            )
            let fleet = try await untilSignal { try await makeFleet(hqPort: port) }
            tell("\(plan.agentCount) stores are enrolled")
            let report = try await run(fleet, hq, hqPort: port, tell)
            await hq.end()
            return report
        } catch {
            await hq.end()
            throw error
        }
    }

    /// Does something, unless the operator has enough: then HQ must end, too.
    ///
    /// - Throws: `CancellationError` after SIGINT or SIGTERM, and what the work throws.
    private func untilSignal<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { break }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    /// HQ's operator's side.
    var admin: AdminClient {
        AdminClient(socketPath: HQSettings(dataDirectory: "\(directory)/hq").socketPath)
    }

    // MARK: - Setting up

    private func makeFleet(hqPort: Int) async throws -> Fleet {
        let link = HTTPLink(
            url: "http://127.0.0.1:\(hqPort)",
            trustRootsPath: nil,
            clock: .simulated(floor: TimeFloor(), skew: WallSkew())
        )
        do {
            let fleet = try await makeFleet(over: link)
            try await link.close()
            return fleet
        } catch {
            try await link.close()
            throw error
        }
    }

    private func makeFleet(over link: HTTPLink) async throws -> Fleet {
        try await withThrowingTaskGroup(of: (SimulatedStore, PublicKey).self) { group in
            var fleet = Fleet()
            for number in 1...plan.agentCount {
                if number > Self.makingCountMax, let (store, key) = try await group.next() {
                    fleet.add(store, key)
                }
                group.addTask { try await makeStore(number, over: link) }
            }
            for try await (store, key) in group { fleet.add(store, key) }
            return fleet
        }
    }

    private func makeStore(
        _ number: Int,
        over link: HTTPLink
    ) async throws -> (SimulatedStore, PublicKey) {
        let store = try SimulatedStore(
            number,
            in: directory,
            isLight: plan.agentCount >= Self.lightAgentCountMin
        )
        let answer = try await admin.post("/v1/enrolments", ["store": .string("s\(number)")])
        guard let code = answer["code"]?.stringValue.flatMap({ EnrolmentCode($0) })
        else { throw CommandError.noAnswer("HQ", "no code came back") }
        return (store, try await store.enrol(code, over: link))
    }

    // MARK: - Running

    private func run(
        _ fleet: Fleet,
        _ hq: HQProcess,
        hqPort: Int,
        _ tell: @escaping @Sendable (String) -> Void
    ) async throws -> SimulationReport {
        let durability = DurabilityCheck()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let linePort = try await startLine(hqPort: hqPort, in: &group)
            let links = fleet.stores.map { MeteredStore($0, linePort, fleet.hqKey, meters) }
            for link in links { group.addTask { try await link.sync(pausing) } }
            // Each store's first entry is its boot; all at once they are no measure of anything.
            guard try await untilSignal({ try await drain(fleet) }) else {
                throw SimulationError.noCalm
            }
            meters.count { $0 = Meters.Counts() }
            trouble.begin(plan.faults)
            let started = ContinuousClock.now
            group.addTask { try await disturb(fleet, hq, durability) }
            group.addTask { try await watch(fleet, hq, tell) }
            await sellAll(fleet)
            memory.end(await hq.memoryKB())

            trouble.end()
            let healed = ContinuousClock.now
            let isDrained = try await drain(fleet)
            let drainTime = ContinuousClock.now - healed
            tell(isDrained ? "all faults have ended, and all is at HQ" : "not all is at HQ")
            for link in links { await link.link.checkForgery() }
            if plan.hasPhantomSale { fleet.stores[0].notePhantomSale() }
            let check = FleetCheck(simulation: self, fleet: fleet)
            var report = try await check.report(durability)
            report.addTimes(of: self, total: ContinuousClock.now - started, drain: drainTime)
            return report
        }
    }

    /// Puts the line between, if anything is to go wrong with it.
    private func startLine(
        hqPort: Int,
        in group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws -> Int {
        guard !plan.faults.isDisjoint(with: Fault.ofLine) else { return hqPort }
        let line = FaultyLine(hqPort: hqPort, trouble: trouble, dice: dice, meters: meters)
        let (ports, told) = AsyncStream.makeStream(of: Int.self)
        group.addTask { try await line.run { port in told.yield(port) } }
        for await port in ports { return port }
        throw CancellationError()
    }

    /// A store's pause, shortened.
    private var pausing: @Sendable (Duration) async throws -> Void {
        let haste = plan.haste
        return { duration in try await pause(for: duration / haste) }
    }

    /// Sells until the time is over, the entries are sold, or the operator has enough.
    private func sellAll(_ fleet: Fleet) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskGroup(of: Void.self) { selling in
                    for store in fleet.stores { selling.addTask { await sell(at: store) } }
                }
            }
            group.addTask {
                // Allowed: a cancelled pause ends the wait just as its end does.
                try? await pause(for: plan.duration)
            }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func sell(at store: SimulatedStore) async {
        let countMax = plan.entryCountMax.map { max(1, $0 / plan.agentCount) } ?? .max
        do {
            try await pause(for: dice.duration(upTo: plan.gap))
            for _ in 0..<countMax {
                try await store.sell()
                try await pause(for: plan.gap * (0.5 + dice.share()))
            }
        } catch is CancellationError {
            return
        } catch {
            meters.count { $0.unsoldCount += 1 }
        }
    }

    /// Waits until every store has HQ's word for its whole log.
    private func drain(_ fleet: Fleet) async throws -> Bool {
        let end = ContinuousClock.now + Self.drainTimeMax
        while ContinuousClock.now < end {
            if try await fleet.pendingCount() == 0 { return true }
            try await pause(for: .milliseconds(100))
        }
        return false
    }

    // MARK: - Trouble beside the line

    /// Sets clocks wrong and kills HQ.
    private func disturb(
        _ fleet: Fleet,
        _ hq: HQProcess,
        _ durability: DurabilityCheck
    ) async throws {
        while true {
            try await pause(for: .milliseconds(500) + dice.duration(upTo: .seconds(1)))
            let faults = trouble.now
            if faults.isEmpty { return }
            if faults.contains(.skew) {
                meters.count(.skew)
                let hours = Int64(dice.below(24 * 60) - 24 * 30)
                let isRight = dice.below(4) == 0
                fleet.stores[dice.below(fleet.stores.count)].skew
                    .set(isRight ? nil : hours * 3_600_000)
            }
            if faults.contains(.kill), dice.below(3) == 0 {
                meters.count(.kill)
                let received = await fleet.received()
                try await hq.killAndStart()
                durability.add(received, held: try await heldCounts())
            }
        }
    }

    /// How far HQ holds each device's log.
    func heldCounts() async throws -> [String: Int64] {
        let devices = try await admin.get("/v1/devices").arrayValue ?? []
        let pairs = devices.compactMap { device -> (String, Int64)? in
            guard let id = device["device"]?.stringValue,
                let received = device["received"]?.integerValue
            else { return nil }
            return (id, received)
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Tells how it goes every few seconds.
    private func watch(
        _ fleet: Fleet,
        _ hq: HQProcess,
        _ tell: @Sendable (String) -> Void
    ) async throws {
        let started = ContinuousClock.now
        let step = max(Duration.seconds(3), plan.duration / 20)
        while true {
            try await pause(for: step)
            let memoryKB = await hq.memoryKB()
            memory.add(memoryKB)
            let seconds = (ContinuousClock.now - started).components.seconds
            let counts = meters.counts
            tell(
                "\(seconds) s: \(fleet.saleCount) sales, \(counts.ackCount) acknowledgements of"
                    + " \(counts.pushCount) pushes, HQ has \(memoryKB / 1_024) MB"
            )
        }
    }
}

/// Why a simulation cannot be had.
enum SimulationError: Error, CustomStringConvertible {
    /// The stores' first entries do not reach HQ, with no fault between.
    case noCalm

    var description: String {
        switch self {
        case .noCalm:
            "the stores do not reach HQ although nothing is wrong yet: is the machine too slow for"
                + " so many?"
        }
    }
}
