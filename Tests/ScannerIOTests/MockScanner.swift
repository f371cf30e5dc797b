import Glibc

/// A scanner on a port of a machine under umockdev.
struct MockScanner {
    var vendorID = "05e0"
    var productID = "1200"
    var serial: String? = "S_N:1A8E"
    /// The port's number on the first USB bus.
    var port = 2

    /// The device without its nodes.
    var device: String {
        """
        P: \(devicePath)
        E: SUBSYSTEM=usb
        E: DEVTYPE=usb_device
        A: idVendor=\(vendorID)\\n
        A: idProduct=\(productID)\\n
        A: product=Bar Code Scanner\\n


        """
    }

    /// A keyboard node with udev's properties.
    func keyboard(_ number: Int, interface: Int = 0, property: String? = "keyboard") -> String {
        node(
            path: "\(devicePath)/1-\(port):1.\(interface)/input/input\(number)/event\(number)",
            name: "input/event\(number)",
            subsystem: "input",
            major: 13,
            minor: 64 + number,
            interface: interface,
            properties: ["ID_INPUT_KEYBOARD": "1", "STAMPD_SCANNER": property]
        )
    }

    /// A HID-POS node with its report descriptor in sysfs.
    func hidraw(_ number: Int, interface: Int = 0, property: String? = "hid-pos") -> String {
        let hid = "\(devicePath)/1-\(port):1.\(interface)/0003:0C2E:0901.000\(number)"
        return """
            P: \(hid)
            E: SUBSYSTEM=hid
            H: report_descriptor=\(Self.descriptor)


            """
                + node(
                    path: "\(hid)/hidraw/hidraw\(number)",
                    name: "hidraw\(number)",
                    subsystem: "hidraw",
                    major: 243,
                    minor: number,
                    interface: interface,
                    properties: ["STAMPD_SCANNER": property],
                    link: "../../../0003:0C2E:0901.000\(number)"
                )
    }

    /// A serial node.
    func tty(_ name: String, property: String? = "serial") -> String {
        node(
            path: "\(devicePath)/1-\(port):1.0/tty/\(name)",
            name: name,
            subsystem: "tty",
            major: 166,
            minor: 0,
            interface: 0,
            properties: ["STAMPD_SCANNER": property]
        )
    }

    var devicePath: String { "/devices/pci0000:00/0000:00:14.0/usb1/1-\(port)" }

    private func node(
        path: String,
        name: String,
        subsystem: String,
        major: Int,
        minor: Int,
        interface: Int,
        properties: [String: String?],
        link: String? = nil
    ) -> String {
        var lines = [
            "P: \(path)", "N: \(name)", "E: DEVNAME=/dev/\(name)", "E: SUBSYSTEM=\(subsystem)",
            "E: MAJOR=\(major)", "E: MINOR=\(minor)", "A: dev=\(major):\(minor)\\n",
            "E: ID_PATH=pci-0000:00:14.0-usb-0:\(port):1.\(interface)",
        ]
        if let serial { lines.append("E: ID_SERIAL_SHORT=\(serial)") }
        for (key, value) in properties.sorted(by: { $0.key < $1.key }) {
            if let value { lines.append("E: \(key)=\(value)") }
        }
        if let link { lines.append("L: device=\(link)") }
        return lines.joined(separator: "\n") + "\n\n"
    }

    /// A report descriptor of a Honeywell scanner's shape: page 8C, input report 2 of 64 bytes with
    /// its number, feature report FE.
    static let descriptor =
        "058C0902A10109128502150026FF00"  // scanner, scanned data report 2, bytes
        + "0501093B750895018102"  // byte count
        + "058C09FB09FC09FD95038102"  // AIM identifier
        + "09FE95388102"  // 56 bytes of data
        + "090495028102"  // two bytes of the maker's
        + "09FF750195018102750795018103"  // more follows, and seven bits of nothing
        + "85FE090175089501B102C0"  // feature report FE
}

/// What a keyboard scanner sends for a text, as hex of the kernel's `struct input_event`.
enum KeyBurst {
    private static let letters = "1234567890\0\0\0\0qwertyuiop\0\0\u{D}\0asdfghjkl"

    /// Keys down and up, a millisecond apart, from now on; `⏎` is Enter.
    static func hex(_ text: String, pauseMs: Int64 = 1) -> String {
        var at = nowUs()
        return text.map { character in
            defer { at += pauseMs * 1000 }
            let code = code(of: character)
            return key(code, down: true, at: at) + key(code, down: false, at: at)
        }.joined()
    }

    /// One key going down or up, with its report's end.
    static func key(_ code: UInt16, down: Bool, at: Int64 = nowUs()) -> String {
        event(1, code, down ? 1 : 0, at: at) + event(0, 0, 0, at: at)
    }

    /// The kernel threw events away.
    static func dropped() -> String { event(0, 3, 0, at: nowUs()) + event(0, 0, 0, at: nowUs()) }

    static func nowUs() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }

    private static func code(of character: Character) -> UInt16 {
        if character == "⏎" { return 28 }
        guard let index = Array(letters).firstIndex(of: character) else { return 0 }
        return UInt16(index + 2)
    }

    private static func event(_ type: UInt16, _ code: UInt16, _ value: Int32, at: Int64) -> String {
        bytes(UInt64(at / 1_000_000), 8) + bytes(UInt64(at % 1_000_000), 8)
            + bytes(UInt64(type), 2) + bytes(UInt64(code), 2) + bytes(UInt64(value), 4)
    }

    private static func bytes(_ number: UInt64, _ count: Int) -> String {
        (0..<count).map { index in
            let byte = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
