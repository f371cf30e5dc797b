import Foundation
import Testing

/// HQ fetches a log from an agent that it can reach, over HTTPS.
struct PullTests {
    private let hq = builtProgram("stamphq")

    @Test func `HQ pulls to the head, hands the acknowledgement in, and again finds nothing`()
        throws
    {
        let store = try TemporaryDirectory()
        let directory = try TemporaryDirectory()
        let shop = try PulledStore(in: store, at: directory)
        try shop.running.sell("P1/1", "P1/2")

        let told = try directory.run("\(hq) pull \(shop.options)")
        #expect(told.contains("3 entries are new"), "\(told)")
        #expect(try shop.status().contains("0 entries wait for HQ; 3 recorded, 3 acknowledged"))
        let again = try directory.run("\(hq) pull \(shop.options)")
        #expect(again.contains("0 entries are new, 0 were held already"), "\(again)")

        try shop.running.sell("P1/3")
        let more = try directory.run("\(hq) pull \(shop.options)")
        #expect(more.contains("1 entries are new, 0 were held already"), "\(more)")
        #expect(try shop.status().contains("4 recorded, 4 acknowledged"))
    }

    @Test func `a running HQ pulls as well, and an untrusted certificate stops it`() throws {
        let store = try TemporaryDirectory()
        let directory = try TemporaryDirectory()
        let shop = try PulledStore(in: store, at: directory)
        let server = try RunningHQ(in: directory)

        let told = try directory.run("\(hq) pull \(shop.options)")
        #expect(told.contains("1 entries are new"), "\(told)")
        let options = shop.options.replacing(/--trust \S+/, with: "")
        let refused = try directory.run("\(hq) pull \(options) 2>&1", expecting: 1)
        #expect(refused.contains("check address, firewall and --trust"), "\(refused)")
        withExtendedLifetime(server) {}
    }

    @Test func `an HQ with another key is told so and gets nothing`() throws {
        let store = try TemporaryDirectory()
        let directory = try TemporaryDirectory()
        let shop = try PulledStore(in: store, at: directory)
        try directory.run("mv hq hq.right; \(hq) init --data hq")
        try directory.run("\(hq) \(shop.running.addition) --data hq")

        let refused = try directory.run("\(hq) pull \(shop.options) 2>&1", expecting: 1)
        #expect(refused.contains("signature-invalid: HQ's key did not sign"), "\(refused)")
        #expect(!refused.contains("are new, 1"))
    }
}

/// A store whose agent lets HQ pull, and the HQ, stopped, that knows it.
struct PulledStore {
    let running: RunningStore
    let port: Int
    /// What `stamphq pull` is told.
    let options: String
    private let store: TemporaryDirectory

    init(in store: TemporaryDirectory, at hq: TemporaryDirectory) throws {
        let program = builtProgram("stamphq")
        let path = store.url.path
        try store.run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
                + " -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
                + " -keyout pull.key -out pull.pem 2>&1"
        )
        running = try RunningStore(
            in: store,
            hqKey: try hq.run("\(program) init --data hq").trimmed,
            more: "pull: {address: 127.0.0.1, port: 0, certificate: \(path)/pull.pem,"
                + " key: \(path)/pull.key}"
        )
        try hq.run("\(program) \(running.addition) --data hq")
        let log = try store.run(
            "timeout -k1 120 bash -c 'until grep -a \"hq may pull\" log; do sleep 0.1; done'"
        )
        port = try #require(log.firstMatch(of: /port=(\d+)/).flatMap { Int($0.1) }, "\(log)")
        options =
            "--data hq --device \(running.device) --url https://localhost:\(port)"
            + " --trust \(path)/pull.pem"
        self.store = store
    }

    func status() throws -> String {
        try store.run("\(builtProgram("stampctl")) status --socket stampd.sock || true")
    }
}
