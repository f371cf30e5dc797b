import Foundation
import LoyaltyCore
import Testing

/// A small fleet on a bad line, with the built programs.
struct SimulateTests {
    private let program = builtProgram("stamphq")

    @Test func `five stores on the worst of lines lose nothing and book nothing twice`() throws {
        let directory = try TemporaryDirectory()

        let told = try directory.run(
            "\(program) simulate --agents 5 --seconds 15 --seed 11 --json --data fleet"
        )
        let report = try CanonicalJSON(parsing: Array(told.utf8.dropLast()))
        #expect(report["ok"]?.boolValue == true, "\(told)")
        let invariants = try #require(report["invariants"]?.arrayValue)
        #expect(invariants.count == 8)
        for invariant in invariants where invariant["name"]?.stringValue?.hasPrefix("for") != true {
            #expect((invariant["checked"]?.integerValue ?? 0) > 0, "\(invariant)")
        }
        // The line was bad, and the stores had to try again.
        guard case .object(let faults)? = report["faults"] else {
            Issue.record("no faults are told: \(told)")
            return
        }
        #expect(faults.count >= 6, "\(told)")
        // Real agents and a real HQ agree on what need not be sent.
        #expect((report["codedPushes"]?.integerValue ?? 0) > 0, "\(told)")
        #expect((report["retries"]?.integerValue ?? 0) > 0, "\(told)")
        #expect((report["ackP99Us"]?.integerValue ?? 0) > 0, "\(told)")
        #expect((report["hqMemoryEndKB"]?.integerValue ?? 0) > 0, "\(told)")
    }

    @Test func `a sale that HQ does not have is found, and the exit status says so`() throws {
        let directory = try TemporaryDirectory()

        let told = try directory.run(
            "\(program) simulate --agents 2 --entries 6 --faults none --phantom-sale",
            expecting: 1
        )
        let lines = told.split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("FAIL") }.count == 1, "\(told)")
        #expect(told.contains("store 1 sold 4 times, HQ counts 3 stamps"), "\(told)")
    }

    @Test func `what it cannot do it refuses, and says what it can`() throws {
        let directory = try TemporaryDirectory()

        for (options, words) in [
            ("--faults rain", "drop,duplicate,reorder,cut,reset,portal,slow,forge,skew,kill"),
            ("--agents 5001", "--agents is 1 to 5000"), ("--rate often", "such as 1/min"),
            ("--rate 1001/s", "such as 1/min"), ("--haste 1001", "--haste is 1 to 1000"),
            ("--seconds 1 --minutes 1", "not both"),
        ] {
            let told = try directory.run("\(program) simulate \(options) 2>&1", expecting: 64)
            #expect(told.contains(words), "\(told)")
        }
        let full = try directory.run("touch a; \(program) simulate --data . 2>&1", expecting: 64)
        #expect(full.contains("is not empty"), "\(full)")
    }
}
