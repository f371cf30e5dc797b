import GRDB
public import LoyaltyCore
import SyncWire

extension HQStore {
    /// Publishes an edition of a programme; the same one again changes nothing.
    ///
    /// - Parameters:
    ///   - programme: The programme.
    ///   - yaml: The document that says it, for whoever reads it later.
    /// - Returns: The edition's name, by what it says.
    /// - Throws: `Problem` unless the version rises.
    @discardableResult
    public func publish(_ programme: Programme, yaml: String) async throws -> ProgrammeReference {
        let reference = ProgrammeReference(programme)
        let canonical = programme.canonicalJSON.text
        try await publish(reference, canonical: canonical, yaml: yaml)
        return reference
    }

    func publish(
        _ reference: ProgrammeReference,
        canonical: String,
        yaml: String
    ) async throws {
        guard Self.edition(reference, canonical: canonical) != nil else {
            throw Problem(.badRequest, "The programme's canonical form names no first day.")
        }
        let nowMs = nowMs()
        defer {
            bell.ring()
            checkWake.ring()
        }
        try await queue.write { db in
            let latest = try Row.fetchOne(
                db,
                sql: """
                    SELECT version, digest FROM programme
                    WHERE name = ? ORDER BY version DESC LIMIT 1
                    """,
                arguments: [reference.name]
            )
            if let latest {
                if latest["digest"] == reference.digest { return }
                guard reference.version > latest["version"] as Int64 else {
                    throw Problem(
                        .badRequest,
                        "Version \(latest["version"] as Int64) of \(reference.name) is published;"
                            + " give this one a higher version."
                    )
                }
            }
            try db.execute(
                sql: """
                    INSERT INTO programme (digest, name, version, yaml, canonical, publishedAtMs)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    reference.digest, reference.name, reference.version, yaml, canonical, nowMs,
                ]
            )
            var draft = FeedDraft(nowMs: nowMs)
            draft.put(.changes, "programme", "\(reference.name)/\(reference.version)")
            try draft.publish(db)
        }
    }

    /// The document of an edition, or nil if none has this digest.
    func document(_ digest: String) async throws -> String? {
        try await queue.read { db in
            try String.fetchOne(
                db,
                sql: "SELECT yaml FROM programme WHERE digest = ?",
                arguments: [digest]
            )
        }
    }

    /// An edition with the first day that its canonical form names, or nil if it names none.
    static func edition(_ reference: ProgrammeReference, canonical: String) -> EditionV1? {
        do throws(CanonicalJSONError) {
            let json = try CanonicalJSON(parsing: canonical.utf8)
            return json["from"]?.stringValue.flatMap { BusinessDate($0) }
                .flatMap { EditionV1(reference, from: $0) }
        } catch {
            return nil
        }
    }

    /// The editions published last, of all names, the lower versions first.
    static func editions(_ db: Database) throws -> [EditionV1] {
        try Row.fetchAll(
            db,
            sql: "SELECT * FROM programme ORDER BY publishedAtMs DESC, version DESC LIMIT ?",
            arguments: [SnapshotV1.editionCountMax]
        ).compactMap(edition).sorted { $0.reference.version < $1.reference.version }
    }

    static func edition(_ row: Row) -> EditionV1? {
        edition(
            ProgrammeReference(name: row["name"], version: row["version"], digest: row["digest"]),
            canonical: row["canonical"]
        )
    }

    /// All published editions, the latest first.
    func programmes() async throws -> CanonicalJSON {
        try await queue.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT * FROM programme ORDER BY name, version DESC"
            )
            return .array(
                rows.map { row in
                    [
                        "name": .string(row["name"]),
                        "version": .integer(row["version"]),
                        "digest": .string(row["digest"]),
                        "publishedAtMs": .integer(row["publishedAtMs"]),
                    ]
                }
            )
        }
    }
}
