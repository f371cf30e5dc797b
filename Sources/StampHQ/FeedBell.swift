import Synchronization
import SyncWire

/// Wakes whoever waits for something new in a feed.
final class FeedBell: Sendable {
    private struct State {
        var listeners: [Int: Listener] = [:]
        var nextID = 0
    }

    private struct Listener {
        let device: DeviceID
        let continuation: AsyncStream<Never>.Continuation
    }

    private let state = Mutex(State())

    /// Wakes all who listen.
    func ring() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            return state.listeners.values
        }
        for listener in listeners { listener.continuation.finish() }
    }

    /// Wakes one device, wherever it listens.
    func ring(for device: DeviceID) {
        let listeners = state.withLock { state in
            let listeners = state.listeners.filter { $0.value.device == device }
            for id in listeners.keys { state.listeners[id] = nil }
            return listeners.values
        }
        for listener in listeners { listener.continuation.finish() }
    }

    /// How many listen now.
    var listenerCount: Int { state.withLock { $0.listeners.count } }

    /// Begins to listen: whoever listens before looking misses nothing.
    ///
    /// - Parameter device: Who listens.
    /// - Returns: A stream that ends with the next ring.
    func listen(_ device: DeviceID) -> AsyncStream<Never> {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        let id = state.withLock { state in
            state.nextID += 1
            state.listeners[state.nextID] = Listener(
                device: device,
                continuation: continuation
            )
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }
}
