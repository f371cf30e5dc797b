import Foundation
import LoyaltyCore
import Testing

/// The engine against the naive one: whatever a seed makes happen, both answer the same.
struct DifferentialTests {
    /// Histories of one run.
    static let seedCount: UInt64 = 2_000
    /// Parts of a run, so that they can run side by side.
    static let partCount: UInt64 = 4

    /// Sales of a store in a thousand days; `make year` asks for more.
    static let salesPerMille =
        ProcessInfo.processInfo.environment["SALES_PER_MILLE"].flatMap { Int($0) } ?? 500

    @Test func `both engines answer a year of a chain of a hundred stores alike`() {
        var year = ChainYear()
        if let difference = year.firstDifference(seed: 2_027, salesPerMille: Self.salesPerMille) {
            Issue.record("\(difference)")
            return
        }

        #expect(year.saleCount > 100 * 365 * Self.salesPerMille / 1_100)
        for kind in [
            "award", "refund", "debt", "expired", "not-enough", "reward-unavailable",
            "visit-already-stamped", "already-checked-in",
        ] {
            #expect(year.kinds[kind] ?? 0 > 0, "\(kind): \(year.kinds)")
        }
    }

    @Test(arguments: 0..<partCount)
    func `both engines answer every random history alike`(part: UInt64) {
        let size = Self.seedCount / Self.partCount
        var kinds: [String: Int] = [:]
        for seed in part * size..<(part + 1) * size {
            var run = TwinRun(seed: seed)
            if let difference = run.firstDifference(stepCount: 12) {
                Issue.record("seed \(seed): \(difference)")
                return
            }
            kinds.merge(run.kinds) { $0 + $1 }
        }
        // Histories in which something never comes show nothing of it.
        for kind in [
            "award", "refund", "refund of lines", "debt", "expired", "not-enough",
            "reward-unavailable", "too-often", "visit-already-stamped", "already-checked-in",
        ] {
            #expect(kinds[kind] ?? 0 > 0, "\(kind): \(kinds)")
        }
    }
}
