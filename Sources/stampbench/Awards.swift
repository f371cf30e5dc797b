import ArgumentParser
import Glibc
import LedgerDB
import LoyaltyCore
import SyncWire

/// Awards a second through the ledger, against the same rows by plain SQLite calls.
///
/// Both start from one file with the same members, and take turns round by round. At the end both
/// files hold the same log, or the measurement fails.
struct Awards: AsyncParsableCommand {
    @Argument(help: "An empty directory on the disk to measure.")
    var directory: String
    @Argument(help: "How many rounds.")
    var roundCount: Int

    /// Awards of one round.
    private static let roundAwardCount = 100
    private static let memberCount: Int64 = 10_000

    private var awardCount: Int64 { Int64(roundCount * Self.roundAwardCount) }

    func run() async throws {
        let template = "\(directory)/template.sqlite"
        let empty = try Workload.open(template, isDurable: false)
        try await Workload.importMembers(Self.memberCount, into: empty)
        await empty.close()
        for name in ["model", "ours", "plain"] { try copy(template, to: path(name)) }

        try await record(into: try Workload.open(path("model"), isDurable: false))
        let rows = try AwardRows.read(from: path("model"))
        let ours = try Workload.open(path("ours"))
        let plain = try PlainLedger(path("plain"))
        try await race(ours, plain, rows)
        let ourHead = try await ours.head()
        await ours.close()
        guard ourHead.hash == rows.last?.line.hash
        else { throw BenchError("the two wrote different logs") }
    }

    private func race(_ ours: Ledger, _ plain: PlainLedger, _ rows: [AwardRow]) async throws {
        let programme = try Workload.programme()
        let sync = try SyncTimes(in: directory, byteCount: rows.first?.byteCount ?? 0)
        var (ourTimes, plainTimes) = (Samples(), Samples())
        var ratios: [Double] = []
        for round in 0..<roundCount {
            let first = round * Self.roundAwardCount
            let indexes = first..<first + Self.roundAwardCount
            let started = monotonicNow()
            try await record(indexes, into: ours, programme, &ourTimes)
            let turned = monotonicNow()
            for index in indexes { try plainTimes.measure { try plain.write(rows[index]) } }
            let ended = monotonicNow()
            ratios.append((ended - turned) / (turned - started))
            for _ in 0..<10 { try sync.sample() }
        }
        report([
            "awards": Double(ourTimes.count),
            "ratio": median(ratios),
            "per_s": Double(ourTimes.count) / (ourTimes.total / .seconds(1)),
            "plain_per_s": Double(plainTimes.count) / (plainTimes.total / .seconds(1)),
            "p50_ms": ourTimes.percentileMs(50),
            "plain_p50_ms": plainTimes.percentileMs(50),
            "append_sync_p50_ms": sync.appending.percentileMs(50),
            "overwrite_sync_p50_ms": sync.overwriting.percentileMs(50),
        ])
    }

    private func record(into ledger: Ledger) async throws {
        var times = Samples()
        try await record(0..<Int(awardCount), into: ledger, try Workload.programme(), &times)
        await ledger.close()
    }

    /// Records sales as the agent's counter does: on the ledger's thread.
    private func record(
        _ indexes: Range<Int>,
        into ledger: isolated Ledger,
        _ programme: Programme,
        _ times: inout Samples
    ) throws {
        for index in indexes.map(Int64.init) {
            let started = monotonicNow()
            let answer = try ledger.record(
                try Workload.sale(index),
                of: try Workload.member(index * 7_919 % Self.memberCount),
                at: Workload.reading(index),
                under: programme
            )
            times.append(monotonicNow() - started)
            guard answer.sequence != nil else { throw BenchError("no award: \(answer.decision)") }
        }
    }

    private func path(_ name: String) -> String { "\(directory)/\(name).sqlite" }

    private func copy(_ source: String, to target: String) throws {
        let (from, to) = (open(source, O_RDONLY), open(target, O_CREAT | O_WRONLY, 0o600))
        defer {
            close(from)
            close(to)
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = read(from, &buffer, buffer.count), count > 0 {
            guard write(to, buffer, count) == count else { throw BenchError("no room: \(target)") }
        }
        guard from >= 0, fsync(to) == 0 else { throw BenchError("cannot copy \(source)") }
    }
}
