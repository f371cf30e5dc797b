public import LoyaltyCore

extension ReplayRefusal {
    /// What fills the refusal's words, each under the name that the words give it.
    public var details: [CanonicalJSON.Member] {
        switch self {
        case .programme(let refusal): refusal.details
        case .dateOutsideDay(let date): [.init("date", .string(date.description))]
        case .memberMissing, .selfReferral, .alreadyMember: []
        }
    }
}

extension ReplayAnswer.Explanation {
    /// Says each step and each refusal in some languages, beside its numbers.
    public init(_ explanations: [Explanation]) {
        self.init { step in
            guard case .object(var members) = step.canonicalJSON else { return .null }
            for explanation in explanations {
                let language = explanation.words.language.rawValue
                members.append(.init(language, .string(explanation.say(step))))
            }
            return .object(members)
        } refusal: { refusal in
            var members: [CanonicalJSON.Member] = [.init("reason", .string(refusal.code))]
            members += refusal.details
            for explanation in explanations {
                let said = explanation.say(refusal: refusal.code, refusal.details)
                let text = said.sentence + (explanation.words.language == .en ? ". " : "。")
                members.append(
                    .init(explanation.words.language.rawValue, .string(text + said.toDo))
                )
            }
            return .object(members)
        }
    }
}
