import ArgumentParser
import Glibc
import LedgerDB
import LoyaltyCore

/// Makes an agent's ledger with many members and queued entries, through the ledger itself.
///
/// Nothing is synced meanwhile: a ledger that a power cut spoils is made again.
struct Fill: AsyncParsableCommand {
    @Argument(help: "The agent's state directory; 'stampd identity' has made its key.")
    var statePath: String
    @Argument(help: "How many members.")
    var memberCount: Int64
    @Argument(help: "How many entries.")
    var entryCount: Int64
    @Flag(help: "Have each entry's member be unknown to the store: then HQ has nothing to correct.")
    var unknown = false

    func run() async throws {
        let programme = try Workload.programme()
        let identity = try Workload.identity(ofAgentAt: statePath)
        let path = "\(statePath)/ledger.sqlite"
        let started = monotonicNow()
        let ledger = try Workload.open(path, identity: identity, isDurable: false)
        if !unknown {
            try await Workload.importMembers(memberCount, into: ledger)
            tell("\(memberCount) members")
        }
        for index in 0..<entryCount {
            _ = try await ledger.record(
                try Workload.sale(index),
                of: try Workload.member(index % max(1, memberCount)),
                at: Workload.reading(index),
                under: programme
            )
            if index % 100_000 == 99_999 { tell("\(index + 1) entries") }
        }
        await ledger.close()
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw BenchError("\(path) cannot be synced") }
        report(["seconds": (monotonicNow() - started) / .seconds(1)])
    }

    private func tell(_ progress: String) {
        let line = Array("  \(progress)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}

/// How long a member's look-up takes, over members in random order.
struct LookUps: AsyncParsableCommand {
    @Argument(help: "The state directory that 'fill' has filled.")
    var statePath: String
    @Argument(help: "How many look-ups.")
    var lookUpCount: Int

    func run() async throws {
        let identity = try Workload.identity(ofAgentAt: statePath)
        let path = "\(statePath)/ledger.sqlite"
        let ledger = try Workload.open(path, identity: identity)
        let memberCount = await ledger.memberCount()
        forget(path)
        let cold = try await lookUp(lookUpCount / 20, of: memberCount, ledger)
        let warm = try await lookUp(lookUpCount, of: memberCount, ledger)
        await ledger.close()
        report([
            "members": Double(memberCount),
            "p50_ms": warm.percentileMs(50),
            "p99_ms": warm.percentileMs(99),
            "max_ms": warm.maxMs,
            "cold_p50_ms": cold.percentileMs(50),
            "cold_p99_ms": cold.percentileMs(99),
        ])
    }

    private func lookUp(_ count: Int, of memberCount: Int64, _ ledger: Ledger) async throws
        -> Samples
    {
        var samples = Samples()
        for _ in 0..<count {
            let member = try Workload.member(Int64.random(in: 0..<memberCount))
            let started = monotonicNow()
            let record = try await ledger.member(member)
            samples.append(monotonicNow() - started)
            guard record.isKnown else { throw BenchError("a member is missing") }
        }
        return samples
    }

    /// Drops a file from the kernel's cache, as after a start of the machine.
    private func forget(_ path: String) {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }
}

/// Records awards when told to, so that the caller can read the disk's counters before and after.
struct Wear: AsyncParsableCommand {
    @Argument(help: "An empty directory on the disk to measure.")
    var directory: String
    @Argument(help: "How many awards.")
    var awardCount: Int64

    private static let memberCount: Int64 = 100_000

    func run() async throws {
        let programme = try Workload.programme()
        let path = "\(directory)/ledger.sqlite"
        let empty = try Workload.open(path, isDurable: false)
        try await Workload.importMembers(Self.memberCount, into: empty)
        await empty.close()
        let ledger = try Workload.open(path)
        report(["members": Double(Self.memberCount)])
        _ = readLine()
        for index in 0..<awardCount {
            _ = try await ledger.record(
                try Workload.sale(index),
                of: try Workload.member(Int64.random(in: 0..<Self.memberCount)),
                at: Workload.reading(index),
                under: programme
            )
        }
        await ledger.close()
        report(["awards": Double(awardCount)])
    }
}
