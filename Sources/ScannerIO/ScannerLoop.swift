import CDevices
import Glibc
import Logging

/// Everything that happens on the scanner thread.
///
/// One epoll set holds udev, the scanners, and the stop bell. Time-outs are armed only while a
/// node settles, a scan is half read, or an open failed: with nothing going on, nothing wakes.
final class ScannerLoop {
    /// How long after a node came the plan is made.
    ///
    /// A device's nodes come one after the other. Its HID-POS node may follow its keyboard, which
    /// would else be attached first and replaced at once.
    static let settleTime: Duration = .milliseconds(150)

    /// A smaller difference between the clocks is the time between reading one and the other.
    static let sleepMin: Duration = .milliseconds(100)

    private enum Token {
        static let wakeup: UInt64 = 0
        static let udev: UInt64 = 1
        static let directories: UInt64 = 2
        static let firstSlot: UInt64 = 3
    }

    private let settings: ScannerSettings
    private let wakeup: Wakeup
    private let roster: Roster
    private let logger: Logger
    private let poller: Poller
    private let directories: DirectoryWatch
    private var udev: Udev?
    private var outbox: EventOutbox

    private var nodes: [String: DeviceFacts] = [:]
    private var plan = ScannerPlan()
    private var replanAt: Duration?
    private var ports = PortMemory()
    private var slots: [UInt64: ScannerSlot] = [:]
    private var nextToken = Token.firstSlot
    private var slept = MonotonicTime.slept()

    init(
        settings: ScannerSettings,
        wakeup: Wakeup,
        roster: Roster,
        outbox: EventOutbox,
        logger: Logger
    ) throws(DeviceError) {
        self.settings = settings
        self.wakeup = wakeup
        self.roster = roster
        self.outbox = outbox
        self.logger = logger
        poller = try Poller()
        directories = try DirectoryWatch()
    }

    /// Reads scanners until the bell rings.
    ///
    /// - Throws: `DeviceError` if the thread cannot wait any more. A scanner that fails is an
    ///   event, not an error.
    func run() throws(DeviceError) {
        defer { stop() }
        try poller.add(wakeup.fd, token: Token.wakeup, path: "eventfd")
        try poller.add(directories.fd, token: Token.directories, path: "inotify")
        listenToUdev()
        makePlan(at: MonotonicTime.now())

        while true {
            let ready = try poller.wait(until: nextDeadline)
            let now = MonotonicTime.now()
            noticeSleep(at: now)
            for token in ready {
                guard token != Token.wakeup else { return }
                serve(token, at: now)
            }
            expire(at: now)
        }
    }

    private var nextDeadline: Duration? {
        let own = [replanAt, outbox.deadline].compactMap(\.self)
        return (own + slots.values.compactMap(\.deadline)).min()
    }

    private func serve(_ token: UInt64, at now: Duration) {
        switch token {
        case Token.udev: takeUdevChanges(at: now)
        case Token.directories:
            directories.drain()
            openMissing(at: now)
        default: send(slots[token]?.readable(at: now) ?? [], at: now)
        }
    }

    private func expire(at now: Duration) {
        if let replanAt, now >= replanAt { makePlan(at: now) }
        if let deadline = outbox.deadline, now >= deadline { outbox.retry(at: now) }
        for (token, slot) in slots {
            if let deadline = slot.reader?.deadline, now >= deadline {
                send(slot.elapsed(at: now), at: now)
            } else if let retryAt = slot.retryAt, now >= retryAt {
                open(slot, token: token, at: now)
            }
        }
    }

    /// Tells the listener, who will find the snapshot up to date.
    private func send(_ events: [ScannerEvent], at now: Duration) {
        guard !events.isEmpty else { return }
        roster.update(slots.values.compactMap(\.attached))
        for event in events { outbox.send(event, at: now) }
    }

    /// Voids half-read scans after a suspend: the scanner was re-enumerated meanwhile.
    private func noticeSleep(at now: Duration) {
        let total = MonotonicTime.slept()
        defer { slept = total }
        guard total - slept > Self.sleepMin else { return }
        logger.debug("the machine slept", metadata: ["for": "\(total - slept)"])
        for slot in slots.values { send(slot.abandon(at: now), at: now) }
    }

    private func stop() {
        let now = MonotonicTime.now()
        for slot in slots.values { send(slot.close(.shutdown, at: now), at: now) }
        slots = [:]
        roster.update([])
    }
}

// What is plugged in.
extension ScannerLoop {
    /// Listens first and enumerates then, so that nothing plugged in between is missed.
    private func listenToUdev() {
        do throws(DeviceError) {
            let udev = try Udev()
            try poller.add(udev.fd, token: Token.udev, path: "udev")
            nodes = udev.enumerate()
            self.udev = udev
        } catch {
            outbox.send(.problem(.noHotPlug(error)), at: MonotonicTime.now())
        }
    }

    private func takeUdevChanges(at now: Duration) {
        while let change = udev?.receive() {
            switch change {
            case .plugged(let facts):
                logger.debug("node plugged in", metadata: ["node": "\(facts.nodePath)"])
                nodes[facts.sysPath] = facts
                // Its permissions may be what kept it closed.
                for slot in slots.values where slot.plan.sysPath == facts.sysPath {
                    slot.retrySoon(at: now)
                }
                // A serial line echoes until it is opened; only the others have siblings.
                planSoon(at: facts.kind == .tty ? now : now + Self.settleTime)
            case .unplugged(let sysPath):
                guard nodes.removeValue(forKey: sysPath) != nil else { continue }
                planSoon(at: now)
            case .irrelevant: continue
            case .lost:
                logger.debug("udev events were lost")
                nodes = udev?.enumerate() ?? nodes
                planSoon(at: now)
                return
            }
        }
    }

    private func planSoon(at moment: Duration) {
        replanAt = min(replanAt ?? moment, moment)
    }

    /// Makes a new plan, and opens and closes nodes until they fit it.
    private func makePlan(at now: Duration) {
        replanAt = nil
        let devices = PluggedDevice.group(Array(nodes.values))
        let before = plan
        plan = ScannerPlan(devices, under: settings)

        for (token, slot) in slots where !plan.scanners.contains(slot.plan) {
            let isGone = slot.plan.sysPath.map { nodes[$0] == nil } ?? false
            send(slot.close(isGone ? .unplugged : .replaced, at: now), at: now)
            slots[token] = nil
        }
        for problem in ports.update(devices, plan) { outbox.send(.problem(problem), at: now) }
        for problem in plan.problems where !before.problems.contains(problem) {
            outbox.send(.problem(problem), at: now)
        }
        let open = slots.values.map(\.plan)
        for scanner in plan.scanners where !open.contains(scanner) { add(scanner, at: now) }
    }

    private func add(_ scanner: PlannedScanner, at now: Duration) {
        let slot = ScannerSlot(scanner)
        let token = nextToken
        nextToken += 1
        slots[token] = slot
        open(slot, token: token, at: now)
    }

    private func open(_ slot: ScannerSlot, token: UInt64, at now: Duration) {
        let path = slot.plan.info.nodePath
        logger.debug("opening scanner", metadata: ["node": "\(path)"])
        // Watched before the try, so that a name that appears in between is not missed.
        if slot.plan.sysPath == nil { slot.isAwaited = directories.watchDirectory(of: path) }
        let events = slot.open(at: now) { fd throws(DeviceError) in
            try self.poller.add(fd, token: token, path: path)
        }
        send(events, at: now)
    }

    /// Tries the scanners that wait for a name in a directory.
    private func openMissing(at now: Duration) {
        for (token, slot) in slots where slot.isMissing { open(slot, token: token, at: now) }
    }
}
