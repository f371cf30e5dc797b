import LoyaltyCore

extension ProgrammeDocument {
    /// Reads a reward.
    static func reward(_ value: YAMLValue, _ lists: SKULists) throws(Mistake) -> Reward {
        let fields = try YAMLFields(value, .reward, called: "a reward")
        return Reward(
            id: try fields.text("id", "a name such as pen"),
            title: try fields.localText("title"),
            benefit: try benefit(fields),
            cost: try fields["cost"].map(cost),
            conditions: try fields["when"].map { value throws(Mistake) in
                try conditions(value, lists)
            } ?? Conditions(),
            caps: try list(fields, "caps", cap),
            code: try fields["code"]?.integer("code")
        )
    }

    private static func cost(_ value: YAMLValue) throws(Mistake) -> Reward.Cost {
        let fields = try YAMLFields(value, .cost, called: "cost")
        return Reward.Cost(try fields.integer("give"), try fields.asset("of"))
    }

    private static func benefit(_ fields: YAMLFields) throws(Mistake) -> Reward.Benefit {
        let form = try fields.one(of: ProgrammePart.benefitForms, in: "the reward")
        if form != "percentOff" { try fields.refuse(["max"], besides: form) }
        if form != "gives" { try fields.refuse(["of"], besides: form) }
        switch form {
        case "freeUnits": return .freeUnits(try fields.integer(form))
        case "amountOff": return .amountOff(try fields.integer(form))
        case "percentOff":
            return .percentOff(try fields.rate(form), max: try fields["max"]?.integer("max"))
        case "pays": return .pays(try fields.rate(form))
        case "gives": return .gives(try fields.integer(form), try fields.asset("of"))
        case "cheapestFree":
            try fields[form]?.flag(form)
            return .cheapestFree
        default:
            try fields[form]?.flag(form)
            return .handOver
        }
    }
}
