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
        keys.finish()
        var replay = ProgrammeReplay(programme, members: known, remembering: .only(keys))
        answers = inputs.map { replay.answer($0) }
        replay.finish()
        summary = replay.summary
        explanation = ReplayAnswer.Explanation(
            try WordTable.Language.allCases.map {
                Explanation(try Repository.words($0), programme: programme)
            }
        )
    }

    private static func lines(_ text: String) -> [(Int, Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { ($0.offset + 1, $0.element) }
            .filter { !$0.1.allSatisfy(\.isWhitespace) }
    }

    /// The answers as facts, one line each; what followed from an input stands indented below it.
    var facts: String {
        answers.flatMap { [$0.facts] + $0.derived.map { "  " + $0.facts } }.joined(separator: "\n")
    }
}

extension ReplayAnswer {
    /// The key, what was decided, and how the member stands, such as
    /// `A1: +6 points; due 215; points=6`.
    var facts: String {
        var facts: [String] = []
        if isRepeat { facts.append("repeat") }
        if isDraft { facts.append("draft") }
        switch outcome {
        case .refusal(let refusal): facts.append("refused \(refusal.code)")
        case .award(let award):
            facts += sums(award)
            facts += award.redeemed.map {
                "\($0.reward) \($0.count) for \($0.cost) off \($0.value)"
            }
            if let due = award.due { facts.append("due \(due)") }
        }
        if let position {
            facts += position.balances.map { "\($0.asset.name)=\($0.amount)" }
            facts += position.pending.map { "\($0.asset.name) pending=\($0.amount)" }
            facts += position.owed.map { "\($0.asset.name) owed=\($0.amount)" }
            if let tier = position.tier { facts.append("tier \(tier.tier.id)") }
        }
        return "\(key): " + facts.joined(separator: "; ")
    }

    /// What was added and what was taken of each asset, in the order of the postings.
    private func sums(_ award: Award) -> [String] {
        var sums: [(name: String, isAdded: Bool, amount: Int64)] = []
        for posting in award.postings {
            let name = posting.asset.name
            let isAdded = posting.amount > 0
            if let index = sums.firstIndex(where: { $0.name == name && $0.isAdded == isAdded }) {
                sums[index].amount += posting.amount
            } else {
                sums.append((name, isAdded, posting.amount))
            }
        }
        return sums.map { "\($0.isAdded ? "+" : "")\($0.amount) \($0.name)" }
    }
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
