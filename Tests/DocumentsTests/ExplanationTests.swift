import Documents
import Foundation
import LoyaltyCore
import Testing

/// Every step and every refusal has its sentence, in both languages.
///
/// The golden files in Tests/Fixtures/words hold the sentences as people read them. With
/// `STAMPD_WRITE_GOLDEN=1` the tests write them anew; look at the difference before it is kept.
struct ExplanationTests {
    private static let yaml =
        Played.head.replacing("USD", with: "TWD") + """
            cards:
              - {id: latte, title: {zh-Hant: 拿鐵集點卡, en: Latte card},
                 reward: {zh-Hant: 一杯拿鐵, en: a latte}, stamps: 10,
                 completion: {give: 1, of: voucher/latte}}
            rules: [{id: base, give: 1, per: 35}]
            rewards:
              - {id: cup, title: {zh-Hant: 馬克杯, en: Mug}, handOver: true, cost: {give: 30}}
              - {id: free-latte, title: {zh-Hant: 拿鐵, en: Latte}, handOver: true,
                 cost: {give: 1, of: voucher/latte}}
            tiers:
              counter: spend
              levels:
                - {id: green, title: {zh-Hant: 綠卡, en: Green}, min: 0}
                - {id: gold, title: {zh-Hant: 金卡, en: Gold}, min: 3000}
            """

    /// The steps of a kind that have a sentence each.
    private static func steps(_ kind: DerivationStep.Kind) -> [DerivationStep] {
        let stamps = Asset.stamps(ofCard: "latte")
        func step(
            _ subject: String,
            _ asset: Asset? = nil,
            _ numbers: Int64...
        ) -> DerivationStep {
            DerivationStep(kind, subject, asset, numbers)
        }
        switch kind {
        case .visitStamped, .welcomed, .cardChanged, .cardProlonged:
            return [step("latte", stamps, 2)]
        case .visitGuarded: return [step("latte", nil, 0), step("latte", nil, 3)]
        case .cardCompleted: return [step("latte", .voucher("latte"), 10, 1)]
        case .amountEarned: return [step("base", .points, 215, 35, 1, 6)]
        case .amountTooSmall: return [step("base", nil, 34, 35)]
        case .rateEarned: return [step("base", .points, 1_680, 1, 10, 168)]
        case .unitsEarned: return [step("base", stamps, 5, 2, 1, 2)]
        case .saleEarned, .bonusEarned, .won: return [step("base", .points, 1)]
        case .notWon: return [step("base", .points)]
        case .multiplied:
            return [step("base", .points, 2, 1, 12), step("base", .points, 3, 2, 9)]
        case .capped: return [step("base", .points, 12_345, 1_000)]
        case .pending: return [step("base", .points, 20_500)]
        case .carried: return [step("base", .points, 5)]
        case .debtRepaid, .owed, .lapsed: return [step("points", .points, 8)]
        case .valuePaid:
            return [step("value/paid", .paidValue, 1_200), step("value/bonus", .bonusValue, 50)]
        case .redeemed:
            return [
                step("cup", .points, 2, 60, 0), step("cup", .points, 1, 30, 100),
                step("cup", nil, 1, 0, 88),
            ]
        case .paidWith: return [step("cup", .points, 30, 30)]
        case .rewardDropped, .tierReached: return [step(kind == .tierReached ? "gold" : "cup")]
        case .linesIgnored: return [step("A1", nil, 3, 215)]
        case .takenBack, .givenBack:
            return [
                step("points", .points, 6, 100, 215, 2), step("points", .points, 6, 215, 215, 6),
            ]
        case .converted: return [step("points", .voucher("latte"), 2, 2)]
        }
    }

    /// One of each refusal, and one more where another sentence fits it.
    private static let refusals: [ReplayRefusal] =
        [
            Refusal.memberBlocked,
            .programmeNotInForce(
                firstDate: BusinessDate(dayNumber: 20_454),
                lastDate: BusinessDate(dayNumber: 20_818)
            ),
            .visitAlreadyStamped(guard: .businessDay), .visitAlreadyStamped(guard: .hours(3)),
            .amountNegative, .amountAboveMax(100_000), .amountMissing, .amountTooSmall(least: 35),
            .receiptTooOld(daysMax: 3), .receiptFromFuture, .receiptOfOtherSeller,
            .saleOfOtherMember, .saleVoided, .saleUnknown, .overflow, .currencyOther("USD"),
            .lineNegative(2), .tooMany(20), .rewardUnknown("tea"), .rewardUnavailable("cup"),
            .notEnough(.points, needed: 30, held: 1), .tooOften(.member), .tooOften(.cashier),
            .saleOfCashier, .alreadyCheckedIn, .alreadyVoted, .recoveryNotApproved,
            .nothingForOccasion, .redemptionFrozen, .refundAboveSale(left: 40), .saleTooLarge,
            .refundOfOtherSale, .saleTooOld,
        ].map(ReplayRefusal.programme) + [
            .memberMissing, .dateOutsideDay(BusinessDate(dayNumber: 20_500)), .selfReferral,
            .alreadyMember,
        ]

    /// A case that is added and not listed above stops this from compiling.
    private func isListed(_ refusal: Refusal) -> Bool {
        switch refusal {
        case .memberBlocked, .programmeNotInForce, .visitAlreadyStamped, .amountNegative,
            .amountAboveMax, .amountMissing, .amountTooSmall, .receiptTooOld, .receiptFromFuture,
            .receiptOfOtherSeller, .saleOfOtherMember, .saleVoided, .saleUnknown, .overflow,
            .currencyOther, .lineNegative, .tooMany, .rewardUnknown, .rewardUnavailable,
            .notEnough, .tooOften, .saleOfCashier, .alreadyCheckedIn, .alreadyVoted,
            .recoveryNotApproved, .nothingForOccasion, .redemptionFrozen, .refundAboveSale,
            .saleTooLarge, .refundOfOtherSale, .saleTooOld:
            true
        }
    }

    private func explanations() throws -> [Explanation] {
        let programme = try ProgrammeDocument.programme(from: Self.yaml, file: "p.yaml")
        return try WordTable.Language.allCases.map {
            Explanation(try Repository.words($0), ProgrammeTitles(programme))
        }
    }

    @Test func `every kind of step is said in both languages`() throws {
        let explanations = try explanations()
        var text = ""
        for kind in DerivationStep.Kind.allCases {
            text += "\(kind.rawValue)\n"
            for step in Self.steps(kind) {
                #expect(step.numbers.count == kind.numberNames.count, "\(kind)")
                text += explanations.map { "  \($0.say(step))\n" }.joined()
            }
        }

        try expect(text, as: "steps.txt")
        let lines = DerivationStep.Kind.allCases.flatMap(Self.steps).map(\.canonicalJSON.text)
        try expect(lines.joined(separator: "\n") + "\n", as: "steps.ndjson")
    }

    @Test func `every refusal says why and what to do, in both languages`() throws {
        let explanations = try explanations()
        var text = ""
        for refusal in Self.refusals {
            text += "\(refusal.code)\n"
            for explanation in explanations {
                #expect(explanation.words.has("refused.\(refusal.code)"), "\(refusal.code)")
                let said = explanation.say(refusal: refusal.code, refusal.details)
                #expect(!said.sentence.isEmpty && !said.toDo.isEmpty, "\(refusal.code)")
                text += "  \(said.sentence) | \(said.toDo)\n"
            }
        }

        try expect(text, as: "refusals.txt")
    }

    @Test func `every step comes back from its JSON form`() throws {
        for kind in DerivationStep.Kind.allCases {
            for step in Self.steps(kind) {
                let json = try CanonicalJSON(parsing: step.canonicalJSON.bytes)
                #expect(DerivationStep(canonicalJSON: json) == step, "\(kind)")
            }
        }
    }

    @Test func `without a programme identifiers stand for titles`() throws {
        let explanation = Explanation(
            try Repository.words(.en),
            ProgrammeTitles(currency: "TWD")
        )
        let step = DerivationStep(.redeemed, "cup", .points, [1, 30, 0])

        #expect(explanation.say(step) == "cup, 1: for 30 points")
    }

    @Test func `amounts have the places of their currency`() throws {
        let words = try Repository.words(.en)
        let dollars = Explanation(words, ProgrammeTitles(currency: "USD"))
        let taiwan = Explanation(words, ProgrammeTitles(currency: "TWD"))

        #expect(dollars.money(1_234_567) == "$12,345.67")
        #expect(dollars.money(-5) == "-$0.05")
        #expect(taiwan.money(1_234_567) == "$1,234,567")
    }

    private func expect(_ text: String, as name: String) throws {
        let path = "Tests/Fixtures/words/\(name)"
        if ProcessInfo.processInfo.environment["STAMPD_WRITE_GOLDEN"] == "1" {
            let url = Repository.root.appendingPathComponent(path)
            try text.write(to: url, atomically: true, encoding: .utf8)
        }
        let golden = try Repository.text(path)
        for (line, expected) in zip(text.split(separator: "\n"), golden.split(separator: "\n")) {
            #expect(line == expected)
        }
        #expect(text == golden)
        let isWords = name.hasSuffix(".txt")
        #expect(!isWords || !text.contains("{"), "a place without a value")
    }
}
