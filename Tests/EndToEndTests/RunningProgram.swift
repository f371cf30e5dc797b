import Foundation

/// Runs a built program to its end.
func run(
    _ name: String,
    _ arguments: [String]
) throws -> (status: Int32, output: String, errors: String) {
    let (output, errors) = (Pipe(), Pipe())
    let process = try Program.start(name, arguments, output: output, errors: errors)
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    let words = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (
        process.terminationStatus, String(decoding: text, as: UTF8.self),
        String(decoding: words, as: UTF8.self)
    )
}

enum Program {
    static func start(
        _ name: String,
        _ arguments: [String],
        output: Pipe,
        errors: Pipe?
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: builtProgram(name))
        process.arguments = arguments
        process.standardOutput = output
        if let errors { process.standardError = errors }
        try process.run()
        return process
    }
}

/// A program that runs while a test reads what it tells.
final class RunningProgram {
    private let process: Process
    private let output = Pipe()
    private var unread: [UInt8] = []

    /// Longest time a program may take before it is ended and the test fails with what it told.
    private static let secondsMax = 180.0

    init(_ name: String, _ arguments: [String]) throws {
        let process = try Program.start(name, arguments, output: output, errors: nil)
        self.process = process
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.secondsMax) {
            if process.isRunning { process.terminate() }
        }
    }

    /// Reads lines up to the first that holds some words; fails at the program's end.
    func lines(until words: String) throws -> [String] {
        var found: [String] = []
        while true {
            while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                found.append(String(decoding: unread[..<end], as: UTF8.self))
                unread.removeSubrange(...end)
                if found.last?.contains(words) == true { return found }
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Ended(told: found) }
            unread += more
        }
    }

    /// The names of the program's threads, as the kernel keeps them.
    func threadNames() throws -> [String] {
        let directory = "/proc/\(process.processIdentifier)/task"
        return try FileManager.default.contentsOfDirectory(atPath: directory).compactMap { thread in
            // Allowed: a thread that has ended meanwhile has no name any more.
            try? String(contentsOfFile: "\(directory)/\(thread)/comm", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// Presses Ctrl-C.
    ///
    /// - Returns: The program's exit status.
    func interrupt() -> Int32 {
        process.interrupt()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func end() {
        if process.isRunning { process.terminate() }
    }

    struct Ended: Error {
        let told: [String]
    }
}
