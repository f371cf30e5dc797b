import Foundation
import Testing

/// A store without a line: its log goes to HQ on a stick, and HQ's acknowledgement comes back.
struct StickTests {
    private let hq = "\(builtProgram("stamphq"))"
    private let ctl = "\(builtProgram("stampctl"))"

    @Test func `a stick brings the log to HQ and the acknowledgement back, once`() throws {
        let (store, directory) = try makeStore()
        let key = try directory.run("\(hq) init --data hq")
        let shop = try RunningStore(in: store, hqKey: key.trimmed)
        try directory.run("\(hq) \(shop.addition) --data hq")
        try shop.sell("P1/1", "P1/2")
        let socket = "--socket \(store.url.path)/stampd.sock"

        let told = try directory.run("\(ctl) log export stick \(socket)")
        #expect(told.contains("entries 1 to 3, 3 in all"), "\(told)")
        #expect(!FileManager.default.fileExists(atPath: "\(directory.url.path)/stick.new"))
        let first = try directory.run("\(hq) import stick --acks acks --data hq")
        #expect(first.contains("3 entries are new, 0 were held already"), "\(first)")
        #expect(first.contains("HQ holds \(shop.device) up to entry 3"))
        let entries = try directory.run("\(hq) entries --device \(shop.device) --data hq")
        let again = try directory.run("\(hq) import stick --acks acks --data hq")
        #expect(again.contains("0 entries are new, 3 were held already"), "\(again)")
        #expect(
            try directory.run("\(hq) entries --device \(shop.device) --data hq") == entries
        )

        for _ in 0..<2 {
            let taken = try directory.run("\(ctl) log acknowledge acks \(socket)")
            #expect(taken.contains("HQ has the log up to entry 3"), "\(taken)")
        }
        let status = try directory.run("\(ctl) status \(socket) || true")
        #expect(status.contains("0 entries wait for HQ; 3 recorded, 3 acknowledged"), "\(status)")
        let rest = try directory.run("\(ctl) log export stick \(socket)")
        #expect(rest.contains("Nothing to write: the log ends at entry 3"), "\(rest)")
    }

    @Test func `what is wrong with a stick is told in words, and the log is untouched`() throws {
        let (store, directory) = try makeStore()
        let key = try directory.run("\(hq) init --data hq")
        let shop = try RunningStore(in: store, hqKey: key.trimmed)
        let socket = "--socket \(store.url.path)/stampd.sock"
        try shop.sell("P1/1")
        try directory.run("\(ctl) log export one --after 0 \(socket)")
        try shop.sell("P1/2")
        try directory.run("\(ctl) log export two --after 2 \(socket)")
        try directory.run("sed 's/P1.1/P1.9/' one > flipped; cat two one > reordered")
        try directory.run("head -c -1 one > cut; cat one two > both")

        let stranger = try refusal(of: "one", in: directory)
        #expect(stranger.contains("device-unknown"), "\(stranger)")
        try directory.run("\(hq) \(shop.addition) --data hq")
        for (file, words) in [
            ("flipped", "chain-invalid"), ("two", "log-gap: Send entry 1 next"),
            ("reordered", "log-gap"), ("cut", "the checkpoint line is missing"),
        ] {
            let told = try refusal(of: file, in: directory)
            #expect(told.contains(words), "\(file): \(told)")
            #expect(told.contains("0 entries are new"), "\(file): \(told)")
        }
        let held = try directory.run("\(hq) entries --device \(shop.device) --data hq")
        #expect(!held.contains("P1/"), "\(held)")

        let told = try directory.run("\(hq) import both --data hq")
        #expect(told.contains("3 entries are new"), "\(told)")
    }

    @Test func `an acknowledgement of another store is not handed in`() throws {
        let (store, directory) = try makeStore()
        let key = try directory.run("\(hq) init --data hq")
        let shop = try RunningStore(in: store, hqKey: key.trimmed)
        let other = shop.device.dropLast() + (shop.device.hasSuffix("0") ? "1" : "0")
        try directory.run("echo '{\"dev\":\"\(other)\"}' > acks")

        let told = try directory.run(
            "\(ctl) log acknowledge acks --socket \(store.url.path)/stampd.sock 2>&1",
            expecting: 1
        )
        #expect(told.contains("acknowledges nothing of this device"), "\(told)")
    }

    private func makeStore() throws -> (store: TemporaryDirectory, hq: TemporaryDirectory) {
        (try TemporaryDirectory(), try TemporaryDirectory())
    }

    /// What an import that must fail tells.
    private func refusal(of file: String, in directory: TemporaryDirectory) throws -> String {
        try directory.run("\(hq) import \(file) --data hq 2>&1", expecting: 1)
    }
}

extension String {
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
