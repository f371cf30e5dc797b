import Foundation
import Testing

/// Damage on a store's disk, with the programs as they ship and nobody at the till.
struct SalvageTests {
    private let hq = builtProgram("stamphq")
    private let ctl = builtProgram("stampctl")

    @Test func `a damaged ledger mends itself, and HQ gets each entry once`() throws {
        let (store, directory) = (try TemporaryDirectory(), try TemporaryDirectory())
        let key = try directory.run("\(hq) init --data hq").trimmed
        let shop: RunningStore
        do {
            let first = try RunningStore(in: store, hqKey: key)
            try directory.run("\(hq) \(first.addition) --data hq")
            for sale in 1...9 { try first.sell("P1/\(sale)") }
        }
        let page = "offset=$(grep -abo '\"P1/6\"' ledger.sqlite | head -1 | cut -d: -f1)"
        try store.run(
            "\(page); printf X | dd of=ledger.sqlite bs=1 seek=$((offset + 4)) conv=notrunc"
                + " status=none"
        )

        let server = try RunningHQ(in: directory)
        shop = try RunningStore(
            in: store,
            hqKey: key,
            hqURL: "http://127.0.0.1:\(server.port)"
        )
        try shop.sell("P1/10", "P1/2", "P1/8")
        try store.run(
            "timeout -k1 120 bash -c 'until \(ctl) status --socket stampd.sock"
                + " | grep -q \"0 entries wait\"; do sleep 0.2; done' || true"
        )
        let status = try store.run("\(ctl) status --socket stampd.sock || true")
        #expect(status.contains("epoch 2"), "\(status)")
        #expect(status.contains("frozen since"), "\(status)")
        #expect(status.contains("0 entries wait for HQ"), "\(status)")

        let entries = "\(hq) entries --device \(shop.device) --data hq"
        let old = try directory.run("\(entries) --epoch 1")
        let new = try directory.run(entries)
        for sale in [1, 2, 3, 4, 5] { #expect(old.count(of: "P1/\(sale)\\\"") == 1, "\(old)") }
        for sale in [7, 8, 9, 10] { #expect(new.count(of: "P1/\(sale)\\\"") == 1, "\(new)") }
        #expect(new.contains("salvage") && new.contains("lost"))
        let alarms = try directory.run("\(hq) alarms --data hq")
        #expect(alarms.contains("log-salvaged") && alarms.contains("entries-lost"))
        #expect(try directory.run("\(hq) quarantine --data hq").isEmpty)

        try directory.run("\(hq) devices release \(shop.device) --data hq")
        try shop.sell("P1/11")
        try store.run(
            "timeout -k1 120 bash -c 'until \(ctl) status --socket stampd.sock"
                + " | grep -q \"not frozen\"; do sleep 0.2; done'"
        )
    }

    @Test func `HQ pulls both epochs from a relay, in order`() throws {
        let (store, directory) = (try TemporaryDirectory(), try TemporaryDirectory())
        let key = try directory.run("\(hq) init --data hq").trimmed
        let relay = try RunningRelay(in: directory, hqKey: key)
        do {
            let first = try RunningStore(in: store, hqKey: key)
            try directory.run("\(hq) \(first.addition) --data hq")
            for sale in 1...4 { try first.sell("P1/\(sale)") }
        }
        try store.run("echo '1 500 1 500' > ledger.sqlite.mark")
        let shop = try RunningStore(in: store, hqKey: key, hqURL: relay.url)
        try shop.sell("P1/5")
        try relay.wait(for: "relay/\(shop.device)/2/*3.ndjson")

        let pull = "\(hq) pull --device \(shop.device) --url \(relay.url) --data hq"
        let told = try directory.run(pull)
        #expect(told.contains("8 entries are new"), "\(told)")
        let again = try directory.run(pull)
        #expect(again.contains("0 entries are new"), "\(again)")
        let alarms = try directory.run("\(hq) alarms --data hq")
        #expect(alarms.contains("rolled-back") && alarms.contains("495 entries up to 500"))
    }

    @Test func `a stick carries the logs of both epochs, in order`() throws {
        let (store, directory) = (try TemporaryDirectory(), try TemporaryDirectory())
        let key = try directory.run("\(hq) init --data hq").trimmed
        do {
            let first = try RunningStore(in: store, hqKey: key)
            try directory.run("\(hq) \(first.addition) --data hq")
            for sale in 1...4 { try first.sell("P1/\(sale)") }
        }
        try store.run("echo '9 500 9 500' > ledger.sqlite.mark")
        let shop = try RunningStore(in: store, hqKey: key)
        try shop.sell("P1/5")
        let socket = "--socket \(store.url.path)/stampd.sock"

        let told = try directory.run("\(ctl) log export stick \(socket)")
        #expect(told.contains("of epoch 1 to 2 of epoch 10, 7 in all"), "\(told)")
        let taken = try directory.run("\(hq) import stick --acks acks --data hq")
        #expect(taken.contains("7 entries are new, 0 were held already"), "\(taken)")
        try directory.run("\(ctl) log acknowledge acks \(socket)")
        let rest = try directory.run("\(ctl) log export stick \(socket)")
        #expect(rest.contains("Nothing to write"), "\(rest)")
    }
}

extension String {
    fileprivate func count(of words: String) -> Int { components(separatedBy: words).count - 1 }
}
