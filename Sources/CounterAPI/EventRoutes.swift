import Hummingbird
import LoyaltyCore
import NIOCore
import ServiceLifecycle
import StampAgent

/// The live events of a till, for its display and the cashier's page.
///
/// Server-Sent Events (WHATWG HTML, section 9.2). A connection first gets the whole picture, then
/// each change. Nothing wakes while nobody is connected.
struct EventRoutes {
    let counter: Counter
    let heartbeat: Duration

    /// How long a browser waits before it connects again, in milliseconds.
    static let retryMs = 1_000

    private enum Frame: Sendable {
        case event(CounterEvent)
        case heartbeat
    }

    var all: [Route] { [.get("/v1/events", events)] }

    @Sendable private func events(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let till = try till(request.uri.queryParameters["till"])
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream"],
            body: ResponseBody { writer in
                do {
                    try await request.body.consumeWithCancellationOnInboundClose { _ in
                        try await send(till: till, to: &writer)
                    }
                } catch is CancellationError {
                    // The reader went away; there is nobody to tell.
                }
                try await writer.finish(nil)
            }
        )
    }

    /// The till to follow; the first one if the call names none.
    private func till(_ name: Substring?) throws(CounterProblem) -> String {
        guard let name else { return counter.tills[0] }
        guard let till = counter.tills.first(where: { $0 == name })
        else { throw CounterProblem(.unknownTill) }
        return till
    }

    /// Sends the picture and then each change, until the agent shuts down.
    @concurrent
    private func send(till: String, to writer: inout any ResponseBodyWriter) async throws {
        // Followed before the picture is taken, so that no change falls in between.
        let changes = counter.hub.follow()
        let view = await counter.view(of: till)
        let status = await counter.status()
        try await writer.write(ByteBuffer(string: "retry: \(Self.retryMs)\n\n"))
        try await writer.write(text(of: status))
        if let view { try await writer.write(text(of: view)) }
        var lastNumber = view?.number ?? 0

        let (frames, continuation) = AsyncStream.makeStream(
            of: Frame.self,
            bufferingPolicy: .bufferingNewest(EventHub.bufferCountMax)
        )
        try await withThrowingTaskGroup { group in
            group.addTask {
                for await change in changes.cancelOnGracefulShutdown() {
                    continuation.yield(.event(change))
                }
                continuation.finish()
            }
            group.addTask {
                while true {
                    try await pause(for: heartbeat)
                    continuation.yield(.heartbeat)
                }
            }
            for await frame in frames {
                switch frame {
                case .event(.till(let view)) where view.till == till && view.number > lastNumber:
                    lastNumber = view.number
                    try await writer.write(text(of: view))
                case .event(.till): continue
                case .event(.status(let status)): try await writer.write(text(of: status))
                case .heartbeat: try await writer.write(ByteBuffer(string: ":\n\n"))
                }
            }
            group.cancelAll()
        }
    }

    private func text(of view: TillView) -> ByteBuffer {
        ByteBuffer(string: "event: till\nid: \(view.number)\ndata: \(view.json.text)\n\n")
    }

    private func text(of status: AgentStatus) async -> ByteBuffer {
        let json = status.json(programme: await counter.programme)
        return ByteBuffer(string: "event: status\ndata: \(json.text)\n\n")
    }
}
