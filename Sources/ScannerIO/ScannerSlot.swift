import CDevices
import Glibc
import ScanCodec

/// One planned scanner's life: opened, read, lost, and tried again until the plan drops it.
///
/// Every method returns what the listener must hear, in order.
final class ScannerSlot {
    /// A scanner that goes this soon was taken by another program or has a bad cable.
    static let vanishedWithin: Duration = .seconds(1)

    let plan: PlannedScanner

    /// The open node; `nil` while the scanner cannot be read.
    private(set) var reader: (any NodeReader)?

    /// When to try to open the node again.
    private(set) var retryAt: Duration?

    /// Whether the node's directory is watched, so that a missing node needs no retry.
    var isAwaited = false

    /// Whether the node is not there, and its directory will tell when it comes.
    var isMissing: Bool { reader == nil && isAwaited }

    /// The scanner as the listener knows it; `nil` until it is ready.
    private(set) var attached: ScannerInfo?

    private var silenced: [SilencedKeyboard] = []
    private var openedAt: Duration = .zero
    private var backoff = Backoff()
    private var lastProblem: ScannerProblem?

    init(_ plan: PlannedScanner) {
        self.plan = plan
    }

    /// When the slot wants a turn even if nothing can be read.
    var deadline: Duration? { reader?.deadline ?? retryAt }

    /// Opens the node and lets it settle.
    ///
    /// - Parameters:
    ///   - now: The monotonic time.
    ///   - register: Puts the node's descriptor where its input is waited for.
    /// - Returns: What the listener must hear.
    func open(
        at now: Duration,
        register: (CInt) throws(DeviceError) -> Void
    ) -> [ScannerEvent] {
        retryAt = nil
        openedAt = now
        do throws(DeviceError) {
            let reader = try makeReader(at: now)
            self.reader = reader
            try register(reader.fd)
            return try report(reader.start(at: now))
        } catch {
            return fail(error, at: now)
        }
    }

    /// Tries a closed node again at once, since something about it changed.
    func retrySoon(at now: Duration) {
        if retryAt != nil { retryAt = now }
    }

    /// The node has input.
    func readable(at now: Duration) -> [ScannerEvent] {
        turn(at: now) { reader throws(DeviceError) in try reader.readable(at: now) }
    }

    /// The reader's deadline has passed.
    func elapsed(at now: Duration) -> [ScannerEvent] {
        turn(at: now) { reader throws(DeviceError) in try reader.elapsed(at: now) }
    }

    /// The machine slept: the beginning of a scan has no end any more.
    func abandon(at now: Duration) -> [ScannerEvent] {
        guard let reader, reader.abandon(at: now) else { return [] }
        return [.voided(info, .suspended)]
    }

    /// Lets go of the node.
    func close(_ reason: DetachReason, at now: Duration) -> [ScannerEvent] {
        defer {
            reader = nil
            silenced = []
            attached = nil
            retryAt = nil
        }
        var events: [ScannerEvent] = []
        if let reader, reader.abandon(at: now) { events.append(.voided(info, .unplugged)) }
        if let attached { events.append(.detached(attached, reason)) }
        return events
    }

    // MARK: What happened

    private func turn(
        at now: Duration,
        _ body: (any NodeReader) throws(DeviceError) -> [ReadOutcome]
    ) -> [ScannerEvent] {
        guard let reader else { return [] }
        do throws(DeviceError) {
            return try report(body(reader))
        } catch {
            return fail(error, at: now)
        }
    }

    private func report(_ outcomes: [ReadOutcome]) throws(DeviceError) -> [ScannerEvent] {
        outcomes.flatMap { outcome -> [ScannerEvent] in
            switch outcome {
            case .ready: return becomeReady()
            case .scan(let bytes, let aim, let at):
                let scan = Scan(bytes: bytes, aim: aim, scanner: info.key, completedAt: at)
                return [.scan(scan, till: info.till)]
            case .voided(let reason): return [.voided(info, reason)]
            case .keyStuck: return [.problem(.keyStuck(key: info.key))]
            }
        }
    }

    private func becomeReady() -> [ScannerEvent] {
        backoff.succeed()
        lastProblem = nil
        // A second keyboard that another program holds, or that has just gone, types nothing here.
        silenced = []
        for path in plan.silencedPaths {
            // Allowed: the scanner itself works without it.
            if let keyboard = try? SilencedKeyboard(path: path) { silenced.append(keyboard) }
        }
        var ready = plan.info
        ready.isGrabbed = reader?.isGrabbed ?? false
        attached = ready
        return [.attached(ready)]
    }

    private var info: ScannerInfo { attached ?? plan.info }

    // MARK: Failing

    /// Closes the node after a call on it failed, and decides when to try again.
    private func fail(_ error: DeviceError, at now: Duration) -> [ScannerEvent] {
        let hasOpened = reader != nil
        var events = close(error.isGone ? .unplugged : .failed(error), at: now)
        if let problem = problem(error, hasOpened: hasOpened, at: now), problem != lastProblem {
            lastProblem = problem
            events.append(.problem(problem))
        }
        // A node that is gone comes back with a name in its directory, not with time.
        retryAt = error.isGone && isAwaited ? nil : now + backoff.fail()
        return events
    }

    private func problem(
        _ error: DeviceError,
        hasOpened: Bool,
        at now: Duration
    ) -> ScannerProblem? {
        let key = info.key
        let node = plan.info.nodePath
        if error.isGone {
            let isSoon = hasOpened && now - openedAt < Self.vanishedWithin
            return isSoon ? .vanished(key: key, nodePath: node) : nil
        }
        if error.isBusy { return .heldByAnotherProcess(key: key, nodePath: node) }
        if error.isDenied { return .permissionDenied(key: key, nodePath: node) }
        if error.errno == EPROTOTYPE { return .notAScanner(key: key, nodePath: node) }
        return .failed(key: key, error)
    }

    private func makeReader(at now: Duration) throws(DeviceError) -> any NodeReader {
        let path = plan.info.nodePath
        return switch plan.info.transport {
        case .keyboard: try KeyboardReader(path: path, settings: plan.settings.keyboard)
        case .serial: try SerialReader(path: path, settings: plan.settings.serial, at: now)
        case .hidPOS: try POSReader(path: path)
        }
    }
}
