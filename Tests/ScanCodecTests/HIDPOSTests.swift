import ScanCodec
import Testing

/// Reports of scanners in HID-POS mode; the frames marked so were captured from a Voyager 1602g.
struct HIDPOSTests {
    /// Report 2 with an identifier and data, padded to 64 bytes.
    private func report(
        _ data: [UInt8],
        aim: String = "]Q1",
        codeID: UInt8 = 0x73,
        isContinued: Bool = false
    ) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: 56 - data.count)
        return [2, UInt8(data.count)] + Array(aim.utf8) + data + padding
            + [codeID, 0, isContinued ? 1 : 0]
    }

    @Test func `the first captured frame is 56 bytes of an answer that goes on`() throws {
        let text = "Product Name: Voyager 1602g\r\nBoot Revision: : 8992\r\nSoft"
        let frame = [0x02, 0x38, 0x5D, 0x58, 0x30] + Array(text.utf8) + [0x3F, 0x00, 0x01]
        let report = try #require(HIDPOSReport(frame))

        #expect(report.aim == AIMIdentifier("]X0"))
        #expect(report.data == Array(text.utf8))
        #expect(report.isContinued)
    }

    @Test func `the last captured frame ends the answer`() throws {
        let frame = report(Array("um: N/A\r\n".utf8), aim: "]X0", codeID: 0x3F)
        #expect(frame.prefix(5) == [0x02, 0x09, 0x5D, 0x58, 0x30])
        let last = try #require(HIDPOSReport(frame))

        #expect(last.data == Array("um: N/A\r\n".utf8))
        #expect(!last.isContinued)
    }

    @Test func `the captured acknowledgement keeps its control byte`() throws {
        let frame = report(Array("REVINF".utf8) + [0x06, 0x2E], aim: "]Z6", codeID: 0x36)
        let report = try #require(HIDPOSReport(frame))

        #expect(report.aim == AIMIdentifier("]Z6"))
        #expect(report.data == Array("REVINF".utf8) + [0x06, 0x2E])
    }

    @Test func `the length decides, not the first NUL`() {
        #expect(HIDPOSReport(report([0x34, 0, 0x35, 0]))?.data == [0x34, 0, 0x35, 0])
    }

    @Test func `an identifier one byte late is taken with its data`() throws {
        var frame = report(Array("40".utf8))
        frame.remove(at: 63)
        frame.insert(0, at: 2)
        let late = try #require(HIDPOSReport(frame))

        #expect(late.aim == AIMIdentifier("]Q1"))
        #expect(late.data == Array("40".utf8))
    }

    @Test func `a scan without identifier has none`() throws {
        let plain = try #require(HIDPOSReport(report(Array("]Q1".utf8), aim: "\0\0\0")))

        #expect(plain.aim == nil)
        #expect(plain.data == Array("]Q1".utf8))
    }

    @Test func `reports that are short, foreign or longer than they can be are none`() {
        var tooLong = report([])
        tooLong[1] = 57
        var foreign = report([])
        foreign[0] = 3

        #expect(HIDPOSReport([]) == nil)
        #expect(HIDPOSReport(Array(report([]).dropLast())) == nil)
        #expect(HIDPOSReport(tooLong) == nil)
        #expect(HIDPOSReport(foreign) == nil)
    }

    @Test func `a scan of several reports is one scan`() {
        var assembler = HIDPOSAssembler()
        let text = [UInt8](repeating: 0x37, count: 130)

        #expect(
            assembler.consume(report(Array(text[..<56]), isContinued: true), at: .zero) == .wait
        )
        #expect(
            assembler.consume(
                report(Array(text[56..<112]), isContinued: true),
                at: .milliseconds(4)
            )
                == .wait
        )
        #expect(
            assembler.consume(report(Array(text[112...])), at: .milliseconds(8)) == .emit(text)
        )
        #expect(assembler.aim == AIMIdentifier("]Q1"))
        #expect(assembler.idleDeadline == nil)
    }

    @Test(arguments: ["40\r", "40\n", "40\r\n", "40"])
    func `a line ending that the scanner adds comes off`(text: String) {
        var assembler = HIDPOSAssembler()

        #expect(assembler.consume(report(Array(text.utf8)), at: .zero) == emit("40"))
    }

    @Test func `a report that was announced and does not come voids the scan`() {
        var assembler = HIDPOSAssembler()
        _ = assembler.consume(report([0x34], isContinued: true), at: .zero)

        #expect(assembler.idleDeadline == .milliseconds(200))
        #expect(assembler.idle(at: .milliseconds(199)) == .wait)
        #expect(assembler.idle(at: .milliseconds(200)) == .void(.stalled))
        #expect(assembler.consume(report([0x35]), at: .milliseconds(201)) == .emit([0x35]))
    }

    @Test func `an unplug between two reports of a scan voids it`() {
        var assembler = HIDPOSAssembler()
        _ = assembler.consume(report([0x34], isContinued: true), at: .zero)

        #expect(assembler.abandon() == .void(.stalled))
        #expect(assembler.abandon() == .wait)
    }

    @Test func `another symbology in mid-scan means that a report was lost`() {
        var assembler = HIDPOSAssembler()
        _ = assembler.consume(report([0x34], isContinued: true), at: .zero)

        #expect(assembler.consume(report([0x35], aim: "]E0"), at: .zero) == .void(.dropped))
    }

    @Test func `a scanner that never ends a scan is cut off`() {
        var assembler = HIDPOSAssembler()
        let full = report([UInt8](repeating: 0x37, count: 56), isContinued: true)
        let actions = (0..<200).map { _ in assembler.consume(full, at: .zero) }

        #expect(actions.contains(.void(.tooLong)))
        #expect(actions.firstIndex(of: .void(.tooLong)) == Scan.byteCountMax / 56)
    }

    @Test func `a report that does not fit voids, and one of another kind is ignored`() {
        var assembler = HIDPOSAssembler()
        var bad = report([])
        bad[1] = 0xFF

        #expect(assembler.consume(bad, at: .zero) == .void(.badReport))
        #expect(assembler.consume([9, 1, 2], at: .zero) == .wait)
        #expect(assembler.consume([], at: .zero) == .wait)
    }
}

struct HIDPOSLayoutTests {
    /// After the example of the HID Point of Sale Usage Tables, with Honeywell's sizes.
    private let descriptor: [UInt8] = [
        0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, 0x09, 0x12, 0xA1, 0x02, 0x85, 0x02, 0x15, 0x00, 0x26,
        0xFF, 0x00, 0x75, 0x08, 0x95, 0x01, 0x05, 0x01, 0x09, 0x3B, 0x81, 0x02, 0x05, 0x8C, 0x95,
        0x03, 0x09, 0xFB, 0x09, 0xFC, 0x09, 0xFD, 0x81, 0x02, 0x95, 0x38, 0x09, 0xFE, 0x82, 0x02,
        0x01, 0x95, 0x02, 0x06, 0x66, 0xFF, 0x09, 0x04, 0x09, 0x00, 0x81, 0x02, 0x05, 0x8C, 0x95,
        0x01, 0x75, 0x01, 0x09, 0xFF, 0x81, 0x02, 0x75, 0x07, 0x81, 0x03, 0xC0, 0xC0,
    ]

    @Test func `the usual descriptor gives the fixed layout`() {
        #expect(HIDPOSLayout(descriptor: descriptor) == .fixed)
    }

    @Test func `a descriptor without report ids moves every field forward by one`() throws {
        let plain = Array(descriptor[..<10] + descriptor[12...])
        let layout = try #require(HIDPOSLayout(descriptor: plain))

        #expect(layout.reportID == nil)
        #expect(layout.lengthOffset == 0)
        #expect(layout.dataOffset == 4)
        #expect(layout.continuedOffset == 62)
    }

    @Test func `a keyboard's descriptor is no scanner's`() {
        // Datalogic GD4400 (felis/USB_Host_Shield_2.0, issue 669).
        let keyboard: [UInt8] = [
            0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00,
            0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01,
            0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01,
            0x75, 0x03, 0x91, 0x01, 0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x05,
            0x07, 0x19, 0x00, 0x2A, 0xFF, 0x00, 0x81, 0x00, 0xC0,
        ]

        #expect(HIDPOSLayout(descriptor: keyboard) == nil)
    }

    @Test func `a descriptor cut off anywhere gives a layout or none, and never a crash`() {
        for count in 0..<descriptor.count {
            let layout = HIDPOSLayout(descriptor: Array(descriptor[..<count]))
            #expect(layout == nil || layout == .fixed)
        }
    }

    @Test func `sizes beyond any report are refused`() {
        let huge: [UInt8] = [
            0x05, 0x8C, 0x09, 0x02, 0x77, 0xFF, 0xFF, 0xFF, 0xFF, 0x97, 0xFF, 0xFF, 0xFF, 0xFF,
            0x09, 0xFE, 0x81, 0x02,
        ]

        #expect(HIDPOSLayout(descriptor: huge) == nil)
        #expect(HIDPOSLayout(descriptor: [UInt8](repeating: 0, count: 4_097)) == nil)
    }
}
