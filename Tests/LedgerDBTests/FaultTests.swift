import Foundation
import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

/// A disk that is full, read-only or failing.
///
/// `make faults` has the other faults, and these at each place where they can happen.
@Suite(.serialized)
struct FaultTests {
    @Test(arguments: [4_096, 1_024])
    func `a full disk refuses awards, lets acknowledgements through, and heals by itself`(
        blockByteCount: Int
    ) async throws {
        let volume = try SmallVolume(byteCount: 24 << 20, blockByteCount: blockByteCount)
        let bench = try Bench(in: volume.mountPoint)
        let (ledger, settings) = try open(bench)
        #expect(ledger.health.hasBallast)
        for index in 0..<5 { try await record(ledger, "F/\(index)") }
        try volume.fill()
        let acknowledged = try await recordUntilFull(ledger)

        #expect(ledger.health.mode == .full)
        #expect(!ledger.health.hasBallast)
        #expect(ledger.health.space == .critical)
        await #expect(throws: LedgerError.diskFull) { try await record(ledger, "late/1") }
        // What does not promise anything goes on.
        let again = try await record(ledger, "F/0")
        #expect(again.isRepeat && again.sequence == 2)
        let head = try await ledger.head().sequence
        #expect(head == acknowledged.last)
        let marks = Watermarks(received: head, posted: head, prunable: 0)
        try await ledger.acknowledge(marks)
        #expect(await ledger.watermarks() == marks)

        try volume.empty()
        let recorded = try await record(ledger, "after/1")
        #expect(recorded.sequence == head + 1)
        #expect(ledger.health.mode == .writing)
        #expect(ledger.health.hasBallast)
        try await ledger.verifyChain()
        await ledger.close()
        let reopened = try bench.open(settings)
        #expect(try await reopened.head().sequence == head + 1)
        #expect(await reopened.watermarks() == marks)
        await reopened.close()
    }

    @Test func `room found while idle ends the refusals before a customer comes`() async throws {
        let volume = try SmallVolume(byteCount: 24 << 20)
        let bench = try Bench(in: volume.mountPoint)
        let (ledger, _) = try open(bench)
        try volume.fill()
        _ = try await recordUntilFull(ledger)
        try volume.empty()
        try await ledger.checkpointIfIdle()

        #expect(ledger.health.mode == .writing)
        #expect(ledger.health.hasBallast)
        await ledger.close()
    }

    @Test func `the ballast's own room does not end the refusals`() async throws {
        let volume = try SmallVolume(byteCount: 24 << 20)
        let bench = try Bench(in: volume.mountPoint)
        let (ledger, settings) = try open(bench)
        try volume.fill()
        _ = try await recordUntilFull(ledger)

        #expect(ledger.health.freeByteCount >= settings.ballastByteCount / 2)
        for _ in 0..<5 {
            await #expect(throws: LedgerError.diskFull) { try await record(ledger, "late/1") }
        }
        await ledger.close()
    }

    @Test func `an agent that starts on a full disk drops the ballast and starts`() async throws {
        let volume = try SmallVolume(byteCount: 24 << 20)
        let bench = try Bench(in: volume.mountPoint)
        let (ledger, settings) = try open(bench)
        _ = try await record(ledger, "F/0")
        await ledger.close()
        try volume.fill()
        let rebooted = try bench.open(
            settings,
            boot: BootFact(bootID: "00000000000000000000000000000002", version: "0.1.0")
        )

        #expect(try await rebooted.head().sequence == 3)
        #expect(try await record(rebooted, "F/0").isRepeat)
        await rebooted.close()
    }

    @Test func `a file system turned read-only refuses awards, keeps reading, and comes back`()
        async throws
    {
        let volume = try SmallVolume(byteCount: 24 << 20)
        let bench = try Bench(in: volume.mountPoint)
        let (ledger, settings) = try open(bench)
        _ = try await record(ledger, "F/0")
        try volume.abort()

        for _ in 0..<3 {
            do {
                _ = try await record(ledger, "F/1")
                Issue.record("an award on a read-only file system")
            } catch LedgerError.readOnly {}
            #expect(try await ledger.member(.test(1)).standing.balance(of: .points) == 10)
        }
        #expect(try await record(ledger, "F/0").isRepeat)
        guard case .readOnly = ledger.health.mode else {
            Issue.record("\(ledger.health.mode)")
            return
        }
        await ledger.close()
        try volume.unmount()
        try volume.mount()
        let again = try bench.open(settings)
        #expect(try await again.head().sequence == 2)
        #expect(try await record(again, "F/1").sequence == 3)
        await again.close()
    }

    @Test func `a directory that cannot be synced keeps the ledger closed`() throws {
        let bench = try Bench()
        let path = bench.settings.path
        _ = try Program.run([Program.probe, "record", path, "0", "3"])
        let said = try Program.run(
            inject("fsync", "error=EIO:when=1") + ["record", path, "3", "2"]
        )

        #expect(said.lines.count == 1)
        #expect(said.lines.first?.hasPrefix("error ioError") == true, "\(said.lines)")
        #expect(try verify(path) == 4)
    }

    /// The second sync is of the directory, by SQLite, which does not look at the answer.
    @Test(arguments: [1, 3, 5])
    func `a failed sync is never tried again: the file is opened anew and verified`(when: Int)
        async throws
    {
        let bench = try Bench()
        let path = bench.settings.path
        _ = try Program.run([Program.probe, "record", path, "0", "3"])
        let said = try Program.run(
            inject("fdatasync", "error=EIO:when=\(when)") + ["record", path, "3", "20"]
        )
        let acknowledged = said.numbers(after: "ack")

        #expect(said.lines.contains { $0.hasPrefix("error ioError") }, "\(said.lines)")
        #expect(acknowledged.count >= 10)
        let verified = try verify(path)
        #expect(verified >= acknowledged.max() ?? 0)
        // The sale whose sync failed may have been written; it is one award all the same.
        let again = try Program.run([Program.probe, "record", path, "0", "23"])
        #expect(again.numbers(after: "ack").count == 23)
        #expect(try verify(path) <= 24)
    }

    /// The third sale's refund is one commit: entry, balance and answer are there, or none is.
    @Test(arguments: 1...8)
    func `a kill at any sync leaves a refund whole or not there`(when: Int) throws {
        let bench = try Bench()
        let path = bench.settings.path
        _ = try Program.run([Program.probe, "refund", path, "0", "3"])
        let killed = try Program.run(
            inject("fdatasync", "signal=KILL:when=\(when)", verb: "refund") + [path, "3", "6"]
        )
        #expect(killed.status != 0)
        let acknowledged = killed.numbers(after: "ack")

        let verified = try verify(path)
        #expect(verified >= acknowledged.max() ?? 5)
        #expect(verified <= (acknowledged.max() ?? 5) + 1)
        // Sent again, all is answered, and nothing is there twice.
        let again = try Program.run([Program.probe, "refund", path, "0", "9"])
        #expect(again.numbers(after: "ack").count == 12)
        #expect(try verify(path) == 13)
    }

    /// A sale that comes again is answered from what was read, without a commit that would sync it.
    @Test(arguments: ["ledger.db-wal", "ledger.db"])
    func `what a killed process left unsynced is on the disk before anything is answered`(
        file: String
    ) throws {
        let bench = try Bench()
        let path = bench.settings.path
        _ = try Program.run([Program.probe, "record", path, "0", "3"])
        let killed = try Program.run(
            inject("fdatasync", "signal=KILL:when=3") + ["record", path, "3", "5"]
        )
        #expect(killed.status != 0)
        let trace = "\(bench.directory)/trace"
        let said = try Program.run(
            [
                "strace", "-f", "-qq", "-y", "-o", trace, "-e", "trace=fsync,fdatasync,write",
                Program.probe, "verify", path,
            ]
        )

        #expect(said.numbers(after: "sound") == [try verify(path)])
        let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
        let answer = try #require(calls.firstIndex { $0.contains("\"open ") })
        #expect(calls[..<answer].contains { $0.contains("sync(") && $0.contains("/\(file)>") })
    }

    private func inject(_ call: String, _ fault: String, verb: String? = nil) -> [String] {
        [
            "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)",
            "-e", "inject=\(call):\(fault)", Program.probe,
        ] + (verb.map { [$0] } ?? [])
    }

    private func verify(_ path: String) throws -> Int64 {
        let said = try Program.run([Program.probe, "verify", path])
        return try #require(said.numbers(after: "sound").first, "\(said.lines)")
    }

    private func open(_ bench: Bench) throws -> (Ledger, Ledger.Settings) {
        var settings = bench.settings
        settings.ballastByteCount = 2 << 20
        settings.space.resumeByteCount = 2 << 20
        return (try bench.open(settings), settings)
    }

    private func recordUntilFull(_ ledger: Ledger) async throws -> [Int64] {
        var sequences: [Int64] = []
        for index in 0..<50_000 {
            do {
                sequences.append(try await record(ledger, "F/\(index)").sequence ?? 0)
            } catch LedgerError.diskFull {
                return sequences
            }
        }
        Issue.record("the disk never filled")
        return sequences
    }

    @discardableResult
    private func record(_ ledger: Ledger, _ key: String) async throws -> Recorded {
        try await ledger.record(
            try .pos(key),
            of: try .test(1),
            at: .noon,
            under: try .latte()
        )
    }
}
