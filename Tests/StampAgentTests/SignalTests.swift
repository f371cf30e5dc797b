import Testing

@testable import StampAgent

@Suite struct SignalTests {
    @Test func `a firing before the wait ends it at once, and only once`() async throws {
        let signal = Signal()
        signal.fire()
        signal.fire()

        try await signal.wait()

        await expectWaitIsCancelled(signal)
    }

    @Test func `a wait that was cancelled does not end the signal`() async throws {
        let signal = Signal()

        await expectWaitIsCancelled(signal)
        // A signal that had ended would let this one through.
        await expectWaitIsCancelled(signal)

        async let third: Void = signal.wait()
        signal.fire()
        try await third
    }

    private func expectWaitIsCancelled(_ signal: Signal) async {
        await withThrowingTaskGroup { group in
            group.addTask { try await signal.wait() }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }
}
