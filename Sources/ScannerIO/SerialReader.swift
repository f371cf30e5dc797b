import CDevices
import Glibc
import ScanCodec

/// Reads a scanner on a serial line.
///
/// A freshly opened line counts for nothing until it has been quiet: a CDC scanner hands over what
/// it read while nobody listened, which would be a stamp for an earlier customer.
final class SerialReader: NodeReader {
    private let descriptor: Descriptor
    private let aimPrefix: AIMIdentifier.PrefixMode
    private var decoder: FrameDecoder
    private var isReady = false
    /// Whether bytes from before the opening were thrown away.
    private var hadStaleBytes: Bool
    private var buffer = [UInt8](repeating: 0, count: 4096)

    /// Opens a line, makes it raw before anything else, and empties it.
    ///
    /// - Throws: `DeviceError`; `EINVAL` from `tcsetattr` is a rate that no line has.
    init(path: String, settings: SerialSettings, at now: Duration) throws(DeviceError) {
        let descriptor = try Descriptor(opening: path, flags: O_RDWR | O_NOCTTY | O_NONBLOCK)
        let fd = descriptor.fd
        try check(cdevices_lock(fd), call: "flock", path: path)
        try check(cdevices_tty_make_exclusive(fd), call: "TIOCEXCL", path: path)
        var line = settings.line
        try check(cdevices_tty_make_raw(fd, &line), call: "tcsetattr", path: path)
        // A pty has neither modem lines nor a driver that waits: both may fail.
        _ = cdevices_tty_raise_lines(fd)
        _ = cdevices_tty_lower_latency(fd)
        hadStaleBytes = cdevices_tty_waiting(fd) > 0
        try check(cdevices_tty_flush(fd), call: "tcflush", path: path)

        decoder = FrameDecoder(settings: settings.frame(nodePath: path), openedAt: now)
        aimPrefix = settings.aimPrefix
        self.descriptor = descriptor
    }

    var fd: CInt { descriptor.fd }

    /// The line is locked and exclusive from the moment it is open.
    var isGrabbed: Bool { true }

    var deadline: Duration? { decoder.idleDeadline }

    func start(at now: Duration) throws(DeviceError) -> [ReadOutcome] { [] }

    func readable(at now: Duration) throws(DeviceError) -> [ReadOutcome] {
        guard let count = try descriptor.read(into: &buffer) else { return [] }
        let settled = settle(at: now)
        return settled + outcomes(of: decoder.consume(buffer.prefix(count), at: now), at: now)
    }

    func elapsed(at now: Duration) throws(DeviceError) -> [ReadOutcome] {
        let settled = settle(at: now)
        return settled + outcomes(of: decoder.idle(at: now), at: now)
    }

    func abandon(at now: Duration) -> Bool {
        decoder.abandon(at: now) != .wait
    }

    /// Becomes ready once the line has been quiet.
    private func settle(at now: Duration) -> [ReadOutcome] {
        guard !isReady, let quietAt = decoder.idleDeadline, now >= quietAt else { return [] }
        _ = decoder.idle(at: now)
        isReady = true
        return hadStaleBytes ? [.ready, .voided(.damaged(.stale))] : [.ready]
    }

    private func outcomes(of actions: [ScanAction], at now: Duration) -> [ReadOutcome] {
        actions.compactMap { action in
            switch action {
            case .wait: return nil
            case .emit(let bytes):
                let (aim, content) = AIMIdentifier.split(bytes, mode: aimPrefix)
                return .scan(bytes: content, aim: aim, at: now)
            case .void where !isReady:
                hadStaleBytes = true
                return nil
            case .void(let reason): return .voided(.damaged(reason))
            }
        }
    }
}
