import Hummingbird
import LoyaltyCore
import NIOCore
import StampAgent
import SyncWire

/// What the stick needs: the log as signed batches out, HQ's acknowledgement in.
///
/// Only on the Unix socket, whose file says who may connect: batches name members.
struct LogRoutes {
    let exchange: LogExchange

    var all: [Route] {
        [
            .get("/v1/log", batch),
            .post("/v1/log/acks", acknowledge),
        ]
    }

    /// One batch after an entry, of the next epoch at an epoch's end; a caller goes on with the
    /// epoch and the last entry that it got.
    @Sendable private func batch(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        // One block for all that may throw: around the exchange alone, the compiler of Swift 6.3.1
        // infers a typed throw, and crashes when it optimises that.
        do {
            try checkSocket(context)
            let logs = try await exchange.logs()
            let head = try await exchange.head()
            var (epoch, after) = try place(request, logs)
            for log in logs.dropLast() where log.epoch == epoch && after >= log.end.sequence {
                (epoch, after) = (logs.first { $0.epoch > log.epoch }?.epoch ?? epoch, 0)
            }
            let batch = try await exchange.batch(epoch: epoch, after: after)
            var response = Response(batch, head: head)
            if let name = HTTPFields.Element.Name("Log-Head-Epoch") {
                response.headers[name] = String(exchange.identity.epoch)
            }
            return response
        } catch let error as LogExchangeError {
            throw CounterProblem(error)
        }
    }

    /// Takes HQ's acknowledgement; safe to send again.
    @Sendable private func acknowledge(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        do {
            try checkSocket(context)
            let content = try await ackContent(of: request)
            let ack = try await exchange.acknowledge(content)
            return Response(json: [
                "received": .integer(ack.received.sequence),
                "posted": .integer(ack.posted),
                "prunable": .integer(ack.prunable),
            ])
        } catch let error as LogExchangeError {
            throw CounterProblem(error)
        }
    }

    /// The place that a caller names; else what HQ lacks first.
    private func place(
        _ request: Request,
        _ logs: [LogExchange.SentLog]
    ) throws(CounterProblem) -> (epoch: Int64, after: Int64) {
        let parameters = request.uri.queryParameters
        guard let text = parameters["after"] else {
            let due = logs.first { $0.received < $0.end.sequence } ?? logs[logs.count - 1]
            return (due.epoch, due.received)
        }
        let after = try sequence(text)
        guard let text = parameters["epoch"]
        else { return (after == 0 ? logs[0].epoch : exchange.identity.epoch, after) }
        guard let epoch = Int64(text), logs.contains(where: { $0.epoch == epoch })
        else { throw .field("epoch", "must be an epoch whose log is here") }
        return (epoch, after)
    }

    private func ackContent(of request: Request) async throws -> [UInt8] {
        do {
            let bytes = try await request.body.collect(upTo: AckV1.byteCountMax)
            return Array(bytes.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw CounterProblem(
                .contentTooLarge,
                "an acknowledgement has at most \(AckV1.byteCountMax) bytes"
            )
        }
    }

    private func sequence(_ text: Substring) throws(CounterProblem) -> Int64 {
        guard let sequence = Int64(text), (0...BatchHeaderV1.sequenceMax).contains(sequence)
        else { throw .field("after", "must be the number of an entry, or 0 for all") }
        return sequence
    }

    private func checkSocket(_ context: CounterContext) throws(CounterProblem) {
        guard context.listener == .socket else {
            throw CounterProblem(.socketOnly, "ask on the agent's Unix socket")
        }
    }
}

extension Response {
    /// A batch as it travels, or nothing; either way with the end of the log.
    init(_ batch: BatchV1?, head: LogPosition) {
        self.init(status: batch == nil ? .noContent : .ok)
        for (name, value) in [
            ("Log-Head-Seq", String(head.sequence)),
            ("Log-Head-Hash", Base64.text(head.hash.bytes)),
        ] {
            if let name = HTTPFields.Element.Name(name) { headers[name] = value }
        }
        guard let batch else { return }
        headers[.contentType] = PushRequestV1.mediaType
        body = ResponseBody(byteBuffer: ByteBuffer(bytes: batch.bytes))
    }
}

extension CounterProblem {
    /// What the exchange's error means to a caller.
    init(_ error: LogExchangeError) {
        switch error {
        case .pruned(let first):
            self.init(
                .logPruned,
                "\(error)",
                extras: [.init("firstAvailable", .integer(first))]
            )
        case .ahead(let head):
            self.init(.cursorAhead, "\(error)", extras: [.init("head", .integer(head))])
        case .ledger(let detail):
            self.init(.notRecorded, detail, extras: [.init("reason", "failed")])
        case .noHQ, .notAnAck, .incredible, .behind: self.init(.ackRefused, "\(error)")
        }
    }
}
