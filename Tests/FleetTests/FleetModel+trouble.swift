import LedgerDB
import LoyaltyCore
import SyncWire

@testable import LedgerDB
@testable import StampAgent

// What customers, operators, the mains and time do; and the peace in which all must come right.
extension FleetModel {
    /// Most steps that a drain may take: five for each batch, were it one entry, and a few to
    /// find out where HQ stands.
    static let drainStepCountMax = 400
    /// The longest drain: the slow lane's pause twice, for each time that a store may be sent
    /// back once more before it knows where HQ stands.
    static let drainMsMax: Int64 = 3_600_000

    mutating func makeTrouble() throws(Violation) {
        let index = generator.below(devices.count)
        switch generator.below(1_000) {
        case 0..<640: record(index)
        case 640..<670: stop(index, isPowerCut: generator.chance(500))
        case 670..<700: jumpClock(index)
        case 700..<740: try forget(index)
        case 740..<780: handInOldAck()
        case 780..<820: carryOldBatch()
        case 820..<850: stopHQ()
        case 850..<865: hq.copy()
        case 865..<872:
            hq.confirm()
            counts.releases += 1
            for index in released.indices {
                released[index] = max(released[index], hq.logs[index].prunable)
            }
        case 872..<878: restoreHQ()
        case 878..<882: nowMs += Int64(generator.below(20)) * 86_400_000
        default: nowMs += Int64(generator.below(60_000))
        }
    }

    /// A till records something, unless the ledger is at work.
    mutating func record(_ index: Int) {
        guard devices[index].isUp, devices[index].write == nil else { return }
        begin(.entry, index)
    }

    /// The power or the process goes.
    private mutating func stop(_ index: Int, isPowerCut: Bool) {
        guard devices[index].isUp else { return }
        if devices[index].write != nil { counts.lostUnsynced += 1 }
        devices[index].stop()
        if isPowerCut {
            counts.powerCuts += 1
            if generator.chance(400) { jumpClock(index) }
        } else {
            counts.kills += 1
        }
        let isNewBoot = isPowerCut
        schedule(
            .deviceUp(device: index, isNewBoot: isNewBoot),
            after: Int64(1 + generator.below(30_000))
        )
    }

    /// The wall clock is set, well or badly; nothing tells the store that it is wrong.
    private mutating func jumpClock(_ index: Int) {
        counts.clockJumps += 1
        devices[index].isSynchronised = generator.chance(300)
        let dayMs: Int64 = 86_400_000
        let sign: Int64 = generator.chance(500) ? 1 : -1
        devices[index].wallOffsetMs =
            if devices[index].isSynchronised {
                sign * Int64(generator.below(200))
            } else {
                switch generator.below(5) {
                case 0: sign * Int64(generator.below(5_000))
                case 1: sign * 3_600_000 * Int64(1 + generator.below(24))
                case 2: sign * dayMs * Int64(1 + generator.below(400))
                case 3: dayMs * 365 * Int64(1 + generator.below(30))
                default: -nowMs  // 1970: the battery is dead
                }
            }
    }

    /// The store prunes, by the ledger's own rule.
    private mutating func forget(_ index: Int) throws(Violation) {
        let device = devices[index]
        guard device.isUp, device.write == nil else { return }
        let reading = device.reading(nowMs)
        let marks =
            mutant == .prunesAtReceived
            ? Watermarks(
                received: device.watermarks.received,
                posted: device.watermarks.posted,
                prunable: device.watermarks.received
            ) : device.watermarks
        let last = marks.lastPrunable(head: device.headSequence, quality: reading.quality)
        let horizonMs = reading.wall.unixMs - Ledger.keptDayCount * 86_400_000
        var first = device.first
        while first <= last, device.log[Int(first) - 1].at.wall.unixMs < horizonMs { first += 1 }
        counts.forgotten += Int(first - device.first)
        guard first - 1 <= released[index] else {
            throw broken(
                .prunedWhenReleased,
                "store \(index) forgot \(first - 1), HQ released \(released[index])"
            )
        }
        devices[index].first = first
    }

    /// A relay or a stick brings an acknowledgement that HQ signed some time ago.
    private mutating func handInOldAck() {
        guard !oldAcks.isEmpty else { return }
        let (index, ack) = oldAcks[generator.below(oldAcks.count)]
        guard devices[index].isUp, devices[index].write == nil else { return }
        counts.carried += 1
        take(ack, index, isDirect: false)
    }

    /// A relay or a stick brings a batch that a store signed some time ago.
    private mutating func carryOldBatch() {
        guard !oldRequests.isEmpty else { return }
        var request = oldRequests[generator.below(oldRequests.count)]
        request.isCarried = true
        request.isCopy = true
        request.isLive = false
        counts.carried += 1
        schedule(.arrival(request), after: Int64(1 + generator.below(100)))
    }

    private mutating func stopHQ() {
        guard hq.isUp else { return }
        counts.hqCrashes += 1
        if hq.write != nil { counts.hqWritesLost += 1 }
        hq.stop()
        schedule(.hqUp, after: Int64(1 + generator.below(60_000)))
    }

    /// HQ's disk dies, and a copy takes its place.
    private mutating func restoreHQ() {
        guard hq.isUp, hq.restore(&generator) else { return }
        counts.restores += 1
        hq.stop()
        schedule(.hqUp, after: Int64(1 + generator.below(60_000)))
        for index in compared.indices {
            compared[index] = min(compared[index], hq.logs[index].lines.count)
        }
    }

    // MARK: - Peace

    /// Ends all faults but those of clocks, waits for everything to drain, and compares.
    mutating func makePeace() throws(Violation) {
        isPeace = true
        defer { isPeace = false }
        events.removeAll { if case .arrival = $0.event { true } else { false } }
        let startedMs = nowMs
        let missingCount = devices.indices.reduce(0) { sum, index in
            sum + devices[index].log.count - hq.logs[index].lines.count
        }
        let stepCountMax = stepCount + Self.drainStepCountMax + 6 * missingCount
        // A store that HQ went back behind learns it when it has something to say.
        var isHeard = Array(repeating: false, count: devices.count)
        while true {
            for index in devices.indices where !isHeard[index] && devices[index].isUp {
                guard devices[index].write == nil else { continue }
                isHeard[index] = true
                record(index)
            }
            if isHeard.allSatisfy(\.self), hq.write == nil,
                devices.indices.allSatisfy({ isDrained($0) })
            {
                break
            }
            guard stepCount < stepCountMax, nowMs < startedMs + Self.drainMsMax,
                !events.isEmpty
            else { throw broken(.drains, drainState) }
            try step()
        }
        counts.drains += 1
        for index in devices.indices { try compare(index) }
    }

    private func isDrained(_ index: Int) -> Bool {
        let device = devices[index]
        return device.isUp && device.write == nil
            && device.watermarks.received == device.headSequence
            && hq.logs[index].lines.count == device.log.count
    }

    private var drainState: String {
        devices.indices.map { index in
            let device = devices[index]
            return "store \(index): \(device.headSequence) entries,"
                + " \(device.watermarks), HQ \(hq.logs[index].lines.count),"
                + " problem \(device.plan.problem ?? "none")"
        }
        .joined(separator: "; ")
    }

    /// Both ends hold what was beeped, byte for byte, and HQ knows when it happened.
    private mutating func compare(_ index: Int) throws(Violation) {
        let device = devices[index]
        let held = hq.logs[index]
        guard device.beeped.count == device.log.count, held.lines.count == device.beeped.count
        else {
            throw broken(
                .nothingLost,
                "store \(index): \(device.beeped.count) beeped, \(device.log.count) kept,"
                    + " HQ \(held.lines.count)"
            )
        }
        for place in compared[index]..<held.lines.count {
            guard held.lines[place] == device.log[place].line,
                held.lines[place].hash == device.beeped[place],
                held.bookedCounts[place] == 1
            else { throw broken(.sameBytes, "store \(index), entry \(place + 1)") }
        }
        try time(index, from: compared[index])
        compared[index] = held.lines.count
    }

    /// Reckons when each new entry happened, from the log alone.
    private mutating func time(_ index: Int, from start: Int) throws(Violation) {
        let log = devices[index].log
        var before = log[..<start].last { $0.anchor != nil }.flatMap(\.asAnchor)
        var after: Anchor?
        var afterPlace = start - 1
        for place in start..<log.count {
            let entry = log[place]
            if let anchor = entry.asAnchor { before = anchor }
            if afterPlace < place {
                afterPlace = log[place...].firstIndex { $0.anchor != nil } ?? log.count
                after = afterPlace < log.count ? log[afterPlace].asAnchor : nil
            }
            let receivedAt = WallTime(unixMs: hq.logs[index].receivedAtMs[place])
            let effective =
                mutant == .trustsTheClock
                ? EffectiveTime(
                    of: Moment(
                        wall: entry.at.wall,
                        quality: .ntp,
                        boot: entry.at.boot,
                        sinceBootMs: entry.at.sinceBootMs
                    ),
                    before: nil,
                    after: nil,
                    receivedAt: receivedAt
                )
                : EffectiveTime(
                    of: entry.at,
                    before: before,
                    after: after,
                    receivedAt: receivedAt
                )
            counts.times += 1
            guard effective.earliest.unixMs <= entry.trueMs,
                entry.trueMs <= effective.latest.unixMs,
                effective.earliest <= effective.best, effective.best <= effective.latest
            else {
                throw broken(
                    .trueTime,
                    "store \(index), entry \(place + 1) of \(entry.trueMs): \(effective),"
                        + " \(entry.at)"
                )
            }
        }
    }
}

extension ModelEntry {
    /// The entry as HQ's table of anchors has it.
    var asAnchor: Anchor? {
        anchor.map { Anchor(boot: at.boot, sinceBootMs: at.sinceBootMs, fact: $0) }
    }
}
