import LoyaltyCore
import Testing

/// Who may spend what, while nobody can ask anybody.
struct RightsTests {
    private let june = Bucket.through(today.adding(days: 30))
    private let now = Bucket.through(today)

    @Test func `what is placed is taken from what is free before the grant exists`() throws {
        var rights = Rights<String>(free: [.never: 100])
        let parts = try rights.place(60, at: "001", as: try id(1), on: today)

        #expect(parts.map(\.bucket) == [.never] && parts.map(\.amount) == [60])
        #expect(rights.free == [.never: 40])
        #expect(rights.total == 100)
        #expect(throws: RightsError.notEnough(available: 40)) {
            try rights.place(60, at: "002", as: try id(2), on: today)
        }
        #expect(rights.inFlight.count == 1 && rights.free == [.never: 40])
        rights.accept(try id(1), by: "002")
        #expect(rights.held.isEmpty)
        for _ in 0..<2 { rights.accept(try id(1), by: "001") }
        #expect(rights.held == ["001": [.never: 60]])
    }

    @Test func `the nearest expiry goes first, and what has expired is not placed`() throws {
        let past = Bucket.through(today.adding(days: -1))
        var rights = Rights<Int>(free: [.never: 5, june: 3, now: 2, past: 9])

        let parts = try rights.place(7, at: 1, as: try id(1), on: today)
        #expect(parts.map(\.bucket) == [now, june, .never])
        #expect(parts.map(\.amount) == [2, 3, 2])
        #expect(throws: RightsError.notEnough(available: 3)) {
            try rights.place(4, at: 1, as: try id(2), on: today)
        }
    }

    @Test(arguments: [0, -1, Int64.min])
    func `nothing is neither made nor placed`(amount: Int64) throws {
        var rights = Rights<Int>(free: [.never: 5])
        #expect(throws: RightsError.tooMany) { try rights.mint(amount, .never) }
        #expect(throws: RightsError.self) {
            try rights.place(amount, at: 1, as: try id(1), on: today)
        }
        #expect(rights == Rights(free: [.never: 5]))
    }

    @Test func `no more is made than can be counted`() throws {
        var rights = Rights<Int>(held: [1: [.never: .max - 5]])
        #expect(throws: RightsError.tooMany) { try rights.mint(6, june) }
        try rights.mint(5, june)
        #expect(rights.total == .max)
    }

    @Test func `what a device spends beyond its own is not placed a second time`() throws {
        // HQ kept an award without effect that device 2 had spent 4 of.
        var rights = Rights<Int>(free: [.never: 10])
        let isBooked = rights.book(-4, .never, of: 2)
        #expect(isBooked)
        #expect(rights.total == 6)
        #expect(throws: RightsError.notEnough(available: 6)) {
            try rights.place(7, at: 1, as: try id(1), on: today)
        }
        let isMoreBooked = rights.book(-7, .never, of: 2)
        #expect(!isMoreBooked)
        #expect(rights.held == [2: [.never: -4]])
    }

    @Test func `a device gives back what it holds, and no more`() throws {
        var rights = Rights<Int>(held: [1: [.never: 5]])
        let refused = [(6, 1), (1, 2), (0, 1)].map { rights.giveBack($0, .never, by: $1) }
        #expect(refused == [false, false, false])
        let isTaken = rights.giveBack(5, .never, by: 1)
        #expect(isTaken)
        #expect(rights.free == [.never: 5] && rights.total == 5)
    }

    @Test func `what HQ forgot is taken from what is free, also where nothing is left`() throws {
        var rights = Rights<Int>(free: [.never: 3])
        rights.adopt([.never: 5], by: 1)
        #expect(rights.free == [.never: -2] && rights.total == 3)
        #expect(rights.available(in: .never) == 0)
        try rights.mint(4, .never)
        #expect(rights.available(in: .never) == 2)
    }

    @Test(
        arguments: [
            (nil, true, GrantVerdict.adopt), (nil, false, .refuse),
            (true, false, .accept), (false, true, .refuse),
        ] as [(Bool?, Bool, GrantVerdict)]
    )
    func `a grant counts if HQ knows it for this device, or signed it and forgot`(
        isForThisDevice: Bool?,
        isSigned: Bool,
        verdict: GrantVerdict
    ) throws {
        let fact = try fact()
        let known = isForThisDevice.map {
            KnownGrant(
                isForThisDevice: $0,
                isAccepted: false,
                member: fact.member,
                postings: fact.postings
            )
        }
        #expect(RightsRule.verdict(on: fact, known: known) { isSigned } == verdict)
    }

    @Test func `a grant that was booked passes, and one that says otherwise is refused`() throws {
        let fact = try fact()
        func known(_ postings: [Posting], _ member: MemberNumber) -> KnownGrant {
            KnownGrant(
                isForThisDevice: true,
                isAccepted: true,
                member: member,
                postings: postings
            )
        }
        let other = try #require(MemberNumber(value: 8))
        let more = [Posting(.points, .never, 6)]
        for (grant, verdict) in [
            (known(fact.postings, fact.member), GrantVerdict.pass),
            (known(more, fact.member), .refuse), (known(fact.postings, other), .refuse),
        ] {
            #expect(RightsRule.verdict(on: fact, known: grant) { true } == verdict)
        }
    }

    @Test func `a grant has some postings, each of something and none twice`() throws {
        let days = (0..<Int32(GrantFact.postingCountMax + 1)).map {
            Posting(.points, .through(today.adding(days: Int($0))), 1)
        }
        #expect(GrantFact.isSound(Array(days.dropLast())))
        #expect(GrantFact.isSound([Posting(.points, .never, GrantFact.amountMax)]))
        for bad in [
            [], days, [days[0], days[0]], [Posting(.points, .never, 0)],
            [Posting(.points, .never, GrantFact.amountMax + 1)],
        ] {
            #expect(!GrantFact.isSound(bad))
        }
    }

    @Test(arguments: [
        ("生日禮", true), ("", false), ("a\nb", false),
        (String(repeating: "ä", count: GrantFact.reasonCharacterCountMax), true),
        (String(repeating: "ä", count: GrantFact.reasonCharacterCountMax + 1), false),
    ])
    func `a reason is one line of some words`(text: String, isReason: Bool) {
        #expect(GrantFact.isReason(text) == isReason)
    }

    @Test(arguments: ["1.0", "0.1", "1", "1.1.1", "01.1", "1.-1", "a.b"])
    func `a grant's name has one spelling`(text: String) throws {
        #expect(GrantID(text) == nil)
        #expect(GrantID(try id(7).text) == (try id(7)))
    }

    @Test func `nothing is overspent, however the lines are`() throws {
        for seed in 0..<UInt64(150) {
            var model = RightsModel(seed: seed, deviceCount: 2 + Int(seed % 4))
            do {
                try model.run(stepCount: 1_000)
            } catch let broken as RightsModel.Broken {
                Issue.record("seed \(seed): \(broken.what)")
            }
        }
    }

    @Test func `an HQ that forgot grants has them in its books once the devices told`() throws {
        for seed in 0..<UInt64(100) {
            var model = RightsModel(seed: seed, deviceCount: 3, forgets: true)
            do {
                try model.run(stepCount: 600)
            } catch let broken as RightsModel.Broken {
                Issue.record("seed \(seed): \(broken.what)")
            }
        }
    }

    @Test(arguments: RightsModel.Mutant.allCases)
    func `each mistake on purpose is found`(mutant: RightsModel.Mutant) {
        let found = (0..<UInt64(100)).contains { seed in
            var model = RightsModel(
                seed: seed,
                deviceCount: 3,
                mutant: mutant,
                forgets: mutant == .adoptsForNothing
            )
            do {
                try model.run(stepCount: 1_000)
                return false
            } catch {
                return true
            }
        }
        #expect(found)
    }

    private func id(_ number: Int64) throws -> GrantID {
        try #require(GrantID(hqEpoch: 1, number: number))
    }

    private func fact() throws -> GrantFact {
        GrantFact(
            id: try id(1),
            member: try #require(MemberNumber(value: 7)),
            postings: [Posting(.points, .never, 5)],
            reason: "test",
            signed: .null
        )
    }
}
