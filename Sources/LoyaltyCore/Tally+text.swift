extension Tally: CustomStringConvertible {
    /// The name as the wire and the ledger write it.
    ///
    /// The subject, then `~p` for the programme or `~c:` and the cashier, then `@` and the period:
    /// `spend`, `sales@day/2026-11-22`, `rule/base~c:anna@month/2026-11-01`.
    public var description: String {
        let scopeText =
            switch scope {
            case .member: ""
            case .programme: "~p"
            case .cashier(let cashier): "~c:\(cashier)"
            }
        let periodText =
            switch period {
            case .ever: ""
            case .day(let date): "@day/\(date)"
            case .week(let date): "@week/\(date)"
            case .month(let date): "@month/\(date)"
            case .year(let date): "@year/\(date)"
            }
        return subject.text + scopeText + periodText
    }

    /// Reads what `description` writes, or gives nil.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.characterCountMax else { return nil }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.first else { return nil }
        let names = name.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
        guard let subject = Subject(text: names[0]),
            let scope = names.count == 1 ? .member : Scope(text: names[1]),
            let period = parts.count == 1 ? .ever : Period(text: parts[1])
        else { return nil }
        self.init(subject, for: scope, in: period)
    }

    /// Most characters of a name.
    ///
    /// Source: a subject with an asset's name, a cashier's and a period have some 115.
    public static let characterCountMax = 120

    /// Most characters of a cashier's name: `A-Z a-z 0-9 . _ -`.
    ///
    /// Source: our own bound; POS systems number their cashiers.
    public static let cashierCharacterCountMax = 20

    /// Whether a text can name a cashier.
    public static func isCashier(_ text: String) -> Bool {
        (1...cashierCharacterCountMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

extension Tally.Subject {
    fileprivate var text: String {
        switch self {
        case .spend: "spend"
        case .visits: "visits"
        case .sales: "sales"
        case .points: "points"
        case .rule(let id): "rule/\(id)"
        case .reward(let id): "reward/\(id)"
        case .card(let id): "card/\(id)"
        case .remainder(let id): "remainder/\(id)"
        case .debt(let asset): "debt/\(asset.name)"
        case .streak: "streak"
        case .streakDay: "streakDay"
        case .visitDay: "visitDay"
        case .tier: "tier"
        case .tierYear: "tierYear"
        case .win(let id): "win/\(id)"
        case .vote(let id): "vote/\(id)"
        }
    }

    fileprivate init?(text: Substring) {
        let plain: [Self] = [
            .spend, .visits, .sales, .points, .streak, .streakDay, .visitDay, .tier, .tierYear,
        ]
        if let subject = plain.first(where: { $0.text == text }) {
            self = subject
            return
        }
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let id = String(parts[1])
        if parts[0] == "debt" {
            guard let asset = Asset(name: id) else { return nil }
            self = .debt(asset)
            return
        }
        guard Programme.isIdentifier(id) else { return nil }
        switch parts[0] {
        case "rule": self = .rule(id)
        case "reward": self = .reward(id)
        case "card": self = .card(id)
        case "remainder": self = .remainder(id)
        case "win": self = .win(id)
        case "vote": self = .vote(id)
        default: return nil
        }
    }
}

extension Tally.Scope {
    fileprivate init?(text: Substring) {
        if text == "p" {
            self = .programme
        } else if text.hasPrefix("c:") {
            let cashier = String(text.dropFirst(2))
            guard cashier.isEmpty || Tally.isCashier(cashier) else { return nil }
            self = .cashier(cashier)
        } else {
            return nil
        }
    }
}

extension Tally.Period {
    fileprivate init?(text: Substring) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let date = BusinessDate(String(parts[1])) else { return nil }
        switch parts[0] {
        case "day": self = .day(date)
        case "week": self = .week(date)
        case "month": self = .month(date)
        case "year": self = .year(date)
        default: return nil
        }
    }
}
