import ArgumentParser
import Foundation
import LoyaltyCore

/// `stampctl status`: how the agent is, and what to do.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show scanners, queue, last acknowledgement, clock, disk, and what to do.",
        discussion: """
            Asks the agent over its socket; run as root or as a member of the group stampd. Exits \
            with 0 if all is well, with 1 if there is something to do, with 2 if the agent does \
            not answer.
            """
    )

    @OptionGroup var agent: AgentOption

    @Flag(help: "Print the agent's JSON as it is.")
    var json = false

    func run() async throws {
        let bytes: [UInt8]
        do {
            let reply = try await agent.socket.get("/v1/status")
            guard reply.status == 200 else { throw AgentError.refused(reply) }
            bytes = reply.content
        } catch let error as AgentError {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(2)
        }
        let status = try CanonicalJSON(parsing: bytes)
        print(json ? status.text : StatusReport(status).text)
        if status["advice"]?.arrayValue?.isEmpty == false { throw ExitCode(1) }
    }
}

/// The status as lines for a terminal.
struct StatusReport {
    private let status: CanonicalJSON

    init(_ status: CanonicalJSON) {
        self.status = status
    }

    var text: String {
        (heading + scanners + [queue, hq, ledger, redemption, clock] + advice).joined(
            separator: "\n"
        )
    }

    private var heading: [String] {
        let programme = status["programme"]
        return [
            "stampd \(string(status["version"])) of store \(string(status["store"]))",
            "device     \(string(status["device"]))",
            "programme  \(string(programme?["name"])) version \(number(programme?["version"]))",
        ]
    }

    private var scanners: [String] {
        let all = status["scanners"]?.arrayValue ?? []
        return all.isEmpty
            ? ["scanners   none adopted"]
            : all.map { scanner in
                let state = scanner["isAttached"]?.boolValue == true ? "attached" : "unplugged"
                let problem = scanner["problem"]?.stringValue.map { ": \($0)" } ?? ""
                return "scanner    \(string(scanner["label"])) (\(string(scanner["identity"])),"
                    + " till \(string(scanner["till"]))) \(state)\(problem)"
            }
    }

    private var queue: String {
        let queue = status["queue"]
        let age = queue?["oldestAgeSeconds"]?.integerValue.map { ", the oldest for \($0) s" } ?? ""
        return "queue      \(number(queue?["pendingCount"])) entries wait for HQ\(age);"
            + " \(number(queue?["headSequence"])) recorded,"
            + " \(number(queue?["receivedSequence"])) acknowledged"
    }

    private var hq: String {
        let hq = status["hq"]
        guard let url = hq?["url"]?.stringValue else { return "HQ         none configured" }
        let state =
            switch hq?["isOnline"]?.boolValue {
            case true?: "online"
            case false?: "away, next try in \(number(hq?["retryInSeconds"])) s"
            case nil: "not asked yet"
            }
        let last = hq?["lastAckAt"]?.integerValue.map {
            ", last acknowledged \(Date(timeIntervalSince1970: Double($0) / 1_000).ISO8601Format())"
        }
        return "HQ         \(url) \(state)\(last ?? "")"
    }

    private var ledger: String {
        let problem = status["ledgerProblem"]?.stringValue ?? "records"
        let free = (status["freeByteCount"]?.integerValue ?? 0) / 1_048_576
        return "ledger     \(problem), epoch \(number(status["epoch"])); \(free) MiB free"
    }

    private var redemption: String {
        guard status["isFrozen"]?.boolValue == true else { return "redeeming  not frozen" }
        let since = status["freeze"]?["since"]?.integerValue.map {
            " since \(Date(timeIntervalSince1970: Double($0) / 1_000).ISO8601Format())"
        }
        return "redeeming  frozen\(since ?? ""): \(string(status["freeze"]?["reason"]))"
    }

    private var clock: String { "clock      \(string(status["clock"]))" }

    private var advice: [String] {
        let advice = status["advice"]?.arrayValue ?? []
        return advice.isEmpty
            ? ["all is well"] : advice.map { "to do      \(string($0["text"]))" }
    }

    private func string(_ value: CanonicalJSON?) -> String { value?.stringValue ?? "?" }

    private func number(_ value: CanonicalJSON?) -> String {
        value?.integerValue.map(String.init) ?? "?"
    }
}
