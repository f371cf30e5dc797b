import Testing

@testable import ScannerIO

/// The rules of adoption, on machines written down as values.
struct ScannerPlanTests {
    @Test func `an empty machine has no scanners`() {
        #expect(ScannerPlan([], under: ScannerSettings()) == ScannerPlan())
    }

    @Test func `a marked scanner with a serial number is known by it`() {
        let plan = plan([keyboard()])

        #expect(plan.scanners.map(\.info.key) == ["05e0:1200:AB-1234"])
        #expect(plan.scanners.map(\.info.nodePath) == ["/dev/input/event3"])
        #expect(plan.scanners.map(\.info.till) == ["1"])
    }

    @Test func `a marked scanner without a serial number is known by its port`() {
        #expect(plan([keyboard(serial: nil)]).scanners.map(\.info.key) == ["05e0:1200@usb-0:3"])
        #expect(
            plan([keyboard(serial: "00000000011C")]).scanners.map(\.info.key)
                == ["05e0:1200@usb-0:3"]
        )
    }

    @Test func `marks can be switched off`() {
        #expect(plan([keyboard()], adoptsByProperty: false).scanners.isEmpty)
    }

    @Test(arguments: ["1a86:7523", "04b4:bca1"])
    func `a generic number's mark does not count`(model: String) throws {
        let device = keyboard(model: model)
        #expect(plan([device]).scanners.isEmpty)

        let named = AdoptedScanner(match: .port("usb-0:3"))
        #expect(plan([device], [named]).scanners.count == 1)
    }

    @Test(
        arguments: [
            ("/dev/input/event3", "/dev/input/event3"),
            ("05e0:1200:AB-1234", "05e0:1200:AB-1234"),
            ("05e0:1200@usb-0:3", "05e0:1200:AB-1234"),
            ("usb-0:3", "05e0:1200:AB-1234"),
        ]
    )
    func `each form of name finds an unmarked scanner`(name: String, key: String) throws {
        let named = AdoptedScanner(match: try ScannerMatch(name), till: "4")
        let plan = plan([keyboard(property: nil)], [named])

        #expect(plan.scanners.map(\.info.key) == [key])
        #expect(plan.scanners.map(\.info.till) == ["4"])
    }

    @Test(
        arguments: ["/dev/input/event9", "05e0:1200:OTHER-1", "05e0:1300@usb-0:3", "usb-0:4"]
    )
    func `another name does not find it`(name: String) throws {
        let named = AdoptedScanner(match: try ScannerMatch(name))
        let plan = plan([keyboard(property: nil)], [named])

        #expect(!plan.scanners.contains { $0.info.nodePath == "/dev/input/event3" })
    }

    @Test func `of several names the most exact wins`() throws {
        let names = [
            ("usb-0:3", "port"), ("05e0:1200@usb-0:3", "model"), ("05e0:1200:AB-1234", "serial"),
        ]
        for count in 1...names.count {
            let adopted = try names.prefix(count).map { name, till in
                AdoptedScanner(match: try ScannerMatch(name), till: till)
            }
            #expect(plan([keyboard()], adopted).scanners.map(\.info.till) == [names[count - 1].1])
        }
    }

    @Test func `twins with one serial number are known by their ports`() throws {
        let twins = [keyboard(event: 3, port: 1), keyboard(event: 4, port: 2)]
        let plan = plan(twins)

        #expect(plan.scanners.map(\.info.key) == ["05e0:1200@usb-0:1", "05e0:1200@usb-0:2"])
        #expect(
            plan.problems == [
                .twinsShareSerial(
                    key: "05e0:1200:AB-1234",
                    portKeys: ["05e0:1200@usb-0:1", "05e0:1200@usb-0:2"]
                )
            ]
        )
    }

    @Test func `a serial number that twins share names neither of them`() throws {
        let twins = [
            keyboard(event: 3, port: 1, property: nil), keyboard(event: 4, port: 2, property: nil),
        ]
        let named = AdoptedScanner(match: try ScannerMatch("05e0:1200:AB-1234"))
        let plan = plan(twins, [named])

        #expect(plan.scanners.isEmpty)
        #expect(plan.problems.count == 1)
    }

    @Test func `twins that are no scanners of ours are nobody's problem`() {
        let twins = [
            keyboard(event: 3, port: 1, property: nil), keyboard(event: 4, port: 2, property: nil),
        ]
        #expect(plan(twins).problems.isEmpty)
    }

    @Test func `of a device's nodes HID-POS is read and the keyboard silenced`() {
        let plan = plan([keyboard(event: 3), pos(1)])

        #expect(plan.scanners.map(\.info.transport) == [.hidPOS])
        #expect(plan.scanners.map(\.info.nodePath) == ["/dev/hidraw1"])
        #expect(plan.scanners.map(\.silencedPaths) == [["/dev/input/event3"]])
    }

    @Test func `the configuration may ask for the keyboard instead`() {
        let named = AdoptedScanner(match: .port("usb-0:3"), transport: .keyboard)
        let plan = plan([keyboard(event: 3), pos(1)], [named])

        #expect(plan.scanners.map(\.info.nodePath) == ["/dev/input/event3"])
        #expect(plan.scanners.map(\.silencedPaths) == [[]])
    }

    @Test func `a second keyboard of the same device is silenced`() {
        var keys = keyboard(event: 4)
        keys.isKeyboard = false  // volume keys: ID_INPUT_KEY, but no ID_INPUT_KEYBOARD
        let plan = plan([keyboard(event: 3), keys])

        #expect(plan.scanners.map(\.info.nodePath) == ["/dev/input/event3"])
        #expect(plan.scanners.map(\.silencedPaths) == [["/dev/input/event4"]])
    }

    @Test func `a hidraw node without scanner reports is not read`() {
        var raw = pos(1)
        raw.isPOSScanner = false
        #expect(plan([raw]).scanners.isEmpty)
    }

    @Test func `a node that udev does not know is read if its path is named`() throws {
        let serial = AdoptedScanner(match: try ScannerMatch("/dev/pts/7"), till: "2")
        let plan = plan([], [serial])

        #expect(plan.scanners.map(\.info.key) == ["/dev/pts/7"])
        #expect(plan.scanners.map(\.info.transport) == [.serial])
        #expect(plan.scanners.map(\.sysPath) == [nil])
    }

    @Test func `a link to a node names it`() throws {
        var node = keyboard(property: nil)
        node.links = ["/dev/input/by-path/x-event-kbd"]
        let named = AdoptedScanner(match: try ScannerMatch("/dev/input/by-path/x-event-kbd"))
        let plan = plan([node], [named])

        #expect(plan.scanners.map(\.info.nodePath) == ["/dev/input/event3"])
        #expect(plan.scanners.map(\.info.key) == ["/dev/input/by-path/x-event-kbd"])
    }

    @Test func `two lines of one adapter are two scanners if both are named`() throws {
        let lines = (0...1).map { number in
            node(.tty, "/dev/ttyUSB\(number)", port: 3, model: "0403:6011", serial: "FT-777")
        }
        let named = try (0...1).map { number in
            AdoptedScanner(match: try ScannerMatch("/dev/ttyUSB\(number)"), till: "\(number)")
        }
        let plan = plan(lines, named)

        #expect(plan.scanners.map(\.info.nodePath) == ["/dev/ttyUSB0", "/dev/ttyUSB1"])
        #expect(plan.scanners.map(\.info.till) == ["0", "1"])
    }

    @Test func `a scanner that changes its mode is noticed once`() {
        var memory = PortMemory()
        let before = [keyboard(model: "05e0:1200")]
        let after = [keyboard(model: "05e0:1300", property: nil)]

        #expect(memory.update(PluggedDevice.group(before), plan(before)).isEmpty)
        #expect(memory.update([], plan([])).isEmpty)
        let problems = memory.update(PluggedDevice.group(after), plan(after))
        #expect(problems.map(\.description).count == 1)
        #expect(problems.first?.description.contains("05e0:1200 is now 05e0:1300") == true)
        #expect(memory.update(PluggedDevice.group(after), plan(after)).isEmpty)
    }

    @Test func `another maker's scanner on the same port is no change of mode`() {
        var memory = PortMemory()
        let before = [keyboard(model: "05e0:1200")]
        let after = [keyboard(model: "0c2e:0200")]

        #expect(memory.update(PluggedDevice.group(before), plan(before)).isEmpty)
        #expect(memory.update(PluggedDevice.group(after), plan(after)).isEmpty)
    }

    // MARK: Machines

    private func plan(
        _ nodes: [DeviceFacts],
        _ adopted: [AdoptedScanner] = [],
        adoptsByProperty: Bool = true
    ) -> ScannerPlan {
        ScannerPlan(
            PluggedDevice.group(nodes),
            under: ScannerSettings(adopted: adopted, adoptsByProperty: adoptsByProperty)
        )
    }

    private func keyboard(
        event: Int = 3,
        port: Int = 3,
        model: String = "05e0:1200",
        serial: String? = "AB-1234",
        property: ScannerTransport? = .keyboard
    ) -> DeviceFacts {
        var facts = node(
            .input,
            "/dev/input/event\(event)",
            port: port,
            model: model,
            serial: serial
        )
        facts.isKeyboard = true
        facts.property = property
        return facts
    }

    private func pos(_ number: Int) -> DeviceFacts {
        var facts = node(.hidraw, "/dev/hidraw\(number)", port: 3, model: "05e0:1200", serial: nil)
        facts.isPOSScanner = true
        return facts
    }

    private func node(
        _ kind: DeviceFacts.Kind,
        _ path: String,
        port: Int,
        model: String,
        serial: String?
    ) -> DeviceFacts {
        DeviceFacts(
            kind: kind,
            sysPath: "/sys/\(port)\(path)",
            nodePath: path,
            parentPath: "/sys/\(port)",
            model: ModelID(model),
            serial: serial,
            port: "usb-0:\(port)"
        )
    }
}
