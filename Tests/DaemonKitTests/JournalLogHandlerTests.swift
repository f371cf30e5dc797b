import DaemonKit
import Glibc
import Logging
import Testing

struct JournalLogHandlerTests {
    @Test func `an event is one line: priority, message, data in order of its keys`() throws {
        let lines = try logged { logger in
            logger.info("scan recorded", metadata: ["till": "counter left", "entry_id": "d1-1-42"])
        }

        #expect(lines == "<6>scan recorded entry_id=d1-1-42 till=\"counter left\"\n")
    }

    @Test(arguments: [
        (Logger.Level.trace, 7), (.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3),
        (.critical, 2),
    ])
    func `a level has its syslog priority`(level: Logger.Level, priority: Int) throws {
        let lines = try logged(at: .trace) { $0.log(level: level, "x") }

        #expect(lines == "<\(priority)>x\n")
    }

    @Test func `less severe events than the level are left out`() throws {
        let lines = try logged(at: .notice) { logger in
            logger.info("scan recorded")
            logger.notice("scanner gone")
        }

        #expect(lines == "<5>scanner gone\n")
    }

    @Test(arguments: [
        ("plain", "plain"),
        ("", "\"\""),
        ("two words", "\"two words\""),
        ("a\n<2>forged", #""a\n<2>forged""#),
        ("tab\tcr\r", #""tab\tcr\r""#),
        ("\u{1B}[2J", #""\u{1b}[2J""#),
        ("\u{0}\u{85}\u{202E}\u{2028}", #""\u{0}\u{85}\u{202e}\u{2028}""#),
        ("say \"hi\"", #""say \"hi\"""#),
        (#"C:\x"#, #""C:\\x""#),
        ("a=b", "\"a=b\""),
        ("王○明", "王○明"),
        ("%n%s", "%n%s"),
    ])
    func `a value cannot end its line or its field`(value: String, expected: String) throws {
        let lines = try logged { $0.info("x", metadata: ["v": "\(value)"]) }

        #expect(lines == "<6>x v=\(expected)\n")
    }

    @Test func `a message and a key from outside cannot forge a line either`() throws {
        let lines = try logged { $0.info("a\nb", metadata: ["k\n=": "v"]) }

        #expect(lines == "<6>a\\nb k__=v\n")
    }

    @Test(arguments: [(1_000, ""), (1_001, "…"), (100_000, "…")])
    func `a value is cut past a thousand characters`(count: Int, mark: String) throws {
        let lines = try logged { logger in
            logger.info("x", metadata: ["v": "\(String(repeating: "a", count: count))"])
        }

        #expect(lines == "<6>x v=\(String(repeating: "a", count: 1_000))\(mark)\n")
    }

    @Test func `an event's data goes over the handler's, and that over the task's`() throws {
        let lines = try logged { logger in
            var logger = logger
            logger.handler.metadataProvider = .init { ["a": "task", "b": "task", "c": "task"] }
            logger[metadataKey: "b"] = "handler"
            logger[metadataKey: "c"] = "handler"
            logger.info("x", metadata: ["c": "event"])
        }

        #expect(lines == "<6>x a=task b=handler c=event\n")
    }

    @Test func `at a terminal a line has no priority`() throws {
        let lines = try logged(hasPriority: false) { $0.error("disk full") }

        #expect(lines == "disk full\n")
    }

    /// What a pipe holds after some events; they are shorter than its buffer.
    private func logged(
        at level: Logger.Level = .info,
        hasPriority: Bool = true,
        _ body: (Logger) -> Void
    ) throws -> String {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let handler = JournalLogHandler(
            level: level,
            descriptor: ends[1],
            hasPriority: hasPriority
        )
        body(Logger(label: "test") { _ in handler })
        close(ends[1])
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(ends[0], &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
