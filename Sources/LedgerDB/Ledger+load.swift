import GRDB
import LoyaltyCore
public import SyncWire

/// Loading a snapshot, part by part, beside the directory in use.
extension Ledger {
    /// A snapshot on its way in.
    public struct Load: Hashable, Sendable {
        /// HQ's signed list of the parts, as it came.
        public let list: [UInt8]
        /// Parts that are in.
        public let partCount: Int64
        /// Members that are in.
        public let rowCount: Int64
        /// What their lines add up to.
        public let digest: StateDigest
    }

    /// The snapshot on its way in, or nil if there is none.
    ///
    /// - Throws: `LedgerError`.
    public func load() throws -> Load? {
        try read { db in try db.load() }
    }

    /// Forgets a snapshot on its way in.
    ///
    /// - Throws: `LedgerError`.
    public func dropLoad() throws {
        try write(for: .bookkeeping) { db, _ in try db.run("DELETE FROM load") }
    }

    /// Empties the spare directory by some rows.
    ///
    /// - Parameter countMax: Most rows; some thousand at a time keep the tills waiting least.
    /// - Returns: Whether it is empty.
    /// - Throws: `LedgerError`.
    public func clearSpare(countMax: Int) throws -> Bool {
        try write(for: .bookkeeping) { db, _ in
            guard try db.load() == nil else { return true }
            let spare = try db.directoryInUse().spare.rawValue
            try db.run(
                """
                DELETE FROM \(spare) WHERE number IN
                    (SELECT number FROM \(spare) ORDER BY number LIMIT ?)
                """,
                .integer(Int64(countMax))
            )
            return db.changesCount < countMax
        }
    }

    /// Begins to load a snapshot; the spare directory must be empty.
    ///
    /// - Parameter list: HQ's signed list of its parts.
    /// - Throws: `LedgerError`.
    public func beginLoad(_ list: [UInt8]) throws {
        try write(for: .bookkeeping) { db, _ in
            let spare = try db.directoryInUse().spare.rawValue
            guard try db.first("SELECT 1 FROM \(spare)", read: { $0.integer(0) }) == nil
            else { throw LedgerError.downRefused("the spare directory is not empty") }
            try db.run(
                """
                INSERT OR REPLACE INTO load (id, list, partCount, rowCount, digest)
                VALUES (1, ?, 0, 0, 0)
                """,
                .blob(list)
            )
        }
    }

    /// Puts members into the spare directory; putting them in again changes nothing.
    ///
    /// - Parameter members: Some thousand at a time keep the tills waiting least.
    /// - Throws: `LedgerError`.
    public func stage(_ members: some Sequence<MemberV1> & Sendable) throws {
        try write(for: .bookkeeping) { db, _ in
            let spare = try db.directoryInUse().spare
            for member in members { _ = try db.put(MemberRow(member), into: spare) }
        }
    }

    /// Notes that a part is in.
    ///
    /// - Parameter load: How the load stands with it.
    /// - Throws: `LedgerError`.
    public func note(_ load: Load) throws {
        try write(for: .bookkeeping) { db, _ in
            try db.run(
                "UPDATE load SET partCount = ?, rowCount = ?, digest = ?",
                .integer(load.partCount),
                .integer(load.rowCount),
                .integer(Int64(bitPattern: load.digest.value))
            )
        }
    }

    /// Puts the loaded snapshot in use, with its place and its programmes; all in one transaction.
    ///
    /// What members hold at this store stays as it is.
    ///
    /// - Parameter snapshot: The snapshot whose list the load began with.
    /// - Throws: `LedgerError.downRefused` if rows are missing or the place would go back; nothing
    ///   is changed then.
    public func finishLoad(_ snapshot: SnapshotV1) throws {
        try write(for: .bookkeeping) { db, state in
            guard let load = try db.load(), load.partCount == Int64(snapshot.parts.count),
                load.rowCount == snapshot.rowCount, load.digest == snapshot.digest
            else { throw LedgerError.downRefused("the snapshot's members are not those it lists") }
            try db.move(.changes, to: snapshot.cursor)
            let directory = try db.directoryInUse().spare
            try db.use(directory)
            try db.run("DELETE FROM load")
            for edition in snapshot.editions where try !db.isOld(edition) {
                try db.take(edition)
            }
            state.memberCount = load.rowCount
            try db.keep(memberCount: state.memberCount)
        }
    }
}

extension Ledger.Load {
    /// How the load stands with one more part.
    public func adding(_ members: [MemberV1]) -> Self {
        var digest = digest
        for member in members { digest.add(member.line) }
        return Self(
            list: list,
            partCount: partCount + 1,
            rowCount: rowCount + Int64(members.count),
            digest: digest
        )
    }
}

extension Database {
    fileprivate func load() throws -> Ledger.Load? {
        try first("SELECT list, partCount, rowCount, digest FROM load") { row in
            Ledger.Load(
                list: row.bytes(0),
                partCount: row.integer(1),
                rowCount: row.integer(2),
                digest: StateDigest(.members, value: UInt64(bitPattern: row.integer(3)))
            )
        }
    }
}
