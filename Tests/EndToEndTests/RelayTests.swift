import Foundation
import Testing

/// A relay between a store and an HQ that is away: real programs, real HTTP.
struct RelayTests {
    private let hq = builtProgram("stamphq")

    @Test func `a relay keeps a store's log until HQ fetches it, and hands HQ's word back`() throws
    {
        let (store, directory) = (try TemporaryDirectory(), try TemporaryDirectory())
        let key = try directory.run("\(hq) init --data hq").trimmed
        let relay = try RunningRelay(in: directory, hqKey: key)
        let shop = try RunningStore(in: store, hqKey: key, hqURL: relay.url)
        try directory.run("\(hq) \(shop.addition) --data hq")
        try shop.sell("P1/1", "P1/2")

        try relay.wait(for: "relay/\(shop.device)/1/*3.ndjson")
        try wait(in: store, forStatus: "online")
        let status = try status(of: store)
        #expect(status.contains("3 entries wait for HQ"), "\(status)")
        #expect(status.contains("online") && !status.contains("HQ is away"), "\(status)")

        let options = "--data hq --device \(shop.device) --url \(relay.url)"
        let told = try directory.run("\(hq) pull \(options)")
        #expect(told.contains("3 entries are new"), "\(told)")
        // The next push brings HQ's acknowledgement back.
        try shop.sell("P1/3")
        try wait(in: store, forStatus: "4 recorded, 3 acknowledged")
        let more = try directory.run("\(hq) pull \(options)")
        #expect(more.contains("1 entries are new"), "\(more)")

        // Nothing goes before HQ signed that it is safe elsewhere.
        #expect(try directory.run("ls relay/\(shop.device)/1").contains("4.ndjson"))
        try directory.run(
            "\(hq) backup take \(directory.url.path)/copy --data hq;"
                + " \(hq) backup confirm 1 --data hq; \(hq) pull \(options)"
        )
        let left = try directory.run("ls relay/\(shop.device)/1")
        #expect(left.trimmed == "ack", "\(left)")
    }

    @Test func `the page's lines list what a relay keeps`() throws {
        let (store, directory) = (try TemporaryDirectory(), try TemporaryDirectory())
        let key = try directory.run("\(hq) init --data hq").trimmed
        let relay = try RunningRelay(in: directory, hqKey: key)
        let shop = try RunningStore(in: store, hqKey: key, hqURL: relay.url)
        try relay.wait(for: "relay/\(shop.device)/1/1-1.ndjson")
        let script = try pageLines(under: "## HQ pulls")
            .replacing(/dev=.*\n/, with: "host=\(relay.url.dropFirst("http://".count))\n")
            .replacing(/path=.*\n/, with: "path=/v1/devices; query=''\n")
            .replacing("--cacert store-ca.pem", with: "")
            .replacing("https://", with: "http://")

        let list = try directory.run("cp hq/hq.key .; \(script) cat batch")
        let log = "{\"dev\":\"\(shop.device)\",\"ep\":1,\"first\":1,\"head\":1}"
        #expect(list.trimmed == "[\(log)]", "\(list)")
    }

    @Test func `a relay answers HQ's key alone`() throws {
        let directory = try TemporaryDirectory()
        let key = try directory.run("\(hq) init --data hq").trimmed
        let relay = try RunningRelay(in: directory, hqKey: key)

        let refused = try directory.run("curl -s \(relay.url)/v1/devices")
        #expect(refused.contains("signature-invalid"), "\(refused)")
    }

    @Test func `a relay takes no batch that only HQ can read`() throws {
        let directory = try TemporaryDirectory()
        let key = try directory.run("\(hq) init --data hq").trimmed
        let relay = try RunningRelay(in: directory, hqKey: key)

        let refused = try directory.run(
            "curl -si --data-binary x -H 'Content-Type: application/x-ndjson'"
                + " -H 'Content-Encoding: stampd-delta'"
                + " \(relay.url)/v1/devices/019aa000-0000-7000-8000-000000000001/log"
        )
        #expect(refused.contains("urn:stampd:problem:encoding"), "\(refused)")
        #expect(refused.lowercased().contains("accept-encoding: gzip\r\n"), "\(refused)")
    }

    private func wait(in store: TemporaryDirectory, forStatus words: String) throws {
        let program = builtProgram("stampctl")
        // Its exit status tells of the missing scanner.
        try store.run(
            "timeout -k1 120 bash -c 'until (\(program) status --socket stampd.sock || true)"
                + " | grep -q \"\(words)\"; do sleep 0.1; done'"
        )
    }

    private func status(of store: TemporaryDirectory) throws -> String {
        try store.run("\(builtProgram("stampctl")) status --socket stampd.sock || true")
    }
}

/// A `stamphq relay` that serves from `relay` in a directory, until let go.
final class RunningRelay {
    let url: String
    private let directory: TemporaryDirectory
    private let process = Process()

    init(in directory: TemporaryDirectory, hqKey: String) throws {
        self.directory = directory
        let path = directory.url.path
        _ = FileManager.default.createFile(atPath: "\(path)/relay.log", contents: nil)
        process.executableURL = URL(fileURLWithPath: builtProgram("stamphq"))
        process.arguments = ["relay", "--data", "\(path)/relay", "--hq-key", hqKey, "--port", "0"]
        process.standardError = FileHandle(forWritingAtPath: "\(path)/relay.log")
        try process.run()
        let log = try directory.run(
            "timeout -k1 120 bash -c 'until grep -a \"relay listens\" relay.log;"
                + " do sleep 0.1; done'"
        )
        let port = try #require(log.firstMatch(of: /port=(\d+)/), "\(log)")
        url = "http://127.0.0.1:\(port.1)"
    }

    /// Waits until a file is there.
    func wait(for pattern: String) throws {
        try directory.run(
            "timeout -k1 120 bash -c 'until ls \(pattern) 2>/dev/null; do sleep 0.1; done'"
        )
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }
}
