import NIOCore
import NIOPosix

/// Waits on an event loop's timer; the agent's only way to sleep.
///
/// `Task.sleep` would do the same through libdispatch, whose pool of threads, once started, wakes
/// the machine each second to look after itself (docs/adr/0013-tasks-on-event-loops.md).
///
/// - Parameter duration: How long; nothing is waited for below zero.
/// - Throws: `CancellationError`, as soon as the task is cancelled.
public func pause(for duration: Duration) async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.any()
    let timer = loop.scheduleTask(in: TimeAmount(duration)) {}
    do {
        try await withTaskCancellationHandler {
            try await timer.futureResult.get()
        } onCancel: {
            timer.cancel()
        }
    } catch EventLoopError.cancelled {
        throw CancellationError()
    }
}
