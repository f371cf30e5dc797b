/// Wakes one service when there is work; any number of rings before it looks are one.
struct Wake: Sendable {
    /// A wake for each ring, or for several that came while the service worked.
    let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Wakes the service.
    func ring() {
        continuation.yield()
    }
}
