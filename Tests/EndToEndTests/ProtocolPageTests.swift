import Foundation
import Testing

/// docs/protocol.md is enough to write a client: one in Python and curl, made from the page alone.
struct ProtocolPageTests {
    @Test func `the page's curl lines push a batch, and push it again`() throws {
        let directory = try TemporaryDirectory()
        let hq = try RunningHQ(in: directory)
        let device = "019aa000-0000-7000-8000-000000000001"
        let nonce = Data((0..<16).map { UInt8($0) }).base64EncodedString()
        try directory.run("openssl genpkey -algorithm ed25519 -out device.pem")
        let key = try directory.run(
            "openssl pkey -in device.pem -pubout -outform DER | tail -c 32 | base64 -w0"
        )
        try directory.run(
            "\(hq.program) devices add --data hq --public-key \(key) --nonce \(nonce)"
                + " --label page \(device)"
        )
        let script = packageRoot.appendingPathComponent("Tests/Fixtures/protocol/make_batch.py")
        try directory.run("python3 \(script.path) \(device) \(key) \(nonce)")
        let push = try pageScript(device: device, host: "127.0.0.1:\(hq.port)")

        let first = try directory.run(push)
        let second = try directory.run(push)

        #expect(first.contains("\"kind\":\"ack\""))
        #expect(first.contains("\"received\":2"))
        #expect(first.contains("\"dup\":0,\"quarantined\":[]"))
        #expect(second.contains("\"received\":2"))
        #expect(second.contains("\"dup\":2,\"quarantined\":[]"))
    }

    /// The page's shell lines with this device and this HQ put in.
    private func pageScript(device: String, host: String) throws -> String {
        let page = try String(
            contentsOf: packageRoot.appendingPathComponent("docs/protocol.md"),
            encoding: .utf8
        )
        let script = try #require(
            page.firstMatch(of: /### With curl[\s\S]*?```bash\n([\s\S]*?)```/)
        )
        let given = try #require(script.1.firstMatch(of: /dev=.*\n/))
        return String(script.1).replacing(
            given.0,
            with: "dev=\(device); host=\(host); url=http://$host/v1/devices/$dev/log\n"
        )
    }
}

private let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// A directory that goes when the test is over, with a shell in it.
private final class TemporaryDirectory {
    let url = FileManager.default.temporaryDirectory
        .appendingPathComponent("stampd-page-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        // Allowed: what stays in the temporary directory hurts nobody.
        try? FileManager.default.removeItem(at: url)
    }

    /// Runs shell lines; a failing one fails the test.
    ///
    /// - Returns: What they print.
    @discardableResult
    func run(_ script: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", "-c", script]
        process.currentDirectoryURL = url
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(script)")
        return String(decoding: data, as: UTF8.self)
    }
}

/// A `stamphq` that serves from a directory, on a port of the system's choice, until let go.
private final class RunningHQ {
    let program: String
    let port: Int
    private let process = Process()

    init(in directory: TemporaryDirectory) throws {
        program = packageRoot.appendingPathComponent(".build/debug/stamphq").path
        let config = directory.url.appendingPathComponent("stamphq.yaml")
        let data = directory.url.appendingPathComponent("hq").path
        try "data: \(data)\nlisten: {port: 0}\n".write(
            to: config,
            atomically: true,
            encoding: .utf8
        )
        let log = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["serve", "--config", config.path]
        process.standardError = log
        try process.run()

        // Reads until HQ says where it listens, or ends.
        var text = ""
        var found: Int?
        while found == nil {
            let data = log.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            text += String(decoding: data, as: UTF8.self)
            for line in text.split(separator: "\n") where line.contains("hq listens") {
                found = line.firstMatch(of: /port=(\d+)/).flatMap { Int($0.1) }
            }
        }
        port = try #require(found, "\(text)")
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }
}
