import Testing

@testable import ScannerIO

struct HIDReportDescriptorTests {
    /// A Datalogic GD4400's keyboard, as its owner published it.
    private let keyboard = Self.bytes(
        "05010906A101050719E029E71500250175019508810295017508810195057508050819012905"
            + "910295017503910195067508150026FF00050719002AFF008100C0"
    )

    @Test func `a keyboard is no scanner of reports`() {
        let descriptor = HIDReportDescriptor(keyboard)

        #expect(!descriptor.isPOSScanner)
        #expect(descriptor.inputByteCount == 8)
        #expect(descriptor.featureIDs.isEmpty)
    }

    @Test func `usage page 8C is a scanner, with its reports' length and numbers`() {
        let descriptor = HIDReportDescriptor(Self.bytes(MockScanner.descriptor))

        #expect(descriptor.isPOSScanner)
        #expect(descriptor.inputByteCount == 64)
        #expect(descriptor.featureIDs == [0xFE])
    }

    @Test func `a descriptor that is cut short counts as far as it goes`() {
        let whole = Self.bytes(MockScanner.descriptor)
        for count in 0...whole.count {
            let descriptor = HIDReportDescriptor(whole.prefix(count))
            #expect(descriptor.inputByteCount <= 64)
        }
        #expect(HIDReportDescriptor([]).inputByteCount == 0)
    }

    @Test func `numbers beyond all sense do no harm`() {
        let huge: [UInt8] = [0x77, 0xFF, 0xFF, 0xFF, 0xFF, 0x97, 0xFF, 0xFF, 0xFF, 0xFF, 0x81, 2]
        let many = Array([huge, huge, huge].joined())
        #expect(HIDReportDescriptor(many).inputByteCount == HIDReportDescriptor.reportByteCountMax)
        #expect(HIDReportDescriptor([0xFE]).inputByteCount == 0)
        #expect(HIDReportDescriptor([0xFE, 0xFF, 0x00]).inputByteCount == 0)
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }.map(String.init)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(digits[$0] + digits[$0 + 1], radix: 16)
        }
    }
}
