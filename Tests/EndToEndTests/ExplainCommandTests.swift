import Foundation
import LoyaltyCore
import Testing

/// `stampctl explain` asks a running agent.
struct ExplainCommandTests {
    @Test func `an entry is explained in both languages, by its number and by its key`() throws {
        let directory = try TemporaryDirectory()
        let hqKey = try directory.run("\(builtProgram("stamphq")) init --data hq").trimmed
        let store = try RunningStore(in: directory, hqKey: hqKey)
        try store.sell("P1/7")
        let explain = "\(builtProgram("stampctl")) explain --socket stampd.sock"
        let told = try directory.run("\(explain) P1/7")
        let number = try #require(told.firstMatch(of: /entry (\d+)/)?.output.1)

        #expect(told.contains("sale P1/7, entry \(number): +"))
        #expect(told.contains("zh-Hant:\n  本次到店 → "))
        #expect(told.contains("en:\n  Your visit → "))
        let byNumber = try directory.run("\(explain) --lang en \(number)")
        #expect(byNumber.hasPrefix("entry \(number), programme "))
        #expect(byNumber.contains("en:\n  Your visit → ") && !byNumber.contains("zh-Hant"))
        let refund = try store.refund("R/1", of: "P1/7", 100)
        let refunded = try #require(refund["entry"]?.integerValue)
        let back = try directory.run("\(explain) \(refunded)")
        #expect(
            back.hasPrefix("entry \(refunded) refunds 100 of sale P1/7, entry \(number): -"),
            "\(back)"
        )
        #expect(back.contains("zh-Hant:\n  ") && back.contains("en:\n  "), "\(back)")
        let report = "\(builtProgram("stampctl")) report --socket stampd.sock"
        let shift = try directory.run(report)
        #expect(shift.contains("Sales: 1, $215") && shift.contains("Refunds: 1, $100"), "\(shift)")
        #expect(shift.contains("退款 1 筆，共 $100"), "\(shift)")
        #expect(try directory.run("\(report) --json").contains(#""refunds":{"count":1"#))
        let unknown = try directory.run("\(explain) P9/9 2>&1", expecting: 1)
        #expect(unknown.contains("no award is recorded for a sale 'P9/9'"))
        #expect(try directory.run("\(explain) 1") == "entry 1 is no award but 'boot'\n")
    }
}
