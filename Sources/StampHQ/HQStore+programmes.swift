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
        let nowMs = nowMs()
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
        }
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
