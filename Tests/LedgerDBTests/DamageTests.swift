import Foundation
import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

/// Bits that changed on the disk.
struct DamageTests {
    let bench: Bench
    var path: String { bench.settings.path }

    init() throws {
        bench = try Bench()
    }

    @Test func `an entry changed before the last ones is found after the start`() async throws {
        try await fill(20)
        try flip(in: "F/7")
        var settings = bench.settings
        settings.startVerifyCountMax = 5
        let ledger = try bench.open(settings)

        await #expect(throws: LedgerError.damaged("entry 9 breaks the chain")) {
            try await ledger.verifyChain()
        }
        #expect(ledger.health.mode == .damaged("entry 9 breaks the chain"))
        await #expect(throws: LedgerError.damaged("entry 9 breaks the chain")) {
            try await ledger.record(
                try .pos("F/99"),
                of: try .test(1),
                at: .noon,
                under: try .latte()
            )
        }
        #expect(try await ledger.member(try .test(1)).standing.balance(of: .points) == 200)
    }

    @Test func `a damaged ledger with an unread write-ahead log keeps both files`() async throws {
        let ledger = try bench.open()
        try await fill(20, into: ledger)
        let image = try Bench()
        for suffix in ["", "-wal"] {  // what a power cut would leave
            try FileManager.default.copyItem(
                atPath: path + suffix,
                toPath: image.settings.path + suffix
            )
        }
        // The main file holds only what the migration wrote, the rest is in the log.
        let wal = URL(fileURLWithPath: image.settings.path + "-wal")
        let main = URL(fileURLWithPath: image.settings.path)
        var bytes = try Data(contentsOf: main)
        bytes[100] ^= 0x40  // the b-tree page type of page 1
        try bytes.write(to: main)
        var logged = try Data(contentsOf: wal)
        logged.removeSubrange(32...)  // and its newer copy of page 1 is gone
        try logged.write(to: wal)

        #expect(try image.open().identity.epoch == 2)
        let asides = try FileManager.default.contentsOfDirectory(atPath: image.directory)
            .filter { $0.contains(".epoch-1.") }.sorted()
        let kept = try asides.map { name in
            try Data(contentsOf: URL(fileURLWithPath: "\(image.directory)/\(name)"))
        }
        #expect(kept == [bytes, logged])
    }

    @Test(arguments: 0..<4)
    func `no flipped bit ever changes what an entry says`(round: UInt64) async throws {
        try await fill(12)
        let original = try await lines(try bench.open())
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var random = SplitMix(state: 0x5EED + round)
        var foundCount = 0
        for _ in 0..<60 {
            var flipped = whole
            let bit = Int(random.next() % UInt64(whole.count * 8))
            flipped[bit / 8] ^= 1 << (bit % 8)
            try flipped.write(to: URL(fileURLWithPath: path))
            do {
                let ledger = try bench.open()
                try await ledger.verifyChain()
                if ledger.identity.epoch > 1 {
                    // What stays of the first epoch is as it was; the rest is told anew or lost.
                    foundCount += 1
                    for log in await ledger.earlierLogs() {
                        let kept = try await ledger.slice(
                            of: log,
                            after: 0,
                            countMax: 99,
                            byteCountMax: .max
                        )
                        #expect(kept == Array(original.prefix(kept.count)), "bit \(bit)")
                    }
                } else {
                    // A flip in the boot's name makes a new boot, which is one entry more.
                    let found = try await lines(ledger).prefix(original.count)
                    #expect(Array(found) == original, "bit \(bit)")
                }
                await ledger.close()
            } catch is LedgerError {
                foundCount += 1
            }
            for suffix in ["-wal", ".mark", ".request"]
            where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.removeItem(atPath: path + suffix)
            }
        }
        #expect(foundCount > 0)
    }

    private func fill(_ count: Int, into given: Ledger? = nil) async throws {
        let ledger = try given ?? bench.open()
        for index in 0..<count {
            _ = try await ledger.record(
                try .pos("F/\(index)"),
                of: try .test(1),
                at: .noon,
                under: try .latte()
            )
        }
        if given == nil { await ledger.close() }
    }

    private func lines(_ ledger: Ledger) async throws -> [LogLine] {
        try await ledger.slice(after: 0, countMax: 1_000, byteCountMax: 1 << 20)
    }

    /// Flips a bit in a log line's copy of a text.
    private func flip(in text: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let line = Data("\"key\":\"\(text)\"".utf8)
        let range = try #require(bytes.range(of: line))
        bytes[range.upperBound - 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
    }
}

/// A random sequence that is the same on each run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
