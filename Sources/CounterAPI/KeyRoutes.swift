import Hummingbird
import LoyaltyCore
import StampAgent
import SyncWire

/// The device's key, as an operator changes it; only on the Unix socket.
struct KeyRoutes {
    let exchange: LogExchange

    var all: [Route] { [.post("/v1/key/rotations", rotate)] }

    /// Has the log go on under a new key; safe to send again.
    @Sendable private func rotate(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        guard context.listener == .socket
        else { throw CounterProblem(.socketOnly, "ask on the agent's Unix socket") }
        do {
            let rotation = try await exchange.rotateKey()
            return Response(json: [
                "entry": .integer(rotation.sequence),
                "keyID": .string(rotation.keyID.text),
                "isAcknowledged": .bool(rotation.isAcknowledged),
            ])
        } catch let error as LogExchangeError {
            throw CounterProblem(error)
        } catch {
            throw CounterProblem(.keyKept, "\(error)")
        }
    }
}
