/// Why a programme cannot be in force.
///
/// A `field` names a value as the file does: `amountMax`, `rule base: when.amountMin`,
/// `card latte: guard hours`, `limits.2.max` for the second limit.
public enum ProgrammeError: Error, Equatable {
    /// A name, card or rule identifier that breaks the form.
    case malformedIdentifier(String)
    /// Two parts of one list share an identifier.
    case duplicateIdentifier(String)
    /// Two rewards whose sheets have the same number.
    case duplicateCode(field: String, code: Int64, other: String)
    /// An asset of which two things are said.
    case duplicateAsset(Asset)
    /// A number outside its range.
    case outOfRange(field: String, value: Int64, allowed: ClosedRange<Int64>)
    /// A share above the whole.
    case shareAbove(field: String, share: Rate, most: Int64)
    /// A period that ends before it begins.
    case emptyPeriod(field: String)
    /// A text that is empty or too long to show.
    case unfitText(field: String)
    /// A word for a store, an article or a code that is empty, too long or not to be shown.
    case unfitWord(field: String, word: String)
    /// A currency that is not three capital letters.
    case malformedCurrency(String)
    /// A seller's tax number that is not eight digits.
    case malformedSellerID(String)
    /// No card and no rule: nobody could earn anything.
    case nothingToEarn
    /// A card that the programme does not have.
    case unknownCard(field: String, card: String)
    /// A tier that the programme does not have.
    case unknownTier(field: String, tier: String)
    /// A limit of sales that is not one of a member or of a cashier.
    case unfitScope(field: String, CapScope)
    /// Points that pay without naming which.
    case costMissing(field: String)
    /// A tier whose threshold is not above the one before it, or a first one that is not 0.
    case thresholdUnfit(field: String, value: Int64, above: Int64?)

    /// Something that was paid for and could expire.
    case paidValueExpires(field: String, Asset)
    /// Something that is asked for and that nobody can get.
    case unearnable(field: String, Asset)
    /// A period or a date of which no day lies in the programme.
    case outsideProgramme(field: String)
    /// The last day of the programme, a rule or a reward has passed.
    case ended(field: String, last: BusinessDate, today: BusinessDate)
    /// A reward for more stamps than its card ever holds.
    case costAboveCard(field: String, cost: Int64, most: Int64)
    /// A card that waits for itself to be filled, by way of those that `next` names.
    case cardsInCircle(field: String)
    /// A next card behind one that never becomes anything.
    case nextNeverBegins(field: String)
    /// A tier that nobody can reach, and the most that anybody can count.
    case tierUnreachable(field: String, most: Int64)
    /// Two multipliers on one line, without a word on what they do together.
    case multipliersUnordered(field: String, other: String)
    /// A reward that gives back more than it costs.
    case costsLessThanItGives(field: String, Asset)
    /// A sale that could earn more than can be counted.
    case awardAboveMax(field: String, Asset)
    /// An edition that would not replace the active one.
    case versionNotHigher(version: Int64, active: Int64)
    /// A programme under another name than the active one.
    case nameChanged(name: String, active: String)
}

extension ProgrammeError {
    /// The value that must change, as the file names it; nil where a case is found otherwise.
    public var field: String? {
        switch self {
        case .outOfRange(let field, _, _), .shareAbove(let field, _, _), .emptyPeriod(let field),
            .unfitText(let field), .unfitWord(let field, _), .unknownCard(let field, _),
            .unknownTier(let field, _), .unfitScope(let field, _), .costMissing(let field),
            .thresholdUnfit(let field, _, _), .paidValueExpires(let field, _),
            .unearnable(let field, _), .outsideProgramme(let field),
            .costAboveCard(let field, _, _), .tierUnreachable(let field, _),
            .multipliersUnordered(let field, _), .costsLessThanItGives(let field, _),
            .awardAboveMax(let field, _), .ended(let field, _, _), .cardsInCircle(let field),
            .nextNeverBegins(let field), .duplicateCode(let field, _, _):
            field
        case .duplicateAsset(let asset): "asset \(asset.name): asset"
        case .malformedCurrency: "currency"
        case .versionNotHigher: "version"
        case .nameChanged: "programme"
        case .malformedIdentifier, .duplicateIdentifier, .malformedSellerID, .nothingToEarn: nil
        }
    }
}

extension ProgrammeError: CustomStringConvertible {
    /// What is wrong and how to mend it.
    public var description: String {
        switch self {
        case .malformedIdentifier(let text):
            "'\(text)' is no identifier: use 1 to 40 of a-z, 0-9 and -"
        case .duplicateIdentifier(let text): "'\(text)' is used twice: give each its own id"
        case .duplicateCode(let field, let code, let other):
            "\(field) is \(code), as that of reward \(other): give each sheet its own number"
        case .duplicateAsset(let asset): "\(asset.name) is listed twice: keep one"
        case .outOfRange(let field, let value, let allowed):
            "\(field) is \(value): use \(allowed.lowerBound) to \(allowed.upperBound)"
        case .shareAbove(let field, let share, let most):
            "\(field) is \(share), more than all: use at most \(most)"
        case .emptyPeriod(let field): "\(field) ends before it begins: swap the dates"
        case .unfitText(let field):
            "\(field) must have 1 to \(LocalText.characterCountMax) characters, none of them"
                + " control characters"
        case .unfitWord(let field, let word):
            "\(field) has '\(word.prefix(40))': use 1 to \(Conditions.wordCharacterCountMax)"
                + " characters, none of them control characters"
        case .malformedCurrency(let text):
            "'\(text)' is no currency: use its three capital letters, such as TWD"
        case .malformedSellerID(let text):
            "'\(text)' is no tax number: use its eight digits, in quotation marks"
        case .nothingToEarn: "there is no card and no rule: add one"
        case .unknownCard(let field, let card):
            "\(field) names the card '\(card)': add it to 'cards', or name another"
        case .unknownTier(let field, let tier):
            "\(field) names the tier '\(tier)': add it to 'tiers', or name another"
        case .unfitScope(let field, let scope):
            "\(field) is \(scope.rawValue): use member or cashier"
        case .costMissing(let field):
            "\(field) needs to know what pays: add cost: {give: 1, of: points}"
        case .thresholdUnfit(let field, let value, let above):
            "\(field) is \(value): "
                + (above.map { "use more than \($0)" } ?? "use 0 for the first")
        default: sense
        }
    }

    /// The words of those that the linter finds.
    private var sense: String {
        switch self {
        case .paidValueExpires(_, let asset):
            "\(asset.name) was paid for and may not expire: use never"
        case .unearnable(let field, let asset):
            "\(field) asks for \(asset.name), which nobody can get:"
                + " add a rule or a card that gives it"
        case .outsideProgramme(let field):
            "\(field) names no day of the programme: use its from to its through"
        case .ended("through", let last, let today):
            "the programme ended on \(last), and today is \(today): use a later date"
        case .ended(let field, let last, let today):
            "\(field) was \(last), and today is \(today): use a later date, or remove it"
        case .costAboveCard(let field, let cost, let most):
            "\(field) is \(cost), and its card never holds more than \(most): use 1 to \(most)"
        case .cardsInCircle(let field):
            "\(field) leads back to the card itself, so none of them ever begins:"
                + " leave out the last card's next"
        case .nextNeverBegins(let field):
            "\(field) begins once this card is filled, and without a completion it never is:"
                + " add one"
        case .tierUnreachable(let field, let most):
            "\(field) cannot be reached, nobody counts more than \(most): use \(most) or less"
        case .multipliersUnordered(let field, let other):
            "\(field) and rule \(other) may meet on one line: write policies.multipliers,"
                + " bestWins or stack"
        case .costsLessThanItGives(let field, let asset):
            "\(field) gives back more \(asset.name) than it costs: raise the cost, or give less"
        case .awardAboveMax(let field, let asset):
            "\(field) could give more \(asset.name) for one sale than can be counted"
                + " (\(Programme.awardMax)): lower it, or amountMax"
        case .versionNotHigher(let version, let active):
            "version is \(version), and the active one is \(active): use \(active + 1) or more"
        case .nameChanged(let name, let active):
            "the programme is called \(name), and the active one \(active):"
                + " a programme keeps its name"
        default: ""
        }
    }
}
