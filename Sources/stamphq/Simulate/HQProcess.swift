import ArgumentParser
import Foundation
import Glibc
import StampAgent
import SyncWire

/// An HQ of its own process, so that it can be killed and its memory be told from the stores'.
actor HQProcess {
    /// HQ's directory.
    nonisolated let directory: String
    private var process: Process?
    private var port = 0

    /// Longest time until HQ listens, in steps of 20 ms.
    ///
    /// Source: our own bound; it takes some 0.1 s.
    private static let stepCountMax = 1_500

    init(directory: String) {
        self.directory = directory
    }

    private var logPath: String { "\(directory).log" }

    /// Starts this same program as HQ, on the port of the first start.
    ///
    /// - Returns: The port.
    /// - Throws: `ValidationError` with HQ's own words if it does not come up.
    func start() async throws -> Int {
        _ = FileManager.default.createFile(atPath: logPath, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["serve", "--data", directory, "--port", String(port)]
        process.standardError = FileHandle(forWritingAtPath: logPath)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        self.process = process
        for _ in 0..<Self.stepCountMax {
            try await pause(for: .milliseconds(20))
            let log = try String(contentsOfFile: logPath, encoding: .utf8)
            if let line = log.split(separator: "\n").last(where: { $0.contains("hq listens") }),
                let found = line.firstMatch(of: /port=(\d+)/).flatMap({ Int($0.1) })
            {
                port = found
                return found
            }
            guard process.isRunning else { break }
        }
        let log = try String(contentsOfFile: logPath, encoding: .utf8)
        throw ValidationError("HQ does not start: \(log)")
    }

    /// Kills HQ as the kernel does when memory is short, and starts it again.
    func killAndStart() async throws {
        end(SIGKILL)
        _ = try await start()
    }

    /// Ends HQ, and waits for it.
    func end(_ signal: CInt = SIGTERM) {
        guard let process, process.isRunning else { return }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        self.process = nil
    }

    /// HQ's memory in kB, as the kernel counts it; 0 if it does not run.
    func memoryKB() -> Int {
        guard let process else { return 0 }
        let path = "/proc/\(process.processIdentifier)/status"
        // Allowed: a process that has just ended has no memory.
        let status = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first ?? 0
    }
}
