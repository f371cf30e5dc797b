import Foundation
@testable import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

/// A ledger that was damaged, restored or copied goes on in a new epoch by itself.
struct SalvageTests {
    let bench: Bench
    var path: String { bench.settings.path }

    init() throws {
        bench = try Bench()
    }

    @Test func `the valid prefix stays under its epoch, and what follows is recorded again`()
        async throws
    {
        try await fill(20)
        try flip(in: "F/7")
        let damaged = try Data(contentsOf: URL(fileURLWithPath: path))
        let ledger = try bench.open()

        let earlier = try #require(await ledger.earlierLogs().first)
        #expect(earlier.identity.epoch == 1 && earlier.first == 1)
        #expect(earlier.end.sequence == 8 && earlier.received == 0)
        let kept = try await ledger.slice(of: earlier, after: 0, countMax: 99, byteCountMax: .max)
        #expect(kept.last?.position == earlier.end)
        var place = earlier.identity.start
        for line in kept {
            #expect(line.follows(place))
            place = line.position
        }
        #expect(ledger.identity.epoch == 2)
        let facts = try await facts(ledger)
        #expect(
            facts.prefix(2) == [
                .salvage(
                    SalvageFact(
                        epoch: 1,
                        last: 8,
                        hash: earlier.end.hash.bytes,
                        reason: .damaged
                    )
                ),
                .lost(LostFact(epoch: 1, from: 9, to: 9)),
            ]
        )
        #expect(facts.dropFirst(2).compactMap(\.saleKey) == (8..<20).map { "F/\($0)" })
        #expect(await ledger.freeze()?.reason == .salvage(.damaged))
        #expect(try await points(ledger) == 200)
        let asides = try FileManager.default.contentsOfDirectory(atPath: bench.directory)
            .filter { $0.hasPrefix("ledger.db.epoch-1.") && !$0.hasSuffix("-wal") }
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: "\(bench.directory)/\(asides[0])"))
                == damaged
        )
    }

    @Test func `sales that came before are answered as before, and new ones are recorded`()
        async throws
    {
        try await fill(20)
        try flip(in: "F/7")
        let ledger = try bench.open()

        for index in 0..<20 {
            let again = try await sell("F/\(index)", ledger)
            #expect(again.isRepeat && again.award?.postings.isEmpty == false)
        }
        #expect(try await points(ledger) == 200)
        let head = try await ledger.head().sequence
        let next = try await sell("F/20", ledger)
        #expect(!next.isRepeat && next.sequence == head + 1)
        #expect(try await points(ledger) == 210)
        await ledger.close()
        let same = try bench.open()
        #expect(same.identity.epoch == 2)
        #expect(try await points(same) == 210)
    }

    @Test func `a void names the epoch of an award before the salvage`() async throws {
        try await fill(20)
        try flip(in: "F/7")
        let ledger = try bench.open()
        guard case .voided(let old) = try await ledger.void(try key("F/2"), at: .noon),
            case .voided(let moved) = try await ledger.void(try key("F/12"), at: .noon)
        else { return #expect(Bool(false), "an award cannot be voided") }

        #expect(old.fact.epoch == 1 && old.fact.sequence == 4)
        #expect(moved.fact.epoch == nil)
        let entry = try #require(try await ledger.entry(moved.fact.sequence))
        #expect(entry.fact.saleKey == "F/12")
        #expect(try await points(ledger) == 180)
        guard case .voided(let again) = try await ledger.void(try key("F/2"), at: .noon)
        else { return #expect(Bool(false), "a void that comes again is refused") }
        #expect(again.isRepeat && again.sequence == old.sequence)
    }

    @Test func `refunds follow their sales into a new epoch, and are answered as before`()
        async throws
    {
        try await fill(20)
        let before = try bench.open()
        let first = try await refund("R/1", of: "F/2", before)
        let second = try await refund("R/2", of: "F/12", before)
        await before.close()
        try flip(in: "F/7")
        let ledger = try bench.open()

        #expect(try await points(ledger) == 198)
        for (key, sale, answer) in [("R/1", "F/2", first), ("R/2", "F/12", second)] {
            let again = try await refund(key, of: sale, ledger)
            #expect(again.isRepeat && again.postings == answer.postings)
            #expect(again.derivation == answer.derivation)
        }
        let refunds = try await facts(ledger).compactMap { fact in
            if case .refund(let refund) = fact { refund } else { nil }
        }
        #expect(refunds.map(\.refund.text) == ["R/1", "R/2"])
        #expect(refunds[0].epoch == 1 && refunds[0].sequence == 4)
        let award = try #require(try await ledger.entry(refunds[1].sequence))
        #expect(refunds[1].epoch == nil && award.fact.saleKey == "F/12")
        // The rest of both is still to be had, and no more.
        guard case .voided = try await ledger.void(try key("F/2"), at: .noon),
            case .voided(let rest) = try await ledger.void(try key("F/12"), at: .noon)
        else { return #expect(Bool(false), "an award cannot be voided") }
        #expect(rest.fact.postings.contains(Posting(.points, .never, -9)))
        #expect(try await points(ledger) == 180)
    }

    @Test func `answers to refunds that cannot be read are told from the log`() async throws {
        try await fill(3)
        let before = try bench.open()
        let first = try await refund("R/1", of: "F/1", before)
        try await before.execute(
            """
            DROP TRIGGER refund_isFirstAnswer;
            UPDATE refund SET answer = x'00'
            """
        )
        await before.close()
        try flip(in: "F/2")
        let ledger = try bench.open()

        let again = try await refund("R/1", of: "F/1", ledger)
        #expect(again.isRepeat && again.postings == first.postings && again.amount == 35)
        guard case .voided(let rest) = try await ledger.void(try key("F/1"), at: .noon)
        else { return #expect(Bool(false), "an award cannot be voided") }
        #expect(rest.fact.postings.contains(Posting(.points, .never, -9)))
    }

    @Test(arguments: LedgerSwap.Step.allCases)
    func `a crash after any step leaves the old state or the new one`(step: LedgerSwap.Step)
        async throws
    {
        try await fill(20)
        try flip(in: "F/7")
        var opening = LedgerOpening(
            settings: bench.settings,
            identity: Bench.identity,
            boot: Bench.boot,
            reading: .noon
        )
        opening.step = { if $0 == step { throw Crash() } }
        #expect(throws: Crash.self) { _ = try opening.open() }

        let ledger = try bench.open()
        #expect(ledger.identity.epoch == 2)
        #expect(await ledger.earlierLogs().map(\.end.sequence) == [8])
        #expect(try await facts(ledger).dropFirst(2).count == 12)
        #expect(try await points(ledger) == 200)
        _ = try await sell("F/20", ledger)
        await ledger.close()
        #expect(try bench.open().identity.epoch == 2)
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.directory)
        #expect(names.count { $0.hasPrefix("ledger.db.epoch-1.") && !$0.hasSuffix("-wal") } == 1)
        #expect(!names.contains { $0.hasSuffix(".swap") || $0.hasSuffix(".new") })
    }

    @Test func `a column whose name is damaged costs no endless search`() async throws {
        try await fill(20)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let name = try #require(
            bytes.range(of: Data("voidedBy INTEGER CHECK".utf8), in: 0..<bytes.count)
        )
        bytes[name.lowerBound + 3] ^= 0x80
        try bytes.write(to: URL(fileURLWithPath: path))

        let ledger = try bench.open()

        #expect(ledger.identity.epoch == 2)
        #expect(try await points(ledger) == 200)
        #expect(try await sell("F/3", ledger).isRepeat)
        #expect(try await sell("F/20", ledger).award != nil)
    }

    /// The damage is in entry 9 or 10; once HQ has that one, what follows it stays whole.
    @Test(arguments: [
        (sales: 3, received: Int64(0), isKept: true),
        (12, 0, false),
        (12, 8, false),
        (12, 13, true),
        (12, 14, true),
    ])
    func `a key stays in force if its entry is kept, or HQ has it`(
        sales: Int,
        received: Int64,
        isKept: Bool
    ) async throws {
        let key = try #require(SigningKey(seed: Array(repeating: 9, count: 32)))
        let before = try bench.open()
        try await fill(sales, into: before)
        let change = try await before.rotateKey(
            KeyRotateFact(to: key, of: Bench.identity),
            at: .noon
        )
        #expect(change.sequence == Int64(sales) + 2)
        try await fill(20, into: before)
        try await before.acknowledge(
            Watermarks(received: received, posted: received, prunable: 0)
        )
        await before.close()
        try flip(in: "F/7")

        let ledger = try bench.open()
        #expect(ledger.identity.epoch == 2)
        #expect(await ledger.keyChanges() == (isKept ? [change] : []))
        // A change that went with its entry may be made again.
        let again = try await ledger.rotateKey(
            KeyRotateFact(to: key, of: ledger.identity),
            at: .noon
        )
        #expect(again.epoch == (isKept ? 1 : 2))
    }

    @Test func `whichever page is destroyed, each award is kept or told as lost`() async throws {
        try await fill(60)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let pageCount = whole.count / 1_024
        #expect(pageCount > 40)
        for page in stride(from: 0, to: pageCount, by: 3) {
            let copy = try Bench()
            var image = whole
            image.replaceSubrange(page * 1_024..<(page + 1) * 1_024, with: Data(count: 1_024))
            try image.write(to: URL(fileURLWithPath: copy.settings.path))
            for suffix in [".mark"] {
                try FileManager.default.copyItem(
                    atPath: path + suffix,
                    toPath: copy.settings.path + suffix
                )
            }
            let ledger = try copy.open()
            try await ledger.verifyChain()
            let (sequences, lost) = try await accounts(of: ledger)
            #expect(sequences.union(lost) == Set(2...61), "page \(page)")
            _ = try await sell("F/new", ledger)
            await ledger.close()
        }
    }

    @Test func `a restored image is noticed by its mark, and the hole is told`() async throws {
        let ledger = try bench.open()
        try await fill(10, into: ledger)
        await ledger.close()
        let image = try Data(contentsOf: URL(fileURLWithPath: path))
        let later = try bench.open()
        for index in 10..<200 { _ = try await sell("F/\(index)", later) }
        await later.close()
        try image.write(to: URL(fileURLWithPath: path))

        let restored = try bench.open()
        #expect(restored.identity.epoch == 2)
        let facts = try await facts(restored)
        guard case .salvage(let salvage) = facts[0], case .lost(let lost) = facts[1]
        else { return #expect(Bool(false), "\(facts.prefix(2))") }
        #expect(salvage.last == 11 && salvage.reason == .rolledBack)
        #expect(lost == LostFact(epoch: 1, from: 12, to: 201))
        #expect(facts.count == 2)
    }

    @Test func `a mark costs one write in 64 awards, and a damaged one says nothing`() async throws
    {
        let ledger = try bench.open()
        try await fill(63, into: ledger)
        let before = try mark()
        _ = try await sell("G/1", ledger)
        _ = try await sell("G/2", ledger)
        #expect(before.hasPrefix("1 1 1 1\n"))
        #expect(try mark().hasPrefix("1 65 1 65\n"))
        await ledger.close()
        #expect(try mark().hasPrefix("1 66 1 66\n"))

        try "1 900 1 90\n".write(toFile: path + ".mark", atomically: true, encoding: .utf8)
        #expect(try bench.open().identity.epoch == 1)
    }

    @Test func `what HQ says differs is recorded again behind the last common entry`() async throws
    {
        let ledger = try bench.open()
        try await fill(10, into: ledger)
        let hash = try #require(try await ledger.position(of: 6)).hash
        var requests = ledger.requests.makeAsyncIterator()
        try await ledger.begin(
            SalvageRequest(
                epoch: 1,
                reason: .forked,
                common: .init(epoch: 1, sequence: 6),
                nextEpoch: 5
            )
        )
        #expect(await requests.next() == .forked)
        await ledger.close()

        let next = try bench.open()
        #expect(next.identity.epoch == 5)
        let facts = try await facts(next)
        #expect(
            facts[0]
                == .salvage(SalvageFact(epoch: 1, last: 6, hash: hash.bytes, reason: .forked))
        )
        #expect(facts.dropFirst().compactMap(\.saleKey) == (5..<10).map { "F/\($0)" })
        #expect(facts.count == 6)
        await next.close()
        #expect(try bench.open().identity.epoch == 5)
    }

    @Test func `a fork in an ended log takes what came after it along`() async throws {
        try await fill(10)
        try flip(in: "F/3")
        let ledger = try bench.open()
        _ = try await sell("G/1", ledger)
        try await ledger.begin(
            SalvageRequest(epoch: 2, reason: .forked, common: .init(epoch: 1, sequence: 2))
        )
        await ledger.close()

        let next = try bench.open()
        #expect(next.identity.epoch == 3)
        #expect(await next.earlierLogs().map(\.end.sequence) == [2])
        let keys = try await facts(next).compactMap(\.saleKey)
        #expect(keys == (1..<3).map { "F/\($0)" } + (4..<10).map { "F/\($0)" } + ["G/1"])
        #expect(try await facts(next).contains(.lost(LostFact(epoch: 1, from: 5, to: 5))))
        #expect(try await points(next) == 110)
    }

    /// Where the damaged line does not vouch for what follows, the next one does.
    @Test(arguments: [(#""key":"F/7""#, Int64(9)), (#""type":"boot""#, 2)])
    func `a log goes on from where HQ has it, whatever is damaged before`(
        damaged: String,
        first: Int64
    ) async throws {
        let ledger = try bench.open()
        try await fill(20, into: ledger)
        try await ledger.acknowledge(Watermarks(received: 15, posted: 15, prunable: 0))
        await ledger.close()
        try flip(text: damaged)

        let next = try bench.open()
        let earlier = try #require(await next.earlierLogs().first)
        #expect(earlier.end.sequence == 21 && earlier.received == 15)
        #expect(earlier.first == first)
        await #expect(throws: LedgerError.pruned(first: first)) {
            try await next.slice(of: earlier, after: 0, countMax: 1, byteCountMax: .max)
        }
        #expect(try await facts(next).count == 1)
        let rest = try await next.slice(of: earlier, after: 15, countMax: 99, byteCountMax: .max)
        #expect(rest.map(\.sequence) == Array(16...21))
        try await next.acknowledge(21, of: earlier)
        #expect(await next.earlierLogs().first?.received == 21)
        await #expect(throws: LedgerError.self) { try await next.acknowledge(22, of: earlier) }
    }

    @Test(arguments: [0, 18, 24, 63, 70, 100, 105])
    func `a damaged header costs no award`(offset: Int) async throws {
        try await fill(20)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[offset] ^= 0x40
        try bytes.write(to: URL(fileURLWithPath: path))

        let ledger = try bench.open()
        let (sequences, lost) = try await accounts(of: ledger)
        #expect(sequences == Set(2...21) || offset >= 100, "lost \(lost)")
        _ = try await sell("G/1", ledger)
    }

    @Test func `a ledger that cannot even name its device begins a new epoch by the mark`()
        async throws
    {
        try await fill(20)
        try Data(repeating: 0x55, count: 8_192).write(to: URL(fileURLWithPath: path))
        try "4 64 4 64\n".write(toFile: path + ".mark", atomically: true, encoding: .utf8)

        let ledger = try bench.open()
        #expect(ledger.identity.device == Bench.identity.device)
        #expect(ledger.identity.epoch == 5)
        let start = Bench.identity.with(epoch: 4).genesis.bytes
        #expect(
            try await facts(ledger).prefix(2) == [
                .salvage(SalvageFact(epoch: 4, last: 0, hash: start, reason: .damaged)),
                .lost(LostFact(epoch: 4, from: 1, to: 64)),
            ]
        )
    }

    @Test func `damage found while running is mended at the next start`() async throws {
        try await fill(20)
        try flip(in: "F/7")
        var settings = bench.settings
        settings.startVerifyCountMax = 5
        let ledger = try bench.open(settings)
        var requests = ledger.requests.makeAsyncIterator()
        await #expect(throws: LedgerError.damaged("entry 9 breaks the chain")) {
            try await ledger.verifyChain()
        }
        #expect(await requests.next() == .damaged)
        await ledger.close()

        let next = try bench.open(settings)
        #expect(next.identity.epoch == 2)
        _ = try await sell("F/20", next)
        try await next.verifyChain()
    }

    @Test func `the newest two that were set aside are kept`() async throws {
        for round in 1...4 {
            let ledger = try bench.open()
            _ = try await sell("F/\(round)", ledger)
            try await ledger.begin(
                SalvageRequest(epoch: ledger.identity.epoch, reason: .regressed)
            )
            await ledger.close()
        }
        #expect(try bench.open().identity.epoch == 5)
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.directory)
        let asides = names.filter { $0.contains(".epoch-") && !$0.hasSuffix("-wal") }
        #expect(
            asides.sorted().map { $0.dropFirst("ledger.db.".count).prefix(7) } == [
                "epoch-3", "epoch-4",
            ]
        )
    }

    @Test func `a log that ended is forgotten once HQ's backup holds what followed`() async throws {
        try await fill(5)
        try flip(in: "F/3")
        let ledger = try bench.open()
        let month = ClockReading.noon(plusMs: (Ledger.keptDayCount + 1) * 86_400_000)
        try await ledger.prune(at: month)
        #expect(await ledger.earlierLogs().first?.first == 1)
        try await ledger.acknowledge(Watermarks(received: 2, posted: 2, prunable: 1))
        try await ledger.prune(at: .noon)
        #expect(await ledger.earlierLogs().first?.first == 1)

        try await ledger.prune(at: month)
        let log = try #require(await ledger.earlierLogs().first)
        #expect(log.first == log.end.sequence + 1)
        await #expect(throws: LedgerError.pruned(first: log.first)) {
            try await ledger.slice(of: log, after: 0, countMax: 9, byteCountMax: .max)
        }
        await ledger.close()
        #expect(try await bench.open().earlierLogs() == [log])
    }

    @Test func `a request that is cut off or out of date does nothing`() async throws {
        try await fill(3)
        for text in [#"{"epoch":1,"reas"#, #"{"epoch":7,"reason":"forked","next":8}"#, ""] {
            try text.write(toFile: path + ".request", atomically: true, encoding: .utf8)
            let ledger = try bench.open()
            #expect(ledger.identity.epoch == 1)
            await ledger.close()
        }
    }

    private struct Crash: Error {}

    private func fill(_ count: Int, into given: Ledger? = nil) async throws {
        let ledger = try given ?? bench.open()
        for index in 0..<count { _ = try await sell("F/\(index)", ledger) }
        if given == nil { await ledger.close() }
    }

    private func sell(_ key: String, _ ledger: Ledger) async throws -> Recorded {
        try await ledger.record(try .pos(key), of: try .test(1), at: .noon, under: try .latte())
    }

    /// Refunds a tenth of a sale.
    private func refund(
        _ key: String,
        of sale: String,
        _ ledger: Ledger
    ) async throws -> RefundedAward {
        let request = RefundRequest(key: try self.key(key), of: try self.key(sale), amount: 35)
        let answer = try await ledger.refund(request, at: .noon, under: try .latte())
        guard case .refunded(let award) = answer else {
            Issue.record("not refunded: \(answer)")
            throw Crash()
        }
        return award
    }

    private func key(_ text: String) throws -> SaleKey { try #require(SaleKey(text)) }

    private func points(_ ledger: Ledger) async throws -> Int64 {
        try await ledger.member(try .test(1)).standing.balance(of: .points)
    }

    private func mark() throws -> String {
        try String(contentsOfFile: path + ".mark", encoding: .utf8)
    }

    private func facts(_ ledger: Ledger) async throws -> [Fact] {
        try await ledger.recent(1_000).reversed().map(\.fact)
    }

    /// The entries of epoch 1 whose sales some log has, and those that are told as lost.
    private func accounts(of ledger: Ledger) async throws -> (kept: Set<Int64>, lost: Set<Int64>) {
        var facts = try await facts(ledger)
        for log in await ledger.earlierLogs() {
            let lines = try await ledger.slice(of: log, after: 0, countMax: 999, byteCountMax: .max)
            facts += try lines.map { try EntryLineV1.entry(from: $0.body).fact }
        }
        let keys = facts.compactMap(\.saleKey).compactMap { Int64($0.dropFirst(2)) }
        var lost: Set<Int64> = []
        for case .lost(let hole) in facts { lost.formUnion(Set(hole.from...hole.to)) }
        return (Set(keys.map { $0 + 2 }), lost.subtracting([1]))
    }

    /// Flips a bit in a log line's copy of a text.
    private func flip(in key: String) throws {
        try flip(text: #""key":"\#(key)""#)
    }

    private func flip(text: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let range = try #require(bytes.range(of: Data(text.utf8)))
        bytes[range.upperBound - 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
    }
}

extension Fact {
    /// The sale that was awarded, or nil for another fact.
    fileprivate var saleKey: String? {
        if case .award(let award) = self { award.sale.key.text } else { nil }
    }
}
