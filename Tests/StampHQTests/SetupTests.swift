import DaemonKit
import Foundation
import GRDB
import Logging
import LoyaltyCore
import SyncWire
import Testing

@testable import StampHQ

/// HQ on an empty machine, and HQ that must not start.
struct SetupTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func `an empty directory gets a key, a token and a database that only the owner reads`()
        throws
    {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/hq"

        let first = try build(path).publicKey
        let second = try build(path).publicKey

        #expect(first == second)
        for name in ["hq.key", "admin.token", "hq.sqlite"] {
            #expect(try mode("\(path)/\(name)") == 0o600, "\(name)")
        }
        #expect(try mode(path) == 0o700)
    }

    @Test func `a key that others can read is refused`() throws {
        let directory = try TemporaryDirectory()
        _ = try build(directory.path)
        let key = "\(directory.path)/hq.key"
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)

        #expect(throws: SecretFileError.exposed(path: key)) { try build(directory.path) }
    }

    @Test(arguments: ["", "zz", "0123", String(repeating: "0", count: 66)])
    func `a key that is damaged is never replaced`(text: String) throws {
        let directory = try TemporaryDirectory()
        let key = "\(directory.path)/hq.key"
        _ = try build(directory.path)
        try text.write(toFile: key, atomically: false, encoding: .utf8)

        #expect(throws: SecretFileError.malformed(path: key, digitCount: 64)) {
            try build(directory.path)
        }
        #expect(try String(contentsOfFile: key, encoding: .utf8) == text)
    }

    @Test func `a second HQ on the same directory is refused`() throws {
        let directory = try TemporaryDirectory()
        let first = try build(directory.path)

        #expect(throws: HQError.inUse(path: "\(directory.path)/hq.sqlite")) {
            try build(directory.path)
        }
        withExtendedLifetime(first) {}
    }

    @Test func `a directory too deep for a socket is refused`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/\(String(repeating: "x", count: 100))"

        #expect(throws: HQError.socketPathTooLong(path: "\(path)/admin.sock")) { try build(path) }
    }

    @Test func `a certificate that cannot be read is refused`() throws {
        let directory = try TemporaryDirectory()
        var settings = HQSettings(dataDirectory: directory.path)
        settings.tls = HQSettings.TLSFiles(certificateFile: "/none.pem", keyFile: "/none.key")

        #expect(throws: HQError.self) { try buildHQ(settings, logger: logger) }
    }

    @Test func `the database is durable, and one that is not is refused`() throws {
        let directory = try TemporaryDirectory()
        let store = try HQStore(path: "\(directory.path)/hq.sqlite") { 0 }
        try store.queue.inDatabase(HQStore.assertDurable)

        for (pragma, value) in [("synchronous", "1"), ("synchronous", "0")] {
            #expect(throws: HQError.notDurable(pragma: pragma, value: value)) {
                try store.queue.inDatabase { db in
                    try db.execute(sql: "PRAGMA \(pragma) = \(value)")
                    try HQStore.assertDurable(db)
                }
            }
        }
    }

    /// The copy is what a killed HQ leaves: commits that nobody may have synced.
    @Test func `what a killed HQ left unsynced is on the disk before anything is answered`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let store = try HQStore(path: "\(directory.path)/hq.sqlite") { 0 }
        let device = try TestDevice()
        try await store.addDevice(device.identity, label: "Taipei 1")
        for name in ["hq.sqlite", "hq.sqlite-wal"] {
            try FileManager.default.copyItem(
                atPath: "\(directory.path)/\(name)",
                toPath: "\(directory.path)/killed-\(name)"
            )
        }
        let log = "\(directory.path)/killed-hq.sqlite-wal"
        #expect(try byteCount(log) > 0)

        let again = try HQStore(path: "\(directory.path)/killed-hq.sqlite") { 0 }
        #expect(try byteCount(log) == 0)
        #expect(try await again.device(device.identity.device) != nil)
    }

    @Test func `entries can be neither changed nor deleted`() async throws {
        let directory = try TemporaryDirectory()
        let store = try HQStore(path: "\(directory.path)/hq.sqlite") { 0 }
        var device = try TestDevice()
        try device.award("P1/1")
        try await store.addDevice(device.identity, label: "Taipei 1")
        let batch = try VerifiedBatch(device.batch(), key: device.key.publicKey)
        _ = try await store.ingest(batch)

        for sql in ["UPDATE entry SET receivedAtMs = 1", "DELETE FROM entry"] {
            await #expect(throws: DatabaseError.self) {
                try await store.queue.write { db in try db.execute(sql: sql) }
            }
        }
    }

    private func build(_ path: String) throws -> HQ {
        try buildHQ(HQSettings(dataDirectory: path), logger: logger)
    }

    private func byteCount(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }
}
