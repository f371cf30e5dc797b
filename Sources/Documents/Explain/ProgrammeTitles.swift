public import LoyaltyCore

/// What customers call the parts of a programme, and the currency of its amounts.
public struct ProgrammeTitles: Sendable {
    /// The currency, in ISO 4217's letters.
    public let currency: String
    let cards: [String: LocalText]
    let rewards: [String: LocalText]
    let tiers: [String: LocalText]
    /// The first reward that costs an asset, by the asset's name: a voucher is called after it.
    let rewardOf: [String: LocalText]

    /// The titles of a programme.
    public init(_ programme: Programme) {
        self.init(
            currency: programme.currency,
            cards: programme.cards.map { ($0.id, $0.title) },
            rewards: programme.rewards.map { ($0.id, $0.title, $0.cost?.asset.name) },
            tiers: (programme.tiers?.tiers ?? []).map { ($0.id, $0.title) }
        )
    }

    /// The titles that an agent's status tells of its programme.
    ///
    /// - Parameter status: The value under `programme`; what is missing in it has no title.
    public init(status: CanonicalJSON) {
        func parts(_ name: String) -> [(String, LocalText, String?)] {
            (status[name]?.arrayValue ?? []).compactMap { part in
                guard let id = part["id"]?.stringValue,
                    let zhHant = part["title"]?["zh-Hant"]?.stringValue,
                    let en = part["title"]?["en"]?.stringValue
                else { return nil }
                return (id, LocalText(zhHant: zhHant, en: en), part["costs"]?.stringValue)
            }
        }
        self.init(
            currency: status["currency"]?.stringValue ?? "TWD",
            cards: parts("cards").map { ($0.0, $0.1) },
            rewards: parts("rewards"),
            tiers: parts("tiers").map { ($0.0, $0.1) }
        )
    }

    /// No titles: identifiers stand for all parts.
    public init(currency: String) {
        self.init(currency: currency, cards: [], rewards: [], tiers: [])
    }

    private init(
        currency: String,
        cards: [(String, LocalText)],
        rewards: [(String, LocalText, String?)],
        tiers: [(String, LocalText)]
    ) {
        self.currency = currency
        self.cards = Dictionary(cards) { first, _ in first }
        self.rewards = Dictionary(rewards.map { ($0.0, $0.1) }) { first, _ in first }
        self.tiers = Dictionary(tiers) { first, _ in first }
        rewardOf = Dictionary(
            rewards.compactMap { _, title, costs in costs.map { ($0, title) } }
        ) { first, _ in first }
    }
}
