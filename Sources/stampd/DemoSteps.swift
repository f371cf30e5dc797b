import Foundation
import Synchronization

/// Prints each step of the demo with its time.
final class DemoSteps: Sendable {
    /// The port of the display's page, once it is served.
    let ports: AsyncStream<Int>
    private let portFound: AsyncStream<Int>.Continuation
    private let entries = Mutex(Entries())

    /// Entries of which one end or the other has been told.
    private struct Entries: Sendable {
        var onDisk: Set<Int64> = []
        var onDisplay: Set<Int64> = []
    }

    init() {
        (ports, portFound) = AsyncStream.makeStream()
    }

    func listens(on port: Int) {
        portFound.yield(port)
        portFound.finish()
    }

    /// Tells that an entry is on disk.
    func onDisk(_ entry: Int64, _ detail: String, display: String) {
        let isShown = entries.withLock { entries in
            say("on disk", "entry \(entry): \(detail)")
            entries.onDisk.insert(entry)
            return entries.onDisplay.contains(entry)
        }
        if isShown { say("on display", display) }
    }

    /// Tells that a display has an entry; two streams carry the news, and the disk comes first.
    func onDisplay(_ entry: Int64, display: String) {
        let isTold = entries.withLock { entries in
            entries.onDisplay.insert(entry)
            return entries.onDisk.contains(entry)
        }
        if isTold { say("on display", display) }
    }

    /// Prints one line: the time, what happened, and its detail.
    func say(_ step: String, _ detail: String = "") {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var local = tm()
        localtime_r(&now.tv_sec, &local)
        let time = String(
            format: "%02d:%02d:%02d.%03d",
            local.tm_hour,
            local.tm_min,
            local.tm_sec,
            now.tv_nsec / 1_000_000
        )
        print("\(time)  \(step)\(detail.isEmpty ? "" : " \(detail)")")
        fflush(nil)
    }
}
