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

    /// The visit that the sale was.
    var visit: Visit { Visit(at: at, businessDate: businessDate) }

    /// The cards that the sale stamped.
    var stampedCards: [String] { award.stampedCards }
}

extension Award {
    /// The cards on which a visit was stamped.
    var stampedCards: [String] {
        derivation.compactMap { step in
            if case .visitStamped(let card, _) = step { card } else { nil }
        }
    }
}

extension FirstAnswer {
    var bytes: [UInt8] {
        let before = visitsBefore.sorted { $0.key < $1.key }
        let json: CanonicalJSON = [
            "at": [
                .integer(at.wall.unixMs), .string(at.quality.rawValue), .integer(at.boot),
                .integer(at.sinceBootMs),
            ],
            "date": .string(businessDate.description),
            "post": .array(award.postings.map(\.json)),
            "steps": .array(award.derivation.map(\.json)),
            "before": .object(before.map { .init($0.key, .integer($0.value)) }),
        ]
        return json.bytes
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
        award = Award(postings: postings, derivation: steps)
        var visits: [String: Int64] = [:]
        for member in before { visits[member.name] = member.value.integerValue }
        visitsBefore = visits
    }
}

extension Posting {
    fileprivate var json: CanonicalJSON {
        [.string(asset.name), .string(bucket.description), .integer(amount)]
    }

    fileprivate init?(json: CanonicalJSON) {
        guard let parts = json.arrayValue, parts.count == 3,
            let asset = parts[0].stringValue.flatMap(Asset.init(name:)),
            let bucket = parts[1].stringValue.flatMap(Bucket.init),
            let amount = parts[2].integerValue
        else { return nil }
        self.init(asset, bucket, amount)
    }
}

extension DerivationStep {
    fileprivate var json: CanonicalJSON {
        switch self {
        case .visitStamped(let card, let stamps): ["stamped", .string(card), .integer(stamps)]
        case .visitGuarded(let card, let doubleGrantGuard):
            ["guarded", .string(card), .integer(doubleGrantGuard.hoursCode)]
        case .amountEarned(let rule, let amount, let per, let give, let points):
            [
                "earned", .string(rule), .integer(amount), .integer(per), .integer(give),
                .integer(points),
            ]
        case .amountTooSmall(let rule, let amount, let per):
            ["small", .string(rule), .integer(amount), .integer(per)]
        }
    }

    fileprivate init?(json: CanonicalJSON) {
        guard let parts = json.arrayValue, parts.count >= 3, let id = parts[1].stringValue
        else { return nil }
        let numbers = parts.dropFirst(2).compactMap(\.integerValue)
        switch (parts[0].stringValue, numbers.count) {
        case ("stamped", 1): self = .visitStamped(card: id, stamps: numbers[0])
        case ("guarded", 1):
            self = .visitGuarded(card: id, guard: DoubleGrantGuard(hoursCode: numbers[0]))
        case ("earned", 4):
            self = .amountEarned(
                rule: id,
                amount: numbers[0],
                per: numbers[1],
                give: numbers[2],
                points: numbers[3]
            )
        case ("small", 2):
            self = .amountTooSmall(rule: id, amount: numbers[0], per: numbers[1])
        default: return nil
        }
    }
}

extension DoubleGrantGuard {
    /// The guard as a number: its hours, 0 for a business day, -1 for none.
    fileprivate var hoursCode: Int64 {
        switch self {
        case .none: -1
        case .businessDay: 0
        case .hours(let hours): hours
        }
    }

    fileprivate init(hoursCode: Int64) {
        self = hoursCode < 0 ? .none : hoursCode == 0 ? .businessDay : .hours(hoursCode)
    }
}
