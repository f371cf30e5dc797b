import GRDB
public import LoyaltyCore
public import SyncWire

/// Editions of programmes.
extension Ledger {
    /// An edition that HQ published, with its document once it was fetched.
    public struct Edition: Hashable, Sendable {
        /// Which one, and from when.
        public let edition: EditionV1
        /// The document; nil until it was fetched and checked.
        public let document: String?
    }

    /// Editions of one programme that are kept at least, the newest.
    ///
    /// Source: SYNC.md section 2.5.
    public static let editionCountKept: Int64 = 3

    /// The editions of a programme, the lowest version first.
    ///
    /// - Throws: `LedgerError`.
    public func editions(of name: String) throws -> [Edition] {
        try read { db in try db.editions(of: name) }
    }

    /// Keeps an edition's document, whose digest the caller has checked.
    ///
    /// Of editions whose day has come, those before the last three are forgotten.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - edition: Whose it is.
    ///   - today: The business date.
    /// - Throws: `LedgerError`.
    public func keep(_ document: String, of edition: EditionV1, today: BusinessDate) throws {
        let reference = edition.reference
        try write(for: .bookkeeping) { db, _ in
            try db.run(
                "UPDATE edition SET document = ? WHERE name = ? AND version = ? AND digest = ?",
                .text(document),
                .text(reference.name),
                .integer(reference.version),
                .text(reference.digest)
            )
            try db.run(
                """
                DELETE FROM edition WHERE name = ?1 AND version NOT IN (
                    SELECT version FROM edition WHERE name = ?1 AND fromDay <= ?2
                        AND document IS NOT NULL ORDER BY version DESC LIMIT ?3
                ) AND version < ?4 AND fromDay <= ?2
                """,
                .text(reference.name),
                .integer(Int64(today.dayNumber)),
                .integer(Self.editionCountKept),
                .integer(reference.version)
            )
        }
    }
}

extension Database {
    /// Takes an edition, or the same one again.
    func take(_ edition: EditionV1) throws {
        let reference = edition.reference
        let known = try editions(of: reference.name).map(\.edition.reference)
        if let same = known.first(where: { $0.version == reference.version }) {
            guard same == reference else {
                throw LedgerError.downRefused(
                    "version \(reference.version) of \(reference.name) was another before"
                )
            }
        } else if let latest = known.last, reference.version < latest.version {
            throw LedgerError.downRefused(
                "\(reference.name) went back from version \(latest.version) to"
                    + " \(reference.version)"
            )
        }
        try run(
            """
            INSERT INTO edition (name, version, digest, fromDay) VALUES (?, ?, ?, ?)
            ON CONFLICT (name, version) DO UPDATE SET fromDay = excluded.fromDay
            """,
            .text(reference.name),
            .integer(reference.version),
            .text(reference.digest),
            .integer(Int64(edition.from.dayNumber))
        )
    }

    /// Whether an edition is one that the store had no use for or forgot.
    func isOld(_ edition: EditionV1) throws -> Bool {
        let known = try editions(of: edition.reference.name).map(\.edition.reference.version)
        guard let latest = known.last, !known.contains(edition.reference.version)
        else { return false }
        return edition.reference.version < latest
    }

    func editions(of name: String) throws -> [Ledger.Edition] {
        try all(
            """
            SELECT version, digest, fromDay, document FROM edition
            WHERE name = ? ORDER BY version
            """,
            .text(name)
        ) { row in
            let reference = ProgrammeReference(
                name: name,
                version: row.integer(0),
                digest: row.text(1)
            )
            let from = BusinessDate(dayNumber: Int32(truncatingIfNeeded: row.integer(2)))
            guard let edition = EditionV1(reference, from: from)
            else { throw LedgerError.damaged("the programme \(name)") }
            return Ledger.Edition(edition: edition, document: row.isNull(3) ? nil : row.text(3))
        }
    }
}
