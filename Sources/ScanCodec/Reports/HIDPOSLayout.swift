/// Where the fields of a HID-POS scanned data report are.
///
/// Offsets are in bytes from the report's start, report id included.
public struct HIDPOSLayout: Equatable, Sendable {
    /// The report's id; nil if the device numbers no reports.
    public let reportID: UInt8?
    /// Where the data's length is.
    public let lengthOffset: Int
    /// Where the three bytes of the AIM identifier are.
    public let aimOffset: Int
    /// Where the data starts.
    public let dataOffset: Int
    /// How many bytes of data one report holds.
    public let dataByteCount: Int
    /// Which byte tells that another report follows.
    public let continuedOffset: Int

    /// The layout that Honeywell uses and most others copy.
    public static let fixed = Self(
        reportID: 2,
        lengthOffset: 1,
        aimOffset: 2,
        dataOffset: 5,
        dataByteCount: 56,
        continuedOffset: 63
    )

    /// How many bytes a report must have at least.
    var byteCountMin: Int {
        1 + max(lengthOffset, aimOffset + 2, dataOffset + dataByteCount - 1, continuedOffset)
    }

    init(
        reportID: UInt8?,
        lengthOffset: Int,
        aimOffset: Int,
        dataOffset: Int,
        dataByteCount: Int,
        continuedOffset: Int
    ) {
        self.reportID = reportID
        self.lengthOffset = lengthOffset
        self.aimOffset = aimOffset
        self.dataOffset = dataOffset
        self.dataByteCount = dataByteCount
        self.continuedOffset = continuedOffset
    }

    /// Finds the layout in a report descriptor.
    ///
    /// - Parameter descriptor: What `HIDIOCGRDESC` returned; nil comes back if it describes no bar
    ///   code scanner (usage 8C/02) or lacks a field, and `fixed` is the guess to make then.
    public init?(descriptor: [UInt8]) {
        guard let fields = HIDReportFields(descriptor), fields.usages.contains(HIDUsage.scanner),
            let data = fields.first(HIDUsage.data), data.bitSize == 8, data.bitOffset % 8 == 0,
            let aim = fields.first(HIDUsage.symbology1, in: data.reportID),
            let continued = fields.first(HIDUsage.continued, in: data.reportID),
            aim.bitOffset % 8 == 0
        else { return nil }
        // A report with an id starts with it, so that all fields move by one byte.
        let start = data.reportID == 0 ? 0 : 1
        let counted = fields.first(HIDUsage.byteCount, in: data.reportID)
        let aimOffset = start + aim.bitOffset / 8
        let length = counted.map { start + $0.bitOffset / 8 } ?? aimOffset - 1
        guard length >= start else { return nil }
        self.init(
            reportID: data.reportID == 0 ? nil : data.reportID,
            lengthOffset: length,
            aimOffset: aimOffset,
            dataOffset: start + data.bitOffset / 8,
            dataByteCount: data.count,
            continuedOffset: start + continued.bitOffset / 8
        )
        guard byteCountMin <= HIDReportFields.reportByteCountMax else { return nil }
    }
}

/// Usages of the bar code scanner page (HID Usage Tables 1.4, page 8C) and the byte count.
enum HIDUsage {
    static let scanner: UInt32 = 0x8C_0002
    static let symbology1: UInt32 = 0x8C_00FB
    static let data: UInt32 = 0x8C_00FE
    static let continued: UInt32 = 0x8C_00FF
    static let byteCount: UInt32 = 0x01_003B
}
