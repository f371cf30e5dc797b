import Glibc

/// Prints figures as one JSON object on one line, at once.
func report(_ figures: KeyValuePairs<String, Double>) {
    let members = figures.map { "\"\($0.key)\": \($0.value)" }
    let line = "{\(members.joined(separator: ", "))}\n"
    _ = line.utf8.withContiguousStorageIfAvailable {
        write(STDOUT_FILENO, $0.baseAddress, $0.count)
    }
}

/// Times of one thing done many times.
struct Samples {
    private var times: [Duration] = []

    /// How many there are.
    var count: Int { times.count }

    /// The sum of all of them.
    var total: Duration { times.reduce(.zero, +) }

    mutating func append(_ time: Duration) {
        times.append(time)
    }

    /// Times what a body does, and keeps that.
    mutating func measure(_ body: () throws -> Void) rethrows {
        let started = monotonicNow()
        try body()
        times.append(monotonicNow() - started)
    }

    /// The time that a share of the samples does not exceed, in milliseconds; 0 without samples.
    func percentileMs(_ percent: Int) -> Double {
        let sorted = times.sorted()
        guard let last = sorted.last else { return 0 }
        return (sorted.dropFirst(sorted.count * percent / 100).first ?? last).inMs
    }

    /// The longest, in milliseconds.
    var maxMs: Double { times.max()?.inMs ?? 0 }
}

/// The middle of some values; 0 if there are none.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

/// The kernel's monotonic clock, by which scans are timed.
func monotonicNow() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

/// The processor time that this process has used, all threads together.
func processorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

extension Duration {
    /// The duration in milliseconds.
    var inMs: Double { self / .milliseconds(1) }
}
