/// Turns a keyboard scanner's key events into scans.
///
/// A pure state machine: it reads no clock, the kernel's times come with the events. Keys count
/// when their report ends (`SYN_REPORT`), with the modifiers as they are then, because Shift may
/// come before or after its key inside one report. Whatever may have lost a character voids the
/// whole scan: a short scan is never emitted.
public struct KeyDecoder: Sendable {
    /// Longest time from the first key to the last.
    ///
    /// `Scan.byteCountMax` digits at 16 ms each, which is two reports at the slowest polling
    /// interval in use, 8 ms, take 114 s.
    public static let durationMax: Duration = .seconds(120)

    /// Longest time a key may be down before its key-up counts as lost.
    public static let heldMax: Duration = .seconds(1)

    /// How long no key may come before the decoder trusts the scanner again after a void.
    public static let quietGap: Duration = .milliseconds(100)

    /// Most keys that may go down in one report: two more than the six of the boot protocol.
    ///
    /// Source: HID 1.11, appendix B.1.
    static let frameKeyCountMax = 8

    /// Kernel time of the last key that typed something.
    public private(set) var lastKeyAt: Duration = .zero

    private enum Mode {
        case reading
        /// Events were dropped; the report at hand is incomplete.
        case resynchronising
        /// A scan was voided; the rest of it may still come.
        case discarding
    }

    private let settings: KeySettings
    private let table = KeyTable.unitedStates
    // Copies: a static is read through its lazy initialiser, which costs more than the comparison.
    private let heldMax = Self.heldMax
    private let silenceMin = KeyGaps.silence.lowerBound

    private var mode = Mode.reading
    private var modifiers: KeyModifiers = []
    private var hasCapsLock = false
    private var quietSince: Duration = .zero

    /// The keys of the report at hand: eight bits each, the first in the lowest place.
    private var frame: UInt64 = 0
    private var frameCount = 0

    /// The last key that went down, as the kernel repeats that one; 0 for none.
    private var heldKey: UInt8 = 0
    private var heldUntil: Duration = .zero

    private var bytes: [UInt8] = []
    private var endsUntil: Duration = .zero
    private var gaps = KeyGaps()
    private var numpad = NumpadEntry()

    /// Creates a decoder with nothing read.
    ///
    /// - Parameter settings: How the scanner is set up.
    public init(settings: KeySettings = KeySettings()) {
        self.settings = settings
        bytes.reserveCapacity(Scan.byteCountMax)
    }

    /// Takes one event.
    ///
    /// - Parameter event: What evdev delivered, in its order.
    /// - Returns: What to do now.
    public mutating func consume(_ event: KeyEvent) -> ScanAction {
        if event.type == KeyEvent.keyType { return consumeKey(event) }
        guard event.type == KeyEvent.synType else { return .wait }
        switch event.code {
        case KeyEvent.synReport: return endFrame(at: event.at)
        case KeyEvent.synDropped: return drop()
        default: return .wait
        }
    }

    /// Tells the decoder that time has passed without an event.
    ///
    /// - Parameter time: The kernel's monotonic time now.
    /// - Returns: What to do now.
    public mutating func idle(at time: Duration) -> ScanAction {
        guard let deadline = idleDeadline, time >= deadline else { return .wait }
        return heldKey != 0 ? void(.heldKey, at: time) : endBySilence(at: time)
    }

    /// When the reader must call `idle(at:)`, if no event comes before; nil while nothing is held.
    ///
    /// A key that is still down puts off the end by silence: its key-up may be lost, and more of
    /// the scan with it.
    public var idleDeadline: Duration? {
        guard !bytes.isEmpty else { return nil }
        return heldKey != 0 ? heldUntil : lastKeyAt + gaps.silenceMax
    }

    /// Ends what is held because the scanner has gone or the machine was asleep.
    ///
    /// - Returns: A void if a scan was cut, else `wait`. The decoder is as new.
    public mutating func abandon() -> ScanAction {
        let isCut = !bytes.isEmpty || !numpad.isEmpty
        reset()
        return isCut ? .void(.stalled) : .wait
    }

    /// Forgets everything, as after a fresh grab.
    public mutating func reset() {
        mode = .reading
        modifiers = []
        forgetScan()
        hasCapsLock = false
        heldKey = 0
    }

    /// Takes over which keys are down after `SYN_DROPPED`.
    ///
    /// The keys only tell which modifiers are down: a key's state is no input.
    ///
    /// - Parameter pressed: The keys that `EVIOCGKEY` reports.
    public mutating func resumeAfterDrop(pressed: Set<UInt16>) {
        modifiers = []
        for key in pressed {
            guard let code = UInt8(exactly: key), let modifier = KeyModifiers(key: code) else {
                continue
            }
            modifiers.insert(modifier)
        }
    }
}

// Keys and reports.
extension KeyDecoder {
    private mutating func consumeKey(_ event: KeyEvent) -> ScanAction {
        guard mode != .resynchronising, let key = UInt8(exactly: event.code) else { return .wait }
        switch event.value {
        case 1: return press(key, at: event.at)
        case 0: return release(key, at: event.at)
        default: return checkHeldKey(at: event.at)
        }
    }

    private mutating func press(_ key: UInt8, at time: Duration) -> ScanAction {
        if let modifier = KeyModifiers(key: key) {
            modifiers.insert(modifier)
            return .wait
        }
        let action = checkHeldKey(at: time)
        heldKey = key
        heldUntil = time + heldMax
        guard frameCount < Self.frameKeyCountMax else { return void(.badReport, at: time) }
        frame |= UInt64(key) << (8 * UInt64(frameCount))
        frameCount += 1
        return action
    }

    private mutating func release(_ key: UInt8, at time: Duration) -> ScanAction {
        if let modifier = KeyModifiers(key: key) {
            modifiers.remove(modifier)
            return .wait
        }
        guard key == heldKey else { return .wait }
        defer { heldKey = 0 }
        return checkHeldKey(at: time)
    }

    private mutating func checkHeldKey(at time: Duration) -> ScanAction {
        guard heldKey != 0, !bytes.isEmpty, time >= heldUntil else { return .wait }
        return void(.heldKey, at: time)
    }

    /// Types the report's keys.
    ///
    /// The first scan or void of a report wins. A report holds six keys, so what could come second
    /// is no code.
    private mutating func endFrame(at time: Duration) -> ScanAction {
        if mode == .resynchronising {
            mode = .discarding
            quietSince = time
            return .wait
        }
        var action = ScanAction.wait
        if !numpad.isEmpty, !modifiers.contains(.leftAlt) { action = endNumpad(at: time) }
        guard frameCount > 0 else { return action }
        defer {
            frame = 0
            frameCount = 0
        }
        guard !isDiscarding(at: time) else { return action }

        let gap = time - lastKeyAt
        if gap > silenceMin, let ended = endBurst(after: gap, at: time) { action = ended }
        for index in 0..<frameCount where mode == .reading {
            let typed = type(UInt8(truncatingIfNeeded: frame >> (8 * UInt64(index))), at: time)
            if action == .wait { action = typed }
        }
        lastKeyAt = time
        return action
    }

    /// Ends what a long gap ends: a scan without suffix, and CapsLock that was never taken back.
    private mutating func endBurst(after gap: Duration, at time: Duration) -> ScanAction? {
        if gap > KeyGaps.silence.upperBound { hasCapsLock = false }
        guard !bytes.isEmpty, gap > gaps.silenceMax else { return nil }
        return endBySilence(at: time)
    }

    private mutating func isDiscarding(at time: Duration) -> Bool {
        guard mode == .discarding else { return false }
        if time - quietSince >= Self.quietGap {
            mode = .reading
            return false
        }
        quietSince = time
        return true
    }
}

// Characters.
extension KeyDecoder {
    private mutating func type(_ key: UInt8, at time: Duration) -> ScanAction {
        switch key {
        case Key.enter, Key.keypadEnter, Key.tab: return endBySuffix()
        case Key.capsLock:
            hasCapsLock.toggle()
            return .wait
        default: break
        }
        guard key < KeyTable.shiftOffset, modifiers.isDisjoint(with: .mute) else { return .wait }
        if modifiers.contains(.leftAlt) {
            if let digit = KeyTable.keypadDigit(key) { numpad.append(digit) }
            return .wait
        }
        let byte = character(of: key)
        guard byte != 0 else { return .wait }
        guard modifiers.isDisjoint(with: .control) else { return typeControl(byte, at: time) }
        return append(byte, at: time)
    }

    private func character(of key: UInt8) -> UInt8 {
        let plain = table[Int(key)]
        let isShifted = !modifiers.isDisjoint(with: .shift)
        let isUpper = hasCapsLock && plain.isLetter ? !isShifted : isShifted
        return isUpper ? table[Int(key) + KeyTable.shiftOffset] : plain
    }

    /// Ctrl with a letter or one of `[ \ ] ^ _`, where `6` and `-` will do without Shift.
    private mutating func typeControl(_ byte: UInt8, at time: Duration) -> ScanAction {
        let control: UInt8
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "_"):
            control = byte & 0x1F
        case UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"): control = byte & 0x1F
        case UInt8(ascii: "6"): control = 0x1E
        case UInt8(ascii: "-"): control = 0x1F
        default: return .wait
        }
        return [0x09, 0x0A, 0x0D].contains(control) ? endBySuffix() : append(control, at: time)
    }

    /// Alt+13 ends a scan as Enter does; Alt+10 after it is the rest of a CRLF.
    private mutating func endNumpad(at time: Duration) -> ScanAction {
        let typed = numpad.finish(as: settings.altNumpad)
        guard !isDiscarding(at: time) else { return .wait }
        defer { lastKeyAt = time }
        guard let typed else { return void(.badNumpad, at: time) }
        if typed == [0x0D] { return endBySuffix() }
        if typed == [0x0A], bytes.isEmpty { return .wait }
        for byte in typed {
            let action = append(byte, at: time)
            guard action == .wait else { return action }
        }
        return .wait
    }

    private mutating func append(_ byte: UInt8, at time: Duration) -> ScanAction {
        if bytes.isEmpty {
            endsUntil = time + Self.durationMax
        } else {
            guard bytes.count < Scan.byteCountMax else { return void(.tooLong, at: time) }
            guard time <= endsUntil else { return void(.tooSlow, at: time) }
            gaps.append(time - lastKeyAt)
        }
        bytes.append(byte)
        return .wait
    }
}

// Ends.
extension KeyDecoder {
    private mutating func endBySuffix() -> ScanAction {
        // A suffix alone is the prefix that some scanners send, or the rest of a CRLF.
        guard !bytes.isEmpty else { return .wait }
        defer { forgetBytes() }
        return .emit(Array(bytes))
    }

    private mutating func endBySilence(at time: Duration) -> ScanAction {
        let isWhole = numpad.isEmpty && !settings.isSuffixRequired
        guard !isWhole else { return endBySuffix() }
        numpad = NumpadEntry()
        forgetBytes()
        return .void(.stalled)
    }

    private mutating func drop() -> ScanAction {
        forgetScan()
        modifiers = []
        hasCapsLock = false
        heldKey = 0
        mode = .resynchronising
        return .void(.dropped)
    }

    private mutating func void(_ reason: ScanVoid, at time: Duration) -> ScanAction {
        forgetScan()
        mode = .discarding
        quietSince = time
        return .void(reason)
    }

    private mutating func forgetScan() {
        forgetBytes()
        frame = 0
        frameCount = 0
        numpad = NumpadEntry()
    }

    private mutating func forgetBytes() {
        bytes.removeAll(keepingCapacity: true)
        gaps.removeAll()
    }
}
