public import LoyaltyCore

/// The line that an entry is on the wire and in the log, version 1.
///
/// One JSON object, whole numbers only. The bytes are written once, hashed, and never written
/// again; a reader keeps members that it does not know by keeping the bytes.
public enum EntryLineV1 {
    /// Most bytes of a line.
    ///
    /// Source: our own bound; a line has some 400 bytes, one with 16 cards some 2,000.
    public static let byteCountMax = 16_384

    /// Writes an entry's line, without a line's end.
    public static func bytes(of entry: Entry) -> [UInt8] {
        var members: [CanonicalJSON.Member] = [
            .init("seq", .integer(entry.sequence)),
            .init("type", .string(entry.fact.typeName)),
            .init("wallMs", .integer(entry.at.wall.unixMs)),
            .init("clock", .string(entry.at.quality.rawValue)),
            .init("boot", .integer(entry.at.boot)),
            .init("bootMs", .integer(entry.at.sinceBootMs)),
            .init(
                "hlc",
                [.integer(entry.hybridTime.wallMs), .integer(entry.hybridTime.count)]
            ),
        ]
        switch entry.fact {
        case .award(let award): members += award.members
        case .void(let void): members += void.members
        case .refund(let refund): members += refund.members
        case .boot(let boot):
            members.append(.init("bootID", .string(boot.bootID)))
            members.append(.init("version", .string(boot.version)))
        case .anchor(let anchor):
            members.append(.init("serverMs", .integer(anchor.serverMs)))
            members.append(.init("roundTripMs", .integer(anchor.roundTripMs)))
        case .keyRotate(let rotation):
            members.append(.init("publicKey", .string(Base64.text(rotation.publicKey))))
            members.append(.init("proof", .string(Base64.text(rotation.proof))))
        case .salvage(let salvage): members += salvage.members
        case .lost(let lost): members += lost.members
        case .grant(let grant): members.append(.init("grant", grant.signed))
        }
        return CanonicalJSON.object(members).bytes
    }

    /// Reads an entry's line.
    ///
    /// - Parameter bytes: The line, without a line's end.
    /// - Returns: The entry.
    /// - Throws: `EntryLineError`; a line of a type that is not known yet throws `unknownType`, so
    ///   that HQ can quarantine it and go on.
    public static func entry(from bytes: [UInt8]) throws(EntryLineError) -> Entry {
        guard bytes.count <= byteCountMax else { throw .tooLong(byteCount: bytes.count) }
        let json: CanonicalJSON
        do throws(CanonicalJSONError) {
            json = try CanonicalJSON(parsing: bytes)
        } catch {
            throw .notJSON(error)
        }
        let fields = EntryFields(json)
        return Entry(
            sequence: try fields.integer("seq", 1...Int64.max),
            at: try fields.moment(),
            hybridTime: try fields.hybridTime(),
            fact: try fields.fact()
        )
    }
}

/// Why a line is not an entry.
public enum EntryLineError: Error, Equatable {
    /// The line has more bytes than any entry.
    case tooLong(byteCount: Int)
    /// The line is not the JSON of our contract.
    case notJSON(CanonicalJSONError)
    /// A member is missing, or its value is out of range.
    case malformed(field: String)
    /// The entry's type belongs to a later version.
    case unknownType(String)
}

extension EntryLineError: CustomStringConvertible {
    /// What is wrong with the line.
    public var description: String {
        switch self {
        case .tooLong(let count):
            "a line of \(count) bytes; the limit is \(EntryLineV1.byteCountMax)"
        case .notJSON(let error): "\(error)"
        case .malformed(let field): "'\(field)' is missing or out of range"
        case .unknownType(let type): "entries of type '\(type.prefix(40))' are not known"
        }
    }
}

extension Fact {
    /// The entry's type on the wire.
    fileprivate var typeName: String {
        switch self {
        case .award: "award"
        case .void: "void"
        case .refund: "refund"
        case .boot: "boot"
        case .anchor: "anchor"
        case .keyRotate: "keyRotate"
        case .salvage: "salvage"
        case .lost: "lost"
        case .grant: "grant"
        }
    }
}

extension AwardFact {
    fileprivate var members: [CanonicalJSON.Member] {
        var members: [CanonicalJSON.Member] = [
            .init("member", .string(member.description)),
            .init("key", .string(sale.key.text)),
            .init("programme", programme.json),
            .init("in", .object(inputs)),
            .init("post", .array(postings.map(\.json))),
        ]
        if !tallies.isEmpty { members.append(.init("count", .array(tallies.map(\.json)))) }
        return members
    }

    /// Everything the rules read, beside the programme.
    private var inputs: [CanonicalJSON.Member] {
        var inputs: [CanonicalJSON.Member] = [
            .init("evidence", .string(sale.evidence.rawValue)),
            .init("date", .string(sale.businessDate.description)),
            .init("till", .string(sale.till)),
            .init("opensVisit", .bool(sale.opensVisit)),
        ]
        if let amount = sale.amount { inputs.append(.init("amount", .integer(amount))) }
        if let receipt = sale.receipt {
            inputs.append(
                .init(
                    "receipt",
                    [.string(receipt.date.description), .string(receipt.sellerID)]
                )
            )
        }
        if !lastVisits.isEmpty {
            let visits = lastVisits.sorted { $0.key < $1.key }
            inputs.append(
                .init("last", .object(visits.map { .init($0.key, $0.value.json) }))
            )
        }
        return inputs + sale.details.members + reads.members
    }
}

extension VoidFact {
    fileprivate var members: [CanonicalJSON.Member] {
        [
            .init("member", .string(member.description)),
            .init("key", .string(key.text)),
            .init("voids", .integer(sequence)),
        ] + (epoch.map { [.init("voidsEpoch", .integer($0))] } ?? [])
            + [.init("post", .array(postings.map(\.json)))]
            + (tallies.isEmpty ? [] : [.init("count", .array(tallies.map(\.json)))])
    }
}

extension SalvageFact {
    fileprivate var members: [CanonicalJSON.Member] {
        [
            .init("epoch", .integer(epoch)),
            .init("last", .integer(last)),
            .init("h", .string(Base64.text(hash))),
            .init("reason", .string(reason.rawValue)),
        ]
    }
}

extension LostFact {
    fileprivate var members: [CanonicalJSON.Member] {
        [
            .init("epoch", .integer(epoch)),
            .init("from", .integer(from)),
            .init("to", .integer(to)),
        ]
    }
}

extension ProgrammeReference {
    var json: CanonicalJSON { [.string(name), .integer(version), .string(digest)] }
}

extension Posting {
    var json: CanonicalJSON {
        [.string(asset.name), .string(bucket.description), .integer(amount)]
    }
}

extension Visit {
    fileprivate var json: CanonicalJSON {
        [
            .string(businessDate.description), .integer(at.wall.unixMs),
            .string(at.quality.rawValue), .integer(at.boot), .integer(at.sinceBootMs),
        ]
    }
}
