/// One input report of a scanner in IBM hand-held or table-top (OEM) mode.
///
/// `[length][10 03 00][data][symbology]` for EAN and UPC, whose digits may be ASCII or 0 to 9;
/// `[length][10 03 00][data][00][symbology][0B]` for all others. The length counts itself. Source:
/// captures of real scanners in pteich/usbsymbolreader.
public struct OEMReport: Equatable, Sendable {
    /// Which kind of symbol it was; nil if the code stands for none that AIM names.
    public let aim: AIMIdentifier?
    /// What the symbol holds.
    public let data: [UInt8]

    private static let header: [UInt8] = [0x10, 0x03, 0x00]

    /// Reads a report.
    ///
    /// - Parameter bytes: What one read of the hidraw device returned; nil comes back for anything
    ///   but a whole scan.
    public init?(_ bytes: [UInt8]) {
        guard let length = bytes.first.map(Int.init), length <= bytes.count else { return nil }
        let frame = bytes[..<length]
        guard frame.count >= 6, Array(frame[1..<4]) == Self.header, let last = frame.last else {
            return nil
        }
        if let aim = Self.retailAIM(last) {
            let digits = frame[4..<length - 1].map { $0 < 10 ? $0 + 0x30 : $0 }
            guard digits.isAllDigits else { return nil }
            self.aim = aim
            data = digits
            return
        }
        guard last == 0x0B, frame.count >= 8, frame[length - 3] == 0 else { return nil }
        aim = Self.aim(frame[length - 2])
        data = Array(frame[4..<length - 3])
    }

    private static func retailAIM(_ symbology: UInt8) -> AIMIdentifier? {
        switch symbology {
        case 0x0A, 0x0D, 0x16: AIMIdentifier("]E0")
        case 0x0C: AIMIdentifier("]E4")
        default: nil
        }
    }

    private static func aim(_ symbology: UInt8) -> AIMIdentifier? {
        switch symbology {
        case 0x0A: AIMIdentifier("]A0")
        case 0x0D: AIMIdentifier("]I0")
        case 0x0E: AIMIdentifier("]F0")
        case 0x18: AIMIdentifier("]C0")
        case 0x2E: AIMIdentifier("]L0")
        case 0x32: AIMIdentifier("]d1")
        default: nil
        }
    }
}
