import ArgumentParser
import DaemonKit
import Foundation
import LoyaltyCore
import SyncWire

/// `stampctl log`: carries the log to HQ on a stick, and HQ's acknowledgement back.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Carry the log to HQ where no line leads there.",
        subcommands: [LogExport.self, LogAcknowledge.self]
    )
}

/// `stampctl log export`: writes what HQ lacks to a file.
struct LogExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what HQ has not acknowledged to a file, such as one on a stick.",
        discussion: """
            The agent signs; the file needs no secrecy but that of its members. At HQ, 'stamphq \
            import' takes it in and writes the acknowledgement that 'stampctl log acknowledge' \
            brings back. The file appears under its name only when the disk holds all of it.
            """
    )

    @OptionGroup var agent: AgentOption

    @Option(
        help: "The last entry that HQ has; absent: what it acknowledged here. 0 for all epochs."
    )
    var after: Int64?

    @Argument(help: "The file to write.")
    var file: String

    func run() async throws {
        let socket = agent.socket
        var reply = try await Self.batch(nil, after, from: socket)
        guard let first = reply.batch else {
            return print("Nothing to write: the log ends at entry \(reply.head).")
        }
        let end = reply.head
        let draft = try DurableFile.Draft(of: file, mode: 0o640)
        var (epoch, last) = (first.header.epoch, first.header.first - 1)
        var count = 0
        var progress = LogProgress(goal: end)
        // What is recorded meanwhile goes onto the next stick.
        while let batch = reply.batch {
            try draft.append(batch.bytes)
            (epoch, last) = (batch.header.epoch, batch.checkpoint.position.sequence)
            count += batch.bodies.count
            progress.tell(last)
            guard epoch < reply.headEpoch || last < end else { break }
            reply = try await Self.batch(epoch, last, from: socket)
        }
        try draft.finish()
        let begin = epoch == first.header.epoch ? "" : " of epoch \(first.header.epoch)"
        let close = begin.isEmpty ? "" : " of epoch \(epoch)"
        print(
            "\(file): entries \(first.header.first)\(begin) to \(last)\(close), \(count) in all."
                + " At HQ: stamphq import \(file) --acks ACKS"
        )
    }

    /// The agent's batch after an entry, and where the log ends.
    private static func batch(
        _ epoch: Int64?,
        _ after: Int64?,
        from socket: AgentSocket
    ) async throws -> (batch: BatchV1?, head: Int64, headEpoch: Int64) {
        let place = (after.map { "?after=\($0)" } ?? "") + (epoch.map { "&epoch=\($0)" } ?? "")
        let reply = try await socket.get("/v1/log" + place)
        let head = (reply.headSequence ?? 0, reply.headEpoch ?? 1)
        switch reply.status {
        case 200: return (try BatchV1(parsing: reply.content), head.0, head.1)
        case 204: return (nil, head.0, head.1)
        default: throw AgentError.refused(reply)
        }
    }
}

/// `stampctl log acknowledge`: hands HQ's acknowledgement to the agent.
struct LogAcknowledge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge",
        abstract: "Hand the agent the acknowledgement that 'stamphq import --acks' wrote.",
        discussion: "The agent believes it only if HQ's key signed it for this very log."
    )

    @OptionGroup var agent: AgentOption

    @Argument(help: "The file of acknowledgements, one line each; those of other devices stay.")
    var file: String

    func run() async throws {
        guard let bytes = try DurableFile.read(file) else { throw LogCommandError.noFile(file) }
        let status = try await agent.socket.get("/v1/status")
        guard status.status == 200 else { throw AgentError.refused(status) }
        let device = try CanonicalJSON(parsing: status.content)["device"]?.stringValue
        let ours = try bytes.split(separator: UInt8(ascii: "\n")).map(Array.init).filter { line in
            try CanonicalJSON(parsing: line)["dev"]?.stringValue == device
        }
        guard !ours.isEmpty else { throw LogCommandError.noAck(file, device ?? "?") }
        for ack in ours {
            let reply = try await agent.socket.post("/v1/log/acks", json: ack)
            guard reply.status == 200 else { throw AgentError.refused(reply) }
            let taken = try CanonicalJSON(parsing: reply.content)
            print("HQ has the log up to entry \(taken["received"]?.integerValue ?? 0).")
        }
    }
}

/// Tells on standard error how far a long log is, once a second.
struct LogProgress {
    let goal: Int64
    private let clock = ContinuousClock()
    private var toldAt: ContinuousClock.Instant

    init(goal: Int64) {
        self.goal = goal
        toldAt = clock.now
    }

    mutating func tell(_ sequence: Int64) {
        guard clock.now - toldAt >= .seconds(1) else { return }
        toldAt = clock.now
        FileHandle.standardError.write(Data("entry \(sequence) of \(goal)\n".utf8))
    }
}

/// Why a file of acknowledgements is of no use.
enum LogCommandError: Error, CustomStringConvertible {
    case noFile(String)
    case noAck(String, String)

    var description: String {
        switch self {
        case .noFile(let path): "there is no \(path): check the path"
        case .noAck(let path, let device):
            "\(path) acknowledges nothing of this device, \(device): take the file that HQ wrote"
                + " for this store"
        }
    }
}
