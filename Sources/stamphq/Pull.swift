import ArgumentParser
import AsyncHTTPClient
import Foundation
import LoyaltyCore
import NIOCore
import NIOHTTP1
import NIOSSL
import SyncWire

/// `stamphq pull`: fetches a device's log from its agent or from a relay.
struct Pull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetch a device's log from its agent or from a relay.",
        discussion: """
            Asks for what HQ lacks until there is no more, takes each batch in like a push, and \
            hands the signed acknowledgement back. Nothing that answers is trusted: only the \
            device's own signature counts. May be stopped and repeated.
            """
    )

    @OptionGroup var data: DataOption
    @Option(help: "The device's id.")
    var device: String
    @Option(help: "Where the agent or the relay answers, such as https://yongkang.example:8738.")
    var url: String
    @Option(help: "A PEM file with the certificates to trust instead of the system's.")
    var trust: String?

    func validate() throws {
        guard DeviceID(device) != nil else {
            throw ValidationError("A device's id is a UUID of version 7.")
        }
    }

    func run() async throws {
        guard let id = DeviceID(device) else { return }
        try await AdminClient.run(data) { hq in
            let holder = try LogHolder(url: url, trust: trust, hq: hq)
            do {
                try await Self.pull(id, from: holder, to: hq)
            } catch {
                try await holder.end()
                throw error
            }
            try await holder.end()
        }
    }

    private static func pull(_ id: DeviceID, from holder: LogHolder, to hq: AdminClient)
        async throws
    {
        let devices = try await hq.get("/v1/devices").arrayValue ?? []
        guard let known = devices.first(where: { $0["device"]?.stringValue == id.text }),
            var epoch = known["epoch"]?.integerValue
        else { throw CommandError.refused(.unknownDevice(id)) }
        var intake = BatchIntake(hq: hq)
        var place = known["received"]?.integerValue ?? 0
        do {
            while let (bytes, next) = try await Self.batch(id, epoch, place, from: holder) {
                if next != epoch { (epoch, place) = (next, 0) }
                try await intake.take(bytes)
                try intake.finish()
                let received = intake.received(of: id) ?? place
                guard received > place else { throw PullFailure.noProgress(place) }
                place = received
            }
        } catch {
            print(intake.summary)
            throw error
        }
        // The last batch's, or one without a batch: `prunable` may have risen since.
        let ack: CanonicalJSON
        if let last = intake.ack(of: id) {
            ack = last
        } else {
            ack = try await hq.get("/v1/devices/\(id.text)/ack")
        }
        try await holder.acknowledge(ack.bytes, of: id)
        print(intake.summary)
    }
}

extension Pull {
    /// The next batch and its epoch: at an epoch's end, the first of the epoch that follows.
    private static func batch(
        _ id: DeviceID,
        _ epoch: Int64,
        _ place: Int64,
        from holder: LogHolder
    ) async throws -> (bytes: [UInt8], epoch: Int64)? {
        var (epoch, place) = (epoch, place)
        while true {
            do {
                let pull = PullRequestV1(
                    device: id,
                    epoch: epoch,
                    after: place,
                    countMax: BatchV1.entryCountMax
                )
                return try await holder.batch(pull).map { ($0, epoch) }
            } catch PullFailure.refused(let problem) where problem.type == .epochChanged {
                guard let next = problem["epoch"]?.integerValue, next > epoch
                else { throw PullFailure.refused(problem) }
                (epoch, place) = (next, 0)
            }
        }
    }
}

/// Whoever holds a device's log and can be reached: an agent or a relay.
private final class LogHolder {
    private let base: String
    private let authority: String
    private let hq: AdminClient
    private let client: HTTPClient
    /// What the holder's clock is ahead of ours.
    private var offsetMs: Int64 = 0

    /// Longest time for one answer: a batch over a slow line.
    private static let timeout = TimeAmount.seconds(60)

    init(url: String, trust: String?, hq: AdminClient) throws {
        guard let parts = URLComponents(string: url), let host = parts.host,
            let scheme = parts.scheme, parts.path.isEmpty || parts.path == "/",
            scheme == "https" || (scheme == "http" && ["127.0.0.1", "localhost"].contains(host))
        else { throw PullFailure.badURL(url) }
        let isStandardPort = parts.port == nil || parts.port == (scheme == "https" ? 443 : 80)
        authority = isStandardPort ? host : "\(host):\(parts.port ?? 0)"
        base = "\(scheme)://\(authority)"
        self.hq = hq
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let trust { tls.trustRoots = .file(trust) }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow
        )
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func end() async throws {
        try await client.shutdown()
    }

    /// The next batch, or nil if there is none.
    func batch(_ pull: PullRequestV1) async throws -> [UInt8]? {
        try await send("GET", pull.path, query: pull.query, nil)
    }

    func acknowledge(_ ack: [UInt8], of device: DeviceID) async throws {
        _ = try await send("POST", PullRequestV1.acksPath(of: device), query: nil, ack)
    }

    /// Sends a request that HQ signed; a holder whose clock is off gets it once more by its clock.
    private func send(
        _ method: String,
        _ path: String,
        query: String?,
        _ content: [UInt8]?,
        isRetry: Bool = false
    ) async throws -> [UInt8]? {
        var target = path
        if let query { target += "?\(query)" }
        var request = HTTPClientRequest(url: base + target)
        request.method = HTTPMethod(rawValue: method)
        let signed = try await hq.post(
            "/v1/signatures",
            [
                "method": .string(method), "authority": .string(authority),
                "target": .string(target), "offsetMs": .integer(offsetMs),
            ]
        )
        for name in [RequestSignature.inputFieldName, RequestSignature.fieldName] {
            request.headers.add(name: name, value: signed[name]?.stringValue ?? "")
        }
        if let content {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: content))
        }
        let (status, bytes) = try await answer(to: request)
        switch status {
        case 200 where content == nil: return bytes
        case 200, 204: return nil
        default:
            guard let problem = Problem(parsing: bytes) else {
                throw PullFailure.notAHolder(status)
            }
            guard problem.type == .clockSkew, !isRetry,
                let serverMs = problem["serverMs"]?.integerValue
            else { throw PullFailure.refused(problem) }
            offsetMs = serverMs - Int64(Date().timeIntervalSince1970 * 1_000)
            return try await send(method, path, query: query, content, isRetry: true)
        }
    }

    private func answer(to request: HTTPClientRequest) async throws -> (Int, [UInt8]) {
        do {
            let reply = try await client.execute(request, timeout: Self.timeout)
            let body = try await reply.body.collect(upTo: BatchV1.wholeByteCountMax)
            return (Int(reply.status.code), Array(body.readableBytesView))
        } catch {
            throw PullFailure.noAnswer(base, "\(error)")
        }
    }
}

/// Why a log could not be fetched.
private enum PullFailure: Error, CustomStringConvertible {
    case badURL(String)
    case noAnswer(String, String)
    case notAHolder(Int)
    case refused(Problem)
    case noProgress(Int64)

    var description: String {
        switch self {
        case .badURL(let url):
            "'\(url)' is no address of an agent or relay: write https://host:port"
        case .noAnswer(let base, let reason):
            "\(base) does not answer (\(reason)): check address, firewall and --trust"
        case .notAHolder(let status):
            "neither an agent nor a relay answered (HTTP status \(status)): check the address"
        case .refused(let problem): "the log's holder refused: \(problem)"
        case .noProgress(let place):
            "the answer holds nothing after entry \(place); check what answers at this address"
        }
    }
}

extension Problem {
    fileprivate static func unknownDevice(_ device: DeviceID) -> Self {
        Self(.deviceUnknown, "HQ does not know \(device.text); add it with stamphq devices add.")
    }
}
