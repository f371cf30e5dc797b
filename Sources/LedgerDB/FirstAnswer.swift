import LoyaltyCore

/// What a sale was answered when it came first, kept with its key.
///
/// It outlives the entry, which may be pruned, and the programme, which may be replaced.
struct FirstAnswer: Hashable {
    let at: Moment
    let businessDate: BusinessDate
    let award: Award
    /// For each card that the sale stamped, the entry of the visit before.
    let visitsBefore: [String: Int64]
    /// What the sale was settled at; nil for one without an amount, and for one that an earlier
    /// version recorded.
    var settled: Int64?

    /// The visit that the sale was.
    var visit: Visit { Visit(at: at, businessDate: businessDate) }

    /// The cards that the sale stamped.
    var stampedCards: [String] { award.stampedCards }
}

extension Award {
    /// The cards on which a visit was stamped.
    var stampedCards: [String] {
        derivation.compactMap { step in
            step.kind == .visitStamped ? step.subject : nil
        }
    }
}

extension FirstAnswer {
    var bytes: [UInt8] {
        let before = visitsBefore.sorted { $0.key < $1.key }
        var members: [CanonicalJSON.Member] = []
        if !award.tallies.isEmpty {
            members.append(.init("counts", .array(award.tallies.map(\.json))))
        }
        if !award.redeemed.isEmpty {
            members.append(.init("redeemed", .array(award.redeemed.map(\.json))))
        }
        if let due = award.due { members.append(.init("due", .integer(due))) }
        if let settled { members.append(.init("settled", .integer(settled))) }
        let first: CanonicalJSON = [
            "at": [
                .integer(at.wall.unixMs), .string(at.quality.rawValue), .integer(at.boot),
                .integer(at.sinceBootMs),
            ],
            "date": .string(businessDate.description),
            "post": .array(award.postings.map(\.json)),
            "steps": .array(award.derivation.map(\.json)),
            "before": .object(before.map { .init($0.key, .integer($0.value)) }),
        ]
        guard case .object(let known) = first else { return first.bytes }
        return CanonicalJSON.object(known + members).bytes
    }

    /// Reads what `bytes` wrote, or gives nil for anything else: the file is then damaged.
    init?(_ bytes: [UInt8]) {
        // Allowed: the caller turns nil into `LedgerError.damaged`, with the sale's entry.
        guard let json = try? CanonicalJSON(parsing: bytes),
            let at = json["at"]?.arrayValue, at.count == 4, let wallMs = at[0].integerValue,
            let quality = at[1].stringValue.flatMap(ClockQuality.init(rawValue:)),
            let boot = at[2].integerValue, let sinceBootMs = at[3].integerValue,
            let date = json["date"]?.stringValue.flatMap({ BusinessDate($0) }),
            let postings = json["post"]?.arrayValue?.compactMap(Posting.init(json:)),
            let steps = json["steps"]?.arrayValue?.compactMap(DerivationStep.init(json:)),
            case .object(let before)? = json["before"]
        else { return nil }
        self.at = Moment(
            wall: WallTime(unixMs: wallMs),
            quality: quality,
            boot: boot,
            sinceBootMs: sinceBootMs
        )
        businessDate = date
        award = Award(
            postings: postings,
            derivation: steps,
            tallies: json["counts"]?.arrayValue?.compactMap(TallyChange.init(json:)) ?? [],
            redeemed: json["redeemed"]?.arrayValue?.compactMap(RedeemedReward.init(json:)) ?? [],
            due: json["due"]?.integerValue
        )
        var visits: [String: Int64] = [:]
        for member in before { visits[member.name] = member.value.integerValue }
        visitsBefore = visits
        settled = json["settled"]?.integerValue
    }
}

extension Posting {
    var json: CanonicalJSON {
        [.string(asset.name), .string(bucket.description), .integer(amount)]
    }

    init?(json: CanonicalJSON) {
        guard let parts = json.arrayValue, parts.count == 3,
            let asset = parts[0].stringValue.flatMap(Asset.init(name:)),
            let bucket = parts[1].stringValue.flatMap(Bucket.init),
            let amount = parts[2].integerValue
        else { return nil }
        self.init(asset, bucket, amount)
    }
}

extension DerivationStep {
    var json: CanonicalJSON {
        [
            .string(kind.rawValue), .string(subject), asset.map { .string($0.name) } ?? .null,
            .array(numbers.map(CanonicalJSON.integer)),
        ]
    }

    init?(json: CanonicalJSON) {
        guard let parts = json.arrayValue, parts.count == 4,
            let kind = parts[0].stringValue.flatMap(Kind.init(rawValue:)),
            let subject = parts[1].stringValue,
            let numbers = parts[3].arrayValue?.compactMap(\.integerValue)
        else { return nil }
        self.init(kind, subject, parts[2].stringValue.flatMap(Asset.init(name:)), numbers)
    }
}

extension TallyChange {
    var json: CanonicalJSON { [.string(tally.description), .integer(amount)] }

    init?(json: CanonicalJSON) {
        guard let parts = json.arrayValue, parts.count == 2,
            let tally = parts[0].stringValue.flatMap(Tally.init),
            let amount = parts[1].integerValue
        else { return nil }
        self.init(tally, amount)
    }
}

extension RedeemedReward {
    var json: CanonicalJSON {
        [
            .string(reward), .integer(count), .integer(cost), .integer(value), .integer(times),
        ]
    }

    init?(json: CanonicalJSON) {
        guard let parts = json.arrayValue, parts.count == 5, let reward = parts[0].stringValue
        else { return nil }
        let numbers = parts.dropFirst().compactMap(\.integerValue)
        guard numbers.count == 4 else { return nil }
        self.init(
            reward,
            count: numbers[0],
            cost: numbers[1],
            value: numbers[2],
            times: numbers[3]
        )
    }
}
