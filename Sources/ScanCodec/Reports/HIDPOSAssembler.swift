/// Joins the reports of a HID-POS scanner into scans.
public struct HIDPOSAssembler: Sendable {
    /// Longest wait for a report that was announced: 50 times the slowest interval seen, 4 ms.
    public static let silenceMax: Duration = .milliseconds(200)

    /// Which kind of symbol the last emitted scan was.
    public private(set) var aim: AIMIdentifier?

    private let layout: HIDPOSLayout
    private var bytes: [UInt8] = []
    private var isOpen = false
    private var lastReportAt: Duration = .zero

    /// Creates an assembler with nothing held.
    ///
    /// - Parameter layout: Where the fields of a report are.
    public init(layout: HIDPOSLayout = .fixed) {
        self.layout = layout
    }

    /// Takes one report.
    ///
    /// - Parameters:
    ///   - report: What one read of the hidraw device returned.
    ///   - time: The monotonic time of the read.
    /// - Returns: What to do now. A line ending that the scanner added is taken off.
    public mutating func consume(_ report: [UInt8], at time: Duration) -> ScanAction {
        if let id = layout.reportID, report.first != id { return .wait }
        guard let report = HIDPOSReport(report, layout: layout) else { return void(.badReport) }
        if isOpen, report.aim != aim || time - lastReportAt > Self.silenceMax {
            return void(.dropped)
        }
        guard bytes.count + report.data.count <= Scan.byteCountMax else { return void(.tooLong) }
        bytes += report.data
        aim = report.aim
        isOpen = report.isContinued
        lastReportAt = time
        return isOpen ? .wait : emit()
    }

    /// Tells the assembler that time has passed without a report.
    ///
    /// - Parameter time: The monotonic time now.
    /// - Returns: What to do now.
    public mutating func idle(at time: Duration) -> ScanAction {
        guard let deadline = idleDeadline, time >= deadline else { return .wait }
        return void(.stalled)
    }

    /// When the reader must call `idle(at:)`; nil unless a report was announced.
    public var idleDeadline: Duration? { isOpen ? lastReportAt + Self.silenceMax : nil }

    /// Ends what is held because the scanner has gone or the machine was asleep.
    ///
    /// - Returns: A void if a scan was cut, else `wait`.
    public mutating func abandon() -> ScanAction {
        isOpen ? void(.stalled) : .wait
    }

    private mutating func emit() -> ScanAction {
        defer { bytes.removeAll() }
        var content = bytes[...]
        if content.last == 0x0A { content.removeLast() }
        if content.last == 0x0D { content.removeLast() }
        return content.isEmpty ? .wait : .emit(Array(content))
    }

    private mutating func void(_ reason: ScanVoid) -> ScanAction {
        bytes.removeAll()
        isOpen = false
        return .void(reason)
    }
}
