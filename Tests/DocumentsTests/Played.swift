import Documents
import Foundation
import LoyaltyCore

/// A programme's file and a file of sales, played as `stampctl programme try` plays them.
struct Played {
    let answers: [ReplayAnswer]
    let summary: ReplaySummary
    let explanation: ReplayAnswer.Explanation

    /// What every programme of these tests begins with.
    static let head = """
        programme: p
        version: 1
        title: {zh-Hant: 集點, en: Rewards}
        currency: USD
        utcOffset: "+08:00"
        from: 2020-01-01
        through: 2030-12-31
        amountMax: 10000000

        """

    /// Plays lines.
    ///
    /// - Parameters:
    ///   - yaml: The programme, without `head` where it does not begin with `programme:`.
    ///   - members: The lines of the file of members.
    ///   - sales: The lines of the file of sales.
    /// - Throws: `DocumentError` for a mistake in one of them.
    init(_ yaml: String, members: String = "", _ sales: String) throws {
        let text = yaml.hasPrefix("programme:") ? yaml : Self.head + yaml
        let programme = try ProgrammeDocument.programme(from: text, file: "p.yaml")
        let known = try Self.lines(members).map { line, text in
            try ReplayMember(text.utf8, line: line, file: "members.ndjson")
        }
        let inputs = try Self.lines(sales).map { line, text in
            try ReplayInput(
                text.utf8,
                line: line,
                file: "sales.ndjson",
                in: programme.calendar
            )
        }
        var keys = ReplayKeys()
        for input in inputs { keys.note(input) }
        _ = keys.finishReading()  // so few need one reading
        var replay = ProgrammeReplay(programme, members: known, remembering: .only(keys))
        answers = inputs.map { replay.answer($0) }
        replay.finish()
        summary = replay.summary
        explanation = ReplayAnswer.Explanation(
            try WordTable.Language.allCases.map {
                Explanation(try Repository.words($0), ProgrammeTitles(programme))
            }
        )
    }

    private static func lines(_ text: String) -> [(Int, Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { ($0.offset + 1, $0.element) }
            .filter { !$0.1.allSatisfy(\.isWhitespace) }
    }

    /// The answers as lines for people.
    var facts: String { answers.flatMap(\.brief).joined(separator: "\n") }
}

extension ReplayAnswer {
    /// The answer's own line, without what followed from it.
    var facts: String { brief[0] }
}

/// Files of the repository.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func words(_ language: WordTable.Language) throws -> WordTable {
        let path = "Sources/CounterAPI/Page/words.\(language.rawValue).json"
        return try WordTable(text(path).utf8, language: language)
    }
}
