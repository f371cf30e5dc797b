import LedgerDB
import LoyaltyCore
import SyncWire

/// Compares what the stores have with what HQ has, once all is quiet.
struct FleetCheck {
    let simulation: Simulation
    let fleet: Fleet

    /// Entries that are compared at a time.
    ///
    /// Source: the most that HQ's operator's side gives at once.
    private static let pageCount = 1_000

    /// What was found of one promise.
    private struct Finding {
        var checkedCount = 0
        var brokenCount = 0
        var examples: [String] = []

        mutating func check(_ holds: Bool, _ detail: @autoclosure () -> String) {
            checkedCount += 1
            guard !holds else { return }
            brokenCount += 1
            if examples.count < SimulationReport.exampleCountMax { examples.append(detail()) }
        }

        func invariant(_ name: String) -> SimulationReport.Invariant {
            .init(
                name: name,
                checkedCount: checkedCount,
                brokenCount: brokenCount,
                examples: examples
            )
        }
    }

    private struct Findings {
        var lost = Finding()
        var bytes = Finding()
        var booked = Finding()
        var received = Finding()
        var times = Finding()
        var quarantined = Finding()
    }

    /// Checks every store and every entry.
    ///
    /// - Parameter durability: What was found each time that HQ was killed.
    /// - Returns: The report, without times.
    /// - Throws: `CommandError` if HQ does not answer, `LedgerError`.
    func report(_ durability: DurabilityCheck) async throws -> SimulationReport {
        var findings = Findings()
        let held = try await simulation.heldCounts()
        for store in fleet.stores {
            let head = try await store.ledger.head().sequence
            let received = await store.ledger.watermarks().received
            let heldCount = held[store.ledger.identity.device.text] ?? 0
            findings.lost.check(
                heldCount == head,
                "store \(store.number) has \(head) entries, HQ \(heldCount)"
            )
            findings.received.check(
                received <= heldCount,
                "store \(store.number) takes \(received) for received, HQ has \(heldCount)"
            )
            try await compare(store, &findings)
            try await checkBalance(store, &findings)
        }
        let counts = simulation.meters.counts
        let alarms = try await alarms()
        var report = SimulationReport()
        report.invariants = [
            findings.lost.invariant("logs that HQ has to their end"),
            findings.bytes.invariant("entries with the same bytes and hash at both ends, no gap"),
            findings.booked.invariant("stores whose sales were booked once each"),
            findings.quarantined.invariant("entries that HQ booked, none set aside"),
            .init(
                name: "logs that HQ held as far as it had acknowledged, whenever it was killed",
                checkedCount: durability.checkedCount + findings.received.checkedCount,
                brokenCount: durability.broken.count + findings.received.brokenCount,
                examples: durability.broken + findings.received.examples
            ),
            .init(
                name: "forged acknowledgements refused",
                checkedCount: counts.forgedCount,
                brokenCount: counts.forgedBelievedCount,
                examples: []
            ),
            findings.times.invariant("sales whose true time lies in the interval that HQ reckons"),
            .init(
                name: "sales that the store recorded",
                checkedCount: fleet.stores.reduce(0) { $0 + $1.saleTimes.count },
                brokenCount: counts.unsoldCount + (alarms["log-fork"] ?? 0),
                examples: alarms["log-fork"].map { ["HQ saw \($0) forks"] } ?? []
            ),
        ]
        report.tallies.append((title: "HQ's alarms", name: "alarms", counts: alarms))
        return report
    }

    /// Compares a log entry by entry.
    private func compare(_ store: SimulatedStore, _ findings: inout Findings) async throws {
        let device = store.ledger.identity.device.text
        let saleTimes = store.saleTimes
        var after: Int64 = 0
        while true {
            let lines = try await store.ledger.slice(
                after: after,
                countMax: Self.pageCount,
                byteCountMax: .max
            )
            guard let last = lines.last else { return }
            let path = "/v1/entries?device=\(device)&after=\(after)&limit=\(Self.pageCount)"
            let held = try await simulation.admin.get(path).arrayValue ?? []
            for (index, line) in lines.enumerated() {
                let entry = index < held.count ? held[index] : .null
                let name = "store \(store.number), entry \(line.sequence)"
                findings.bytes.check(Self.isSame(entry, line), "\(name): \(entry.text)")
                let code = entry["quarantine"]?.stringValue
                findings.quarantined.check(code == nil, "\(name): \(code ?? "")")
                if let time = saleTimes[line.sequence] {
                    findings.times.check(
                        Self.isWithin(entry, time),
                        "\(name) of \(time): \(entry["effectiveMs"]?.text ?? "")"
                    )
                }
            }
            after = last.sequence
        }
    }

    private static func isSame(_ entry: CanonicalJSON, _ line: LogLine) -> Bool {
        entry["seq"]?.integerValue == line.sequence
            && entry["line"]?.stringValue.map { Array($0.utf8) } == line.body
            && entry["h"]?.stringValue == Base64.text(line.hash.bytes)
    }

    private static func isWithin(_ entry: CanonicalJSON, _ time: ClosedRange<Int64>) -> Bool {
        let bounds = (entry["effectiveMs"]?.arrayValue ?? []).compactMap(\.integerValue)
        guard bounds.count == 3 else { return false }
        return bounds[0] <= time.upperBound && time.lowerBound <= bounds[2]
    }

    /// One stamp for each sale, no more and no less.
    private func checkBalance(_ store: SimulatedStore, _ findings: inout Findings) async throws {
        let saleCount = Int64(store.saleTimes.count)
        guard saleCount > 0 else { return }
        var stampCount: Int64 = 0
        do {
            let path = "/v1/members/\(store.member)/balances"
            for balance in try await simulation.admin.get(path)["balances"]?.arrayValue ?? []
            where balance["asset"]?.stringValue == Asset.stamps(ofCard: "latte").name {
                stampCount += balance["amount"]?.integerValue ?? 0
            }
        } catch CommandError.refused(let problem) where problem.type == .notFound {
            stampCount = 0
        }
        findings.booked.check(
            stampCount == saleCount,
            "store \(store.number) sold \(saleCount) times, HQ counts \(stampCount) stamps"
        )
    }

    /// HQ's alarms by kind.
    private func alarms() async throws -> [String: Int] {
        let alarms = try await simulation.admin.get("/v1/alarms").arrayValue ?? []
        return alarms.reduce(into: [:]) { counts, alarm in
            counts[alarm["kind"]?.stringValue ?? "other", default: 0] += 1
        }
    }
}

extension SimulationReport {
    /// Adds what was measured.
    mutating func addTimes(of simulation: Simulation, total: Duration, drain: Duration) {
        let counts = simulation.meters.counts
        let times = counts.ackTimesUs.sorted()
        let memory = simulation.memory
        let entryCount = invariants.first { $0.name.hasPrefix("entries with") }?.checkedCount ?? 0
        let figure = { (name: String, title: String, value: Int, unit: String) in
            Figure(name: name, title: title, value: value, unit: unit)
        }
        figures = [
            figure("agents", "stores", simulation.plan.agentCount, ""),
            figure("seed", "seed", Int(truncatingIfNeeded: simulation.plan.seed), ""),
            figure("entries", "entries", entryCount, ""),
            figure("pushes", "pushes", counts.pushCount, ""),
            figure("codedPushes", "of them without what HQ knows", counts.codedPushCount, ""),
            figure("acks", "acknowledgements", counts.ackCount, ""),
            figure(
                "retries",
                "pushes that had to be repeated",
                counts.pushCount - counts.ackCount,
                ""
            ),
            figure("absorbed", "repeated entries absorbed", Int(counts.duplicateCount), ""),
            figure("unreachable", "pushes that nobody answered", counts.unreachableCount, ""),
            figure("notHQ", "answers of something other than HQ", counts.notHQCount, ""),
            figure(
                "drainMs",
                "time to drain once the faults had ended",
                Int(drain / .milliseconds(1)),
                "ms"
            ),
            figure(
                "entriesPerS",
                "entries a second",
                Int(Double(entryCount) / (total / .seconds(1))),
                ""
            ),
            figure(
                "ackP50Us",
                "acknowledged in half of all cases within",
                times.percentile(50),
                "us"
            ),
            figure("ackP99Us", "in 99 of 100 within", times.percentile(99), "us"),
            figure("hqMemoryStartKB", "HQ's memory at the start", memory.startKB, "kB"),
            figure("hqMemoryEndKB", "at the end", memory.endKB, "kB"),
            figure("hqMemoryPeakKB", "at most", memory.peakKB, "kB"),
        ]
        tallies.append((title: "problems that HQ named", name: "problems", counts: counts.problems))
        let faults = counts.faults.map { ($0.key.rawValue, $0.value) }
        tallies.append(
            (title: "faults", name: "faults", counts: Dictionary(uniqueKeysWithValues: faults))
        )
    }
}
