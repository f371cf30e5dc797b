import LoyaltyCore
import Testing

@testable import Documents

/// Which sales a first reading finds to be asked for again.
struct ReplayKeysTests {
    /// 100 sales of which every tenth comes twice, and one is refunded.
    private let inputs: [ReplayInput]

    init() throws {
        let keys = (0..<100).map { "S\($0)" } + stride(from: 0, to: 100, by: 10).map { "S\($0)" }
        let lines =
            keys.map { #"{"key":"\#($0)","member":"A","date":"2026-03-02","amount":35}"# }
            + [#"{"type":"refund","of":"S5","member":"A","date":"2026-03-03"}"#]
        inputs = try lines.enumerated().map { number, line in
            try ReplayInput(Array(line.utf8), line: number + 1, file: "s.ndjson", in: .taipei)
        }
    }

    /// Of 111 inputs 101 have a name of their own; each reading looks at a part of them.
    @Test(arguments: [
        (heldMax: 111, readings: 1...1), (heldMax: 100, readings: 2...8),
        (heldMax: 16, readings: 8...128), (heldMax: 4, readings: 32...2_048),
    ])
    func `however few keys are held at once, the same sales are found`(
        heldMax: Int,
        readings: ClosedRange<Int>
    ) {
        var keys = ReplayKeys(heldMax: heldMax)
        let count = read(&keys, inputs)

        #expect(readings.contains(count), "\(count) readings")
        let found = (0..<100).filter { keys.contains("S\($0)", store: inputs[0].store) }
        #expect(found == (0..<100).filter { $0.isMultiple(of: 10) || $0 == 5 })
    }

    @Test func `one key again and again needs one reading`() {
        var keys = ReplayKeys(heldMax: 4)

        #expect(read(&keys, Array(repeating: inputs[1], count: 1_000)) == 1)
        #expect(keys.contains("S1", store: inputs[1].store))
    }

    /// Reads inputs until nothing more is to be found; tells how often.
    private func read(_ keys: inout ReplayKeys, _ inputs: [ReplayInput]) -> Int {
        var count = 0
        repeat {
            count += 1
            for input in inputs { keys.note(input) }
        } while keys.finishReading()
        return count
    }
}
