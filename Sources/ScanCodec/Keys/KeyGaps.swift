/// The last gaps between keys of one scan, for the silence that ends a scan without suffix.
struct KeyGaps {
    /// Shortest and longest silence that ends a scan.
    static let silence: ClosedRange<Duration> = .milliseconds(50) ... .milliseconds(200)

    private var gaps = InlineArray<32, Duration>(repeating: .zero)
    private var count = 0

    mutating func append(_ gap: Duration) {
        gaps[count % gaps.count] = gap
        count += 1
    }

    mutating func removeAll() {
        count = 0
    }

    /// Four times the median gap, within `silence`.
    ///
    /// The median, because a wireless scanner's one long gap must not stretch the wait.
    var silenceMax: Duration {
        let known = (0..<min(count, gaps.count)).map { gaps[$0] }.sorted()
        guard !known.isEmpty else { return Self.silence.upperBound }
        let median = known[known.count / 2]
        return min(max(median * 4, Self.silence.lowerBound), Self.silence.upperBound)
    }
}
