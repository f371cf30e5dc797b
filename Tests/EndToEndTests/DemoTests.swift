import Foundation
import Testing

/// `make demo`'s program: a scan travels from a scanner to the disk, the display and HQ.
@Suite(.serialized)
struct DemoTests {
    @Test func `the demo makes three scans, takes more from stampctl, and ends in order`() throws {
        let demo = try RunningProgram("stampd", ["demo", "--port", "0"])
        defer { demo.end() }
        let told = try demo.lines(until: "  watch ")

        #expect(told.filter { $0.contains("  scanned ") }.count == 3)
        // HQ's time may have become an entry between two of them.
        let entries = told.compactMap { line in
            line.firstMatch(of: /on disk entry (\d+): (.*)/).map { (String($0.1), String($0.2)) }
        }
        #expect(entries.map(\.1) == ["+1 stamps/latte", "+6 points", "+1 stamps/latte"])
        for (number, _) in entries {
            let onDisk = told.firstIndex { $0.contains("  on disk entry \(number): ") }
            let atHQ = told.firstIndex { $0.hasSuffix("  HQ acknowledged entry \(number)") }
            #expect(try #require(onDisk) < #require(atHQ))
        }
        #expect(told.filter { $0.contains("  on display http://127.0.0.1:") }.count == 3)

        #expect(try run("stampctl", ["scan", "42026112200000116"]).status == 0)
        let more = try demo.lines(until: "HQ acknowledged entry ")
        #expect(more.contains { $0.contains(": +1 stamps/latte") })
        #expect(try run("stampctl", ["scan", "<script>"]).status == 0)
        #expect(try demo.lines(until: "  refused ").last?.contains("unknown-code") == true)

        let status = try run("stampctl", ["status"])
        #expect(status.status == 0, "\(status.output)")
        #expect(status.output.contains("0 entries wait for HQ; "))
        #expect(status.output.contains("attached"))
        #expect(status.output.contains("all is well"))

        #expect(demo.interrupt() == 0)
    }

    @Test func `without a demo, stampctl says how to start one`() throws {
        let answer = try run("stampctl", ["scan", "1"])

        #expect(answer.status == 1)
        #expect(answer.errors.contains("make demo"))
    }

    @Test func `without an agent, stampctl says where to look`() throws {
        let answer = try run("stampctl", ["status", "--socket", "/nonexistent/stampd.sock"])

        #expect(answer.status == 2)
        #expect(answer.errors.contains("systemctl status stampd"))
    }

    @Test func `a broken programme is named with file, line and what to write`() throws {
        let path = NSTemporaryDirectory() + "stampd-programme-\(UUID().uuidString).yaml"
        let good = try String(
            contentsOf: packageRoot.appending(path: "programmes/demo.yaml"),
            encoding: .utf8
        )
        let broken = good.replacingOccurrences(of: "version: 1", with: "version: one")
        try broken.write(toFile: path, atomically: true, encoding: .utf8)
        defer { unlink(path) }
        let answer = try run("stampctl", ["programme", "check", path])

        #expect(answer.status == 1)
        #expect(answer.errors.contains("\(path):3:10: "), "\(answer.errors)")
    }
}
