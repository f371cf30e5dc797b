import Dispatch
import Foundation
import Synchronization

/// The ledger's own thread of work, so that waiting for the disk holds up nobody else.
///
/// A thread and not a queue: a queue hops from thread to thread, and then the kernel's tools, which
/// count per thread, cannot name the ledger's n-th sync.
final class LedgerExecutor: SerialExecutor {
    private let jobs = JobQueue()

    init() {
        Thread { [jobs] in
            Thread.current.name = "ledger"
            jobs.run()
        }.start()
    }

    deinit {
        jobs.end()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        jobs.add(UnownedJob(job), of: self)
    }
}

/// Jobs in the order in which they came, for one thread.
private final class JobQueue: Sendable {
    /// Each keeps its executor: a job may let go of its ledger, and runs to its end all the same.
    private let waiting = Mutex<[(job: UnownedJob, executor: LedgerExecutor)]>([])
    /// Counts the jobs, and one more for the end.
    private let count = DispatchSemaphore(value: 0)

    func add(_ job: UnownedJob, of executor: LedgerExecutor) {
        waiting.withLock { $0.append((job, executor)) }
        count.signal()
    }

    /// Lets `run()` return once all jobs are done.
    func end() {
        count.signal()
    }

    func run() {
        while true {
            count.wait()
            let next = waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            guard let next else { return }
            next.job.runSynchronously(on: next.executor.asUnownedSerialExecutor())
        }
    }
}
