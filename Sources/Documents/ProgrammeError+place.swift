import LoyaltyCore

extension YAMLValue {
    /// Where a programme's file says what the programme itself found wrong.
    ///
    /// The place of the value; where several could be meant, of the last one, which is the one
    /// that was added.
    func place(of error: ProgrammeError) -> Place {
        let found: YAMLValue? =
            switch error {
            case .malformedIdentifier(let text):
                identifiers.joined().first { $0.isText(text) }
            case .duplicateIdentifier(let text):
                identifiers.map { $0.filter { $0.isText(text) } }.first { $0.count > 1 }?.last
            case .emptyPeriod("the programme"): self["through"]
            case .emptyPeriod(let rule): value(ofField: "\(rule): when.through")
            case .malformedSellerID(let text):
                self["receipts"]?["sellers"]?.elements.last { $0.isText(text) }
            case .nothingToEarn: self["cards"] ?? self["rules"]
            default: error.field.flatMap(value(ofField:))
            }
        return found?.place ?? place
    }

    /// The identifiers that must differ from each other, list by list, and the groups' names.
    private var identifiers: [[YAMLValue]] {
        let lists = ["cards", "rules", "rewards"].map { self[$0]?.elements ?? [] }
        let tiers = self["tiers"]?["levels"]?.elements ?? []
        return [[self["programme"]].compactMap(\.self)]
            + (lists + [tiers]).map { $0.compactMap { $0["id"] } }
            + [(self["rules"]?.elements ?? []).compactMap { $0["group"] }]
    }

    /// The value that a field of `ProgrammeError` names: `card latte: title.en`, `reward pen`,
    /// `amountMax`.
    private func value(ofField field: String) -> YAMLValue? {
        guard field.contains(" ") else { return value(atPath: field) }
        let end = field.firstRange(of: ": ")
        let subject = field[..<(end?.lowerBound ?? field.endIndex)]
            .split(separator: " ", maxSplits: 1)
        let list = subject[0] == "tier" ? self["tiers"]?["levels"] : self["\(subject[0])s"]
        let element = list?.elements.last { element in
            (element["id"] ?? element["asset"])?.isText(subject.last ?? "") ?? false
        }
        guard let element else { return value(atPath: field) }
        return element.value(atPath: end.map { field[$0.upperBound...] } ?? "")
    }

    /// Follows names as far as they lead, past words that are none: `guard hours` and `title.en`
    /// are two names each, `number of cards` is one, `caps.2.max` names a list's second element.
    private func value(atPath path: some StringProtocol) -> YAMLValue? {
        path.split { $0 == "." || $0 == " " }.reduce(self) { value, name in
            if let number = Int(name), value.elements.indices.contains(number - 1) {
                return value.elements[number - 1]
            }
            return value[String(name)] ?? value
        }
    }

    /// The value of a name; nil if there is none, or if this has no names.
    subscript(name: String) -> YAMLValue? {
        guard case .fields(let fields) = content else { return nil }
        return fields.first { $0.name == name }?.value
    }

    private var elements: [YAMLValue] {
        if case .list(let elements) = content { elements } else { [] }
    }

    private func isText(_ text: some StringProtocol) -> Bool {
        if case .text(let own, _) = content { own == text } else { false }
    }
}
