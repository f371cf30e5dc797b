import Testing

/// Finding, adopting, and losing scanners, with the real libudev under umockdev.
@Suite(.timeLimit(.minutes(2)))
struct HotPlugTests {
    private let keyboard = MockScanner()
    private let key = "05e0:1200:S_N:1A8E"

    @Test func `a scanner that is plugged in while running is read, and reported when it goes`()
        async throws
    {
        try await ProbeSession.run { probe in
            try probe.send("start\nstatus")
            await probe.expectLine("status end")

            try probe.plugIn(
                keyboard.device + keyboard.keyboard(7),
                calls: ["/dev/input/event7"]
            )
            let path = "/sys\(keyboard.devicePath)/1-2:1.0/input/input7/event7"
            await probe.expect("attached \(key) keyboard /dev/input/event7 till=1 grabbed")
            try probe.send("status")
            await probe.expect("status \(key) keyboard /dev/input/event7 till=1 grabbed")
            await probe.expect("status end")

            try probe.send("remove \(path)")
            await probe.expect("detached \(key) unplugged")
        }
    }

    @Test func `a keyboard that nobody marked or named is left alone`() async throws {
        try await ProbeSession.run { probe in
            try probe.plugIn(
                keyboard.device + keyboard.keyboard(7, property: nil),
                calls: ["/dev/input/event7"]
            )
            try probe.send("start\nstatus")
            await probe.expectLine("status end")
        }
    }

    @Test func `a named keyboard needs no mark`() async throws {
        try await ProbeSession.run { probe in
            try probe.plugIn(
                keyboard.device + keyboard.keyboard(7, property: nil),
                calls: ["/dev/input/event7"]
            )
            try probe.send("adopt pci-0000:00:14.0-usb-0:2 keyboard 3\nstart")
            await probe.expect("attached \(key) keyboard /dev/input/event7 till=3 grabbed")
        }
    }

    @Test func `a generic bridge is taken by name, never by its mark`() async throws {
        var bridge = MockScanner(vendorID: "1a86", productID: "7523", serial: nil)
        bridge.port = 4
        try await ProbeSession.run { probe in
            try probe.plugIn(bridge.device + bridge.tty("ttyUSB0"), calls: ["/dev/ttyUSB0"])
            try probe.send("start\nstatus")
            await probe.expectLine("status end")
        }
        try await ProbeSession.run { probe in
            try probe.plugIn(bridge.device + bridge.tty("ttyUSB0"), calls: ["/dev/ttyUSB0"])
            try probe.send("adopt 1a86:7523@pci-0000:00:14.0-usb-0:4:1.0 serial 1\nstart")
            await probe.expect(
                "attached 1a86:7523@pci-0000:00:14.0-usb-0:4 serial /dev/ttyUSB0 till=1 grabbed"
            )
            try probe.send("write /dev/ttyUSB0 343731310d")
            await probe.expect("scan 1a86:7523@pci-0000:00:14.0-usb-0:4 till=1 34373131")
        }
    }

    @Test func `a scanner with two faces is read as HID-POS, and its keyboard types nothing`()
        async throws
    {
        let scanner = MockScanner(vendorID: "0c2e", productID: "0901")
        try await ProbeSession.run { probe in
            try probe.plugIn(
                scanner.device + scanner.keyboard(7) + scanner.hidraw(1, interface: 1),
                calls: ["/dev/input/event7", "/dev/hidraw1"]
            )
            try probe.send("descriptor /dev/hidraw1 \(MockScanner.descriptor)\nstart")
            // A Honeywell is asked to enter HID mode; then the keyboard is grabbed, not read.
            await probe.expectLine("ioctl /dev/hidraw1 HIDIOCSFEATURE")
            await probe.expectLine("ioctl /dev/input/event7 EVIOCGRAB 0")
            await probe.expectLine(
                "attached 0c2e:0901:S_N:1A8E hid-pos /dev/hidraw1 till=1 grabbed"
            )

            // Report 2: length 4, ]Q1, "4711".
            let data = "0204" + "5d5131" + "34373131" + String(repeating: "00", count: 55)
            try probe.send("write /dev/hidraw1 \(data)")
            await probe.expectLine("scan 0c2e:0901:S_N:1A8E till=1 ]Q1 34373131")
        }
    }

    @Test func `twins with one serial number are told apart by their ports`() async throws {
        var left = MockScanner(serial: "AB-1234")
        left.port = 1
        var right = left
        right.port = 2
        try await ProbeSession.run { probe in
            try probe.plugIn(
                left.device + left.keyboard(3) + right.device + right.keyboard(4),
                calls: ["/dev/input/event3", "/dev/input/event4"]
            )
            try probe.send("start")
            var lines: Set<String> = []
            for _ in 0..<3 { lines.insert(await probe.event() ?? "end") }
            #expect(
                lines == [
                    "problem several scanners claim 05e0:1200:AB-1234; adopt them as "
                        + "05e0:1200@pci-0000:00:14.0-usb-0:1 and "
                        + "05e0:1200@pci-0000:00:14.0-usb-0:2",
                    "attached 05e0:1200@pci-0000:00:14.0-usb-0:1 keyboard /dev/input/event3 "
                        + "till=1 grabbed",
                    "attached 05e0:1200@pci-0000:00:14.0-usb-0:2 keyboard /dev/input/event4 "
                        + "till=1 grabbed",
                ]
            )
        }
    }

    @Test func `a scanner that comes back in another mode is reported`() async throws {
        let serial = MockScanner(vendorID: "05e0", productID: "1701")
        try await ProbeSession.run { probe in
            try await probe.attach(keyboard)
            try probe.send(
                "remove /sys\(keyboard.devicePath)/1-2:1.0/input/input7/event7"
            )
            await probe.expect("detached \(key) unplugged")

            try probe.send("remove /sys\(keyboard.devicePath)")
            try probe.plugIn(serial.device + serial.tty("ttyACM0"), calls: ["/dev/ttyACM0"])
            let problem = await probe.event()
            #expect(problem?.contains("05e0:1200 is now 05e0:1701") == true)
            await probe.expect("attached 05e0:1701:S_N:1A8E serial /dev/ttyACM0 till=1 grabbed")
        }
    }
}
