import Foundation
import LoyaltyCore
import Testing

/// Parts of a sale through the agent and headquarters as they ship.
struct RefundTests {
    private let hq = builtProgram("stamphq")
    private let ctl = builtProgram("stampctl")

    @Test func `two refunds and a void leave the same balance at both, also over a restart`()
        throws
    {
        let (store, directory) = (try TemporaryDirectory(), try TemporaryDirectory())
        let key = try directory.run("\(hq) init --data hq")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        var shop: RunningStore? = try RunningStore(in: store, hqKey: key)
        let addition = try #require(shop?.addition)
        try directory.run("\(hq) \(addition) --data hq")
        try shop?.sell("P1/1", "P1/2")
        let first = try #require(try shop?.refund("R/1", of: "P1/1", 100))
        #expect(first["decision"] == "refund")
        shop = nil
        shop = try RunningStore(in: store, hqKey: key)

        let again = try #require(try shop?.refund("R/1", of: "P1/1", 100))
        #expect(again["entry"] == first["entry"] && again["postings"] == first["postings"])
        let second = try #require(try shop?.refund("R/2", of: "P1/1", 50))
        #expect(second["decision"] == "refund")
        let refused = try #require(try shop?.refund("R/3", of: "P1/1", 66))
        #expect(refused["reason"] == "refund-above-sale" && refused["detail"]?["left"] == 65)
        try compare(shop, store, directory)
        let voided = try #require(try shop?.call("/v1/sales/P1%2F1/void", "{}"))
        #expect(voided["decision"] == "voided")
        let late = try #require(try shop?.refund("R/4", of: "P1/1", 1))
        #expect(late["reason"] == "sale-voided")
        try compare(shop, store, directory)
        // What P1/2 earned is all that is left.
        let member = try #require(try shop?.call("/v1/members/00000000000123"))
        #expect(member["points"] == 6, "\(member.text)")
    }

    /// Carries the log to HQ, which sets nothing aside, and compares what the member has.
    private func compare(
        _ shop: RunningStore?,
        _ store: TemporaryDirectory,
        _ directory: TemporaryDirectory
    ) throws {
        try directory.run(
            "rm -rf stick; \(ctl) log export stick --socket \(store.url.path)/stampd.sock"
                + " && \(hq) import stick --data hq"
        )
        let member = try #require(try shop?.call("/v1/members/00000000000123"))
        let points = try #require(member["points"]?.integerValue)
        let held = try directory.run("\(hq) balances 00000000000123 --data hq")
        #expect(held.contains("\n\(points)  points  through never\n"), "\(held)")
        #expect(try !directory.run("\(hq) alarms --data hq").contains("quarantined"))
    }
}
