import CDevices
import Glibc
import ScanCodec

/// Reads a scanner that types: an evdev node that this process alone gets.
final class KeyboardReader: NodeReader {
    /// Longest wait for all keys to be up before the node is grabbed.
    ///
    /// Grabbing in the middle of a stroke would leave that key down for the desktop; a key that is
    /// stuck must not keep the scanner out for ever.
    static let neutralWaitMax: Duration = .milliseconds(250)

    /// Most reads in one turn, so that a key that chatters cannot starve the other scanners.
    private static let readCountMax = 8

    private enum Phase {
        case waitingForNeutral(until: Duration)
        case reading
    }

    private let descriptor: Descriptor
    private var decoder: KeyDecoder
    private var phase = Phase.waitingForNeutral(until: .zero)
    private var buffer = [cdevices_key_event](repeating: cdevices_key_event(), count: 64)

    /// Opens a node; it is not grabbed yet.
    init(path: String, settings: KeySettings) throws(DeviceError) {
        descriptor = try Descriptor(opening: path, flags: O_RDWR | O_NONBLOCK)
        decoder = KeyDecoder(settings: settings)
        try check(
            cdevices_evdev_use_monotonic_clock(descriptor.fd),
            call: "EVIOCSCLOCKID",
            path: path
        )
        // Linux before 4.4 has no mask: the node's queue then holds 10 characters instead of 15.
        _ = cdevices_evdev_mask_scan_codes(descriptor.fd)
    }

    var fd: CInt { descriptor.fd }

    var isGrabbed: Bool {
        guard case .reading = phase else { return false }
        return true
    }

    var deadline: Duration? {
        switch phase {
        case .waitingForNeutral(let limit): limit
        case .reading: decoder.idleDeadline
        }
    }

    func start(at now: Duration) throws(DeviceError) -> [ReadOutcome] {
        phase = .waitingForNeutral(until: now + Self.neutralWaitMax)
        return try grabIfNeutral(at: now)
    }

    func readable(at now: Duration) throws(DeviceError) -> [ReadOutcome] {
        guard isGrabbed else {
            try drain()
            return try grabIfNeutral(at: now)
        }
        var outcomes: [ReadOutcome] = []
        for _ in 0..<Self.readCountMax {
            let count = try readEvents()
            for event in buffer.prefix(count) {
                try handle(event, into: &outcomes)
            }
            if count < buffer.count { break }
        }
        return outcomes
    }

    func elapsed(at now: Duration) throws(DeviceError) -> [ReadOutcome] {
        guard isGrabbed else { return try grabIfNeutral(at: now) }
        var outcomes: [ReadOutcome] = []
        take(decoder.idle(at: now), at: now, into: &outcomes)
        return outcomes
    }

    func abandon(at now: Duration) -> Bool {
        decoder.abandon() != .wait
    }

    // MARK: Taking the node

    private func grabIfNeutral(at now: Duration) throws(DeviceError) -> [ReadOutcome] {
        guard case .waitingForNeutral(let limit) = phase else { return [] }
        let pressed = try pressedKeys()
        guard pressed.isEmpty || now >= limit else { return [] }

        try check(cdevices_evdev_grab(fd), call: "EVIOCGRAB", path: descriptor.path)
        try drain()
        setLights()
        decoder.reset()
        phase = .reading
        guard !pressed.isEmpty else { return [.ready] }
        decoder.resumeAfterDrop(pressed: pressed)
        return [.ready, .keyStuck]
    }

    /// Sets the lights as a scanner expects them of a host at rest.
    ///
    /// A grabbed node gets no light changes from the desktop, and many scanners turn their letters
    /// round when Caps Lock is lit. A node without lights refuses; that is no fault.
    private func setLights() {
        _ = cdevices_evdev_set_light(fd, UInt16(LED_CAPSL), 0)
        _ = cdevices_evdev_set_light(fd, UInt16(LED_NUML), 1)
    }

    // MARK: Reading

    private func readEvents() throws(DeviceError) -> Int {
        let count = cdevices_evdev_read(fd, &buffer, CInt(buffer.count))
        if count == -EAGAIN { return 0 }
        return try check(count, call: "read", path: descriptor.path)
    }

    private func drain() throws(DeviceError) {
        for _ in 0..<Self.readCountMax where try readEvents() < buffer.count { return }
    }

    private func handle(
        _ event: cdevices_key_event,
        into outcomes: inout [ReadOutcome]
    ) throws(DeviceError) {
        let at = Duration.microseconds(event.at_us)
        take(
            decoder.consume(
                KeyEvent(type: event.type, code: event.code, value: event.value, at: at)
            ),
            at: at,
            into: &outcomes
        )
        // The kernel threw unread events away: which keys are down is no longer known.
        if event.type == UInt16(EV_SYN), event.code == UInt16(SYN_DROPPED) {
            decoder.resumeAfterDrop(pressed: try pressedKeys())
        }
    }

    private func take(_ action: ScanAction, at: Duration, into outcomes: inout [ReadOutcome]) {
        switch action {
        case .wait: break
        case .emit(let bytes):
            let (aim, content) = AIMIdentifier.split(bytes)
            outcomes.append(.scan(bytes: content, aim: aim, at: at))
        case .void(let reason): outcomes.append(.voided(.damaged(reason)))
        }
    }

    private func pressedKeys() throws(DeviceError) -> Set<UInt16> {
        var bits = [UInt8](repeating: 0, count: Int(cdevices_keys_size))
        try check(cdevices_evdev_keys(fd, &bits), call: "EVIOCGKEY", path: descriptor.path)
        var pressed: Set<UInt16> = []
        for (index, byte) in bits.enumerated() where byte != 0 {
            for bit in 0..<8 where byte & (1 << bit) != 0 {
                pressed.insert(UInt16(index * 8 + bit))
            }
        }
        return pressed
    }
}

/// A second keyboard of a scanner: grabbed, so that it types nothing, and never read.
///
/// Its queue fills and overflows in the kernel, which wakes nobody.
final class SilencedKeyboard {
    private let descriptor: Descriptor

    init(path: String) throws(DeviceError) {
        let descriptor = try Descriptor(opening: path, flags: O_RDWR | O_NONBLOCK)
        try check(cdevices_evdev_grab(descriptor.fd), call: "EVIOCGRAB", path: path)
        self.descriptor = descriptor
    }
}
