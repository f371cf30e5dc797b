/// What a reader must do after it has handed over an event.
public enum ScanAction: Equatable, Sendable {
    /// Nothing yet.
    case wait
    /// Take this scan: its bytes, without the line ending.
    case emit([UInt8])
    /// Tell the cashier to scan again: something of a scan was lost.
    case void(ScanVoid)
}

/// Why a scan was thrown away instead of being emitted short or damaged.
///
/// The raw value is stable: metrics and the display's words are keyed on it.
public enum ScanVoid: String, CaseIterable, Equatable, Sendable {
    /// More characters came than any symbol holds (`Scan.byteCountMax`).
    case tooLong = "too-long"
    /// The scan took longer than the slowest scanner needs for the largest symbol.
    case tooSlow = "too-slow"
    /// A key stayed down: the scanner's key-up got lost, so characters may have got lost too.
    case heldKey = "held-key"
    /// The scanner fell silent before the end mark that it is configured to send.
    case stalled = "stalled"
    /// The kernel dropped events (`SYN_DROPPED`), or a report of several is missing.
    case dropped = "dropped"
    /// A byte arrived with a parity or framing error.
    case parity = "parity"
    /// The bytes were sent before the reader was ready, so nobody knows for which customer.
    case stale = "stale"
    /// An Alt+numpad number stands for no character.
    case badNumpad = "bad-numpad"
    /// A report does not fit its own layout, or holds more keys than any scanner sends at once.
    case badReport = "bad-report"
}
