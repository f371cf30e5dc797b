/// Cuts a serial scanner's bytes into scans.
///
/// A pure state machine, as `KeyDecoder` is. NUL and all other bytes are content: a QR code may
/// hold binary data. A new decoder, and one after `flush(at:)`, throws away what comes until the
/// line has been quiet: a scanner on USB CDC delivers scans that it made before anyone listened.
public struct FrameDecoder: Sendable {
    /// Longest time from the first byte to the last, as for a keyboard (`KeyDecoder`).
    public static let durationMax: Duration = KeyDecoder.durationMax

    /// How long the line must be quiet before the first byte counts.
    public static let quietGap: Duration = .milliseconds(100)

    /// Longest time between the two halves of a CRLF.
    public static let lineFeedGapMax: Duration = .milliseconds(50)

    /// Kernel time of the last byte.
    public private(set) var lastByteAt: Duration

    private enum Mode: Equatable {
        /// Nobody knows when the bytes were scanned; `isReported` once the reader was told.
        case flushing(isReported: Bool)
        /// Outside STX and ETX.
        case outside
        case reading
        /// The scan at hand is void; its end mark ends this.
        case skipping
    }

    private let settings: FrameSettings
    private var mode = Mode.flushing(isReported: false)
    private var marks = ParityMarks()
    private var bytes: [UInt8] = []
    private var startedAt: Duration = .zero
    private var carriageReturnAt: Duration?

    /// Creates a decoder that waits for the line to be quiet.
    ///
    /// - Parameters:
    ///   - settings: How the scanner is set up.
    ///   - time: The kernel's monotonic time when the device was opened.
    public init(settings: FrameSettings, openedAt time: Duration) {
        self.settings = settings
        lastByteAt = time
        bytes.reserveCapacity(Scan.byteCountMax)
    }

    /// Takes the bytes of one read.
    ///
    /// - Parameters:
    ///   - input: What the device delivered.
    ///   - time: The monotonic time of the read.
    /// - Returns: What to do now, in order; empty for nothing.
    public mutating func consume(
        _ input: some Sequence<UInt8>,
        at time: Duration
    ) -> [ScanAction] {
        var actions: [ScanAction] = []
        endSilence(at: time, into: &actions)
        for raw in input {
            let action = consume(raw, at: time)
            if action != .wait { actions.append(action) }
        }
        return actions
    }

    /// Tells the decoder that time has passed without a byte.
    ///
    /// - Parameter time: The monotonic time now.
    /// - Returns: What to do now, in order; empty for nothing.
    public mutating func idle(at time: Duration) -> [ScanAction] {
        var actions: [ScanAction] = []
        endSilence(at: time, into: &actions)
        return actions
    }

    /// When the reader must call `idle(at:)`, if no byte comes before; nil while nothing is held.
    public var idleDeadline: Duration? {
        switch mode {
        case .flushing: lastByteAt + Self.quietGap
        case .skipping: lastByteAt + settings.silenceMax
        case .reading where !bytes.isEmpty || settings.ending == .stxETX:
            lastByteAt + settings.silenceMax
        case .reading, .outside: nil
        }
    }

    /// Ends what is held because the scanner has gone or the machine was asleep.
    ///
    /// - Parameter time: The monotonic time now.
    /// - Returns: A void if a scan was cut, else `wait`. The line must be quiet again first.
    public mutating func abandon(at time: Duration) -> ScanAction {
        let isCut = mode == .reading && (!bytes.isEmpty || settings.ending == .stxETX)
        flush(at: time)
        return isCut ? .void(.stalled) : .wait
    }

    /// Throws away what is held and what comes until the line has been quiet.
    ///
    /// - Parameter time: The monotonic time now.
    public mutating func flush(at time: Duration) {
        forget()
        marks = ParityMarks()
        mode = .flushing(isReported: false)
        lastByteAt = time
    }
}

extension FrameDecoder {
    /// Where the decoder stands between two scans.
    private var rest: Mode { settings.ending == .stxETX ? .outside : .reading }

    private mutating func endSilence(at time: Duration, into actions: inout [ScanAction]) {
        guard let deadline = idleDeadline, time >= deadline else { return }
        let isCut = mode == .reading && (settings.isEndingRequired || settings.ending == .stxETX)
        if isCut {
            actions.append(.void(.stalled))
        } else if mode == .reading {
            actions.append(.emit(Array(bytes)))
        }
        forget()
        mode = rest
    }

    private mutating func consume(_ raw: UInt8, at time: Duration) -> ScanAction {
        defer { lastByteAt = time }
        if case .flushing(let isReported) = mode {
            mode = .flushing(isReported: true)
            return isReported ? .wait : .void(.stale)
        }
        guard settings.isParityMarked else { return frame(raw, at: time) }
        switch marks.consume(raw) {
        case .nothing: return .wait
        case .byte(let byte): return frame(byte, at: time)
        case .error: return spoil()
        }
    }

    /// A bad byte may have been any byte, so the scan goes until its end mark.
    private mutating func spoil() -> ScanAction {
        guard mode != .skipping else { return .wait }
        forget()
        mode = .skipping
        return .void(.parity)
    }

    private mutating func frame(_ byte: UInt8, at time: Duration) -> ScanAction {
        switch (settings.ending, byte) {
        case (.stxETX, 0x02): return start(at: time)
        case (.stxETX, 0x03): return end()
        case (.line, 0x0A): return end()
        case (.line, 0x0D): return end()
        case (.carriageReturn, 0x0D):
            carriageReturnAt = time
            return end()
        case (.carriageReturn, 0x0A) where isRestOfLineEnd(at: time):
            carriageReturnAt = nil
            return .wait
        default: return append(byte, at: time)
        }
    }

    private func isRestOfLineEnd(at time: Duration) -> Bool {
        guard bytes.isEmpty, let carriageReturnAt else { return false }
        return time - carriageReturnAt <= Self.lineFeedGapMax
    }

    /// A second STX means that the first scan's end got lost.
    private mutating func start(at time: Duration) -> ScanAction {
        let isCut = mode == .reading
        forget()
        mode = .reading
        return isCut ? .void(.stalled) : .wait
    }

    /// An end mark without content is the other half of a CRLF, or a scanner's prefix.
    private mutating func end() -> ScanAction {
        let isWhole = mode == .reading && !bytes.isEmpty
        defer {
            forget()
            mode = rest
        }
        return isWhole ? .emit(Array(bytes)) : .wait
    }

    private mutating func append(_ byte: UInt8, at time: Duration) -> ScanAction {
        guard mode == .reading else { return .wait }
        if bytes.isEmpty { startedAt = time }
        guard bytes.count < Scan.byteCountMax else { return distrust(.tooLong) }
        guard time - startedAt <= Self.durationMax else { return distrust(.tooSlow) }
        bytes.append(byte)
        return .wait
    }

    /// What is no scan at all may hold end marks too, so only a quiet line ends it.
    private mutating func distrust(_ reason: ScanVoid) -> ScanAction {
        forget()
        mode = .flushing(isReported: true)
        return .void(reason)
    }

    private mutating func forget() {
        bytes.removeAll(keepingCapacity: true)
    }
}
