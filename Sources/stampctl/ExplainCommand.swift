import ArgumentParser
import Documents
import Foundation
import LoyaltyCore

/// `stampctl explain`: why a sale earned what it earned.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a sale earned what it earned.",
        discussion: """
            Asks the agent for the sale and says, step by step and in the words of the display, \
            how its award came about. A refused sale is not kept, and has nothing to explain. \
            Cards, rewards and tiers are called as the programme in force calls them.
            """
    )

    @OptionGroup var agent: AgentOption

    @Option(help: "In which language: both, zh-Hant or en.")
    var lang = Speech.both

    @Flag(help: "Take a name of digits for a sale's key.")
    var key = false

    @Argument(help: "The number of an entry, or the key of a sale.")
    var entry: String

    func run() async throws {
        let socket = agent.socket
        let name: String
        if !key, let number = Int64(entry) {
            let told = try await Self.json("/v1/entries/\(number)", from: socket)
            if told["type"] == "refund" { return try await explainRefund(number, told) }
            guard told["type"] == "award", let key = told["key"]?.stringValue
            else { return print(Self.other(number, told)) }
            let programme = told["programme"]
            print(
                "entry \(number), programme \(programme?["name"]?.stringValue ?? "?")"
                    + " version \(programme?["version"]?.integerValue ?? 0)"
            )
            name = key
        } else {
            name = entry
        }
        let answer = try await Self.json("/v1/sales/\(Self.escaped(name))", from: socket)
        guard answer["decision"] == "award" else { throw ExplainError(name) }
        let head = "sale \(name), entry \(answer["entry"]?.integerValue ?? 0)"
        let explanations = try await explanations()
        for line in Self.lines(head, answer["earned"], answer, explanations) { print(line) }
    }

    /// Says what a refund took back and gave back, and how that came about.
    private func explainRefund(_ number: Int64, _ told: CanonicalJSON) async throws {
        let key = told["refund"]?.stringValue ?? ""
        let answer = try await Self.json("/v1/refunds/\(Self.escaped(key))", from: agent.socket)
        let head =
            "entry \(number) refunds \(told["amount"]?.integerValue ?? 0) of sale"
            + " \(told["key"]?.stringValue ?? "?"), entry \(told["refunds"]?.integerValue ?? 0)"
        let explanations = try await explanations()
        for line in Self.lines(head, answer["postings"], answer, explanations) { print(line) }
    }

    private func explanations() async throws -> [Explanation] {
        let status = try await Self.json("/v1/status", from: agent.socket)
        let titles = ProgrammeTitles(status: status["programme"] ?? .null)
        return try lang.languages.map { Explanation(try Words.table($0), titles) }
    }

    private static func escaped(_ key: String) -> String {
        key.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? key
    }

    /// The answer in words, language by language.
    static func lines(
        _ head: String,
        _ postings: CanonicalJSON?,
        _ answer: CanonicalJSON,
        _ explanations: [Explanation]
    ) -> [String] {
        let amounts = (postings?.arrayValue ?? []).map { posting in
            let amount = posting["amount"]?.integerValue ?? 0
            return "\(amount > 0 ? "+" : "")\(amount) \(posting["asset"]?.stringValue ?? "?")"
        }
        let moved = amounts.isEmpty ? "nothing" : amounts.joined(separator: ", ")
        var lines = ["\(head): \(moved)"]
        for explanation in explanations {
            lines.append("\(explanation.words.language.rawValue):")
            for step in answer["derivation"]?.arrayValue ?? [] {
                // A newer agent may tell steps of which this tool has not heard.
                let said = DerivationStep(canonicalJSON: step).map { explanation.say($0) }
                lines.append("  " + (said ?? step.text))
            }
        }
        return lines
    }

    /// What an entry is that awards nothing.
    private static func other(_ number: Int64, _ told: CanonicalJSON) -> String {
        let type = told["type"]?.stringValue ?? "?"
        guard let voided = told["voids"]?.integerValue
        else { return "entry \(number) is no award but '\(type)'" }
        return "entry \(number) takes the award of entry \(voided) back, whole"
    }

    private static func json(
        _ target: String,
        from socket: AgentSocket
    ) async throws -> CanonicalJSON {
        let reply = try await socket.get(target)
        guard reply.status == 200 else { throw AgentError.refused(reply) }
        return try CanonicalJSON(parsing: reply.content)
    }
}

/// There is nothing to explain.
struct ExplainError: Error, CustomStringConvertible {
    private let key: String

    init(_ key: String) {
        self.key = key
    }

    var description: String {
        "no award is recorded for a sale '\(key)': check the key in the POS or the entries on the"
            + " cashier's page; a refused sale is not kept"
    }
}
