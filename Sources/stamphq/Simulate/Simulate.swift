import ArgumentParser
import Foundation
import Glibc
import LoyaltyCore

/// Simulates a fleet of stores against an HQ of its own.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Simulate stores on a bad line against an HQ, and check that nothing is lost.",
        discussion: """
            Starts an HQ of its own on this machine, never the one that serves, and enrols as many \
            stores as wanted. Each has an agent's counter, ledger, key and sync; between them and \
            HQ lies a line with faults. They sell until the time is over, the entries are sold, or \
            Ctrl-C; then all faults end, everything must reach HQ, and each promise is checked: \
            every entry is there, byte for byte, without a gap, booked once, and HQ never \
            acknowledged what it did not hold. The exit status is 1 if one is broken.

            Faults: drop, duplicate, reorder, cut (in mid-body), reset, portal (something else \
            answers), slow, forge (an altered acknowledgement), skew (the stores' clocks), kill \
            (HQ, with SIGKILL).

            EXAMPLES
              stamphq simulate
              stamphq simulate --agents 20 --seconds 120 --faults drop,cut,kill --seed 7
              stamphq simulate --agents 2000 --rate 1/min --minutes 10 --faults none --json
            """
    )

    /// Most stores.
    ///
    /// Source: our own bound; each takes a thread and some six files, and a process may often have
    /// no more than 20,000 files.
    private static let agentCountMax = 5_000
    /// The greatest haste.
    ///
    /// Source: our own bound; the first pause after a failure is then a millisecond.
    private static let hasteMax = 1_000.0
    /// Most sales of a store in a second.
    ///
    /// Source: our own bound; more than a disk syncs.
    private static let saleCountPerSecondMax = 1_000.0

    @Option(help: "How many stores, 1 to 5000; from 100 on their disks are not waited for.")
    var agents = 5
    @Option(help: "Decides the faults and the sales; by default another each time.")
    var seed: UInt64?
    @Option(help: "How long the stores sell, in seconds; 15 if nothing else is said.")
    var seconds: Int?
    @Option(help: "How long the stores sell, in minutes.")
    var minutes: Int?
    @Option(help: "Stop after so many sales of all stores together.")
    var entries: Int?
    @Option(help: "How often each store sells: a number and /s, /min or /h.")
    var rate = "10/s"
    @Option(help: "What goes wrong: all, none, or a list; see above. None at /min and /h.")
    var faults: String?
    @Option(help: "An empty or new directory to work in; by default one that goes at the end.")
    var data: String?
    @Option(help: "How much shorter than real the stores' pauses are; 50 with faults, else 1.")
    var haste: Double?
    @Flag(help: "Count a sale that never was: a promise must be found broken.")
    var phantomSale = false
    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    func validate() throws {
        guard (1...Self.agentCountMax).contains(agents) else {
            throw ValidationError("--agents is 1 to \(Self.agentCountMax).")
        }
        guard seconds == nil || minutes == nil else {
            throw ValidationError("Give --seconds or --minutes, not both.")
        }
        for (name, value) in [("seconds", seconds), ("minutes", minutes), ("entries", entries)] {
            guard value ?? 1 >= 1 else { throw ValidationError("--\(name) is 1 or more.") }
        }
        guard (1...Self.hasteMax).contains(haste ?? 1) else {
            throw ValidationError("--haste is 1 to \(Int(Self.hasteMax)).")
        }
        _ = try plan()
    }

    func run() async throws {
        Self.raiseFileLimit()
        let (directory, isOurs) = try makeDirectory()
        defer {
            // Allowed: what stays in the temporary directory hurts nobody.
            if isOurs { try? FileManager.default.removeItem(atPath: directory) }
        }
        let plan = try plan()
        let simulation = Simulation(plan, in: directory)
        Self.tell("seed \(plan.seed), in \(directory)")
        let report = try await simulation.run { Self.tell($0) }
        print(json ? report.json.text : report.text)
        guard report.isClean else {
            Self.tell("a promise is broken; the same seed may show it again: --seed \(plan.seed)")
            throw ExitCode.failure
        }
    }

    private func plan() throws -> Simulation.Plan {
        let gap = try Self.gap(rate)
        let isSteady = gap >= .seconds(60)
        let faults = try Fault.list(faults ?? (isSteady ? "none" : "all"))
        let isEndless = seconds == nil && minutes == nil && entries != nil
        return Simulation.Plan(
            agentCount: agents,
            seed: seed ?? .random(in: 1...999_999),
            duration: .seconds(
                isEndless ? 86_400 : minutes.map { $0 * 60 } ?? seconds ?? 15
            ),
            entryCountMax: entries,
            gap: gap,
            faults: faults,
            haste: haste ?? (faults.isEmpty ? 1 : 50),
            hasPhantomSale: phantomSale
        )
    }

    /// Reads a rate such as `10/s` or `1/min`.
    private static func gap(_ rate: String) throws -> Duration {
        let parts = rate.split(separator: "/").map(String.init)
        let units = ["s": 1.0, "min": 60, "h": 3_600]
        guard parts.count == 2, let count = Double(parts[0]), let unit = units[parts[1]],
            count > 0, count / unit <= saleCountPerSecondMax
        else { throw ValidationError("--rate is a number and /s, /min or /h, such as 1/min.") }
        return .seconds(unit / count)
    }

    private func makeDirectory() throws -> (path: String, isOurs: Bool) {
        let files = FileManager.default
        guard let data else {
            let path = NSTemporaryDirectory() + "stamphq-simulate-\(UUID().uuidString)"
            try files.createDirectory(atPath: path, withIntermediateDirectories: true)
            return (path, true)
        }
        try files.createDirectory(atPath: data, withIntermediateDirectories: true)
        guard try files.contentsOfDirectory(atPath: data).isEmpty
        else { throw ValidationError("\(data) is not empty: name a new directory.") }
        return (URL(fileURLWithPath: data).path, false)
    }

    /// A store takes some six files and a connection, and HQ another.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func tell(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }
}
