/// What a HID report descriptor says that matters to a scanner.
///
/// Source: Device Class Definition for HID 1.11, section 6.2.2; usage pages in HID Usage Tables
/// and, for scanners, HID Point of Sale Usage Tables 1.02, section 3.
struct HIDReportDescriptor: Equatable {
    /// Whether it describes a bar code scanner: an application collection of usage page 8C.
    private(set) var isPOSScanner = false
    /// The longest input report in bytes, with its number if reports are numbered.
    private(set) var inputByteCount = 0
    /// The numbers of the feature reports.
    private(set) var featureIDs: Set<UInt8> = []

    /// Longest descriptor the kernel hands out.
    ///
    /// Source: `HID_MAX_DESCRIPTOR_SIZE` in Linux's hid.h.
    static let byteCountMax = 4096

    /// Longest input report: the kernel's own limit.
    ///
    /// Source: `HID_MAX_BUFFER_SIZE` in Linux's hid.h.
    static let reportByteCountMax = 16_384

    /// The usage page of bar code scanners.
    private static let scannerPage: UInt32 = 0x8C

    /// Reads a descriptor; what does not parse ends it, and what came before counts.
    init(_ bytes: some Collection<UInt8>) {
        var items = Items(bytes: bytes.prefix(Self.byteCountMax).map(\.self))
        var page: UInt32 = 0
        var fieldBits = 0
        var fieldCount = 0
        var reportID: UInt8 = 0
        var inputBits: [UInt8: Int] = [:]
        while let item = items.next() {
            switch item.tag {
            case 0x04: page = item.value
            case 0x74: fieldBits = Int(min(item.value, 0xFFFF))
            case 0x94: fieldCount = Int(min(item.value, 0xFFFF))
            case 0x84: reportID = UInt8(truncatingIfNeeded: item.value)
            case 0x80: inputBits[reportID, default: 0] += fieldBits * fieldCount
            case 0xB0: featureIDs.insert(reportID)
            case 0xA0 where item.value == 1: isPOSScanner = isPOSScanner || page == Self.scannerPage
            default: break
            }
        }
        let longest = inputBits.values.max() ?? 0
        let isNumbered = inputBits.keys.contains { $0 != 0 }
        let byteCount = (longest + 7) / 8 + (isNumbered ? 1 : 0)
        inputByteCount = min(byteCount, Self.reportByteCountMax)
    }

    /// One short item: its type and tag with the size bits cleared, and its unsigned data.
    private struct Item {
        let tag: UInt8
        let value: UInt32
    }

    private struct Items {
        let bytes: [UInt8]
        var index = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func next() -> Item? {
            guard index < bytes.count else { return nil }
            let prefix = bytes[index]
            let isLong = prefix == 0xFE
            let size =
                isLong
                ? (index + 1 < bytes.count ? Int(bytes[index + 1]) : 0)
                : [0, 1, 2, 4][Int(prefix & 3)]
            let start = index + (isLong ? 3 : 1)
            guard start + size <= bytes.count else { return nil }
            index = start + size
            guard !isLong else { return Item(tag: 0xFC, value: 0) }
            let value = bytes[start..<index].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return Item(tag: prefix & 0xFC, value: value)
        }
    }
}
