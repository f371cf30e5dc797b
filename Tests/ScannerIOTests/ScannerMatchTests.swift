import ScannerIO
import Testing

struct ScannerMatchTests {
    @Test func `a path names a node`() throws {
        #expect(try ScannerMatch("/dev/serial/by-id/usb-X") == .node("/dev/serial/by-id/usb-X"))
    }

    @Test func `a model and a serial number name one scanner wherever it is`() throws {
        let model = try #require(ModelID("05e0:1200"))

        #expect(try ScannerMatch("05E0:1200:S_N:1A8E") == .serial(model, "S_N:1A8E"))
    }

    @Test func `a model and a port name one scanner without a serial number`() throws {
        let model = try #require(ModelID("1eab:1303"))
        let port = "pci-0000:00:14.0-usb-0:2"

        #expect(try ScannerMatch("1eab:1303@\(port)") == .modelOnPort(model, port))
    }

    @Test func `anything else is a port`() throws {
        #expect(try ScannerMatch("pci-0000:00:14.0-usb-0:2") == .port("pci-0000:00:14.0-usb-0:2"))
    }

    @Test(
        arguments: [
            ("", ScannerMatchError.empty),
            ("05e0:1200", .missingSerial("05e0:1200")),
            ("05e0:1200:", .missingSerial("05e0:1200:")),
            ("05e0@port", .malformedModel("05e0@port")),
            ("05g0:1200@port", .malformedModel("05g0:1200@port")),
            ("05e0:1200@", .missingPort("05e0:1200@")),
        ]
    )
    func `a name that fits too many scanners or none is refused`(
        text: String,
        error: ScannerMatchError
    ) {
        #expect(throws: error) { try ScannerMatch(text) }
        #expect(!error.description.isEmpty)
    }
}
