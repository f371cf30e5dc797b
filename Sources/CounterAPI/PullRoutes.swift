import Hummingbird
import LoyaltyCore
import NIOCore
import StampAgent
import Synchronization
import SyncWire

/// What HQ asks of a store that it can reach: the log, and room for its acknowledgement.
///
/// Only HQ's pinned key is answered. Problems are those of the wire, since HQ reads them.
struct PullRoutes {
    let exchange: LogExchange
    let gate: PullGate

    var all: [Route] {
        [
            .get("/v1/devices/{device}/log", log),
            .post("/v1/devices/{device}/acks", acknowledge),
        ]
    }

    /// One batch after an entry, at once or when there is one.
    @Sendable private func log(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        do {
            try gate.check(request)
            let pull = try PullRequestV1(device: try device(context), query: request.uri.query)
            if pull.epoch != exchange.identity.epoch { return try await earlierLog(pull) }
            let wait = PullRequestV1.waitSeconds(preference: request.value("prefer"))
            let batch = try await exchange.batch(
                after: pull.after,
                countMax: pull.countMax,
                waiting: .seconds(wait)
            )
            var response = Response(batch, head: try await exchange.head())
            response.describe(batch, pull, head: try await exchange.head())
            return response
        } catch let problem as Problem {
            return Response(problem)
        } catch let error as LogExchangeError {
            return Response(Problem(error))
        }
    }

    /// A batch of a log that ended; at its end, the epoch in which it goes on.
    private func earlierLog(_ pull: PullRequestV1) async throws -> Response {
        let logs = try await exchange.logs()
        guard let log = logs.first(where: { $0.epoch == pull.epoch }),
            pull.after < log.end.sequence
        else {
            let next = logs.first { $0.epoch > pull.epoch }?.epoch
            throw Problem.epochChanged(to: next ?? exchange.identity.epoch)
        }
        let batch = try await exchange.batch(
            epoch: pull.epoch,
            after: pull.after,
            countMax: pull.countMax
        )
        var response = Response(batch, head: log.end)
        response.describe(batch, pull, head: log.end)
        return response
    }

    /// Takes HQ's acknowledgement, the same object as the answer to a push; safe to send again.
    @Sendable private func acknowledge(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        do {
            try gate.check(request)
            _ = try device(context)
            let content = try await request.body.collect(upTo: AckV1.byteCountMax)
            try await exchange.acknowledge(Array(content.readableBytesView))
            return Response(status: .noContent)
        } catch let problem as Problem {
            return Response(problem)
        } catch let error as LogExchangeError {
            return Response(Problem(error))
        } catch is NIOTooManyBytesError {
            return Response(
                Problem(
                    .batchTooLarge,
                    "An acknowledgement has at most \(AckV1.byteCountMax) bytes.",
                    extras: [.init("max", .integer(Int64(AckV1.byteCountMax)))]
                )
            )
        }
    }

    /// The device that the path names, which must be this one.
    private func device(_ context: CounterContext) throws(Problem) -> DeviceID {
        let own = exchange.identity.device
        guard context.parameters.get("device") == own.text
        else { throw Problem(.deviceUnknown, "This agent holds the log of \(own.text) alone.") }
        return own
    }
}

/// Lets HQ in, and nobody else.
final class PullGate: Sendable {
    private let state: Mutex<RequestGuard>
    private let nowMs: @Sendable () -> Int64

    init(key: PublicKey, nowMs: @escaping @Sendable () -> Int64) {
        state = Mutex(RequestGuard(key: key))
        self.nowMs = nowMs
    }

    func check(_ request: Request) throws(Problem) {
        let target = request.head.path ?? ""
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let signable = SignableRequest(
            method: request.method.rawValue,
            authority: request.head.authority ?? "",
            path: parts.first.map(String.init) ?? "",
            query: parts.count > 1 ? String(parts[1]) : nil,
            fields: []
        )
        let nowMs = nowMs()
        let problem: Problem? = state.withLock { state in
            do throws(Problem) {
                try state.check(
                    signable,
                    inputValue: request.value(RequestSignature.inputFieldName),
                    value: request.value(RequestSignature.fieldName),
                    nowMs: nowMs
                )
                return nil
            } catch {
                return error
            }
        }
        if let problem { throw problem }
    }
}

extension Request {
    /// The value of a field, named in lower case; equal fields come joined (RFC 9110 section 5.3).
    fileprivate func value(_ name: String) -> String? {
        let values = headers.filter { $0.name.canonicalName == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }
}

extension Response {
    /// A problem of the wire (RFC 9457).
    fileprivate init(_ problem: Problem) {
        self.init(
            status: HTTPResponse.Status(code: problem.type.status),
            headers: [.contentType: Problem.mediaType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: problem.bytes))
        )
    }

    /// Says which state of the log this is, and where it goes on.
    fileprivate mutating func describe(
        _ batch: BatchV1?,
        _ pull: PullRequestV1,
        head: LogPosition
    ) {
        headers[.eTag] = PullRequestV1.entityTag(epoch: pull.epoch, head: head)
        guard let end = batch?.checkpoint.position.sequence, end < head.sequence,
            let link = HTTPFields.Element.Name("Link")
        else { return }
        let next = pull.continued(after: end)
        headers[link] = "<\(next.path)?\(next.query)>; rel=\"next\""
    }
}

extension Problem {
    /// The log that HQ asked for is not here, or ended: it goes on in another epoch.
    fileprivate static func epochChanged(to epoch: Int64) -> Self {
        Self(
            .epochChanged,
            "The log goes on in epoch \(epoch): ask for that one from entry 1.",
            extras: [.init("epoch", .integer(epoch))]
        )
    }

    /// What the exchange's error means to HQ.
    fileprivate init(_ error: LogExchangeError) {
        switch error {
        case .pruned(let first):
            self.init(
                .logPruned,
                "\(error)",
                extras: [.init("firstAvailable", .integer(first))]
            )
        case .ahead(let head):
            self.init(.cursorAhead, "\(error)", extras: [.init("head", .integer(head))])
        case .ledger: self.init(.hqUnavailable, "\(error)")
        case .noHQ, .notAnAck, .incredible, .behind: self.init(.badRequest, "\(error)")
        }
    }
}
