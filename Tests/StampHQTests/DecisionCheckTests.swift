import Foundation
import GRDB
import Logging
import LoyaltyCore
import SyncWire
import Synchronization
import Testing

@testable import StampHQ

/// HQ decides booked entries again (docs/adr/0030).
@Suite(.timeLimit(.minutes(2)))
struct DecisionCheckTests {
    // MARK: What differs

    @Test func `entries that HQ decides alike give no difference and no alarm`() async throws {
        let bench = try await CheckBench()
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try bench.device.award(
            "P1/2",
            to: 2,
            points: 25,
            under: bench.coffee,
            amount: 259,
            counts: bench.oneSale
        )
        try bench.device.void("P1/1", of: 1)

        try await bench.deliverAndCheck()

        #expect(try await bench.found().isEmpty)
        #expect(try await bench.alarms().isEmpty)
        #expect(try await bench.checkedThrough() == 3)
    }

    @Test func `rights that HQ placed are nothing to decide, nor what is awarded after`()
        async throws
    {
        let bench = try await CheckBench()
        let key = SigningKey()
        bench.store.publicKey = key.publicKey
        let grant = GrantV1(
            try #require(GrantID(hqEpoch: 1, number: 7)),
            on: bench.device.identity.device,
            of: try #require(MemberNumber(value: 1)),
            [Posting(.points, .never, 40)],
            reason: "gift",
            signedBy: key
        )
        bench.device.append(.grant(grant.fact))
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)

        try await bench.deliverAndCheck()

        #expect(try await bench.found().isEmpty)
        #expect(try await bench.checkedThrough() == 2)
        let held = try await bench.store.rights(of: grant.fact.member)["held"]?.arrayValue
        #expect(held?.first { $0["asset"] == "points" }?["amount"] == 50)
    }

    @Test(
        arguments: [
            (points: Int64(11), stamps: Int64(1), amount: Int64(100), count: Int64(1), "postings"),
            (9, 1, 100, 1, "postings"), (10, 2, 100, 1, "postings"), (10, 1, 110, 1, "postings"),
            (10, 1, 100, 2, "counts"), (10, 1, 100, 0, "counts"),
            (10, 1, 100_001, 1, "refused"), (10, 1, -1, 1, "refused"),
        ]
    )
    func `what a store awarded otherwise is found, and booked all the same`(
        points: Int64,
        stamps: Int64,
        amount: Int64,
        count: Int64,
        kind: String
    ) async throws {
        let bench = try await CheckBench()
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try bench.device.award(
            "P1/2",
            points: points,
            stamps: stamps,
            under: bench.coffee,
            amount: amount,
            counts: count == 0 ? [] : [TallyChange(bench.oneSale[0].tally, count)]
        )

        try await bench.deliverAndCheck()

        #expect(try await bench.found() == ["1 2 \(kind)"])
        let member = try #require(MemberNumber(value: 1))
        let held = try await bench.store.balances(of: member)
        #expect(held.first { $0.asset == .points }?.amount == 10 + points)
    }

    @Test func `amounts and counts that both differ are two differences`() async throws {
        let bench = try await CheckBench()
        try bench.device.award("P1/1", points: 12, under: bench.coffee)

        try await bench.deliverAndCheck()

        #expect(try await bench.found() == ["1 1 postings", "1 1 counts"])
        let alarm = try #require(try await bench.alarms().first)
        #expect(
            alarm["detail"]?.stringValue
                == "2 differences, the last in entry 1 of epoch 1: counts"
        )
        #expect(alarm["device"]?.stringValue == bench.device.identity.device.text)
        #expect(alarm["count"] == 1)
    }

    @Test func `a difference tells both sides, HQ's with its steps`() async throws {
        let bench = try await CheckBench()
        try bench.device.award("P1/1", points: 12, under: bench.coffee, counts: bench.oneSale)
        try bench.device.award(
            "P1/2",
            under: bench.coffee,
            amount: 100_001,
            counts: bench.oneSale
        )

        try await bench.deliverAndCheck()

        let shown = try await bench.store.differences().arrayValue ?? []
        #expect(shown.count == 2)
        let store = try #require(shown[0]["store"])
        #expect(store["postings"]?.arrayValue?.first?["amount"] == 12)
        #expect(store["counts"]?.arrayValue?.first?["count"] == "sales@day/2026-09-21")
        #expect(store["programme"]?["digest"]?.stringValue == bench.coffee.digest)
        let hq = try #require(shown[0]["hq"])
        #expect(hq["postings"]?.arrayValue?.contains { $0["amount"] == 10 } == true)
        let steps = hq["derivation"]?.arrayValue ?? []
        let earned = try #require(steps.first { $0["step"] == "amount-earned" })
        #expect(earned["rule"] == "base" && earned["per"] == 10 && earned["points"] == 10)
        #expect(steps.contains { $0["step"] == "visit-stamped" && $0["card"] == "latte" })
        #expect(shown[1]["hq"]?["reason"] == "amount-above-max")
        #expect(shown[1]["hq"]?["detail"]?["max"] == 100_000)
    }

    @Test func `entries without effect and entries that decide nothing are passed over`()
        async throws
    {
        let bench = try await CheckBench()
        bench.device.append(
            .boot(BootFact(bootID: String(repeating: "a", count: 32), version: "1"))
        )
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try bench.device.award("P1/1", points: 99, under: bench.coffee)
        bench.device.append("no entry")

        try await bench.deliverAndCheck()

        #expect(try await bench.found().isEmpty)
        #expect(try await bench.checkedThrough() == 4)
    }

    @Test func `a void that does not take back its award is found, however it was booked`()
        async throws
    {
        let bench = try await CheckBench()
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try await bench.deliver()
        try bench.device.void("P1/1", of: 1, points: 9)
        try bench.device.void("P1/9", of: 9)
        // An earlier HQ with other rules booked them.
        try await bench.keepUnbooked()

        try await bench.check()

        #expect(try await bench.found() == ["1 2 postings", "1 3 refused"])
        let shown = try await bench.store.differences().arrayValue ?? []
        #expect(shown.first?["store"]?["voids"] == 1)
        #expect(shown.first?["hq"]?["postings"]?.arrayValue?.first?["amount"] == 10)
        #expect(shown.last?["hq"]?["reason"] == "void-unknown")
    }

    @Test func `refunds are decided again, from their entry and their award`() async throws {
        let bench = try await CheckBench()
        let held = { (points: Int64) in
            StandingReads(
                holdings: [
                    Posting(.points, .never, points),
                    Posting(.stamps(ofCard: "latte"), .never, 1),
                ],
                tallies: bench.oneSale
            )
        }
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try bench.device.refund(
            "R/1",
            of: "P1/1",
            at: 1,
            35,
            points: 3,
            reads: held(10),
            under: bench.coffee
        )
        let before = Refunded(amount: 35, moved: [AssetAmount(.points, -3)])
        try bench.device.refund(
            "R/2",
            of: "P1/1",
            at: 1,
            35,
            points: 3,
            before: before,
            reads: held(7),
            under: bench.coffee
        )
        try await bench.deliverAndCheck()

        // With 70 of 100 refunded, 7 of 10 points are due: 4 more and not 3.
        #expect(try await bench.found() == ["1 3 postings"])
        let shown = try #require(try await bench.store.differences().arrayValue?.first)
        #expect(shown["store"]?["refunds"] == 1 && shown["store"]?["amount"] == 35)
        #expect(shown["hq"]?["postings"]?.arrayValue?.first?["amount"] == -4)
        let steps = shown["hq"]?["derivation"]?.arrayValue ?? []
        #expect(steps.contains { $0["step"] == "taken-back" && $0["points"] == 4 })
    }

    @Test func `a refund waits for the edition that it names, as its award does`() async throws {
        let bench = try await CheckBench(publishing: false)
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try bench.device.refund("R/1", of: "P1/1", at: 1, 35, points: 2, under: bench.coffee)
        try await bench.deliverAndCheck()
        #expect(try await bench.found() == ["1 1 programme-unknown", "1 2 programme-unknown"])

        try await bench.store.publish(CheckBench.programme(), yaml: "coffee 1")
        try await bench.check()
        #expect(try await bench.found().first == "1 2 postings")
    }

    // MARK: Editions

    @Test func `an edition that HQ does not have is found, and forgotten once it is published`()
        async throws
    {
        let bench = try await CheckBench(publishing: false)
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try bench.device.award("P1/2", points: 11, under: bench.coffee, counts: bench.oneSale)
        try await bench.deliverAndCheck()
        #expect(try await bench.found() == ["1 1 programme-unknown", "1 2 programme-unknown"])
        #expect(try await bench.store.differences().arrayValue?.first?["hq"] == .null)
        // Nothing is decided again as long as nothing is published.
        #expect(try await bench.isSettled())

        try await bench.store.publish(CheckBench.programme(), yaml: "coffee 1")
        try await bench.check()

        #expect(try await bench.found() == ["1 2 postings"])
        #expect(try await bench.alarms().first?["count"] == 2)
    }

    @Test func `the alarm ends with a device's last difference`() async throws {
        let bench = try await CheckBench(publishing: false)
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try await bench.deliverAndCheck()
        #expect(try await bench.alarms().count == 1)

        try await bench.store.publish(CheckBench.programme(), yaml: "coffee 1")
        try await bench.check()

        #expect(try await bench.found().isEmpty)
        #expect(try await bench.alarms().isEmpty)
    }

    @Test func `another edition of a published version is not decided by`() async throws {
        let bench = try await CheckBench()
        let other = ProgrammeReference(try CheckBench.programme(per: 5))
        try bench.device.award("P1/1", points: 20, under: other, counts: bench.oneSale)

        try await bench.deliverAndCheck()

        #expect(try await bench.found() == ["1 1 programme-other"])
        let hq = try await bench.store.differences().arrayValue?.first?["hq"]
        #expect(hq?["programme"]?["digest"]?.stringValue == bench.coffee.digest)
    }

    @Test func `each edition decides the entries that name it, and is read once`() async throws {
        let bench = try await CheckBench()
        let second = try CheckBench.programme(version: 2, per: 5)
        try await bench.store.publish(second, yaml: "coffee 2 5")
        for sale in 1...3 {
            try bench.device.award("P1/\(sale)", under: bench.coffee, counts: bench.oneSale)
            try bench.device.award(
                "P2/\(sale)",
                points: 20,
                under: ProgrammeReference(second),
                counts: bench.oneSale
            )
            try await bench.deliverAndCheck()
        }

        #expect(try await bench.found().isEmpty)
        #expect(bench.reads.counts == ["coffee 1": 1, "coffee 2 5": 1])
    }

    @Test(arguments: ["not a programme", "coffee 1 5"])
    func `an edition that reads as nothing or as another is tried again by the next HQ`(
        yaml: String
    ) async throws {
        let bench = try await CheckBench(publishing: false)
        try await bench.store.publish(CheckBench.programme(), yaml: yaml)
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try await bench.deliverAndCheck()
        #expect(try await bench.found() == ["1 1 programme-unreadable"])
        #expect(try await bench.isSettled())

        // It still cannot; nothing is written anew.
        try await bench.newCheck().reopen()
        #expect(try await bench.isSettled())
        let next = bench.newCheck { text in
            text == yaml ? try CheckBench.programme() : try CheckBench.read(text)
        }
        try await next.reopen()
        try await next.catchUp()

        #expect(try await bench.found().isEmpty)
    }

    // MARK: Slices, crashes and order

    @Test func `a backlog is decided in slices that share the logs`() async throws {
        let limit = DecisionCheck.entryCountMax
        let bench = try await CheckBench()
        var small = try TestDevice(2)
        try await bench.store.addDevice(small.identity, label: "small")
        for sale in 1...limit + 1 {
            try bench.device.award("P1/\(sale)", under: bench.coffee, counts: bench.oneSale)
        }
        try await bench.deliver()
        let first = try #require(try await bench.store.uncheckedSlice())
        #expect(first.entries.count == Int(limit))
        _ = try await bench.store.record(try await bench.newCheck().check(first))
        let second = try #require(try await bench.store.uncheckedSlice())
        #expect(second.entries.map(\.place.sequence) == [limit + 1])

        for sale in 1...2 * limit {
            try small.award("P2/\(sale)", points: 1, under: bench.coffee, counts: bench.oneSale)
        }
        try await bench.deliver(small, last: limit)
        let third = try #require(try await bench.store.uncheckedSlice())

        #expect(third.entries.count == Int(limit / 2) + 1)
        #expect(Set(third.entries.map(\.place.log)).count == 2)
        #expect(Array(third.ends.values).sorted() == [limit / 2, limit + 1])
        try await bench.check()
        #expect(try await bench.found().count == Int(limit))
    }

    @Test func `a crash before the commit decides again, one after it does not`() async throws {
        let bench = try await CheckBench()
        try bench.device.award("P1/1", points: 11, under: bench.coffee, counts: bench.oneSale)
        try await bench.deliver()
        let slice = try #require(try await bench.store.uncheckedSlice())
        let checked = try await bench.newCheck().check(slice)
        #expect(checked.found.count == 1)

        // It ends here, and the next HQ begins.
        #expect(try await bench.found().isEmpty)
        try await bench.reopened()
        try await bench.check()
        #expect(try await bench.found() == ["1 1 postings"])

        // Even the same commit again keeps it once, and steps back nowhere.
        #expect(try await bench.store.record(checked).isEmpty)
        try await bench.reopened()
        #expect(try await bench.isSettled())
        #expect(try await bench.found() == ["1 1 postings"])
        #expect(try await bench.alarms().first?["count"] == 1)
    }

    @Test(arguments: [[0, 1], [1, 0]])
    func `the order in which stores' entries arrive changes nothing`(order: [Int]) async throws {
        let bench = try await CheckBench()
        var other = try TestDevice(2)
        try await bench.store.addDevice(other.identity, label: "other")
        try bench.device.award("P1/1", under: bench.coffee, counts: bench.oneSale)
        try bench.device.award("P1/2", points: 1, under: bench.coffee, counts: bench.oneSale)
        try other.award("P2/1", stamps: 3, under: bench.coffee, counts: bench.oneSale)
        try other.award("P2/2", under: bench.coffee, counts: bench.oneSale)
        let devices = [bench.device, other]

        for index in order {
            try await bench.deliver(devices[index])
            try await bench.check()
        }

        #expect(try await Set(bench.found()) == ["1 2 postings", "2 1 postings"])
    }

    @Test func `what HQ says is kept up to its limit, and only counted beyond`() {
        let frame: CanonicalJSON = ["a": ""]
        let room = Difference.byteCountMax - frame.bytes.count
        let fitting: CanonicalJSON = ["a": .string(String(repeating: "x", count: room))]
        let longer: CanonicalJSON = ["a": .string(String(repeating: "x", count: room + 1))]

        #expect(Difference(.postings, hq: fitting).hq == fitting)
        #expect(
            Difference(.postings, hq: longer).hq
                == ["leftOutBytes": .integer(Int64(Difference.byteCountMax) + 1)]
        )
    }

    // MARK: The service, and what operators read

    @Test func `a running HQ decides what is pushed, and operators read it`() async throws {
        let (rounds, round) = AsyncStream.makeStream(of: Void.self)
        try await RunningHQ.run(settings: { settings in
            settings.readProgramme = CheckBench.read
            settings.checkPause = .zero
            settings.onCheck = { round.yield() }
        }) { hq in
            let coffee = try await hq.hq.store.publish(CheckBench.programme(), yaml: "coffee 1")
            var devices = try [TestDevice(1), TestDevice(2)]
            for index in devices.indices {
                try await devices[index].join(hq)
                for sale in 1...3 {
                    try devices[index].award("P\(index)/\(sale)", points: 1, under: coffee)
                }
                try await hq.pushed(devices[index].batch(), by: devices[index])
            }

            for await _ in rounds {
                if try await hq.hq.store.differences().arrayValue?.count == 12 { break }
            }

            for (query, ids) in [
                ("", 12), ("?limit=5", 5), ("?after=10", 2), ("?limit=5000", 12),
                ("?device=\(devices[0].identity.device.text)", 6),
            ] {
                let answer = try await hq.read("/v1/differences\(query)")
                #expect(try CanonicalJSON(parsing: answer.bytes).arrayValue?.count == ids)
            }
            for query in ["?limit=0", "?after=-1", "?after=x", "?device=1", "?device="] {
                let answer = try await hq.read("/v1/differences\(query)")
                #expect(answer.problem?.type == .badRequest, "\(query)")
            }
        }
    }

    @Test func `no answer has more differences than its limit`() async throws {
        let bench = try await CheckBench()
        for sale in 1...HQStore.differenceCountMax + 1 {
            try bench.device.award(
                "P1/\(sale)",
                points: 1,
                under: bench.coffee,
                counts: bench.oneSale
            )
        }
        try await bench.deliverAndCheck()

        let page = try await bench.store.differences(limit: .max).arrayValue ?? []
        #expect(page.count == Int(HQStore.differenceCountMax))
        let last = try #require(page.last?["id"]?.integerValue)
        #expect(try await bench.store.differences(after: last).arrayValue?.count == 1)
    }
}

/// An HQ's database with a programme and one device, without a server.
private final class CheckBench {
    var store: HQStore
    var device: TestDevice
    /// The published edition: 1 point for 10, one stamp a visit, sales are counted.
    let coffee: ProgrammeReference
    /// What one sale counts.
    let oneSale: [TallyChange]
    /// How often each document was read.
    let reads: ReadCounts
    private let directory: TemporaryDirectory
    private var current: DecisionCheck

    final class ReadCounts: Sendable {
        private let state = Mutex<[String: Int]>([:])

        var counts: [String: Int] { state.withLock { $0 } }

        func add(_ text: String) {
            state.withLock { $0[text, default: 0] += 1 }
        }
    }

    struct Unreadable: Error {}

    init(publishing: Bool = true) async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/hq.sqlite"
        let store = try HQStore(path: path) { 1_790_000_000_000 }
        let reads = ReadCounts()
        let day = try #require(BusinessDate("2026-09-21"))
        self.directory = directory
        self.store = store
        self.reads = reads
        device = try TestDevice()
        coffee = ProgrammeReference(try Self.programme())
        oneSale = [TallyChange(Tally(.sales, in: .day(day)), 1)]
        current = Self.makeCheck(store, reads)
        try await store.addDevice(device.identity, label: "Taipei 1")
        if publishing { try await store.publish(Self.programme(), yaml: "coffee 1") }
    }

    static func programme(version: Int64 = 1, per: Int64 = 10) throws -> Programme {
        try Programme(
            name: "coffee",
            version: version,
            title: LocalText(zhHant: "咖啡", en: "Coffee"),
            currency: "TWD",
            calendar: .taipei,
            firstDate: BusinessDate(dayNumber: 20_454),
            lastDate: BusinessDate(dayNumber: 20_900),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: []),
            cards: [
                StampCard(
                    id: "latte",
                    title: LocalText(zhHant: "拿鐵集點卡", en: "Latte card"),
                    reward: LocalText(zhHant: "一杯拿鐵", en: "one latte"),
                    size: 10,
                    stampsPerVisit: 1,
                    needsSale: false,
                    doubleGrantGuard: .businessDay
                )
            ],
            rules: [Rule(id: "base", per: per, give: 1)],
            saleCaps: [Cap(.member, each: .day, max: 5)]
        )
    }

    /// Reads `coffee VERSION PER`.
    @Sendable static func read(_ text: String) throws -> Programme {
        let words = text.split(separator: " ")
        guard words.first == "coffee", let version = words.dropFirst().first.flatMap({ Int64($0) })
        else { throw Unreadable() }
        return try programme(version: version, per: words.count > 2 ? Int64(words[2]) ?? 10 : 10)
    }

    /// A check as after a restart.
    func newCheck(
        _ read: @escaping HQSettings.ProgrammeReader = CheckBench.read
    ) -> DecisionCheck {
        Self.makeCheck(store, reads, read)
    }

    private static func makeCheck(
        _ store: HQStore,
        _ counts: ReadCounts,
        _ read: @escaping HQSettings.ProgrammeReader = CheckBench.read
    ) -> DecisionCheck {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return DecisionCheck(
            store: store,
            readProgramme: { text in
                counts.add(text)
                return try read(text)
            },
            logger: logger
        )
    }

    /// The same database, opened by the next HQ.
    func reopened() async throws {
        try store.queue.close()
        store = try HQStore(path: "\(directory.path)/hq.sqlite") { 1_790_000_000_000 }
        current = newCheck()
    }

    func deliver(_ other: TestDevice? = nil, last: Int64 = .max) async throws {
        let device = other ?? device
        var after: Int64 = 0
        while after < min(device.head.sequence, last) {
            let through = min(after + Int64(BatchV1.entryCountMax), last)
            let batch = device.batch(after: after, through: through)
            let verified = try VerifiedBatch(batch, key: device.key.publicKey)
            guard case .held(let ack) = try await store.ingest(verified) else {
                Issue.record("the batch was refused")
                return
            }
            after = ack.received.sequence
        }
    }

    /// Writes the device's lines that HQ lacks, past its book.
    func keepUnbooked() async throws {
        let lines = device.lines
        try await store.queue.write { db in
            let held = try Int64.fetchOne(db, sql: "SELECT sequence FROM log WHERE id = 1") ?? 0
            for line in lines where line.sequence > held {
                try db.execute(
                    sql: "INSERT INTO entry VALUES (1, ?, ?, ?, 0)",
                    arguments: [line.sequence, Data(line.body), Data(line.hash.bytes)]
                )
            }
            try db.execute(
                sql: "UPDATE log SET sequence = ? WHERE id = 1",
                arguments: [lines.count]
            )
        }
    }

    func check() async throws {
        try await current.catchUp()
    }

    func deliverAndCheck() async throws {
        try await deliver()
        try await check()
    }

    /// Device, entry and kind of each difference.
    func found() async throws -> [String] {
        let devices = try [1, 2].map { try TestDevice($0).identity.device.text }
        return (try await store.differences().arrayValue ?? []).map { difference in
            let number = difference["device"]?.stringValue.flatMap { devices.firstIndex(of: $0) }
            let sequence = difference["seq"]?.integerValue ?? 0
            return "\((number ?? -1) + 1) \(sequence) \(difference["kind"]?.stringValue ?? "")"
        }
    }

    func alarms() async throws -> [CanonicalJSON] {
        try await store.alarms().arrayValue?.filter { $0["kind"] == "decision-differs" } ?? []
    }

    /// Whether nothing is left to decide.
    func isSettled() async throws -> Bool {
        try await store.uncheckedSlice() == nil
    }

    func checkedThrough() async throws -> Int64? {
        try await store.queue.read { db in
            try Int64.fetchOne(db, sql: "SELECT sequence FROM checked")
        }
    }
}
