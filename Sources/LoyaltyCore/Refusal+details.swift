extension Refusal {
    /// What fills the refusal's words, each under the name that the words give it.
    public var details: [CanonicalJSON.Member] {
        switch self {
        case .programmeNotInForce(let first, let last):
            [
                .init("from", .string(first.description)),
                .init("through", .string(last.description)),
            ]
        case .visitAlreadyStamped(let doubleGrantGuard):
            [.init("guard", doubleGrantGuard.answerJSON)]
        case .amountAboveMax(let amount): [.init("max", .integer(amount))]
        case .amountTooSmall(let least): [.init("least", .integer(least))]
        case .receiptTooOld(let days): [.init("days", .integer(days))]
        case .memberBlocked, .amountNegative, .amountMissing, .receiptFromFuture,
            .receiptOfOtherSeller, .saleOfOtherMember, .saleVoided, .saleUnknown, .overflow,
            .saleOfCashier, .alreadyCheckedIn, .alreadyVoted, .recoveryNotApproved,
            .nothingForOccasion, .redemptionFrozen, .saleTooLarge, .refundOfOtherSale,
            .saleTooOld:
            []
        case .currencyOther(let currency): [.init("currency", .string(currency))]
        case .lineNegative(let line): [.init("line", .integer(Int64(line)))]
        case .tooMany(let most): [.init("most", .integer(Int64(most)))]
        case .rewardUnknown(let reward), .rewardUnavailable(let reward):
            [.init("reward", .string(reward))]
        case .notEnough(let asset, let needed, let held):
            [
                .init("asset", .string(asset.name)), .init("needed", .integer(needed)),
                .init("held", .integer(held)),
            ]
        case .tooOften(let scope): [.init("scope", .string(scope.rawValue))]
        case .refundAboveSale(let left): [.init("left", .integer(left))]
        }
    }
}
