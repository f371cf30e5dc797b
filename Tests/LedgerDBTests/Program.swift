import Foundation
import Testing

/// Runs a program and gives what it said.
struct Program {
    let status: Int32
    let lines: [String]

    /// The built probe; `swift build --build-tests` makes it.
    static let probe: String = {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        #if DEBUG
        return root.appendingPathComponent(".build/debug/ledgerprobe").path
        #else
        return root.appendingPathComponent(".build/release/ledgerprobe").path
        #endif
    }()

    /// Runs to the end; the words are the program, found in PATH, and its arguments.
    static func run(_ words: [String]) throws -> Program {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Program(
            status: process.terminationStatus,
            lines: String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
        )
    }

    /// Runs and fails the test unless the program exits with 0.
    static func check(_ words: String...) throws {
        let program = try run(words)
        try #require(program.status == 0, "\(words.joined(separator: " ")): \(program.lines)")
    }

    /// The numbers that follow a word at the start of lines.
    func numbers(after word: String) -> [Int64] {
        lines.compactMap { line in
            let words = line.split(separator: " ")
            return words.first == Substring(word)
                ? words.dropFirst().first.flatMap { Int64($0) } : nil
        }
    }
}
