import Foundation
import LoyaltyCore
import Testing

let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// A directory that goes when the test is over, with a shell in it.
final class TemporaryDirectory {
    let url = FileManager.default.temporaryDirectory
        .appendingPathComponent("stampd-page-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        // Allowed: what stays in the temporary directory hurts nobody.
        try? FileManager.default.removeItem(at: url)
    }

    /// Runs shell lines; one that ends otherwise than expected fails the test.
    ///
    /// - Returns: What they print.
    @discardableResult
    func run(_ script: String, expecting status: Int32 = 0) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", "-c", script]
        process.currentDirectoryURL = url
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        #expect(process.terminationStatus == status, "\(script): \(text)")
        return text
    }
}

/// The shell lines of one of the sections of docs/protocol.md.
func pageLines(under heading: String) throws -> String {
    let page = try String(
        contentsOf: packageRoot.appendingPathComponent("docs/protocol.md"),
        encoding: .utf8
    )
    let section = try #require(page.range(of: "\n\(heading)\n")).upperBound
    let block = try #require(page[section...].firstMatch(of: /```bash\n([\s\S]*?)```/))
    return String(block.1)
}

/// The built program of a name.
func builtProgram(_ name: String) -> String {
    packageRoot.appendingPathComponent(".build/debug/\(name)").path
}

/// A `stampd` with a store of its own in a directory, its scanner unplugged, until let go.
///
/// The directory gets `stampd.yaml`, the agent's `log`, and `stampd.sock` once the agent answers.
final class RunningStore {
    let device: String
    /// The command by which HQ's operator adds the device, without the program's name.
    let addition: String
    private let directory: TemporaryDirectory
    private let process = Process()

    /// Makes the store and starts its agent.
    ///
    /// - Parameters:
    ///   - directory: Where everything of it lives.
    ///   - hqKey: HQ's public key.
    ///   - hqURL: Where HQ is; by default at an address where nobody answers.
    ///   - programme: The programme's file; the demo's unless told otherwise.
    ///   - more: More lines for `stampd.yaml`.
    ///   - introduce: Called with `addition` before the agent starts, which asks a stranger's HQ
    ///     again only after a while.
    /// - Throws: What Foundation throws when a file or a program cannot be made to work.
    init(
        in directory: TemporaryDirectory,
        hqKey: String,
        hqURL: String = "http://127.0.0.1:9",
        programme: String = "\(packageRoot.path)/programmes/demo.yaml",
        more: String = "",
        introduce: (String) throws -> Void = { _ in }
    ) throws {
        self.directory = directory
        let path = directory.url.path
        try """
        store: test
        storeTitle: {zh-Hant: 測試, en: Test}
        state: \(path)
        programme: \(programme)
        listen: {port: 0, socket: \(path)/stampd.sock}
        hq: {url: "\(hqURL)", key: \(hqKey)}
        scanners: {adoptKnown: false}
        \(more)
        """.write(toFile: "\(path)/stampd.yaml", atomically: true, encoding: .utf8)
        addition = try directory.run("\(builtProgram("stampd")) identity --config stampd.yaml")
            .trimmingCharacters(in: .whitespacesAndNewlines)
            .replacing("stamphq ", with: "")
        device = String(addition.split(separator: " ")[2])
        try introduce(addition)
        process.executableURL = URL(fileURLWithPath: builtProgram("stampd"))
        process.arguments = ["run", "--config", "\(path)/stampd.yaml"]
        _ = FileManager.default.createFile(atPath: "\(path)/log", contents: nil)
        process.standardError = FileHandle(forWritingAtPath: "\(path)/log")
        try process.run()
        try directory.run(
            "timeout -k1 120 bash -c 'until curl -sf -o health --unix-socket stampd.sock"
                + " http://stampd/health; do sleep 0.1; done'"
        )
    }

    /// Records sales of one member, one for each key.
    func sell(_ keys: String...) throws {
        for key in keys {
            try directory.run(
                "curl -sf --unix-socket stampd.sock http://stampd/v1/sales"
                    + " -H 'Content-Type: application/json'"
                    + " -d '{\"key\":\"\(key)\",\"member\":\"40000000000012363\",\"amount\":215}'"
            )
        }
    }

    /// Refunds a part of a sale.
    ///
    /// - Returns: The agent's answer.
    @discardableResult
    func refund(_ key: String, of sale: String, _ amount: Int64) throws -> CanonicalJSON {
        let body = #"{"refund":"\#(key)","amount":\#(amount)}"#
        return try call("/v1/sales/\(sale.replacing("/", with: "%2F"))/refund", body)
    }

    /// Calls the agent; a body is posted.
    func call(_ target: String, _ body: String? = nil) throws -> CanonicalJSON {
        let data = body.map { " -H 'Content-Type: application/json' -d '\($0)'" } ?? ""
        let told = try directory.run(
            "curl -sf --unix-socket stampd.sock http://stampd\(target)\(data)"
        )
        return try CanonicalJSON(parsing: told.utf8)
    }

    /// Ends the agent without a warning, as a power cut does.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }
}

/// A `stamphq` that serves from a directory, by default on a port of the system's choice, until
/// let go.
final class RunningHQ {
    let program: String
    let port: Int
    private let process = Process()

    /// Starts HQ with its data in `hq`; with HTTPS by `hq.pem` and `hq.key` beside it.
    init(in directory: TemporaryDirectory, port wanted: Int = 0, hasTLS: Bool = false) throws {
        program = builtProgram("stamphq")
        let path = directory.url.path
        let config = directory.url.appendingPathComponent("stamphq.yaml")
        let tls = hasTLS ? "tls: {certificate: \(path)/hq.pem, key: \(path)/hq.key}\n" : ""
        try "data: \(path)/hq\nlisten: {port: \(wanted)}\n\(tls)".write(
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
