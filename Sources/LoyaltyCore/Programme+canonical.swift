extension Programme {
    /// The programme's one spelling: its SHA-256 is the programme's identity.
    public var canonicalBytes: [UInt8] { canonicalJSON.bytes }

    /// The programme as a JSON value, every field present, sets in the order of their bytes.
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
            "policies": policies.canonicalJSON,
            "assets": .array(assets.map(\.canonicalJSON)),
            "cards": .array(cards.map(\.canonicalJSON)),
            "rules": .array(rules.map(\.canonicalJSON)),
            "rewards": .array(rewards.map(\.canonicalJSON)),
            "tiers": tiers?.canonicalJSON ?? .null,
            "limits": .array(saleCaps.map(\.canonicalJSON)),
            "cashiersEarn": .bool(cashiersEarn),
        ]
    }
}

extension LocalText {
    fileprivate var canonicalJSON: CanonicalJSON {
        ["zh-Hant": .string(zhHant), "en": .string(en)]
    }
}

extension Policies {
    fileprivate var canonicalJSON: CanonicalJSON {
        [
            "earningBase": .string(earningBase.rawValue),
            "orderDiscounts": .string(orderDiscounts.rawValue),
            "spendsOwnPoints": .bool(spendsOwnPoints),
            "redeemingSaleEarns": .bool(redeemingSaleEarns),
            "partialRefund": .string(partialRefund.rawValue),
            "tierGate": .string(tierGate.rawValue),
            "multipliers": .string(multipliers.rawValue),
            "storedValue": .string(storedValue.rawValue),
            "ceilingUnit": .integer(ceilingUnit),
        ]
    }
}

// MARK: - Assets and cards

extension Asset {
    fileprivate var canonicalJSON: CanonicalJSON { .string(name) }
}

extension AssetRule {
    fileprivate var canonicalJSON: CanonicalJSON {
        [
            "asset": asset.canonicalJSON,
            "expiry": expiry.canonicalJSON,
            "worth": worth?.canonicalJSON ?? .null,
            "redeemed": redeemedShare.canonicalJSON,
            "convert": conversion?.canonicalJSON ?? .null,
        ]
    }
}

extension AssetRule.Conversion {
    fileprivate var canonicalJSON: CanonicalJSON {
        ["each": .integer(block), "give": .integer(amount), "into": asset.canonicalJSON]
    }
}

extension Expiry {
    fileprivate var canonicalJSON: CanonicalJSON {
        switch self {
        case .never: "never"
        case .days(let days): ["days": .integer(days)]
        case .monthEnd(let months): ["monthEnd": .integer(months)]
        case .yearEnd(let years): ["yearEnd": .integer(years)]
        case .dayOfYear(let month, let day, let years):
            [
                "month": .integer(Int64(month)), "day": .integer(Int64(day)),
                "years": .integer(years),
            ]
        case .on(let date): ["on": .string(date.description)]
        }
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
            "completion": completion.map { completion in
                ["give": .integer(completion.amount), "of": completion.asset.canonicalJSON]
            } ?? .null,
            "next": .text(next),
            "welcome": .integer(welcomeStamps),
            "expiry": expiry.canonicalJSON,
        ]
    }
}

extension CardExpiry {
    fileprivate var canonicalJSON: CanonicalJSON {
        switch self {
        case .never: "never"
        case .fromFirstStamp(let days): ["fromFirst": .integer(days)]
        case .fromLastStamp(let days): ["fromLast": .integer(days)]
        }
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

// MARK: - Rules

extension Rule {
    fileprivate var canonicalJSON: CanonicalJSON {
        [
            "id": .string(id),
            "gift": gift.canonicalJSON,
            "of": gift.asset.canonicalJSON,
            "when": conditions.canonicalJSON,
            "group": .text(group),
            "caps": .array(caps.map(\.canonicalJSON)),
            "pendingDays": .integer(pendingDays),
            "carryRemainder": .bool(carriesRemainder),
            "stacks": .bool(stacks),
        ]
    }
}

extension Gift {
    fileprivate var canonicalJSON: CanonicalJSON {
        switch self {
        case .perAmount(let give, let per, _): ["per": .integer(per), "give": .integer(give)]
        case .rate(let rate, _): ["rate": rate.canonicalJSON]
        case .perUnit(let give, let per, _): ["perUnits": .integer(per), "give": .integer(give)]
        case .perSale(let give, _): ["perSale": .integer(give)]
        case .bonus(let give, _): ["bonus": .integer(give)]
        case .multiply(let rate, _): ["multiply": rate.canonicalJSON]
        case .instantWin(let odds, let stock, let give, _):
            ["odds": odds.canonicalJSON, "stock": .integer(stock), "give": .integer(give)]
        }
    }
}

extension Rate {
    /// As it is written, so that 2/4 and 1/2 are two spellings, each with its own identity.
    fileprivate var canonicalJSON: CanonicalJSON { .string(description) }
}

extension Cap {
    fileprivate var canonicalJSON: CanonicalJSON {
        [
            "per": .string(scope.rawValue), "each": .string(period.rawValue),
            "max": .integer(max),
        ]
    }
}

extension Conditions {
    fileprivate var canonicalJSON: CanonicalJSON {
        [
            "on": .string(occasion.rawValue),
            "from": .text(firstDate?.description),
            "through": .text(lastDate?.description),
            "weekdays": .sorted(weekdays),
            "monthDays": .sorted(monthDays),
            "hours": minutes.map {
                [.integer(Int64($0.lowerBound)), .integer(Int64($0.upperBound))]
            } ?? .null,
            "stores": .sorted(stores),
            "tills": .sorted(tills),
            "cashiers": .sorted(cashiers),
            "evidence": .sorted(Set(evidence.map(\.rawValue))),
            "tiers": .sorted(tiers),
            "birthday": .text(birthday?.rawValue),
            "first": .text(first?.rawValue),
            "awayDays": .number(awayDaysMin),
            "amountMin": .number(amountMin),
            "amountOf": .string(amountOf.rawValue),
            "quantityMin": .number(quantityMin),
            "include": include?.canonicalJSON ?? .null,
            "exclude": exclude?.canonicalJSON ?? .null,
            "codes": .sorted(codes),
            "streak": .number(streakDays),
            "repeats": .bool(streakRepeats),
            "referral": referral.map {
                ["role": .string($0.role.rawValue), "at": .string($0.step.rawValue)]
            } ?? .null,
            "subject": .text(subject),
            "visit": .bool(opensVisit),
            "holds": holds.map {
                ["asset": $0.asset.canonicalJSON, "min": .integer($0.min)]
            } ?? .null,
        ]
    }
}

extension LineFilter {
    fileprivate var canonicalJSON: CanonicalJSON {
        ["skus": .sorted(skus), "categories": .sorted(categories), "labels": .sorted(labels)]
    }
}

// MARK: - Rewards and tiers

extension Reward {
    /// The code only where there is one, so that programmes without codes keep their digests.
    fileprivate var canonicalJSON: CanonicalJSON {
        var members: [CanonicalJSON.Member] = [
            .init("id", .string(id)),
            .init("title", title.canonicalJSON),
            .init("benefit", benefit.canonicalJSON),
            .init(
                "cost",
                cost.map { ["give": .integer($0.amount), "of": $0.asset.canonicalJSON] } ?? .null
            ),
            .init("when", conditions.canonicalJSON),
            .init("caps", .array(caps.map(\.canonicalJSON))),
        ]
        if let code { members.append(.init("code", .integer(code))) }
        return .object(members)
    }
}

extension Reward.Benefit {
    fileprivate var canonicalJSON: CanonicalJSON {
        switch self {
        case .freeUnits(let units): ["freeUnits": .integer(units)]
        case .amountOff(let amount): ["amountOff": .integer(amount)]
        case .percentOff(let rate, let max):
            ["percentOff": rate.canonicalJSON, "max": .number(max)]
        case .pays(let rate): ["pays": rate.canonicalJSON]
        case .cheapestFree: "cheapestFree"
        case .handOver: "handOver"
        case .gives(let amount, let asset):
            ["gives": .integer(amount), "of": asset.canonicalJSON]
        }
    }
}

extension TierLadder {
    fileprivate var canonicalJSON: CanonicalJSON {
        [
            "counter": .string(counter.rawValue),
            "window": window.canonicalJSON,
            "downgrade": .string(downgrade.rawValue),
            "levels": .array(
                tiers.map {
                    [
                        "id": .string($0.id), "title": $0.title.canonicalJSON,
                        "min": .integer($0.min),
                    ]
                }
            ),
        ]
    }
}

extension TierLadder.Window {
    fileprivate var canonicalJSON: CanonicalJSON {
        switch self {
        case .lifetime: "lifetime"
        case .calendarYear: "calendarYear"
        case .rollingMonths(let months): ["rollingMonths": .integer(months)]
        }
    }
}

extension CanonicalJSON {
    fileprivate static func text(_ text: String?) -> Self { text.map(Self.string) ?? .null }

    fileprivate static func number(_ number: Int64?) -> Self {
        number.map(Self.integer) ?? .null
    }

    fileprivate static func sorted(_ texts: Set<String>) -> Self {
        .array(
            texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map(Self.string)
        )
    }

    fileprivate static func sorted(_ numbers: Set<Int>) -> Self {
        .array(numbers.sorted().map { .integer(Int64($0)) })
    }
}
