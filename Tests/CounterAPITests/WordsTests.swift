import Foundation
import LoyaltyCore
import ScanCodec
import Testing

/// Every code that a page can be told has words, in both languages.
struct WordsTests {
    static let languages = ["zh-Hant", "en"]

    /// One of each refusal of the programme.
    static let refusals: [Refusal] = [
        .memberBlocked,
        .programmeNotInForce(
            firstDate: BusinessDate(dayNumber: 0),
            lastDate: BusinessDate(dayNumber: 1)
        ),
        .visitAlreadyStamped(guard: .businessDay), .amountNegative, .amountAboveMax(1),
        .amountMissing, .amountTooSmall(least: 1), .receiptTooOld(daysMax: 1), .receiptFromFuture,
        .receiptOfOtherSeller, .saleOfOtherMember, .saleVoided, .saleUnknown, .overflow,
        .currencyOther("USD"), .lineNegative(1), .tooMany(1), .rewardUnknown("a"),
        .rewardUnavailable("a"), .notEnough(.points, needed: 1, held: 0), .tooOften(.member),
        .saleOfCashier, .alreadyCheckedIn, .alreadyVoted, .recoveryNotApproved,
        .nothingForOccasion, .redemptionFrozen, .refundAboveSale(left: 1), .saleTooLarge,
        .refundOfOtherSale, .saleTooOld,
    ]

    /// One of each refusal of a scanned code.
    static let codeRefusals: [CodeRefusal] = [
        .empty, .tooLong, .controlCharacters, .notUTF8, .checkDigitsWrong(kind: 4),
        .notYetEnabled(kind: 1), .layoutMismatch(.azerty), .paymentCode, .invoiceDamaged,
        .invoiceDateImpossible, .invoiceAmountOutOfRange, .invoiceAmountNotHex, .unknownCode,
    ]

    /// A case that is added and not listed above stops this from compiling.
    private func isListed(_ refusal: Refusal, _ code: CodeRefusal) -> Bool {
        switch refusal {
        case .memberBlocked, .programmeNotInForce, .visitAlreadyStamped, .amountNegative,
            .amountAboveMax, .amountMissing, .amountTooSmall, .receiptTooOld, .receiptFromFuture,
            .receiptOfOtherSeller, .saleOfOtherMember, .saleVoided, .saleUnknown, .overflow,
            .currencyOther, .lineNegative, .tooMany, .rewardUnknown, .rewardUnavailable,
            .notEnough, .tooOften, .saleOfCashier, .alreadyCheckedIn, .alreadyVoted,
            .recoveryNotApproved, .nothingForOccasion, .saleTooLarge, .redemptionFrozen,
            .refundAboveSale, .refundOfOtherSale, .saleTooOld:
            break
        }
        switch code {
        case .empty, .tooLong, .controlCharacters, .notUTF8, .checkDigitsWrong, .notYetEnabled,
            .layoutMismatch, .paymentCode, .invoiceDamaged, .invoiceDateImpossible,
            .invoiceAmountOutOfRange, .invoiceAmountNotHex, .unknownCode:
            break
        }
        return true
    }

    @Test(arguments: languages)
    func `every refusal has a sentence and says what to do`(language: String) throws {
        let words = try table(language)
        let codes =
            Self.refusals.map(\.code) + Self.codeRefusals.map(\.code)
            + ScanVoid.allCases.map(\.rawValue) + ["other"]

        for code in codes {
            #expect(words["refused.\(code)"]?.isEmpty == false, "\(code)")
            #expect(words["refused.\(code).todo"]?.isEmpty == false, "\(code)")
        }
    }

    /// The codes that the agent writes as text: what the display is told, and the advice.
    @Test(arguments: languages)
    func `every code in the agent's source has words`(language: String) throws {
        let words = try table(language)
        var codeCount = 0
        for file in try Repository.files(in: "Sources/StampAgent") where file.contains("/Counter") {
            let text = try Repository.text(file)
            for match in text.matches(of: /(?:code: |: |\?\? )"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)"/) {
                let code = String(match.output.1)
                // Names of an edge's values, not codes for people.
                guard !["day"].contains(code), !text.contains("_\(code)") else { continue }
                codeCount += 1
                let isRefusal = words["refused.\(code)"] != nil
                let hasWords =
                    isRefusal && words["refused.\(code).todo"] != nil
                    || words["not-recorded.\(code)"] != nil
                        && words["not-recorded.\(code).todo"] != nil
                    || words["advice.\(code)"] != nil
                #expect(hasWords, "\(file): \(code)")
            }
        }
        #expect(codeCount >= 20)
    }

    /// A kind with several sentences has one for each variant.
    @Test(arguments: languages)
    func `every step of a derivation has a sentence`(language: String) throws {
        let words = try table(language)

        for kind in DerivationStep.Kind.allCases {
            let key = "why.\(kind.rawValue)"
            #expect(
                words.keys.contains { $0 == key || $0.hasPrefix("\(key).") },
                "\(kind.rawValue)"
            )
        }
    }

    @Test func `both tables have the same keys and places`() throws {
        let (zhHant, en) = (try table("zh-Hant"), try table("en"))

        #expect(Set(zhHant.keys) == Set(en.keys))
        for (key, text) in zhHant {
            #expect(places(text) == places(en[key] ?? ""), "\(key)")
        }
    }

    @Test func `the table for Traditional Chinese is Chinese`() throws {
        for (key, text) in try table("zh-Hant")
        where !["money.symbol", "language.other"].contains(key) {
            #expect(text.unicodeScalars.contains { $0.properties.isIdeographic }, "\(key)")
        }
    }

    private func table(_ language: String) throws -> [String: String] {
        let text = try Repository.text("Sources/CounterAPI/Page/words.\(language).json")
        guard case .object(let members) = try CanonicalJSON(parsing: text.utf8) else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: members.map { ($0.name, $0.value.stringValue ?? "") }
        )
    }

    private func places(_ text: String) -> Set<String> {
        Set(text.matches(of: /\{(\w+)\}/).map { String($0.output.1) })
    }
}
