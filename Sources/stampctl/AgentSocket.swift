import ArgumentParser
import AsyncHTTPClient
import Foundation
import LoyaltyCore
import NIOCore
import NIOHTTP1

/// Which agent is asked.
struct AgentOption: ParsableArguments {
    @Option(
        name: .customLong("socket"),
        help: "The agent's socket; a running demo's is found by itself."
    )
    var path: String?

    var socket: AgentSocket { AgentSocket(path: path ?? AgentSocket.standardPath()) }
}

/// Speaks with the agent over its socket.
struct AgentSocket {
    let path: String

    /// What the agent answered.
    struct Reply {
        let status: UInt
        /// The last entry of the log, from `Log-Head-Seq`.
        let headSequence: Int64?
        /// The log's epoch, from `Log-Head-Epoch`.
        let headEpoch: Int64?
        let content: [UInt8]
    }

    /// Most bytes of an answer.
    ///
    /// Source: a batch has at most 270,336; a status some thousand.
    static let contentByteCountMax = 1_048_576

    static func standardPath() -> String {
        let paths = ["/run/stampd/stampd.sock", "/tmp/stampd-demo-\(getuid())/stampd.sock"]
        return paths.first { access($0, F_OK) == 0 } ?? paths[0]
    }

    func get(_ target: String) async throws(AgentError) -> Reply {
        try await send(HTTPClientRequest(url: url(target)))
    }

    func post(_ target: String, json: [UInt8]) async throws(AgentError) -> Reply {
        var request = HTTPClientRequest(url: url(target))
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: json))
        return try await send(request)
    }

    private func url(_ target: String) -> String {
        let host = path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? path
        return "http+unix://\(host)\(target)"
    }

    private func send(_ request: HTTPClientRequest) async throws(AgentError) -> Reply {
        guard access(path, F_OK) == 0
        else { throw .noAnswer(path: path, reason: "there is no such socket") }
        do {
            let reply = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            let body = try await reply.body.collect(upTo: Self.contentByteCountMax)
            return Reply(
                status: reply.status.code,
                headSequence: reply.headers.first(name: "Log-Head-Seq").flatMap { Int64($0) },
                headEpoch: reply.headers.first(name: "Log-Head-Epoch").flatMap { Int64($0) },
                content: Array(body.readableBytesView)
            )
        } catch {
            throw .noAnswer(path: path, reason: "\(error)")
        }
    }
}

/// Why the agent did not do what it was asked.
enum AgentError: Error, CustomStringConvertible {
    case noAnswer(path: String, reason: String)
    case refused(AgentSocket.Reply)

    var description: String {
        switch self {
        case .noAnswer(let path, let reason):
            "the agent does not answer on \(path) (\(reason)): see 'systemctl status stampd', and"
                + " run this as root or as a member of the group stampd"
        case .refused(let reply): "the agent refused: \(Self.detail(of: reply))"
        }
    }

    /// The problem's own words, or the status of whatever is no problem.
    private static func detail(of reply: AgentSocket.Reply) -> String {
        let unknown = "HTTP status \(reply.status)"
        do throws(CanonicalJSONError) {
            return try CanonicalJSON(parsing: reply.content)["detail"]?.stringValue ?? unknown
        } catch {
            return unknown
        }
    }
}
