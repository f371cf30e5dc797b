import Foundation
import Glibc
import Testing

/// A `ScannerProbe`: a real monitor on a machine that the test describes, under umockdev.
struct ProbeSession {
    private let process: Process
    private let commands: FileHandle
    private var lines: AsyncStream<String>.Iterator

    /// Runs a probe while a test does its steps.
    static func run(_ steps: (inout ProbeSession) async throws -> Void) async throws {
        var session = try ProbeSession()
        defer { session.process.terminate() }
        try await steps(&session)
        try session.send("stop")
        while let line = await session.next(), line != "stopped" {}
        try session.commands.close()
    }

    private init() throws {
        let library = "/usr/lib/x86_64-linux-gnu/libumockdev-preload.so.0"
        let found = ["libumockdev-preload.so.0", library].contains { name in
            guard let handle = dlopen(name, RTLD_LAZY) else { return false }
            dlclose(handle)
            return true
        }
        try #require(found, "umockdev is missing: apt-get install umockdev libumockdev-dev")

        let input = Pipe()
        let output = Pipe()
        process = Process()
        process.executableURL = try Self.program()
        process.environment = ["LD_PRELOAD": "libumockdev-preload.so.0"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        commands = input.fileHandleForWriting
        lines = Self.lines(of: output.fileHandleForReading).makeAsyncIterator()
    }

    /// Sends commands, one a line.
    func send(_ text: String) throws {
        try commands.write(contentsOf: Data((text + "\n").utf8))
    }

    /// The next line that the probe prints.
    mutating func next() async -> String? {
        await lines.next(isolation: nil)
    }

    /// The next line that is not about an ioctl.
    mutating func event() async -> String? {
        while let line = await next() {
            guard line.hasPrefix("ioctl ") else { return line }
        }
        return nil
    }

    /// Takes the next line that is not about an ioctl and checks it.
    mutating func expect(_ expected: String, at location: SourceLocation = #_sourceLocation) async {
        let found = await event()
        #expect(found == expected, sourceLocation: location)
    }

    /// Takes the next line and checks it.
    mutating func expectLine(
        _ expected: String,
        at location: SourceLocation = #_sourceLocation
    ) async {
        let found = await next()
        #expect(found == expected, sourceLocation: location)
    }

    /// The probe lies beside the tests' own program.
    private static func program() throws -> URL {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let program = tests.deletingLastPathComponent().appending(path: "ScannerProbe")
        try #require(
            FileManager.default.isExecutableFile(atPath: program.path),
            "\(program.path) is missing: build with 'swift build --build-tests'"
        )
        return program
    }

    private static func lines(of output: FileHandle) -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        // A thread that waits, and no handler: the dispatch source behind one can outlive the
        // descriptor, and then libdispatch crashes.
        Thread.detachNewThread {
            var rest = ""
            while case let data = output.availableData, !data.isEmpty {
                rest += String(decoding: data, as: UTF8.self)
                let parts = rest.split(separator: "\n", omittingEmptySubsequences: false)
                rest = String(parts.last ?? "")
                for line in parts.dropLast() { continuation.yield(String(line)) }
            }
            continuation.finish()
        }
        return stream
    }
}
