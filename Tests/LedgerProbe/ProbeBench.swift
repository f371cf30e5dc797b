import LedgerDB
import LoyaltyCore
import SyncWire

/// Measures the ledger against the same rows written by plain sqlite3 calls.
enum ProbeBench {
    static func run(_ arguments: [String]) async throws {
        let path = arguments[1]
        let count = arguments.count > 2 ? Int64(arguments[2]) ?? 0 : 2_000
        let memberCount = arguments.count > 3 ? Int64(arguments[3]) ?? 0 : 997
        let clock = ContinuousClock()
        let started = clock.now
        var ledger = try await LedgerProbe.open(path)
        LedgerProbe.say("start_ms \((clock.now - started).milliseconds)")
        try await fill(ledger, memberCount)
        let first = try await ledger.head().sequence
        _ = try await awards(ledger, first, count, memberCount)
        try await lookUps(ledger, memberCount)
        let lines = try await slice(ledger, after: first, count)
        await ledger.close()
        let twin = try PlainTwin(path, lines)

        let reopened = clock.now
        ledger = try await LedgerProbe.open(path)
        LedgerProbe.say("restart_ms \((clock.now - reopened).milliseconds)")
        // In turns, so that a disk whose speed changes changes it for both.
        var ours: [Duration] = []
        var theirs: [Duration] = []
        for start in stride(from: 0, to: Int(count), by: 50) {
            let block = min(50, Int(count) - start)
            ours += try await awards(
                ledger,
                first + count + Int64(start),
                Int64(block),
                memberCount
            )
            theirs += twin.write(start..<start + block)
        }
        await ledger.close()
        report("ledger", ours)
        report("plain", theirs)
        let ratio = theirs.reduce(.zero, +) / ours.reduce(.zero, +)
        LedgerProbe.say("ratio_percent \(Int(ratio * 100))")
    }

    private static func fill(_ ledger: Ledger, _ memberCount: Int64) async throws {
        guard await ledger.memberCount() < memberCount else { return }
        let clock = ContinuousClock()
        let started = clock.now
        for start in stride(from: 0, to: memberCount, by: 5_000) {
            let rows = (start..<min(start + 5_000, memberCount)).compactMap { index in
                MemberNumber(value: index).flatMap { number in
                    MemberRow(
                        number: number,
                        maskedName: "王○明",
                        mobileBarcode: "/" + String(1_000_000 + index).suffix(7)
                    )
                }
            }
            try await ledger.importMembers(rows)
        }
        LedgerProbe.say("import_ms \((clock.now - started).milliseconds)")
    }

    private static func awards(
        _ ledger: Ledger,
        _ first: Int64,
        _ count: Int64,
        _ memberCount: Int64
    ) async throws -> [Duration] {
        let programme = try ProbeSales.programme()
        let clock = ContinuousClock()
        var times: [Duration] = []
        for index in first..<first + count {
            let before = clock.now
            guard let member = MemberNumber(value: index * 7_919 % max(1, memberCount))
            else { break }
            _ = try await ledger.record(
                ProbeSales.sale(index),
                of: member,
                at: ProbeSales.reading(index),
                under: programme
            )
            times.append(clock.now - before)
        }
        return times
    }

    private static func lookUps(_ ledger: Ledger, _ memberCount: Int64) async throws {
        let clock = ContinuousClock()
        var times: [Duration] = []
        for index: Int64 in 0..<20_000 {
            let before = clock.now
            guard let member = MemberNumber(value: index * 104_729 % max(1, memberCount))
            else { return }
            _ = try await ledger.member(member)
            times.append(clock.now - before)
        }
        report("member", times)
    }

    private static func slice(
        _ ledger: Ledger,
        after first: Int64,
        _ count: Int64
    ) async throws -> [LogLine] {
        var lines: [LogLine] = []
        while Int64(lines.count) < count {
            let next = try await ledger.slice(
                after: lines.last?.sequence ?? first,
                countMax: 1_000,
                byteCountMax: 1 << 20
            )
            if next.isEmpty { break }
            lines += next
        }
        return lines
    }

    private static func report(_ name: String, _ times: [Duration]) {
        guard !times.isEmpty else { return }
        let sorted = times.sorted()
        let wholeUs = times.reduce(.zero, +).microseconds
        let rate = Int64(times.count) * 1_000_000 / max(1, wholeUs)
        LedgerProbe.say(
            "\(name)_per_s \(rate) p50_us \(sorted[sorted.count / 2].microseconds)"
                + " p99_us \(sorted[sorted.count * 99 / 100].microseconds)"
                + " max_us \(sorted[sorted.count - 1].microseconds)"
        )
    }
}

extension Duration {
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    fileprivate var milliseconds: Int64 { microseconds / 1_000 }
}
