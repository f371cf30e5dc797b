import Foundation
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
final class RunningHQ {
    let program: String
    let port: Int
    private let process = Process()

    /// Starts HQ with its data in `hq`; with HTTPS if `hq.pem` and `hq.key` are there.
    init(in directory: TemporaryDirectory, hasTLS: Bool = false) throws {
        program = packageRoot.appendingPathComponent(".build/debug/stamphq").path
        let path = directory.url.path
        let config = directory.url.appendingPathComponent("stamphq.yaml")
        let tls = hasTLS ? "tls: {certificate: \(path)/hq.pem, key: \(path)/hq.key}\n" : ""
        try "data: \(path)/hq\nlisten: {port: 0}\n\(tls)".write(
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
