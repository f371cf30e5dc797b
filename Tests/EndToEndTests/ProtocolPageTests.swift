import Foundation
import Testing

/// docs/protocol.md is enough to write a client: one in Python and curl, made from the page alone.
struct ProtocolPageTests {
    @Test func `the page's curl lines push a batch, and push it again`() throws {
        let directory = try TemporaryDirectory()
        let hq = try RunningHQ(in: directory)
        let push = try makeBatches(in: directory, for: hq)

        let first = try directory.run(push)
        let second = try directory.run(push)

        #expect(first.contains("\"kind\":\"ack\""))
        #expect(first.contains("\"received\":2"))
        #expect(first.contains("\"dup\":0,\"quarantined\":[]"))
        #expect(second.contains("\"received\":2"))
        #expect(second.contains("\"dup\":2,\"quarantined\":[]"))
    }

    @Test func `the page's lines code a small batch for an HQ that holds the entry before`() throws
    {
        let directory = try TemporaryDirectory()
        let hq = try RunningHQ(in: directory)
        let push = try makeBatches(in: directory, for: hq)
        let pushBody = push.replacing("-binary batch", with: "-binary body")
            .replacing("@batch -H", with: "@body -H 'Content-Encoding: stampd-delta' -H")
            .replacing("Log-First: 1", with: "Log-First: 3")
            .replacing("Log-Count: 2", with: "Log-Count: 1")
            .replacing("\"log-first\": 1", with: "\"log-first\": 3")
            .replacing("\"log-count\": 2", with: "\"log-count\": 1")

        try directory.run(try pageLines(under: "### A small batch in fewer bytes"))
        let early = try directory.run(pushBody)
        try directory.run(push)
        let third = try directory.run(pushBody)

        #expect(early.contains("urn:stampd:problem:encoding"), "\(early)")
        #expect(third.contains("\"received\":3"), "\(third)")
        #expect(third.contains("\"dup\":0,\"quarantined\":[]"))
    }

    @Test func `the page's curl lines enrol a device`() throws {
        let directory = try TemporaryDirectory()
        let hq = try RunningHQ(in: directory)
        try directory.run("openssl genpkey -algorithm ed25519 -out device.pem")
        let told = try directory.run("\(hq.program) enrolments create --data hq --store page")
        let code = try #require(told.split(separator: "\n").first)
        let script = try pageLines(under: "### Enrolling with curl")
        let given = try #require(script.firstMatch(of: /code=.*\n/))
        let enrol = script.replacing(
            given.0,
            with: "code=\(code); host=127.0.0.1:\(hq.port); url=http://$host/v1/devices\n"
        )

        let answer = try directory.run(enrol)

        #expect(answer.contains("\"kind\":\"enrolled\""), "\(answer)")
        #expect(answer.contains("\"store\":\"page\""))
        #expect(try directory.run("\(hq.program) devices list --data hq").contains("  page\n"))
    }

    @Test func `the page's lines for a stick export a log and bring the acknowledgement back`()
        throws
    {
        let (directory, store) = (try TemporaryDirectory(), try TemporaryDirectory())
        let program = builtProgram("stamphq")
        let shop = try RunningStore(
            in: store,
            hqKey: try directory.run("\(program) init --data hq").trimmed
        )
        try directory.run("\(program) \(shop.addition) --data hq")
        let lines = try pageLines(under: "## On a stick").split(separator: "\n").map {
            String($0).replacing("/run/stampd/stampd.sock", with: "\(store.url.path)/stampd.sock")
        }
        try #require(lines.count == 2)

        try directory.run(lines[0])
        try directory.run("\(program) import stick --acks acks --data hq")
        #expect(try directory.run(lines[1]).contains("\"received\":1"))
    }

    @Test func `the page's lines for HQ's pull fetch a batch that HQ then takes`() throws {
        let (directory, store) = (try TemporaryDirectory(), try TemporaryDirectory())
        let program = builtProgram("stamphq")
        let shop = try PulledStore(in: store, at: directory)
        try directory.run("cp \(store.url.path)/pull.pem store-ca.pem; cp hq/hq.key .")
        let script = try pageLines(under: "## HQ pulls")
        let given = try #require(script.firstMatch(of: /dev=.*\n/))

        try directory.run(
            script.replacing(
                given.0,
                with: "dev=\(shop.running.device); host=localhost:\(shop.port)\n"
            )
        )
        let told = try directory.run("\(program) import batch --data hq")
        #expect(told.contains("1 entries are new"), "\(told)")
    }

    @Test func `the page's curl lines ask what HQ's operator wants`() throws {
        let directory = try TemporaryDirectory()
        let hq = try RunningHQ(in: directory)
        try addDevice(in: directory, to: hq)
        try directory.run("\(hq.program) devices pull --data hq \(device)")
        let page = try pageLines(under: "### Commands")
        let given = try #require(page.firstMatch(of: /dev=.*\n/))

        let answer = try directory.run(
            page.replacing(
                given.0,
                with: "dev=\(device); host=127.0.0.1:\(hq.port); url=http://$host\n"
            )
        )

        #expect(answer.contains(#""commands":[{"id":1,"do":"pull"}]"#), "\(answer)")
    }

    private let device = "019aa000-0000-7000-8000-000000000001"
    private let nonce = Data((0..<16).map { UInt8($0) }).base64EncodedString()

    /// Makes the device's key and registers it; returns the public key.
    @discardableResult
    private func addDevice(in directory: TemporaryDirectory, to hq: RunningHQ) throws -> String {
        try directory.run("openssl genpkey -algorithm ed25519 -out device.pem")
        let key = try directory.run(
            "openssl pkey -in device.pem -pubout -outform DER | tail -c 32 | base64 -w0"
        )
        try directory.run(
            "\(hq.program) devices add --data hq --public-key \(key) --nonce \(nonce)"
                + " --label page \(device)"
        )
        return key
    }

    /// Registers the device and makes its batches; returns the page's lines that push the first.
    private func makeBatches(
        in directory: TemporaryDirectory,
        for hq: RunningHQ
    ) throws -> String {
        let key = try addDevice(in: directory, to: hq)
        let script = packageRoot.appendingPathComponent("Tests/Fixtures/protocol/make_batch.py")
        try directory.run("python3 \(script.path) \(device) \(key) \(nonce)")
        let push = try pageLines(under: "### With curl")
        let given = try #require(push.firstMatch(of: /dev=.*\n/))
        let host = "127.0.0.1:\(hq.port)"
        return push.replacing(
            given.0,
            with: "dev=\(device); host=\(host); url=http://$host/v1/devices/$dev/log\n"
        )
    }
}
