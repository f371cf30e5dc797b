/// HQ's signed time, noted beside the store's own clocks when it arrived.
///
/// The entry's moment says when that was by the boot clock; any other moment of the same boot can
/// be told from it.
public struct AnchorFact: Hashable, Sendable {
    /// The longest such time after which HQ's time still says something about the store's.
    ///
    /// Source: our own bound, the longest time that one request may take.
    public static let roundTripMsMax: Int64 = 60_000

    /// What HQ's clock said when it answered, in POSIX milliseconds.
    public let serverMs: Int64
    /// How long before its arrival HQ may have signed it at most, in milliseconds: the age of the
    /// youngest entry that the acknowledgement covers.
    public let roundTripMs: Int64

    /// Creates a fact.
    public init(serverMs: Int64, roundTripMs: Int64) {
        self.serverMs = serverMs
        self.roundTripMs = roundTripMs
    }
}

/// A place in a log at which the true time was known.
public struct Anchor: Hashable, Sendable {
    /// Which boot of the device it was, counted by the ledger from 1.
    public let boot: Int64
    /// Time since that boot when HQ's answer arrived, in milliseconds.
    public let sinceBootMs: Int64
    /// What HQ's clock had said.
    public let fact: AnchorFact

    /// Creates an anchor.
    public init(boot: Int64, sinceBootMs: Int64, fact: AnchorFact) {
        self.boot = boot
        self.sinceBootMs = sinceBootMs
        self.fact = fact
    }
}

/// When something in a store's log truly happened: an interval of UTC, and the likeliest time.
///
/// Told from the log alone, so whoever holds the log comes to the same answer, whatever the store's
/// wall clock said. Source: SYNC.md section 3.11.
public struct EffectiveTime: Hashable, Sendable {
    /// It did not happen before.
    public let earliest: WallTime
    /// It did not happen after.
    public let latest: WallTime
    /// The likeliest time.
    public let best: WallTime

    /// How far a boot clock may run wrong: one millisecond in so many.
    ///
    /// Source: SYNC.md section 3.11, 500 parts in a million, 43 seconds a day.
    static let driftShare: Int64 = 2_000
    /// Reckons when a moment was.
    ///
    /// - Parameters:
    ///   - moment: The entry's moment, by the store's clocks.
    ///   - before: The last anchor of the log before the entry, if there is one.
    ///   - after: The first anchor of the log after it, if there is one.
    ///   - receivedAt: When HQ took the entry in, by HQ's clock.
    public init(of moment: Moment, before: Anchor?, after: Anchor?, receivedAt: WallTime) {
        if let anchored = Self(of: moment, near: [before, after].compactMap(\.self)) {
            self = anchored
        } else if moment.quality == .ntp, let errorMs = moment.quality.errorMaxMs {
            self.init(around: moment.wall.unixMs, errorMs: errorMs)
        } else {
            // Entries of a log follow each other in true time, too.
            let floorMs = before?.fact.serverMs ?? min(0, receivedAt.unixMs)
            let ceilingMs = after.map { $0.fact.serverMs.adding($0.fact.roundTripMs) }
            let latestMs = max(floorMs, min(ceilingMs ?? .max, receivedAt.unixMs))
            let bestMs = min(max(moment.wall.unixMs, floorMs), latestMs)
            self.init(floorMs, latestMs, best: bestMs)
        }
    }

    /// Reckons from the nearest anchor of the same boot; nil if there is none.
    private init?(of moment: Moment, near anchors: [Anchor]) {
        let sameBoot = anchors.filter { $0.boot == moment.boot }
        let distances = sameBoot.map { moment.sinceBootMs.subtracting($0.sinceBootMs) }
        guard
            let index = distances.indices.min(by: {
                distances[$0].magnitude < distances[$1].magnitude
            })
        else { return nil }
        let (fact, distanceMs) = (sameBoot[index].fact, distances[index])
        let driftMs = Int64(clamping: distanceMs.magnitude / UInt64(Self.driftShare)) + 1
        let earliestMs = fact.serverMs.adding(distanceMs)
        self.init(
            earliestMs.subtracting(driftMs),
            earliestMs.adding(fact.roundTripMs).adding(driftMs),
            best: earliestMs.adding(fact.roundTripMs / 2)
        )
    }

    private init(around wallMs: Int64, errorMs: Int64) {
        self.init(wallMs.subtracting(errorMs), wallMs.adding(errorMs), best: wallMs)
    }

    private init(_ earliestMs: Int64, _ latestMs: Int64, best bestMs: Int64) {
        earliest = WallTime(unixMs: earliestMs)
        latest = WallTime(unixMs: latestMs)
        best = WallTime(unixMs: bestMs)
    }
}

extension Int64 {
    /// The sum, at most the largest number: a time beyond all time is only shown.
    fileprivate func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, at least the smallest number.
    fileprivate func subtracting(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
