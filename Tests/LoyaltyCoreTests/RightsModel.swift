import LoyaltyCore

/// HQ and some devices between which messages are lost, doubled, late and in any order; the truth
/// is kept by the test alone.
struct RightsModel {
    /// A mistake made on purpose, to show that the checks would find it.
    enum Mutant: CaseIterable {
        /// The grant exists, and HQ still has what it says.
        case placesWithoutTaking
        /// A device takes a grant each time it comes.
        case acceptsTwice
        /// HQ books a device's entries each time they come.
        case booksTwice
        /// HQ takes a grant back that nobody has accepted for a while.
        case reclaims
        /// HQ does not take from what is free what a device accepted and it forgot.
        case adoptsForNothing
    }

    enum Step {
        case earn(Bucket, Int64)
        case spend(Bucket, Int64)
        case accept(GrantID, [Bucket: Int64])
        case giveBack(Bucket, Int64)
    }

    enum Message {
        case push(device: Int, first: Int, steps: [Step])
        case grant(GrantID)
    }

    struct Device {
        var holdings: [Bucket: Int64] = [:]
        var log: [Step] = []
        var seen: Set<GrantID> = []
        /// How many of its entries it takes HQ to have.
        var acknowledged = 0
        var isOnline = true
    }

    struct Grant {
        let device: Int
        let amounts: [Bucket: Int64]
    }

    struct Broken: Error {
        let what: String
    }

    static let buckets: [Bucket] = [.through(today), .through(today.adding(days: 30)), .never]

    let mutant: Mutant?
    /// Whether HQ once forgets all it placed since a backup, as when it is restored.
    let forgets: Bool
    var random: SeededGenerator
    var hq = Rights<Int>()
    var ingested: [Int]
    var grants: [GrantID: Grant] = [:]
    var devices: [Device]
    var network: [Message] = []
    var earned: [Bucket: Int64] = [:]
    var spent: [Bucket: Int64] = [:]
    private var lastNumber: Int64 = 0

    init(seed: UInt64, deviceCount: Int, mutant: Mutant? = nil, forgets: Bool = false) {
        random = SeededGenerator(seed: seed)
        self.mutant = mutant
        self.forgets = forgets
        devices = Array(repeating: Device(), count: deviceCount)
        ingested = Array(repeating: 0, count: deviceCount)
    }

    /// Lets so many things happen, then heals the lines, and checks all along.
    mutating func run(stepCount: Int) throws {
        for _ in 0..<stepCount {
            try step()
            try check()
        }
        try settle()
    }

    private mutating func step() throws {
        let (index, bucket) = (random.below(devices.count), random.pick(Self.buckets))
        let amount = random.within(1...12)
        switch random.below(100) {
        case ..<18: write(.earn(bucket, amount), at: index)
        case ..<40: spend(amount, bucket, at: index)
        case ..<44: giveBack(amount, bucket, at: index)
        case ..<50: try mint(amount, bucket)
        case ..<62: try place(amount, at: index)
        case ..<65: devices[index].isOnline.toggle()
        // The device forgets how far it had been acknowledged.
        case ..<67: devices[index].acknowledged = random.below(devices[index].acknowledged + 1)
        case ..<80: push(from: index)
        case ..<86: if let id = sent { network.append(.grant(id)) }
        default: try deliver()
        }
    }

    private var sent: GrantID? {
        mutating get { grants.isEmpty ? nil : random.pick(grants.keys.sorted()) }
    }

    // MARK: At a store

    /// Writes an entry, and what follows from it, in one.
    private mutating func write(_ step: Step, at index: Int) {
        devices[index].log.append(step)
        switch step {
        case .earn(let bucket, let amount):
            devices[index].holdings[bucket, default: 0] += amount
            earned[bucket, default: 0] += amount
        case .spend(let bucket, let amount):
            devices[index].holdings[bucket, default: 0] -= amount
            spent[bucket, default: 0] += amount
        case .giveBack(let bucket, let amount):
            devices[index].holdings[bucket, default: 0] -= amount
        case .accept(let id, let amounts):
            devices[index].seen.insert(id)
            devices[index].holdings.merge(amounts, uniquingKeysWith: +)
        }
    }

    mutating func spend(_ amount: Int64, _ bucket: Bucket, at index: Int) {
        guard devices[index].holdings[bucket] ?? 0 >= amount else { return }
        write(.spend(bucket, amount), at: index)
    }

    private mutating func giveBack(_ amount: Int64, _ bucket: Bucket, at index: Int) {
        guard devices[index].holdings[bucket] ?? 0 >= amount else { return }
        write(.giveBack(bucket, amount), at: index)
    }

    mutating func accept(_ id: GrantID) {
        guard let grant = grants[id] else { return }
        guard mutant == .acceptsTwice || !devices[grant.device].seen.contains(id) else { return }
        write(.accept(id, grant.amounts), at: grant.device)
    }

    private mutating func push(from index: Int) {
        let device = devices[index]
        guard device.isOnline, device.acknowledged < device.log.count else { return }
        let count = 1 + random.below(device.log.count - device.acknowledged)
        let first = device.acknowledged
        let steps = Array(device.log[first..<first + count])
        network.append(.push(device: index, first: first, steps: steps))
    }

    // MARK: At HQ

    mutating func mint(_ amount: Int64, _ bucket: Bucket) throws {
        try hq.mint(amount, bucket)
        earned[bucket, default: 0] += amount
    }

    @discardableResult
    mutating func place(_ amount: Int64, at index: Int) throws -> GrantID? {
        guard let id = GrantID(hqEpoch: 1, number: lastNumber + 1) else { return nil }
        let before = hq.free
        do throws(RightsError) {
            let parts = try hq.place(amount, at: index, as: id, on: today)
            let amounts = Dictionary(uniqueKeysWithValues: parts.map { ($0.bucket, $0.amount) })
            grants[id] = Grant(device: index, amounts: amounts)
            lastNumber += 1
        } catch {
            guard hq.free == before else { throw Broken(what: "a refusal took something") }
            return nil
        }
        if mutant == .placesWithoutTaking {
            hq = Rights(free: before, held: hq.held, inFlight: hq.inFlight)
        }
        if forgets, random.chance(10) {
            // What it had placed is free again, until the device's log tells of it.
            var flights = hq.inFlight
            flights[id] = nil
            hq = Rights(free: before, held: hq.held, inFlight: flights)
        }
        return id
    }

    private mutating func deliver() throws {
        guard !network.isEmpty else { return }
        let index = random.below(network.count)
        let message = network[index]
        if !random.chance(30) { network.remove(at: index) }
        if random.chance(15) { return }
        switch message {
        case .grant(let id):
            guard let grant = grants[id], devices[grant.device].isOnline else { return }
            accept(id)
            if mutant == .reclaims, random.chance(50) { reclaim() }
        case .push(let device, let first, let steps):
            guard devices[device].isOnline else { return }
            try ingest(steps, from: first, of: device)
            // The answer may be lost.
            if random.chance(80) { devices[device].acknowledged = ingested[device] }
        }
    }

    private mutating func reclaim() {
        guard let id = hq.inFlight.keys.min(), let flight = hq.inFlight[id] else { return }
        var flights = hq.inFlight
        flights[id] = nil
        let free = hq.free.merging(flight.amounts, uniquingKeysWith: +)
        hq = Rights(free: free, held: hq.held, inFlight: flights)
    }

    mutating func ingest(_ steps: [Step], from first: Int, of device: Int) throws {
        guard first <= ingested[device] else { return }
        for (offset, step) in steps.enumerated() {
            guard mutant == .booksTwice || first + offset >= ingested[device] else { continue }
            try book(step, of: device)
            ingested[device] = max(ingested[device], first + offset + 1)
        }
    }

    private mutating func book(_ step: Step, of device: Int) throws {
        let isBooked: Bool
        switch step {
        case .earn(let bucket, let amount): isBooked = hq.book(amount, bucket, of: device)
        case .spend(let bucket, let amount): isBooked = hq.book(-amount, bucket, of: device)
        case .giveBack(let bucket, let amount):
            isBooked = hq.giveBack(amount, bucket, by: device)
        case .accept(let id, let amounts):
            isBooked = true
            if hq.inFlight[id] != nil {
                hq.accept(id, by: device)
            } else if mutant == .adoptsForNothing {
                for (bucket, amount) in amounts { _ = hq.book(amount, bucket, of: device) }
            } else {
                hq.adopt(amounts, by: device)
            }
        }
        guard isBooked else { throw Broken(what: "HQ cannot book \(step)") }
    }

    // MARK: What must hold

    func check() throws {
        for bucket in Self.buckets {
            let (earned, spent) = (earned[bucket] ?? 0, spent[bucket] ?? 0)
            // An HQ that forgot may place twice what it had: that is what its fence is for.
            guard forgets || spent <= earned else {
                throw Broken(what: "\(spent) spent of \(earned) until \(bucket)")
            }
            guard devices.allSatisfy({ $0.holdings[bucket] ?? 0 >= 0 })
            else { throw Broken(what: "a device holds less than nothing") }
            guard forgets || hq.free[bucket] ?? 0 >= 0
            else { throw Broken(what: "HQ has placed more than it had") }
        }
    }

    /// Heals the lines, delivers all, and compares HQ's books with the stores.
    mutating func settle() throws {
        for id in grants.keys.sorted() { accept(id) }
        for index in devices.indices {
            let first = ingested[index]
            try ingest(Array(devices[index].log[first...]), from: first, of: index)
        }
        try check()
        guard hq.inFlight.isEmpty else { throw Broken(what: "something never lands") }
        for bucket in Self.buckets {
            let held = devices.map { $0.holdings[bucket] ?? 0 }
            guard devices.indices.allSatisfy({ hq.held[$0]?[bucket] ?? 0 == held[$0] })
            else { throw Broken(what: "HQ's books are not what the devices hold") }
            let all = held.reduce(0, +) + (hq.free[bucket] ?? 0)
            guard all == (earned[bucket] ?? 0) - (spent[bucket] ?? 0)
            else { throw Broken(what: "what is held is not what was earned and not spent") }
        }
    }
}
