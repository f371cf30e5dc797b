import ArgumentParser
import Documents
import Foundation
import LoyaltyCore

/// `stampctl report`: what a shift sold, gave and took back.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Say what a day sold, earned, redeemed and took back.",
        discussion: """
            Asks the agent. What came back stands beside what was sold and is not taken off it. \
            Only entries that the store still has are counted: those of the last thirty days.
            """
    )

    @OptionGroup var agent: AgentOption

    @Option(help: "The till; absent: all tills together.")
    var till: String?

    @Option(help: "The day of trade, such as 2026-11-22; absent: today.")
    var on: String?

    @Option(help: "In which language: both, zh-Hant or en.")
    var lang = Speech.both

    @Flag(help: "Print the agent's answer as JSON.")
    var json = false

    func run() async throws {
        var components = URLComponents()
        components.path = "/v1/report"
        components.queryItems =
            [("till", till), ("on", on)].compactMap { name, value in
                value.map { URLQueryItem(name: name, value: $0) }
            }
        let reply = try await agent.socket.get(components.string ?? components.path)
        guard reply.status == 200 else { throw AgentError.refused(reply) }
        let report = try CanonicalJSON(parsing: reply.content)
        if json { return print(report.text) }
        let status = try await agent.socket.get("/v1/status")
        guard status.status == 200 else { throw AgentError.refused(status) }
        let programme = try CanonicalJSON(parsing: status.content)["programme"] ?? .null
        let titles = ProgrammeTitles(status: programme)
        for language in lang.languages {
            let explanation = Explanation(try Words.table(language), titles)
            for line in Self.lines(report, explanation) { print(line) }
        }
    }

    /// The report in a language's words.
    static func lines(_ report: CanonicalJSON, _ said: Explanation) -> [String] {
        let till = report["till"]?.stringValue
        let day = ["date": report["date"]?.stringValue ?? "", "till": till ?? ""]
        var lines = [said.words.say(till == nil ? "report.store" : "report.till", day)]
        for (name, kinds) in [
            ("sales", ["earned", "spent"]), ("refunds", ["takenBack", "givenBack"]),
            ("voids", ["takenBack", "givenBack"]),
        ] {
            let sum = report[name] ?? .null
            let values = [
                "count": "\(sum.number("count"))", "amount": said.money(sum.number("amount")),
            ]
            lines.append("  " + said.words.say("report.\(name)", values))
            for kind in kinds {
                let amounts = (sum[kind]?.arrayValue ?? []).compactMap { moved in
                    moved["asset"]?.stringValue.flatMap(Asset.init(name:))
                        .map { said.say(moved.number("amount"), of: $0) }
                }
                guard !amounts.isEmpty else { continue }
                let list = ["amounts": amounts.joined(separator: " · ")]
                lines.append("    " + said.words.say("report.\(kind)", list))
            }
            guard name == "sales" else { continue }
            lines += (report["redeemed"]?.arrayValue ?? []).map { reward in
                let values = [
                    "reward": reward["reward"]?.stringValue ?? "",
                    "count": "\(reward.number("count"))", "cost": "\(reward.number("cost"))",
                    "value": said.money(reward.number("value")),
                ]
                return "    " + said.words.say("report.redeemed", values)
            }
        }
        return lines
    }
}

extension CanonicalJSON {
    fileprivate func number(_ name: String) -> Int64 { self[name]?.integerValue ?? 0 }
}
