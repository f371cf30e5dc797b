import Testing

/// A fleet in one process, on clocks, disks and a network that a seed breaks (SYNC.md section 4).
struct FleetTests {
    /// Steps of each seed; eight seeds make the million.
    static let stepCount = 125_000
    /// Most seeds after which a mutant must have been caught, and steps of each.
    static let mutantSeedCountMax: UInt64 = 8
    static let mutantStepCount = 40_000

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `a million steps of trouble break no promise`(seed: UInt64) throws {
        var model = FleetModel(seed: seed)
        do {
            try model.run(stepCount: Self.stepCount)
        } catch {
            Issue.record("\(error)")
        }

        let counts = model.counts
        #expect(model.stepCount >= Self.stepCount)
        #expect(counts.drains >= 40)
        #expect(counts.times > 5_000)
        // A run in which some trouble never came shows nothing of it.
        for trouble in Mirror(reflecting: counts).children {
            #expect((trouble.value as? Int ?? 0) > 0, "\(trouble.label ?? ""): \(counts)")
        }
    }

    @Test(arguments: Mutant.allCases)
    func `each mistake made on purpose is caught`(mutant: Mutant) throws {
        for seed in 1...Self.mutantSeedCountMax {
            var model = FleetModel(seed: seed, mutant: mutant)
            do {
                try model.run(stepCount: Self.mutantStepCount)
            } catch {
                #expect(mutant.broken.contains(error.promise), "\(error)")
                return
            }
        }
        Issue.record("\(mutant) was not caught by \(Self.mutantSeedCountMax) seeds")
    }

    @Test func `a seed decides everything`() throws {
        var first = FleetModel(seed: 77)
        var second = FleetModel(seed: 77)
        var other = FleetModel(seed: 78)
        try first.run(stepCount: 5_000)
        try second.run(stepCount: 5_000)
        try other.run(stepCount: 5_000)

        #expect(first.counts == second.counts)
        #expect(first.devices.map(\.beeped) == second.devices.map(\.beeped))
        #expect(first.counts != other.counts)
    }
}
