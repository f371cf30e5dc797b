import Testing

@testable import ScannerIO

struct ScannerIdentityTests {
    @Test(
        arguments: [
            ("S_N:1A8E37C782A2FC488BD97FCFF5C05D63_Rev:NBRMIAAR3", true),  // Symbol DS6608
            ("1E6D4D5C0000", true),  // "SCANNER SCANNER"
            ("16350B0A2D", true),
            ("00000000011C", false),  // in every WCM
            ("XXXXXX", false),  // in every Newtologic 4010E
            ("0", false),
            ("00000000", false),
            ("0000-0000", false),
            ("111111", false),
            ("0123456789ABCDEF", false),
            ("12", false),
            ("", false),
        ]
    )
    func `a serial number that every unit has is none`(serial: String, isReal: Bool) {
        #expect(ScannerIdentity.isReal(serial) == isReal)
    }

    @Test(
        arguments: [
            ("pci-0000:00:14.0-usb-0:2:1.0", "pci-0000:00:14.0-usb-0:2"),
            ("pci-0000:00:14.0-usb-0:2:1.1", "pci-0000:00:14.0-usb-0:2"),
            ("pci-0000:00:14.0-usb-0:1.4:1.0", "pci-0000:00:14.0-usb-0:1.4"),
            ("platform-dummy_hcd.0-usb-0:1:1.0", "platform-dummy_hcd.0-usb-0:1"),
            ("pci-0000:00:14.0-usb-0:2", "pci-0000:00:14.0-usb-0:2"),
            ("pci-0000:00:14.0-usb-0:1.4", "pci-0000:00:14.0-usb-0:1.4"),
            ("platform-i8042-serio-0", "platform-i8042-serio-0"),
            ("", ""),
        ]
    )
    func `a port is an ID_PATH without the interface`(path: String, port: String) {
        #expect(DeviceFacts.port(ofIDPath: path) == port)
    }

    @Test func `sysfs's serial number is written as udev writes it`() {
        #expect(
            DeviceFacts.udevForm("S/N:65047AA8 Rev:PAAASS00-005-R01-3 ")
                == "S_N:65047AA8_Rev:PAAASS00-005-R01-3"
        )
    }

    @Test(
        arguments: [
            ("1a86:7523", true), ("0403:6001", true), ("10c4:ea60", true), ("067b:2303", true),
            ("04b4:bca1", true), ("28e9:018a", true), ("0416:c141", true),
            ("05e0:1200", false), ("0c2e:0901", false), ("1eab:1303", false),
        ]
    )
    func `a chip's number says nothing about the device`(model: String, isGeneric: Bool) throws {
        #expect(GenericDevice.contains(try #require(ModelID(model))) == isGeneric)
    }
}
