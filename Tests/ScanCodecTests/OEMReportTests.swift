import ScanCodec
import Testing

/// Frames of real scanners in IBM mode (pteich/usbsymbolreader, `code_test.go`).
struct OEMReportTests {
    private let header: [UInt8] = [0x10, 0x03, 0x00]

    @Test func `a Code 39 frame is its text`() {
        let frame: [UInt8] = [0x09, 0x10, 0x03, 0x00, 0x51, 0x31, 0x00, 0x0A, 0x0B]

        #expect(OEMReport(frame)?.data == Array("Q1".utf8))
        #expect(OEMReport(frame)?.aim == AIMIdentifier("]A0"))
    }

    @Test(
        arguments: [
            ("3574661404264", 0x16), ("4026600891608", 0x16), ("071012107018", 0x0D),
        ] as [(String, UInt8)]
    )
    func `an EAN or UPC frame is its digits, as ASCII or as numbers`(
        digits: String,
        symbology: UInt8
    ) {
        let text = Array(digits.utf8)
        for data in [text, text.map { $0 - 0x30 }] {
            let frame = [UInt8(5 + data.count)] + header + data + [symbology]
            #expect(OEMReport(frame)?.data == text)
            #expect(OEMReport(frame)?.aim == AIMIdentifier("]E0"))
            let padded = frame + [UInt8](repeating: 0, count: 64 - frame.count)
            #expect(OEMReport(padded)?.data == text)
        }
    }

    @Test func `a Data Matrix frame is its text`() {
        let text = Array("BCSTUQBMTZFFBBGIDS4IKMRFZM|A18071801|".utf8)
        let frame = [0x2C] + header + text + [0x00, 0x32, 0x0B]

        #expect(OEMReport(frame)?.data == text)
        #expect(OEMReport(frame)?.aim == AIMIdentifier("]d1"))
    }

    @Test(
        arguments: [
            [], [0], [1], [5, 0x10, 3, 0, 0x16], [9, 0x10, 3, 0, 0x51, 0x31, 0, 0x0A],
            [6, 0x10, 3, 1, 0x31, 0x16], [6, 0x10, 3, 0, 0x41, 0x16], [6, 0x10, 3, 0, 0x31, 0x0B],
            [255, 0x10, 3, 0], [8, 0x10, 3, 0, 0x41, 1, 0x18, 0x0B],
        ] as [[UInt8]]
    )
    func `anything else is no scan`(frame: [UInt8]) {
        #expect(OEMReport(frame) == nil)
    }
}
