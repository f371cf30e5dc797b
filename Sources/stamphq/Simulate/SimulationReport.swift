import LoyaltyCore

/// What a simulation found: each promise with what was looked at, and how fast it went.
struct SimulationReport: Sendable {
    /// Something that must hold.
    struct Invariant: Sendable {
        let name: String
        /// How many of what was looked at.
        let checkedCount: Int
        let brokenCount: Int
        /// The first few that do not hold, in words.
        let examples: [String]
    }

    /// Something that is told.
    struct Figure: Sendable {
        let name: String
        let title: String
        let value: Int
        let unit: String
    }

    var invariants: [Invariant] = []
    var figures: [Figure] = []
    var tallies: [(title: String, name: String, counts: [String: Int])] = []

    /// Most examples that are printed of one invariant.
    static let exampleCountMax = 3

    var isClean: Bool { invariants.allSatisfy { $0.brokenCount == 0 } }

    /// The report for people, a line each.
    var text: String {
        var lines: [String] = []
        for invariant in invariants {
            let verdict = invariant.brokenCount == 0 ? "ok  " : "FAIL"
            let broken = invariant.brokenCount == 0 ? "" : ", \(invariant.brokenCount) broken"
            lines.append("\(verdict)  \(invariant.name): \(invariant.checkedCount)\(broken)")
            lines += invariant.examples.prefix(Self.exampleCountMax).map { "      \($0)" }
        }
        for figure in figures {
            let unit = figure.unit.isEmpty ? "" : " \(figure.unit)"
            lines.append("      \(figure.title): \(figure.value)\(unit)")
        }
        for tally in tallies {
            let counts = tally.counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            let told = counts.isEmpty ? "none" : counts.joined(separator: ", ")
            lines.append("      \(tally.title): \(told)")
        }
        return lines.joined(separator: "\n")
    }

    /// The report for programs: one object.
    var json: CanonicalJSON {
        let counts = { (counts: [String: Int]) in
            CanonicalJSON.object(
                counts.sorted { $0.key < $1.key }.map { .init($0.key, .integer(Int64($0.value))) }
            )
        }
        let checks = invariants.map { invariant -> CanonicalJSON in
            [
                "name": .string(invariant.name), "ok": .bool(invariant.brokenCount == 0),
                "checked": .integer(Int64(invariant.checkedCount)),
                "broken": .integer(Int64(invariant.brokenCount)),
            ]
        }
        return .object(
            [.init("ok", .bool(isClean)), .init("invariants", .array(checks))]
                + figures.map { .init($0.name, .integer(Int64($0.value))) }
                + tallies.map { .init($0.name, counts($0.counts)) }
        )
    }
}

extension [Int64] {
    /// The value below which so many in a hundred lie; 0 of nothing.
    func percentile(_ share: Int) -> Int {
        guard !isEmpty else { return 0 }
        return Int(sorted()[Swift.min(count - 1, count * share / 100)])
    }
}
