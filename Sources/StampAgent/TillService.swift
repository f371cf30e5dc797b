public import Logging
public import ServiceLifecycle

/// Lets time pass at the tills, and publishes the status when it changed.
///
/// Sleeps until a till's deadline: nothing wakes while nobody is at a till.
public struct TillService: Service {
    private let counter: Counter
    private let logger: Logger

    /// Creates the service; `run()` starts it.
    public init(counter: Counter, logger: Logger) {
        self.counter = counter
        self.logger = logger
    }

    /// Runs until a graceful shutdown or a cancellation.
    public func run() async throws {
        await withTaskGroup { group in
            group.addTask { await closeOverdueTills() }
            group.addTask { await publishStatus() }
            group.addTask { await shutdown() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Ends the group when the agent shuts down.
    private func shutdown() async {
        // Allowed: a cancellation ends the wait just as the shutdown does.
        try? await gracefulShutdown()
    }

    private func publishStatus() async {
        while !Task.isCancelled {
            await waitForFiring(of: counter.statusChanges)
            counter.hub.publish(.status(await counter.status()))
        }
    }

    private func closeOverdueTills() async {
        var deadline: Duration?
        while !Task.isCancelled {
            await waitForChange(until: deadline)
            deadline = await counter.closeOverdue()
        }
    }

    /// Waits until a deadline moves or, if there is one, has come.
    private func waitForChange(until deadline: Duration?) async {
        let rest = deadline.map { max(.zero, $0 - counter.clock.uptime()) }
        await withTaskGroup { group in
            group.addTask { await waitForFiring(of: counter.deadlineChanges) }
            if let rest {
                group.addTask {
                    // Allowed: being cancelled means that the deadline moved first.
                    try? await pause(for: rest)
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func waitForFiring(of signal: Signal) async {
        // Allowed: being cancelled ends the wait, and the caller looks why it waited.
        try? await signal.wait()
    }
}
