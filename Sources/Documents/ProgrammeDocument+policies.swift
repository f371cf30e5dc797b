import LoyaltyCore

extension ProgrammeDocument {
    /// Reads the policies; what is not written has its default.
    static func policies(_ value: YAMLValue) throws(Mistake) -> Policies {
        let fields = try YAMLFields(value, .policies, called: "policies")
        var policies = Policies()
        try fields.read("earningBase", into: &policies.earningBase)
        try fields.read("orderDiscounts", into: &policies.orderDiscounts)
        try fields.read("partialRefund", into: &policies.partialRefund)
        try fields.read("tierGate", into: &policies.tierGate)
        try fields.read("multipliers", into: &policies.multipliers)
        try fields.read("storedValue", into: &policies.storedValue)
        if let value = fields["spendsOwnPoints"] {
            policies.spendsOwnPoints = try value.bool("spendsOwnPoints")
        }
        if let value = fields["redeemingSaleEarns"] {
            policies.redeemingSaleEarns = try value.bool("redeemingSaleEarns")
        }
        if let value = fields["redemptionCeiling"] { policies.ceilingUnit = try ceilingUnit(value) }
        return policies
    }

    private static func ceilingUnit(_ value: YAMLValue) throws(Mistake) -> Int64 {
        if case .text("exact", _) = value.content { return 1 }
        guard case .fields = value.content
        else { throw value.mistake("redemptionCeiling", "exact or {roundedTo: 100}") }
        let fields = try YAMLFields(value, .redemptionCeiling, called: "redemptionCeiling")
        return try fields.integer("roundedTo")
    }

    /// Reads the tiers.
    static func tierLadder(_ value: YAMLValue) throws(Mistake) -> TierLadder {
        let fields = try YAMLFields(value, .tiers, called: "tiers")
        var counter = TierLadder.Counter.spend
        try fields.read("counter", into: &counter)
        var downgrade = TierLadder.Downgrade.never
        try fields.read("downgrade", into: &downgrade)
        _ = try fields.required("levels", "a list of {id: …, title: …, min: …}")
        return TierLadder(
            counter: counter,
            window: try fields["window"].map(window) ?? .lifetime,
            downgrade: downgrade,
            tiers: try list(fields, "levels", tier)
        )
    }

    private static func window(_ value: YAMLValue) throws(Mistake) -> TierLadder.Window {
        switch value.content {
        case .text("lifetime", _): return .lifetime
        case .text("calendarYear", _): return .calendarYear
        case .fields:
            let fields = try YAMLFields(value, .rollingWindow, called: "window")
            return .rollingMonths(try fields.integer("rollingMonths"))
        default: throw value.mistake("window", "lifetime, calendarYear or {rollingMonths: 12}")
        }
    }

    private static func tier(_ value: YAMLValue) throws(Mistake) -> TierLadder.Tier {
        let fields = try YAMLFields(value, .tier, called: "a tier")
        return TierLadder.Tier(
            id: try fields.text("id", "a name such as gold"),
            title: try fields.localText("title"),
            min: try fields.integer("min")
        )
    }

    /// Reads a cap; one for a single sale needs no period.
    static func cap(_ value: YAMLValue) throws(Mistake) -> Cap {
        let fields = try YAMLFields(value, .cap, called: "a cap")
        let scope: CapScope = try fields.required("per", "sale, member, cashier or programme")
            .word("per")
        var period = LimitPeriod.programme
        try fields.read("each", into: &period)
        if scope == .sale { try fields.refuse(["each"], besides: "per: sale") }
        return Cap(scope, each: period, max: try fields.integer("max"))
    }
}

extension YAMLFields {
    /// Replaces a word by the one that is written, if one is.
    func read<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        into word: inout Word
    ) throws(Mistake) where Word.RawValue == String {
        if let value = self[name] { word = try value.word(name) }
    }
}
