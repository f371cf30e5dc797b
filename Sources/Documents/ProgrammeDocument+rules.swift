import LoyaltyCore

extension ProgrammeDocument {
    /// Reads a rule.
    static func rule(_ value: YAMLValue, _ lists: SKULists) throws(Mistake) -> Rule {
        let fields = try YAMLFields(value, .rule, called: "a rule")
        let id = try fields.text("id", "a name such as base")
        let gift = try gift(fields)
        return Rule(
            id: id,
            conditions: try fields["when"].map { value throws(Mistake) in
                try conditions(value, lists)
            } ?? Conditions(),
            gift: gift,
            group: try fields["group"]?.text("group"),
            caps: try list(fields, "caps", cap),
            pendingDays: try fields.integer("pendingDays", default: 0),
            carriesRemainder: try fields["carryRemainder"]?.bool("carryRemainder") ?? false,
            stacks: try fields["stacks"]?.bool("stacks") ?? false
        )
    }

    private static func gift(_ fields: YAMLFields) throws(Mistake) -> Gift {
        let form = try fields.one(of: ProgrammePart.giftForms, in: "the rule")
        let asset = try fields.asset("of")
        if form != "multiply" { try fields.refuse(["stacks"], besides: form) }
        if !["per", "perUnits", "perSale"].contains(form) {
            try fields.refuse(["give"], besides: form)
        }
        if !["per", "perUnits", "rate"].contains(form) {
            try fields.refuse(["carryRemainder"], besides: form)
        }
        switch form {
        case "per":
            return .perAmount(
                try fields.integer("give"),
                per: try fields.integer("per"),
                asset
            )
        case "perUnits":
            return .perUnit(
                try fields.integer("give"),
                per: try fields.integer("perUnits"),
                asset
            )
        case "perSale":
            try fields["perSale"]?.flag("perSale")
            return .perSale(try fields.integer("give"), asset)
        case "rate": return .rate(try fields.rate("rate"), asset)
        case "bonus": return .bonus(try fields.integer("bonus"), asset)
        case "multiply":
            // It gives nothing itself, so there is nothing of its own to clip or to hold back.
            try fields.refuse(["caps", "pendingDays"], besides: form)
            return .multiply(try fields.rate("multiply"), asset)
        default: return try instantWin(fields, asset)
        }
    }

    private static func instantWin(_ fields: YAMLFields, _ asset: Asset) throws(Mistake) -> Gift {
        let value = try fields.required("win", "{odds: 1/20, stock: 100, give: 1}")
        let win = try YAMLFields(value, .win, called: "win")
        return .instantWin(
            odds: try win.rate("odds"),
            stock: try win.integer("stock"),
            try win.integer("give", default: 1),
            asset
        )
    }
}

extension YAMLFields {
    /// A fraction that must be there.
    func rate(_ name: String) throws(Mistake) -> Rate {
        try required(name, "a number such as 2, 2.3 or 23/10").rate(name)
    }
}
