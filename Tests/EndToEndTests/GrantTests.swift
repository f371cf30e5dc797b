import Foundation
import Testing

/// A voucher from HQ's operator to the till that redeems it, with the programs as they ship.
struct GrantTests {
    private let hq = builtProgram("stamphq")
    private let ctl = builtProgram("stampctl")
    private let member = "00000000000123"

    @Test func `a voucher given while the store is cut off comes once, also through a kill`()
        throws
    {
        let (store, directory) = (try TemporaryDirectory(), try TemporaryDirectory())
        let key = try directory.run("\(hq) init --data hq").trimmed
        var server: RunningHQ? = try RunningHQ(in: directory)
        let port = try #require(server?.port)
        do {
            // HQ knows the device before it asks.
            let new = try shop(in: store, key, 9)
            try directory.run("\(hq) \(new.addition) --data hq")
            try directory.run("\(hq) programmes publish \(store.url.path)/cake.yaml --data hq")
        }
        let first = try shop(in: store, key, port)
        try first.sell("P1/1")
        try wait(for: "0 entries wait", in: store)
        server = nil

        // HQ gives while nobody is on the line, and the till knows nothing of it.
        let give = "\(hq) rights give \(member) --asset voucher/cake --amount 1"
        let told = try directory.run(
            "\(give) --device \(first.device) --reason 生日禮 --by mei --data hq"
        )
        #expect(told.contains("1  voucher/cake  through never"), "\(told)")
        #expect(try flights(directory).contains("by mei: 生日禮"))
        #expect(try balances(directory).contains("1  voucher/cake"))
        #expect(try redeem("P1/2", in: store).contains("not-enough"))

        // The line is back, and the power goes as the grant is on the disk.
        server = try RunningHQ(in: directory, port: port)
        try store.run(
            "timeout -k1 120 bash -c 'until grep -q \"rights taken\" log; do sleep 0.1; done'"
        )
        first.kill()
        let shop = try shop(in: store, key, port)
        try wait(for: "0 entries wait", in: store)
        #expect(try flights(directory).isEmpty)
        let rights = try directory.run("\(hq) rights list --member \(member) --data hq")
        #expect(rights.contains("\(shop.device) test  1  voucher/cake"), "\(rights)")

        #expect(try redeem("P1/3", in: store).contains("\"redeemed\""))
        #expect(try redeem("P1/4", in: store).contains("not-enough"))
        try wait(for: "0 entries wait", in: store)
        #expect(try !balances(directory).contains("voucher/cake"))
        let entries = try directory.run("\(hq) entries --device \(shop.device) --data hq")
        #expect(entries.components(separatedBy: #"\"type\":\"grant\""#).count == 2, "\(entries)")
        #expect(try directory.run("\(hq) quarantine --data hq").isEmpty)
        #expect(try directory.run("\(hq) report differences --json --data hq").isEmpty)
        #expect(try directory.run("\(hq) alarms --data hq").isEmpty)
        withExtendedLifetime(server) {}
    }

    @Test func `what HQ cannot place is refused with what to do`() throws {
        let directory = try TemporaryDirectory()
        try directory.run("\(hq) init --data hq")
        let refused = try directory.run(
            "\(hq) rights give \(member) --asset points --amount 5 --store 001 --reason r"
                + " --data hq 2>&1",
            expecting: 1
        )
        #expect(refused.contains("No member has the number \(member)"), "\(refused)")
    }

    private func shop(
        in store: TemporaryDirectory,
        _ key: String,
        _ port: Int
    ) throws -> RunningStore {
        let demo = try String(
            contentsOf: packageRoot.appendingPathComponent("programmes/demo.yaml"),
            encoding: .utf8
        )
        let programme = store.url.appendingPathComponent("cake.yaml")
        let assets = "assets:\n  - {asset: voucher/cake}\nrules:"
        try """
        \(demo.replacing("rules:", with: assets))
          - id: cake
            title: {zh-Hant: 生日蛋糕, en: birthday cake}
            amountOff: 120
            cost: {give: 1, of: voucher/cake}
        """.write(to: programme, atomically: true, encoding: .utf8)
        return try RunningStore(
            in: store,
            hqKey: key,
            hqURL: "http://127.0.0.1:\(port)",
            programme: programme.path
        )
    }

    private func redeem(_ key: String, in store: TemporaryDirectory) throws -> String {
        try store.run(
            "curl -s --unix-socket stampd.sock http://stampd/v1/sales"
                + " -H 'Content-Type: application/json'"
                + " -d '{\"key\":\"\(key)\",\"member\":\"40000000000012363\",\"amount\":215,"
                + "\"redeem\":[{\"reward\":\"cake\",\"count\":1}]}'"
        )
    }

    private func wait(for words: String, in store: TemporaryDirectory) throws {
        try store.run(
            "timeout -k1 120 bash -c 'until \(ctl) status --socket stampd.sock"
                + " | grep -q \"\(words)\"; do sleep 0.2; done'"
        )
    }

    private func flights(_ directory: TemporaryDirectory) throws -> String {
        try directory.run("\(hq) rights list --data hq")
    }

    private func balances(_ directory: TemporaryDirectory) throws -> String {
        try directory.run("\(hq) balances \(member) --data hq")
    }
}
