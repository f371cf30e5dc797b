extension Programme {
    /// The programme's one spelling: its SHA-256 is the programme's identity.
    public var canonicalBytes: [UInt8] { canonicalJSON.bytes }

    /// The programme as a JSON value, every field present.
    public var canonicalJSON: CanonicalJSON {
        [
            "programme": .string(name),
            "version": .integer(version),
            "title": title.canonicalJSON,
            "currency": .string(currency),
            "utcOffsetMinutes": .integer(Int64(calendar.utcOffsetMinutes)),
            "dayTurnsAtHour": .integer(Int64(calendar.dayTurnsAtHour)),
            "from": .string(firstDate.description),
            "through": .string(lastDate.description),
            "amountMax": .integer(saleAmountMax),
            "receipts": [
                "ageDaysMax": .integer(receipts.ageDaysMax),
                "sellers": .array(receipts.sellerIDs.map(CanonicalJSON.string)),
            ],
            "cards": .array(cards.map(\.canonicalJSON)),
            "rules": .array(rules.map(\.canonicalJSON)),
        ]
    }
}

extension LocalText {
    fileprivate var canonicalJSON: CanonicalJSON {
        ["zh-Hant": .string(zhHant), "en": .string(en)]
    }
}

extension StampCard {
    fileprivate var canonicalJSON: CanonicalJSON {
        [
            "id": .string(id),
            "title": title.canonicalJSON,
            "reward": reward.canonicalJSON,
            "stamps": .integer(size),
            "perVisit": .integer(stampsPerVisit),
            "needsSale": .bool(needsSale),
            "guard": doubleGrantGuard.canonicalJSON,
        ]
    }
}

extension DoubleGrantGuard {
    fileprivate var canonicalJSON: CanonicalJSON {
        switch self {
        case .none: "none"
        case .businessDay: "businessDay"
        case .hours(let hours): ["hours": .integer(hours)]
        }
    }
}

extension Rule {
    fileprivate var canonicalJSON: CanonicalJSON {
        [
            "id": .string(id),
            "from": conditions.firstDate.map { .string($0.description) } ?? .null,
            "through": conditions.lastDate.map { .string($0.description) } ?? .null,
        ]
    }
}
