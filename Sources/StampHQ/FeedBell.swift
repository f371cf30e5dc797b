import Synchronization

/// Wakes whoever waits for something new in a feed.
final class FeedBell: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<Never>.Continuation] = [:]
        var nextID = 0
    }

    private let state = Mutex(State())

    /// Wakes all who listen.
    func ring() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            return state.listeners.values
        }
        for listener in listeners { listener.finish() }
    }

    /// How many listen now.
    var listenerCount: Int { state.withLock { $0.listeners.count } }

    /// Begins to listen: whoever listens before looking misses nothing.
    ///
    /// - Returns: A stream that ends with the next ring.
    func listen() -> AsyncStream<Never> {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        let id = state.withLock { state in
            state.nextID += 1
            state.listeners[state.nextID] = continuation
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }
}
