/// The input fields that a HID report descriptor describes.
///
/// Only as much of HID 1.11, section 6.2.2, as finding a field needs.
struct HIDReportFields {
    /// Largest descriptor that the kernel hands out (`HID_MAX_DESCRIPTOR_SIZE`).
    static let descriptorByteCountMax = 4_096
    /// Largest input report that is worth reading: a full-speed endpoint moves 64 bytes.
    static let reportByteCountMax = 1_024

    struct Field {
        let usage: UInt32
        let reportID: UInt8
        let bitOffset: Int
        let bitSize: Int
        let count: Int
    }

    /// All usages of the descriptor, with their page above bit 16.
    private(set) var usages: Set<UInt32> = []
    private(set) var fields: [Field] = []

    private var page: UInt32 = 0
    private var local: [UInt32] = []
    private var bitSize = 0
    private var count = 0
    private var reportID: UInt8 = 0
    private var bitOffsets: [UInt8: Int] = [:]

    /// Reads a descriptor; nil if it is cut off or beyond the bounds.
    init?(_ descriptor: [UInt8]) {
        guard descriptor.count <= Self.descriptorByteCountMax else { return nil }
        var rest = descriptor[...]
        while let prefix = rest.popFirst() {
            guard prefix != 0xFE else { return nil }
            let size = [0, 1, 2, 4][Int(prefix & 3)]
            guard rest.count >= size else { return nil }
            let value = rest.prefix(size).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            rest = rest.dropFirst(size)
            guard take(item: prefix & 0xFC, value: value, size: size) else { return nil }
        }
    }

    /// The first field with a usage, in any report or in the one given.
    func first(_ usage: UInt32, in reportID: UInt8? = nil) -> Field? {
        fields.first { $0.usage == usage && (reportID == nil || $0.reportID == reportID) }
    }

    private mutating func take(item: UInt8, value: UInt32, size: Int) -> Bool {
        switch item {
        case 0x04: page = value << 16
        case 0x74: bitSize = Int(value)
        case 0x84: reportID = UInt8(truncatingIfNeeded: value)
        case 0x94: count = Int(value)
        case 0x08: append(size == 4 ? value : page | value)
        case 0x80: return input()
        case 0x90, 0xA0, 0xB0, 0xC0: local.removeAll()
        default: break
        }
        return true
    }

    private mutating func append(_ usage: UInt32) {
        usages.insert(usage)
        local.append(usage)
    }

    /// One usage for all elements is an array of bytes; several share the elements out.
    private mutating func input() -> Bool {
        let start = bitOffsets[reportID, default: 0]
        let limit = Self.reportByteCountMax * 8
        guard bitSize <= limit, count <= limit, start + bitSize * count <= limit else {
            return false
        }
        for (index, usage) in local.enumerated() where index < count {
            fields.append(
                Field(
                    usage: usage,
                    reportID: reportID,
                    bitOffset: start + index * bitSize,
                    bitSize: bitSize,
                    count: local.count == 1 ? count : 1
                )
            )
        }
        bitOffsets[reportID] = start + bitSize * count
        local.removeAll()
        return true
    }
}
