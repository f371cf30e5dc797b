import ArgumentParser
import Documents
import LoyaltyCore

/// The words that the tool shares with the counter's pages; both files are links to the pages'.
enum Words {
    /// The table of a language.
    ///
    /// - Throws: `CanonicalJSONError` if the program was built with a broken table.
    static func table(_ language: WordTable.Language) throws(CanonicalJSONError) -> WordTable {
        switch language {
        case .zhHant: try WordTable(PackageResources.words_zh_Hant_json, language: language)
        case .en: try WordTable(PackageResources.words_en_json, language: language)
        }
    }
}

/// In which languages something is said.
enum Speech: String, CaseIterable, ExpressibleByArgument {
    case both, en
    case zhHant = "zh-Hant"
    case none

    var languages: [WordTable.Language] {
        switch self {
        case .both: WordTable.Language.allCases
        case .en: [.en]
        case .zhHant: [.zhHant]
        case .none: []
        }
    }
}
