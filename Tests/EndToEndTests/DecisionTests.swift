import Foundation
import LoyaltyCore
import Testing

/// A store's entries, decided again by HQ as it ships.
struct DecisionTests {
    private let hq = builtProgram("stamphq")
    private let ctl = builtProgram("stampctl")

    @Test func `HQ decides again what came on a stick, once it has the programme`() throws {
        let (store, directory) = (try TemporaryDirectory(), try TemporaryDirectory())
        let key = try directory.run("\(hq) init --data hq")
        let shop = try RunningStore(
            in: store,
            hqKey: key.trimmingCharacters(in: .whitespacesAndNewlines)
        )
        try directory.run("\(hq) \(shop.addition) --data hq")
        try shop.sell("P1/1", "P1/2")
        try directory.run("\(ctl) log export stick --socket \(store.url.path)/stampd.sock")
        try directory.run("\(hq) import stick --data hq")
        let report = "\(hq) report differences --data hq"
        // While HQ is stopped nobody decides.
        #expect(try directory.run(report).isEmpty)

        let server = try RunningHQ(in: directory)
        let told = try directory.run(
            "timeout -k1 120 bash -c 'until \(report) | grep -q \"entry 3\"; do sleep 0.2; done';"
                + " \(report)"
        )
        #expect(
            told.hasPrefix("programme-unknown  test  \(shop.device)  epoch 1 entry 2\n  store  {"),
            "\(told)"
        )
        #expect(told.contains("\n  HQ     null\n"), "\(told)")
        let lines = try directory.run("\(report) --json --device \(shop.device)").split(
            separator: "\n"
        )
        #expect(lines.count == 2)
        for line in lines {
            let json = try CanonicalJSON(parsing: line.utf8)
            #expect(json["store"]?["programme"]?["name"] == "demo-coffee")
        }
        #expect(try directory.run("\(hq) alarms --data hq").contains("decision-differs"))

        let programme = "\(packageRoot.path)/programmes/demo.yaml"
        try directory.run("\(hq) programmes publish \(programme) --data hq")
        try directory.run(
            "timeout -k1 120 bash -c 'while \(report) | grep -q entry; do sleep 0.2; done'"
        )
        #expect(try directory.run(report).isEmpty)
        #expect(try !directory.run("\(hq) alarms --data hq").contains("decision-differs"))
        let refused = try directory.run("\(report) --device 1 2>&1", expecting: 1)
        #expect(refused.contains("device= for one device only"), "\(refused)")
        withExtendedLifetime(server) {}
    }
}
