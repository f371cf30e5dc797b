import Synchronization

/// Says that something changed; firing twice before anyone waits is one firing.
///
/// One task waits at a time. An `AsyncStream` would not do: a wait that is cancelled ends it for
/// good, and every later wait would return at once.
final class Signal: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    private enum State {
        case quiet
        case fired
        case awaited(Waiter)

        var waiter: Waiter? {
            if case .awaited(let waiter) = self { waiter } else { nil }
        }
    }

    private let state = Mutex(State.quiet)

    func fire() {
        let waiter = state.withLock { state in
            let waiter = state.waiter
            state = waiter == nil ? .fired : .quiet
            return waiter
        }
        waiter?.resume()
    }

    /// Waits for the next firing, or takes the one that nobody waited for.
    ///
    /// - Throws: `CancellationError`; the signal can be waited for again.
    func wait() async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if case .fired = state {
                        state = .quiet
                        return .success(())
                    }
                    state = .awaited(continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                guard let waiter = state.waiter else { return nil }
                state = .quiet
                return waiter
            }
            waiter?.resume(throwing: CancellationError())
        }
    }
}
