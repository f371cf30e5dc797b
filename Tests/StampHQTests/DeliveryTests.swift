import LoyaltyCore
import SyncWire
import Testing

@testable import StampHQ

/// Any delivery, however late, doubled, cut or out of order, ends with each entry exactly once.
struct DeliveryTests {
    /// A generator whose sequence its seed fixes (splitmix64).
    struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    @Test(arguments: UInt64(1)...12)
    func `random delivery books every entry exactly once`(seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        let clock = TestClock()
        let store = try HQStore(path: "\(directory.path)/hq.sqlite") { clock.nowMs }
        var random = Seeded(state: seed)
        var devices = try [TestDevice(1), TestDevice(2), TestDevice(3)]
        let entryCount: Int64 = 60
        for index in devices.indices {
            try await store.addDevice(devices[index].identity, label: "store \(index)")
            for sale in 1...entryCount {
                try devices[index].award(
                    "P\(index)/\(sale)",
                    to: Int64.random(in: 1...5, using: &random)
                )
            }
        }
        let expected = expectedBalances(devices)

        // Each device delivers random slices until HQ has everything; replies are often lost.
        var late: [(BatchV1, TestDevice)] = []
        var received: [Int64] = [0, 0, 0]
        for _ in 0..<10_000 where received != [entryCount, entryCount, entryCount] {
            let index = Int.random(in: 0..<3, using: &random)
            let device = devices[index]
            let after = Int64.random(in: 0...received[index] + 1, using: &random)
            let through = after + Int64.random(in: 0...20, using: &random)
            let batch = device.batch(after: min(after, entryCount), through: through)
            if Bool.random(using: &random) { late.append((batch, device)) }
            if let ack = try await deliver(batch, device, to: store),
                Int.random(in: 0..<3, using: &random) > 0
            {
                received[index] = max(received[index], ack.received.sequence)
            }
            if let pick = late.indices.randomElement(using: &random),
                Int.random(in: 0..<3, using: &random) == 0
            {
                let (old, sender) = late.remove(at: pick)
                _ = try await deliver(old, sender, to: store)
            }
        }

        #expect(received == [entryCount, entryCount, entryCount])
        for (account, amount) in expected {
            let number = try #require(MemberNumber(value: account.member))
            let held = try await store.balances(of: number)
            #expect(held.first { $0.asset.name == account.asset }?.amount == amount)
        }
        for device in devices {
            let entries = try await store.entries(
                of: device.identity.device,
                after: 0,
                limit: 1_000
            )
            let lines = (entries.arrayValue ?? []).compactMap { $0["line"]?.stringValue }
            #expect(lines == device.lines.map { String(decoding: $0.body, as: UTF8.self) })
        }
    }

    @Test func `an invoice at many stores counts once, in whatever order it arrives`() async throws
    {
        for seed in UInt64(1)...10 {
            let directory = try TemporaryDirectory()
            let store = try HQStore(path: "\(directory.path)/hq.sqlite") { 1_790_000_000_000 }
            var random = Seeded(state: seed)
            var devices: [TestDevice] = []
            for number in 1...5 {
                var device = try TestDevice(number)
                try device.award("inv/AB12345678", to: Int64(number), evidence: .eInvoice)
                try await store.addDevice(device.identity, label: "store \(number)")
                devices.append(device)
            }
            devices.shuffle(using: &random)

            for _ in 1...2 {
                for device in devices { _ = try await deliver(device.batch(), device, to: store) }
            }

            var holders: [Int64] = []
            for member in Int64(1)...5 {
                let number = try #require(MemberNumber(value: member))
                if try await !store.balances(of: number).isEmpty { holders.append(member) }
            }
            let first = try #require(devices.first?.identity.publicKey)
            #expect(holders.count == 1)
            #expect(try TestDevice(Int(holders[0])).identity.publicKey == first)
        }
    }

    @Test func `a reply lost between commit and answer is made up by the next push`() async throws {
        let directory = try TemporaryDirectory()
        let clock = TestClock()
        var device = try TestDevice()
        for sale in 1...3 { try device.award("P1/\(sale)") }

        // HQ commits and dies before it answers.
        try await RunningHQ.run(in: directory, clock: clock) { hq in
            try await device.join(hq)
            _ = try await deliver(device.batch(), device, to: hq.hq.store)
        }

        try await RunningHQ.run(in: directory, clock: clock) { hq in
            let ack = try await hq.pushed(device.batch(), by: device)
            #expect(ack.duplicateCount == 3)
            #expect(ack.received == device.head)
            #expect(try await hq.balance(of: 1) == ["points": 30, "stamps/latte": 3])
        }
    }

    @Test func `many devices push at once`() async throws {
        try await RunningHQ.run { hq in
            let devices = try (1...8).map { number in
                var device = try TestDevice(number)
                for sale in 1...50 { try device.award("P\(number)/\(sale)") }
                return device
            }
            for device in devices { try await device.join(hq) }

            try await withThrowingTaskGroup(of: Void.self) { group in
                for device in devices {
                    group.addTask {
                        for last in stride(from: Int64(10), through: 50, by: 10) {
                            let batch = device.batch(after: last - 10, through: last)
                            try await hq.pushed(batch, by: device)
                        }
                    }
                }
                try await group.waitForAll()
            }

            #expect(try await hq.balance(of: 1) == ["points": 4_000, "stamps/latte": 400])
        }
    }

    private func deliver(
        _ batch: BatchV1,
        _ device: TestDevice,
        to store: HQStore
    ) async throws -> AckV1? {
        let verified = try VerifiedBatch(batch, key: device.key.publicKey)
        switch try await store.ingest(verified) {
        case .held(let ack): return ack
        case .refused(let problem):
            #expect([.logGap, .logRegressed].contains(problem.type))
            return nil
        }
    }

    private struct Account: Hashable {
        let member: Int64
        let asset: String
    }

    /// Adds up what the devices' own entries say, without HQ's code.
    private func expectedBalances(_ devices: [TestDevice]) -> [Account: Int64] {
        var sums: [Account: Int64] = [:]
        for line in devices.flatMap(\.lines) {
            guard case .success(let entry) = ParsedEntry.content(of: line.body),
                case .award(let award) = entry.fact
            else { continue }
            for posting in award.postings {
                let account = Account(member: award.member.value, asset: posting.asset.name)
                sums[account, default: 0] += posting.amount
            }
        }
        return sums
    }
}
