import LoyaltyCore

/// What a member did beside buying.
extension RequestFields {
    /// An occasion as the POS reports it.
    struct Reported {
        let occasion: Occasion
        /// The friend whom the member invited.
        var friendCode: String?
        /// A manager's one-time code.
        var managerCode: String?
    }

    /// Most characters of a manager's code: more than any that is right.
    ///
    /// Source: our own bound; codes have eight digits, and a wrong one counts as a try.
    static let managerCodeCharacterCountMax = 16

    /// What each kind of occasion tells beside its kind.
    private static let occasionNames: [Occasion.Kind: Set<String>] = [
        .purchase: [], .join: [], .topUp: [], .checkIn: [], .birthday: [],
        .survey: ["survey", "answer"], .vote: ["vote", "option"],
        .recovery: ["severity", "reason", "managerCode"], .referral: ["step", "friend"],
    ]

    /// What the member did; a purchase where the call says nothing.
    func occasion() throws(CounterProblem) -> Reported {
        guard let value = json["occasion"], value != .null else {
            return Reported(occasion: .purchase)
        }
        let kinds = Occasion.Kind.allCases
        guard let kind = value["kind"]?.stringValue.flatMap(Occasion.Kind.init(rawValue:)) else {
            let known = kinds.map(\.rawValue).joined(separator: ", ")
            throw .field("kind", "of the occasion must be one of \(known)")
        }
        let names = Self.occasionNames[kind] ?? []
        let fields = try RequestFields(value, of: "occasion", names: names.union(["kind"]))
        return switch kind {
        case .purchase: Reported(occasion: .purchase)
        case .join: Reported(occasion: .join)
        case .topUp: Reported(occasion: .topUp)
        case .checkIn: Reported(occasion: .checkIn)
        case .birthday: Reported(occasion: .birthday)
        case .survey: Reported(occasion: try fields.survey())
        case .vote:
            Reported(
                occasion: .vote(try fields.identifier("vote"), option: try fields.word("option"))
            )
        case .recovery: try fields.recovery()
        case .referral: try fields.referral()
        }
    }

    /// Refuses what only a purchase has, and an amount where nothing is paid.
    func refuseBasket(of occasion: Occasion) throws(CounterProblem) {
        guard occasion != .purchase else { return }
        var names = [
            "lines", "redeem", "payFromValue", "orderDiscount", "untaxed", "paidWithPoints",
        ]
        if !occasion.isPaid { names.append("amount") }
        for name in names where json[name] ?? .null != .null {
            throw .field(name, "must be left out: a \(occasion.kind.rawValue) has none")
        }
    }

    private func survey() throws(CounterProblem) -> Occasion {
        let answer = try amount("answer")
        guard answer <= SaleDetails.surveyAnswerMax else {
            throw .field("answer", "must not be above \(SaleDetails.surveyAnswerMax)")
        }
        return .survey(try identifier("survey"), answer: answer)
    }

    private func recovery() throws(CounterProblem) -> Reported {
        let most = SaleDetails.reasonCharacterCountMax
        guard let reason = try optionalText("reason") else {
            throw .field("reason", "is missing: write why the member is compensated")
        }
        let isPlain = reason.unicodeScalars.allSatisfy { !$0.properties.isControl }
        guard (1...most).contains(reason.unicodeScalars.count), isPlain,
            reason.contains(where: { !$0.isWhitespace })
        else {
            throw .field(
                "reason",
                "must say in 1 to \(most) characters, on one line, why the member is compensated"
            )
        }
        let code = try optionalText("managerCode")
        guard code?.utf8.count ?? 0 <= Self.managerCodeCharacterCountMax else {
            throw .field("managerCode", "must be the eight digits that the manager's app shows")
        }
        return Reported(
            occasion: .recovery(severity: try identifier("severity"), reason: reason),
            managerCode: code
        )
    }

    private func referral() throws(CounterProblem) -> Reported {
        let steps = Referral.Step.allCases.map(\.rawValue).joined(separator: ", ")
        guard let step = try optionalText("step").flatMap(Referral.Step.init(rawValue:)) else {
            throw .field("step", "must be one of \(steps)")
        }
        guard let friend = try memberCode("friend") else {
            throw .field("friend", "is missing: write the code of the friend who was invited")
        }
        return Reported(occasion: .referral(step), friendCode: friend)
    }

    private func identifier(_ name: String) throws(CounterProblem) -> String {
        guard let text = try optionalText(name) else { throw .field(name, "is missing") }
        guard Programme.isIdentifier(text) else {
            throw .field(name, "must be as the programme writes it: 1 to 40 of a-z, 0-9 and -")
        }
        return text
    }
}

extension Occasion {
    /// Whether money is paid, so that the call names an amount.
    var isPaid: Bool { self == .purchase || self == .topUp }
}

extension Unicode.Scalar.Properties {
    fileprivate var isControl: Bool {
        generalCategory == .control || generalCategory == .format
            || generalCategory == .lineSeparator || generalCategory == .paragraphSeparator
    }
}
