import GRDB
import LoyaltyCore
import SyncWire

/// A ledger's file, opened and checked.
struct LedgerFile {
    let connection: LedgerConnection
    let identity: LogIdentity
    private(set) var state: LedgerState
    private let path: String

    /// Opens the file, brings its schema up to date, and checks what can be checked in a second.
    ///
    /// - Throws: `LedgerError`.
    init(opening settings: Ledger.Settings, identity: LogIdentity) throws {
        path = settings.path
        do {
            if Volume.isReadOnly(path) {
                throw LedgerError.readOnly(Volume.directory(of: path))
            }
            let connection = try LedgerConnection(settings)
            try connection.migrate()
            self.connection = connection
            self.identity = try connection.access { db in
                try Self.quickCheck(db, settings)
                return try db.immediately { try Self.adopt(identity, db, path: settings.path) }
            }
            let identity = self.identity
            state = try connection.access { db in
                let state = try LedgerState(db, identity)
                let start = try db.chainStart(
                    at: state.tail.sequence - settings.startVerifyCountMax,
                    first: state.first,
                    genesis: identity.genesis
                )
                _ = try db.verifyChain(after: start, through: state.tail.sequence)
                return state
            }
            try Self.settle(connection, path: path)
        } catch let error as DatabaseError {
            throw LedgerError(error, path: settings.path)
        }
    }

    /// Gives a boot its number; one that is new becomes an entry.
    mutating func register(_ boot: BootFact, at reading: ClockReading) throws {
        var next = state
        do {
            try connection.access { db in
                let last = try db.first(
                    "SELECT bootID FROM boot ORDER BY number DESC LIMIT 1",
                    read: { $0.text(0) }
                )
                guard last != boot.bootID else { return }
                next.boot += 1
                try db.immediately {
                    try db.run(
                        "INSERT INTO boot (number, bootID, version) VALUES (?, ?, ?)",
                        .integer(next.boot),
                        .text(boot.bootID),
                        .text(boot.version)
                    )
                    _ = try next.append(.boot(boot), at: next.moment(reading), db)
                }
            }
        } catch let error as DatabaseError {
            throw LedgerError(error, path: path)
        }
        state = next
    }

    /// Finds that the file is this device's, or makes it so if it is new.
    ///
    /// - Returns: The identity with the file's epoch.
    private static func adopt(
        _ identity: LogIdentity,
        _ db: Database,
        path: String
    ) throws -> LogIdentity {
        let found = try db.first("SELECT device, epoch, publicKey, nonce FROM meta") { row in
            LogIdentity(
                device: DeviceID(row.text(0)) ?? identity.device,
                epoch: row.integer(1),
                publicKey: row.bytes(2),
                nonce: row.bytes(3)
            )
        }
        let epoch = found?.epoch ?? 1
        let ours = LogIdentity(
            device: identity.device,
            epoch: epoch,
            publicKey: identity.publicKey,
            nonce: identity.nonce
        )
        if let found {
            guard found == ours else { throw LedgerError.otherDevice(path: path) }
            let latest = try db.first("SELECT max(epoch) FROM epoch") { $0.integer(0) }
            guard latest == epoch else { throw LedgerError.damaged("the epoch is \(epoch)") }
            return found
        }
        try db.run("INSERT INTO epoch (epoch, base) VALUES (?, 0)", .integer(epoch))
        try db.run(
            """
            INSERT INTO meta (id, device, epoch, publicKey, nonce, memberCount)
            VALUES (1, ?, ?, ?, ?, 0)
            """,
            .text(ours.device.text),
            .integer(epoch),
            .blob(ours.publicKey),
            .blob(ours.nonce)
        )
        return ours
    }

    /// Has the disk hold what was read.
    ///
    /// A process that died before a sync, or whose sync failed, leaves commits in the kernel's
    /// memory. They read like any other, and a sale that comes again would be answered from them.
    private static func settle(_ connection: LedgerConnection, path: String) throws {
        try WriteAheadLog.settle(path + "-wal")
        do {
            // The file too: SQLite drops the log of a file that a power cut has left empty.
            try connection.checkpoint(truncating: true)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            // The log holds it all, and is on the disk.
        }
        // SQLite syncs the names of its new files too, but does not look whether that failed.
        try Volume.syncDirectory(of: path)
    }

    /// Has SQLite look over a small file; a large one is verified by its chain alone.
    private static func quickCheck(_ db: Database, _ settings: Ledger.Settings) throws {
        guard Volume.byteCount(settings.path) <= settings.startCheckByteCountMax else { return }
        let finding = try db.first("PRAGMA quick_check(1)") { $0.text(0) } ?? ""
        guard finding == "ok" else { throw LedgerError.damaged(finding) }
    }
}
