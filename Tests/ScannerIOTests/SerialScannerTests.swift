import CDevices
import Foundation
import Glibc
import ScanCodec
import ScannerIO
import Testing

/// The real serial reader on real ptys.
@Suite(.timeLimit(.minutes(2)))
struct SerialScannerTests {
    @Test(
        arguments: [
            ("4711\r", FrameSettings.Ending.line, ["scan 2 4711"]),
            ("4711\n", .line, ["scan 2 4711"]),
            ("4711\r\n", .line, ["scan 2 4711"]),
            ("]Q14711\r", .line, ["scan 2 ]Q1 4711"]),
            ("1\r2\r3\r", .line, ["scan 2 1", "scan 2 2", "scan 2 3"]),
            ("a\nb\r", .carriageReturn, ["scan 2 a\nb"]),
            ("x\u{2}a\rb\u{3}y", .stxETX, ["scan 2 a\rb"]),
        ]
    )
    func `bytes on the line become scans of its till`(
        sent: String,
        ending: FrameSettings.Ending,
        expected: [String]
    ) async throws {
        let line = try Pseudoterminal()
        try await MonitorSession.run([serial(line.path, ending: ending)]) { session in
            await session.expect("attached")

            try line.send(sent)
            for scan in expected { await session.expect(scan) }
        }
    }

    @Test func `a scan without an end mark ends with silence`() async throws {
        let line = try Pseudoterminal()
        let scanner = AdoptedScanner(
            match: .node(line.path),
            serial: SerialSettings(silenceMax: .milliseconds(20))
        )
        try await MonitorSession.run([scanner]) { session in
            await session.expect("attached")

            try line.send("4711")
            await session.expect("scan 1 4711")
        }
    }

    @Test func `what was scanned before the line was opened is void`() async throws {
        let line = try Pseudoterminal()
        let driver = open(line.path, O_RDWR | O_NOCTTY)  // as a driver holds a CDC scanner's data
        defer { close(driver) }
        try line.send("STALE-1\r")

        try await MonitorSession.run([serial(line.path)]) { session in
            await session.expect("attached")
            await session.expect("voided damaged(ScanCodec.ScanVoid.stale)")
            _ = line.received()  // what the line echoed before it was opened

            try line.send("FRESH\r")
            await session.expect("scan 2 FRESH")
        }
    }

    @Test func `the line is raw and echoes nothing`() async throws {
        let line = try Pseudoterminal()
        try await MonitorSession.run([serial(line.path)]) { session in
            await session.expect("attached")

            let settings = try line.settings()
            #expect(settings.c_lflag & tcflag_t(ECHO | ICANON | ISIG | IEXTEN) == 0)
            #expect(settings.c_iflag & tcflag_t(ICRNL | IXON | IXOFF | ISTRIP) == 0)
            #expect(settings.c_oflag & tcflag_t(OPOST) == 0)
            #expect(settings.c_cflag & tcflag_t(HUPCL) == 0)
            #expect(settings.c_cflag & tcflag_t(CLOCAL | CREAD) == tcflag_t(CLOCAL | CREAD))

            try line.send("4711\r")
            await session.expect("scan 2 4711")
            #expect(line.received() == [])
        }
    }

    @Test func `with parity on, a byte of all ones is content`() async throws {
        let line = try Pseudoterminal()
        let scanner = AdoptedScanner(
            match: .node(line.path),
            serial: SerialSettings(parity: .even, isEndingRequired: true)
        )
        try await MonitorSession.run([scanner]) { session in
            await session.expect("attached")

            try line.send([0x41, 0xFF, 0x42, 0x0D])
            guard case .scan(let scan, _) = await session.nextEvent() else {
                Issue.record("no scan")
                return
            }
            #expect(scan.bytes == [0x41, 0xFF, 0x42])
        }
    }

    @Test func `a line that a second monitor wants is held, and taken once it is free`()
        async throws
    {
        let line = try Pseudoterminal()
        try await MonitorSession.run([serial(line.path)]) { first in
            await first.expect("attached")

            try await MonitorSession.run([serial(line.path)]) { second in
                await second.expect("problem held")
                #expect(second.monitor.scanners.isEmpty)

                first.monitor.shutdown()
                await first.expect("detached shutdown")
                await second.expect("attached")
            }
        }
    }

    @Test func `the line is marked exclusive`() async throws {
        let line = try Pseudoterminal()
        try await MonitorSession.run([serial(line.path)]) { session in
            await session.expect("attached")

            // Root gets in all the same, and can then see the mark.
            let other = open(line.path, O_RDWR | O_NOCTTY)
            defer { close(other) }
            #expect(other >= 0 ? cdevices_tty_is_exclusive(other) == 1 : errno == EBUSY)
        }
    }

    @Test func `an unplug in the middle of a scan voids it`() async throws {
        let line = try Pseudoterminal()
        let scanner = AdoptedScanner(
            match: .node(line.path),
            serial: SerialSettings(silenceMax: .seconds(600))
        )
        try await MonitorSession.run([scanner]) { session in
            await session.expect("attached")

            // Sent as one block, so that the half has been read when the whole one is reported.
            try line.send("WHOLE\rHALF")
            await session.expect("scan 1 WHOLE")
            line.unplug()
            await session.expect("voided unplugged")
            await session.expect("detached unplugged")
        }
    }

    @Test func `a scanner that comes back under its name is read again`() async throws {
        let files = FileManager.default
        let directory = files.temporaryDirectory.appending(path: UUID().uuidString)
        try files.createDirectory(at: directory, withIntermediateDirectories: true)
        let name = directory.appending(path: "scanner").path
        let first = try Pseudoterminal()
        let second = try Pseudoterminal()

        try await MonitorSession.run([serial(name)]) { session in
            try #require(symlink(first.path, name) == 0)
            await session.expect("attached")
            first.unplug()
            await session.expect("detached unplugged")

            let newName = directory.appending(path: "new").path
            try #require(symlink(second.path, newName) == 0 && rename(newName, name) == 0)
            // It went soon after it came, which the monitor may also say; and a program that
            // another test starts has this process's files until it runs.
            var next = await session.next()
            while ["problem vanished", "problem held"].contains(next) {
                next = await session.next()
            }
            #expect(next == "attached")

            try second.send("AGAIN\r")
            await session.expect("scan 2 AGAIN")
        }
        try files.removeItem(at: directory)
    }

    @Test func `a rate that no line has is a problem with a name`() async throws {
        let line = try Pseudoterminal()
        let scanner = AdoptedScanner(match: .node(line.path), serial: SerialSettings(baud: 12_345))
        try await MonitorSession.run([scanner]) { session in
            guard case .problem(.failed(_, let error)) = await session.nextEvent() else {
                Issue.record("no problem")
                return
            }
            #expect(error.call == "tcsetattr")
            #expect(error.path == line.path)
            #expect(error.errno == EINVAL)
        }
    }

    @Test func `a monitor knows its scanners and gives them back`() async throws {
        let line = try Pseudoterminal()
        var scanner = serial(line.path)
        scanner.label = "till 2, left"
        try await MonitorSession.run([scanner]) { session in
            guard case .attached(let info) = await session.nextEvent() else {
                Issue.record("not attached")
                return
            }
            #expect(info.key == line.path)
            #expect(info.transport == .serial)
            #expect(info.till == "2")
            #expect(info.label == "till 2, left")
            #expect(info.isGrabbed)

            session.monitor.shutdown()
            await session.expect("detached shutdown")
            await session.expectEnd()
            #expect(session.monitor.scanners.isEmpty)
        }
    }

    @Test func `a cancelled monitor ends and gives its scanners back`() async throws {
        let line = try Pseudoterminal()
        let monitor = try ScannerMonitor(
            settings: ScannerSettings(adopted: [serial(line.path)], adoptsByProperty: false),
            logger: silentLogger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await monitor.run() }
            var events = monitor.events.makeAsyncIterator()
            _ = await events.next(isolation: nil)
            group.cancelAll()
            try await group.waitForAll()
        }

        try await MonitorSession.run([serial(line.path)]) { session in
            // Another test may be starting a program, which holds a copy of the lock until it runs.
            var next = await session.next()
            if next == "problem held" { next = await session.next() }
            #expect(next == "attached")
        }
    }

    private func serial(
        _ path: String,
        ending: FrameSettings.Ending = .line
    ) -> AdoptedScanner {
        AdoptedScanner(
            match: .node(path),
            till: "2",
            serial: SerialSettings(ending: ending, isEndingRequired: true)
        )
    }
}
