import Foundation
import GRDB
@testable import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

/// The file: how it is opened, what it refuses, and what it is found to be.
struct FileTests {
    let bench: Bench

    init() throws {
        bench = try Bench()
    }

    @Test(arguments: [
        ("synchronous", "2"), ("journal_mode", "wal"), ("locking_mode", "exclusive"),
        ("foreign_keys", "1"), ("cell_size_check", "1"), ("trusted_schema", "0"),
        ("mmap_size", "0"), ("page_size", "1024"), ("user_version", "10"),
        ("application_id", "1937010032"),
    ])
    func `the connection in use is set as the ledger needs it`(pragma: String, value: String)
        async throws
    {
        let ledger = try bench.open()
        try await fill(ledger, 1)

        #expect(try await ledger.pragma(pragma) == value)
    }

    /// GRDB sets NORMAL by itself whenever it turns WAL on (FAULTS.md, finding 1).
    @Test func `a connection that does not sync each commit is refused`() throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
        let queue = try DatabaseQueue(path: bench.settings.path, configuration: configuration)

        #expect(throws: LedgerError.synchronousNotFull(1)) {
            try queue.read { db in try LedgerConnection.assertDurable(db, bench.settings) }
        }
    }

    @Test func `there is no shared memory file, so a full disk cannot kill the process`()
        async throws
    {
        let ledger = try bench.open()
        try await fill(ledger, 3)

        let names = try FileManager.default.contentsOfDirectory(atPath: bench.directory)
        #expect(
            names.sorted() == ["ledger.db", "ledger.db-wal", "ledger.db.lock", "ledger.db.mark"]
        )
    }

    @Test func `only the agent's own user may read the files`() async throws {
        let ledger = try bench.open()
        try await fill(ledger, 1)

        for suffix in ["", "-wal", ".lock"] {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: bench.settings.path + suffix
            )
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
        }
    }

    @Test(arguments: [
        "UPDATE log SET body = x'00' WHERE sequence = 2",
        "UPDATE log SET hash = zeroblob(32)",
        "DELETE FROM log WHERE sequence = 4",
        "DELETE FROM log",
        "INSERT INTO log VALUES (8, x'00', zeroblob(32))",
        "INSERT INTO log VALUES (0, x'00', zeroblob(32))",
        "INSERT OR REPLACE INTO log VALUES (2, x'00', zeroblob(32))",
        "INSERT INTO log VALUES (7, x'00', zeroblob(31))",
        "INSERT INTO log VALUES (7, x'', zeroblob(32))",
        "UPDATE watermark SET received = 2",
        "UPDATE watermark SET received = 7",
        "UPDATE watermark SET prunable = 4",
        "DELETE FROM watermark",
        "INSERT INTO watermark VALUES (2, 0, 0, 0)",
        "UPDATE holding SET amount = -1",
        "UPDATE holding SET amount = 1.5",
        "UPDATE holding SET amount = 'many'",
        "INSERT INTO holding VALUES (100000000000000, 'points', 'never', 1)",
        "INSERT INTO holding VALUES (-1, 'points', 'never', 1)",
        "INSERT INTO visit VALUES (100000000000000, 'latte', 1, 1, 1, 'ntp', 1, 1)",
        "UPDATE visit SET quality = 'sundial'",
        "UPDATE sale SET answer = x'00'",
        "UPDATE sale SET key = 'P1/9' WHERE sequence = 2",
        "UPDATE sale SET voidedBy = 1",
        "INSERT INTO sale VALUES (9, 'F/0', 1, 'till-1', x'00', NULL)",
        "INSERT INTO sale VALUES (9, 'F/1', 100000000000000, 'till-1', x'00', NULL)",
        "UPDATE refund SET sale = 'F/1'",
        "INSERT INTO refund VALUES (9, 'R/1', 'F/1', x'00')",
        "INSERT INTO refund VALUES (0, 'R/2', 'F/1', x'00')",
        "INSERT INTO refund VALUES (9, '', 'F/1', x'00')",
    ])
    func `the file itself refuses what would break the book`(sql: String) async throws {
        let ledger = try bench.open()
        try await fill(ledger, 4)
        try await ledger.acknowledge(Watermarks(received: 3, posted: 3, prunable: 3))
        _ = try await ledger.refund(
            RefundRequest(
                key: try #require(SaleKey("R/1")),
                of: try #require(SaleKey("F/1")),
                amount: 0
            ),
            at: .noon,
            under: try .latte()
        )

        await #expect(throws: LedgerError.self) { try await ledger.execute(sql) }
        try await ledger.verifyChain()
        #expect(try await ledger.head().sequence == 6)
    }

    @Test func `what HQ has released may go, and the log goes on`() async throws {
        let ledger = try bench.open()
        try await fill(ledger, 4)
        try await ledger.acknowledge(Watermarks(received: 4, posted: 4, prunable: 3))
        try await ledger.execute("DELETE FROM log WHERE sequence < 3")
        await ledger.close()
        let again = try bench.open()

        try await again.verifyChain()
        await #expect(throws: LedgerError.pruned(first: 3)) {
            try await again.slice(after: 1, countMax: 9, byteCountMax: 9_999)
        }
        #expect(try await again.slice(after: 2, countMax: 1, byteCountMax: 1)[0].sequence == 3)
    }

    @Test func `another device's ledger is refused`() async throws {
        await (try bench.open()).close()
        let other = LogIdentity(
            device: Bench.identity.device,
            epoch: 1,
            publicKey: Array(repeating: 8, count: 32),
            nonce: Bench.identity.nonce
        )

        #expect(throws: LedgerError.otherDevice(path: bench.settings.path)) {
            try bench.open(identity: other)
        }
    }

    @Test func `the epoch is the file's`() async throws {
        await (try bench.open()).close()
        try await raw(
            "UPDATE meta SET epoch = 3; UPDATE epoch SET epoch = 3; DELETE FROM boot;"
                + "DROP TRIGGER log_keepsUnpruned;"
                + "DELETE FROM log; DELETE FROM sale"
        )

        let ledger = try bench.open()
        #expect(ledger.identity.epoch == 3)
        try await ledger.verifyChain()
    }

    @Test func `another program's database is refused and not touched`() async throws {
        try await raw("CREATE TABLE recipe (id INTEGER PRIMARY KEY)")
        let before = try contents()

        #expect(throws: LedgerError.notOurs(path: bench.settings.path)) { try bench.open() }
        #expect(try contents() == before)
    }

    @Test func `a later version's ledger is refused and not touched`() async throws {
        await (try bench.open()).close()
        try await raw(
            "PRAGMA user_version = 11; INSERT INTO grdb_migrations VALUES ('11 of tomorrow')"
        )
        let before = try contents()

        #expect(throws: LedgerError.laterVersion(path: bench.settings.path)) { try bench.open() }
        #expect(try contents() == before)
    }

    @Test func `a file that is no database is set aside, and a ledger is made`() throws {
        let text = String(repeating: "to do: buy milk\n", count: 500)
        try text.write(toFile: bench.settings.path, atomically: true, encoding: .utf8)

        #expect(try bench.open().identity.epoch == 2)
        let aside = try #require(
            try FileManager.default.contentsOfDirectory(atPath: bench.directory)
                .first { $0.contains(".epoch-1.") }
        )
        #expect(
            try String(contentsOfFile: "\(bench.directory)/\(aside)", encoding: .utf8) == text
        )
    }

    @Test func `a second agent in the same process is refused`() async throws {
        let ledger = try bench.open()
        #expect(throws: LedgerError.inUseByAnotherAgent(path: bench.settings.path)) {
            try bench.open()
        }
        await ledger.close()

        _ = try bench.open()
    }

    @Test func `a second agent in another process is refused`() async throws {
        let ledger = try bench.open()
        try await fill(ledger, 1)
        let other = try Program.run([Program.probe, "record", bench.settings.path, "0", "5"])

        #expect(other.status == 1)
        #expect(other.lines.first?.hasPrefix("error inUseByAnotherAgent") == true)
        try await fill(ledger, 1, prefix: "G")
        #expect(try await ledger.head().sequence == 3)
    }

    @Test func `another program cannot write while the agent runs`() async throws {
        let ledger = try bench.open()
        try await fill(ledger, 1)

        await #expect(throws: DatabaseError.self) { try await raw("DELETE FROM sale") }
    }

    @Test func `a file system that takes no writes is named, and an existing ledger kept`()
        async throws
    {
        let volume = try SmallVolume(byteCount: 8 << 20)
        let bench = try Bench(in: volume.mountPoint)
        await (try bench.open()).close()
        try volume.abort()

        do {
            _ = try bench.open()
            Issue.record("a ledger was opened on a read-only file system")
        } catch LedgerError.readOnly {}
    }

    private func fill(_ ledger: Ledger, _ count: Int, prefix: String = "F") async throws {
        let programme = try Programme.latte()
        for index in 0..<count {
            _ = try await ledger.record(
                try .pos("\(prefix)/\(index)"),
                of: try .test(1),
                at: .noon,
                under: programme
            )
        }
    }

    private func raw(_ sql: String) async throws {
        let queue = try DatabaseQueue(path: bench.settings.path)
        try await queue.writeWithoutTransaction { db in try db.execute(sql: sql) }
        try queue.close()
    }

    private func contents() throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: bench.settings.path))
    }
}

extension Ledger {
    /// Reads a pragma on the ledger's own connection.
    func pragma(_ name: String) throws -> String? {
        try read { db in try db.first("PRAGMA \(name)") { $0.text(0) } }
    }

    /// Runs any statement on the ledger's own connection.
    func execute(_ sql: String) throws {
        try read { db in try db.execute(sql: sql) }
    }
}
