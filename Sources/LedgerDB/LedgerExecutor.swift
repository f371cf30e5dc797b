import Dispatch

/// The ledger's own thread of work, so that waiting for the disk holds up nobody else.
final class LedgerExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "stampd.ledger.executor")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
