import Synchronization

/// What a display or a tool can follow as it happens.
public enum CounterEvent: Hashable, Sendable {
    /// A till shows something else.
    case till(TillView)
    /// The agent's state changed: queue, HQ, scanners, disk.
    case status(AgentStatus)
}

/// Hands every event to whoever follows, and never waits for anyone.
///
/// A follower that reads too slowly loses the oldest events; each event is a whole picture, so the
/// newest is enough.
public final class EventHub: Sendable {
    /// Most events kept for a follower that does not read.
    ///
    /// Source: our own bound; more than ten pictures behind, a display only needs the last.
    public static let bufferCountMax = 64

    private struct Followers: Sendable {
        var nextID = 0
        var continuations: [Int: AsyncStream<CounterEvent>.Continuation] = [:]
        var isFinished = false
    }

    private let followers = Mutex(Followers())

    /// Creates a hub without followers.
    public init() {}

    /// Follows all events from now on.
    ///
    /// - Returns: The events; the stream ends when the hub finishes or the reader lets go of it.
    public func follow() -> AsyncStream<CounterEvent> {
        AsyncStream(bufferingPolicy: .bufferingNewest(Self.bufferCountMax)) { continuation in
            let id: Int? = followers.withLock { followers in
                guard !followers.isFinished else { return nil }
                followers.nextID += 1
                followers.continuations[followers.nextID] = continuation
                return followers.nextID
            }
            guard let id else { return continuation.finish() }
            continuation.onTermination = { [weak self] _ in self?.unfollow(id) }
        }
    }

    /// Hands an event to all followers.
    public func publish(_ event: CounterEvent) {
        for continuation in followers.withLock({ Array($0.continuations.values) }) {
            continuation.yield(event)
        }
    }

    /// Ends all streams, at shutdown.
    public func finish() {
        let all = followers.withLock { followers in
            followers.isFinished = true
            defer { followers.continuations = [:] }
            return Array(followers.continuations.values)
        }
        for continuation in all { continuation.finish() }
    }

    private func unfollow(_ id: Int) {
        followers.withLock { _ = $0.continuations.removeValue(forKey: id) }
    }
}
