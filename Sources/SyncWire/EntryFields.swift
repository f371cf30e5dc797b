import LoyaltyCore

/// Reads the members of an entry's line, each checked.
struct EntryFields {
    let json: CanonicalJSON

    init(_ json: CanonicalJSON) {
        self.json = json
    }

    func fact() throws(EntryLineError) -> Fact {
        switch try string("type") {
        case "award": .award(try award())
        case "void":
            .void(
                VoidFact(
                    member: try member(),
                    key: try saleKey(),
                    sequence: try integer("voids", 1...Int64.max),
                    epoch: json["voidsEpoch"] == nil ? nil : try epoch("voidsEpoch"),
                    postings: try postings("post"),
                    tallies: json["count"] == nil ? [] : try tallies("count")
                )
            )
        case "refund": .refund(try refund())
        case "boot":
            .boot(BootFact(bootID: try string("bootID"), version: try string("version")))
        case "anchor":
            .anchor(
                AnchorFact(
                    serverMs: try integer("serverMs", 0...Int64.max),
                    roundTripMs: try integer("roundTripMs", 0...AnchorFact.roundTripMsMax)
                )
            )
        case "keyRotate":
            .keyRotate(
                KeyRotateFact(
                    publicKey: try bytes("publicKey", count: PublicKey.byteCount),
                    proof: try bytes("proof", count: PublicKey.signatureByteCount)
                )
            )
        case "salvage": .salvage(try salvage())
        case "lost": .lost(try lost())
        case "grant": .grant(try GrantFact(signed: json["grant"] ?? .null))
        case let type: throw .unknownType(type)
        }
    }

    func moment() throws(EntryLineError) -> Moment {
        guard let quality = ClockQuality(rawValue: try string("clock"))
        else { throw .malformed(field: "clock") }
        return Moment(
            wall: WallTime(unixMs: try integer("wallMs", Int64.min...Int64.max)),
            quality: quality,
            boot: try integer("boot", 0...Int64.max),
            sinceBootMs: try integer("bootMs", 0...Int64.max)
        )
    }

    func hybridTime() throws(EntryLineError) -> HybridTime {
        guard let parts = json["hlc"]?.arrayValue, parts.count == 2,
            let wallMs = parts[0].integerValue, let count = parts[1].integerValue
        else { throw .malformed(field: "hlc") }
        return HybridTime(wallMs: wallMs, count: count)
    }

    func integer(
        _ name: String,
        _ allowed: ClosedRange<Int64>
    ) throws(EntryLineError) -> Int64 {
        guard let value = json[name]?.integerValue, allowed.contains(value)
        else { throw .malformed(field: name) }
        return value
    }

    func string(_ name: String) throws(EntryLineError) -> String {
        guard let value = json[name]?.stringValue else { throw .malformed(field: name) }
        return value
    }

    private func bytes(_ name: String, count: Int) throws(EntryLineError) -> [UInt8] {
        guard let bytes = Base64.bytes(try string(name)), bytes.count == count
        else { throw .malformed(field: name) }
        return bytes
    }

    func epoch(_ name: String) throws(EntryLineError) -> Int64 {
        try integer(name, 1...Int64(UInt32.max))
    }

    private func salvage() throws(EntryLineError) -> SalvageFact {
        guard let reason = SalvageReason(rawValue: try string("reason"))
        else { throw .malformed(field: "reason") }
        return SalvageFact(
            epoch: try epoch("epoch"),
            last: try integer("last", 0...BatchHeaderV1.sequenceMax),
            hash: try bytes("h", count: ChainHash.byteCount),
            reason: reason
        )
    }

    private func lost() throws(EntryLineError) -> LostFact {
        let from = try integer("from", 1...BatchHeaderV1.sequenceMax)
        return LostFact(
            epoch: try epoch("epoch"),
            from: from,
            to: try integer("to", from...BatchHeaderV1.sequenceMax)
        )
    }

    private func award() throws(EntryLineError) -> AwardFact {
        AwardFact(
            member: try member(),
            programme: try programme(),
            sale: try sale(),
            lastVisits: try lastVisits(),
            reads: try EntryFields(json["in"] ?? .null).reads(),
            postings: try postings("post"),
            tallies: json["count"] == nil ? [] : try tallies("count")
        )
    }

    func member() throws(EntryLineError) -> MemberNumber {
        guard let member = MemberNumber(try string("member"))
        else { throw .malformed(field: "member") }
        return member
    }

    func saleKey() throws(EntryLineError) -> SaleKey {
        guard let key = SaleKey(try string("key")) else { throw .malformed(field: "key") }
        return key
    }

    func programme() throws(EntryLineError) -> ProgrammeReference {
        guard let parts = json["programme"]?.arrayValue, parts.count == 3,
            let name = parts[0].stringValue, Programme.isIdentifier(name),
            let version = parts[1].integerValue, let digest = parts[2].stringValue,
            digest.utf8.count == 64
        else { throw .malformed(field: "programme") }
        return ProgrammeReference(name: name, version: version, digest: digest)
    }

    private func sale() throws(EntryLineError) -> Sale {
        let inputs = EntryFields(json["in"] ?? .null)
        guard let evidence = Evidence(rawValue: try inputs.string("evidence"))
        else { throw .malformed(field: "evidence") }
        guard let date = BusinessDate(try inputs.string("date"))
        else { throw .malformed(field: "date") }
        guard let opensVisit = inputs.json["opensVisit"]?.boolValue
        else { throw .malformed(field: "opensVisit") }
        return Sale(
            key: try saleKey(),
            evidence: evidence,
            amount: inputs.json["amount"]?.integerValue,
            businessDate: date,
            opensVisit: opensVisit,
            till: try inputs.string("till"),
            receipt: try inputs.receipt(),
            details: try inputs.details()
        )
    }

    private func receipt() throws(EntryLineError) -> Receipt? {
        guard let value = json["receipt"] else { return nil }
        guard let parts = value.arrayValue, parts.count == 2,
            let date = parts[0].stringValue.flatMap({ BusinessDate($0) }),
            let sellerID = parts[1].stringValue
        else { throw .malformed(field: "receipt") }
        return Receipt(date: date, sellerID: sellerID)
    }

    private func lastVisits() throws(EntryLineError) -> [String: Visit] {
        guard let value = json["in"]?["last"] else { return [:] }
        guard case .object(let members) = value else { throw .malformed(field: "last") }
        var visits: [String: Visit] = [:]
        for member in members {
            guard let parts = member.value.arrayValue, parts.count == 5,
                let date = parts[0].stringValue.flatMap({ BusinessDate($0) }),
                let wallMs = parts[1].integerValue,
                let quality = parts[2].stringValue.flatMap(ClockQuality.init(rawValue:)),
                let boot = parts[3].integerValue, let sinceBootMs = parts[4].integerValue
            else { throw .malformed(field: "last") }
            let at = Moment(
                wall: WallTime(unixMs: wallMs),
                quality: quality,
                boot: boot,
                sinceBootMs: sinceBootMs
            )
            visits[member.name] = Visit(at: at, businessDate: date)
        }
        return visits
    }

    func postings(_ name: String) throws(EntryLineError) -> [Posting] {
        guard let values = json[name]?.arrayValue else { throw .malformed(field: name) }
        var postings: [Posting] = []
        for value in values {
            guard let parts = value.arrayValue, parts.count == 3,
                let asset = parts[0].stringValue.flatMap(Asset.init(name:)),
                let bucket = parts[1].stringValue.flatMap(Bucket.init),
                let amount = parts[2].integerValue
            else { throw .malformed(field: name) }
            postings.append(Posting(asset, bucket, amount))
        }
        return postings
    }
}
