/// One input report of a scanner in HID-POS mode.
///
/// Source: HID Point of Sale Usage Tables 1.02, scanned data report.
public struct HIDPOSReport: Equatable, Sendable {
    /// Which kind of symbol it was, if the scanner says so.
    public let aim: AIMIdentifier?
    /// This report's share of the content; NUL is content.
    public let data: [UInt8]
    /// Whether another report follows.
    public let isContinued: Bool

    /// Reads a report.
    ///
    /// Some vendors put the identifier one byte late, and the data with it. That is taken for
    /// granted only if an identifier stands there and none where it should be. nil comes back for a
    /// report with another id, one that is cut off, or one whose length is more than it can hold.
    ///
    /// - Parameters:
    ///   - bytes: What one read of the hidraw device returned.
    ///   - layout: Where the fields are.
    public init?(_ bytes: [UInt8], layout: HIDPOSLayout = .fixed) {
        guard bytes.count >= layout.byteCountMin else { return nil }
        if let id = layout.reportID, bytes[0] != id { return nil }
        let length = Int(bytes[layout.lengthOffset])
        let inPlace = AIMIdentifier(bytes.dropFirst(layout.aimOffset).prefix(3))
        let late = AIMIdentifier(bytes.dropFirst(layout.aimOffset + 1).prefix(3))
        let isLate = inPlace == nil && late != nil && bytes[layout.aimOffset] == 0
        let start = layout.dataOffset + (isLate ? 1 : 0)
        guard length <= layout.dataByteCount, start + length <= bytes.count else { return nil }
        aim = inPlace ?? (isLate ? late : nil)
        data = Array(bytes[start..<start + length])
        isContinued = bytes[layout.continuedOffset] & 1 == 1
    }
}
