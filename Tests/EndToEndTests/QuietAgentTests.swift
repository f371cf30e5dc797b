import Foundation
import Testing

/// An agent at rest leaves the machine asleep (docs/adr/0013-tasks-on-event-loops.md).
struct QuietAgentTests {
    /// The pool's threads are called after their queue, `com.apple.root.default-qos`, of which the
    /// kernel keeps the end.
    @Test func `the agent never starts the pool that wakes the machine each second`() throws {
        let directory = NSTemporaryDirectory() + "stampd-quiet-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
        // Allowed: what stays in the temporary directory hurts nobody.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let programme = packageRoot.appending(path: "programmes/demo.yaml").path
        try """
        store: quiet
        storeTitle: {zh-Hant: 安靜, en: Quiet}
        state: \(directory)/state
        programme: \(programme)
        listen: {port: 0, socket: \(directory)/stampd.sock}

        """.write(toFile: "\(directory)/stampd.yaml", atomically: true, encoding: .utf8)

        let agent = try RunningProgram("stampd", ["run", "--config", "\(directory)/stampd.yaml"])
        defer { agent.end() }
        let isServing = try (0..<1_000).contains { _ in
            try run("stampctl", ["status", "--socket", "\(directory)/stampd.sock"]).status < 2
        }
        try #require(isServing)

        let names = try agent.threadNames()
        #expect(names.contains("ledger"))
        #expect(names.contains { $0.hasPrefix("NIO-") })
        #expect(names.allSatisfy { $0 != "oot.default-qos" }, "\(names)")
        #expect(agent.interrupt() == 0)
    }
}
