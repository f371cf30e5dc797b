import Testing

@testable import ScannerIO

struct EventOutboxTests {
    @Test func `events up to the limit wait for the listener`() async {
        var (outbox, events) = make()
        for _ in 0..<EventOutbox.eventCountMax { outbox.send(event, at: .zero) }

        #expect(outbox.deadline == nil)
        var iterator = events.makeAsyncIterator()
        for _ in 0..<EventOutbox.eventCountMax {
            #expect(await iterator.next(isolation: nil) != nil)
        }
    }

    @Test func `what does not fit is counted and reported once there is room`() async {
        var (outbox, events) = make()
        var iterator = events.makeAsyncIterator()
        for _ in 0..<EventOutbox.eventCountMax + 3 { outbox.send(event, at: .zero) }
        #expect(outbox.deadline == .seconds(1))

        outbox.retry(at: .seconds(1))  // nothing has been taken yet
        #expect(outbox.deadline == .seconds(2))

        _ = await iterator.next(isolation: nil)
        outbox.retry(at: .seconds(2))
        #expect(outbox.deadline == nil)

        var last: ScannerEvent?
        for _ in 0..<EventOutbox.eventCountMax { last = await iterator.next(isolation: nil) }
        guard case .problem(.eventsLost(count: 3)) = last else {
            Issue.record("no word of the loss: \(String(describing: last))")
            return
        }
    }

    @Test func `an event after a loss does not overtake its report`() async {
        var (outbox, events) = make()
        var iterator = events.makeAsyncIterator()
        for _ in 0..<EventOutbox.eventCountMax + 1 { outbox.send(event, at: .zero) }
        for _ in 0..<2 { _ = await iterator.next(isolation: nil) }

        outbox.send(.problem(.keyStuck(key: "after")), at: .zero)
        for _ in 0..<EventOutbox.eventCountMax - 2 { _ = await iterator.next(isolation: nil) }
        guard case .problem(.eventsLost(count: 1)) = await iterator.next(isolation: nil),
            case .problem(.keyStuck(key: "after")) = await iterator.next(isolation: nil)
        else {
            Issue.record("wrong order")
            return
        }
    }

    private let event = ScannerEvent.problem(.keyStuck(key: "x"))

    private func make() -> (EventOutbox, AsyncStream<ScannerEvent>) {
        let (stream, continuation) = AsyncStream<ScannerEvent>.makeStream(
            bufferingPolicy: .bufferingOldest(EventOutbox.eventCountMax)
        )
        return (EventOutbox(continuation), stream)
    }
}
