import CDevices

/// A look at a udev device; whoever made the device keeps it alive meanwhile.
struct UdevDevice {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    var action: String? { Self.text(udev_device_get_action(handle)) }
    var subsystem: String? { Self.text(udev_device_get_subsystem(handle)) }
    var sysName: String { Self.text(udev_device_get_sysname(handle)) ?? "" }
    var sysPath: String { Self.text(udev_device_get_syspath(handle)) ?? "" }
    var nodePath: String? { Self.text(udev_device_get_devnode(handle)) }

    /// A property of udev's database, as rules set it.
    func property(_ name: String) -> String? {
        Self.text(udev_device_get_property_value(handle, name))
    }

    /// A file of the device's directory in sysfs, as one line of text.
    func attribute(_ name: String) -> String? {
        Self.text(udev_device_get_sysattr_value(handle, name))
    }

    /// The nearest device above this one of a kind.
    func parent(_ subsystem: String, type: String? = nil) -> UdevDevice? {
        udev_device_get_parent_with_subsystem_devtype(handle, subsystem, type)
            .map(UdevDevice.init)
    }

    /// The links that rules made to the node.
    var links: [String] {
        var found: [String] = []
        var entry = udev_device_get_devlinks_list_entry(handle)
        while let current = entry {
            entry = udev_list_entry_get_next(current)
            if let link = Self.text(udev_list_entry_get_name(current)) { found.append(link) }
        }
        return found
    }

    private static func text(_ bytes: UnsafePointer<CChar>?) -> String? {
        bytes.map { String(cString: $0) }
    }
}

extension DeviceFacts.Kind {
    /// How the kernel names the nodes that a scanner may have.
    fileprivate var namePrefixes: [String] {
        switch self {
        case .input: ["event"]
        case .tty: ["ttyUSB", "ttyACM"]
        case .hidraw: ["hidraw"]
        }
    }
}

extension DeviceFacts {
    /// Collects what udev knows of a node; `nil` if no scanner has such a node.
    init?(_ device: UdevDevice) {
        guard let kind = device.subsystem.flatMap(Kind.init(rawValue:)),
            kind.namePrefixes.contains(where: device.sysName.hasPrefix),
            let nodePath = device.nodePath
        else { return nil }
        let usb = device.parent("usb", type: "usb_device")
        let hid = device.parent("hid")
        let input = device.parent("input")

        self.init(kind: kind, sysPath: device.sysPath, nodePath: nodePath)
        links = device.links
        parentPath = (usb ?? hid)?.sysPath
        model = Self.model(usb: usb, hid: hid, input: input)
        serial =
            device.property("ID_SERIAL_SHORT")
            ?? (usb?.attribute("serial") ?? hid?.property("HID_UNIQ")).map(Self.udevForm)
        port =
            device.property("ID_PATH").map(Self.port(ofIDPath:))
            ?? usb.map { "usb-\($0.sysName)" }
        name =
            input?.attribute("name") ?? usb?.attribute("product") ?? hid?.property("HID_NAME") ?? ""
        isKeyboard = device.property("ID_INPUT_KEYBOARD") == "1"
        isPOSScanner = kind == .hidraw && Self.hasScannerReports(device.sysPath)
        property = device.property("STAMPD_SCANNER").flatMap(ScannerTransport.init(rawValue:))
    }

    private static func model(
        usb: UdevDevice?,
        hid: UdevDevice?,
        input: UdevDevice?
    ) -> ModelID? {
        if let vendor = usb?.attribute("idVendor"), let product = usb?.attribute("idProduct") {
            return ModelID(vendorID: vendor, productID: product)
        }
        if let vendor = input?.attribute("id/vendor"), let product = input?.attribute("id/product")
        {
            return ModelID(vendorID: vendor, productID: product)
        }
        // HID_ID is bus:vendor:product, as 0003:000005E0:00001200.
        guard let parts = hid?.property("HID_ID")?.split(separator: ":"), parts.count == 3 else {
            return nil
        }
        return ModelID(
            vendorID: String(parts[1].suffix(4)),
            productID: String(parts[2].suffix(4))
        )
    }

    /// Whether a hidraw node's report descriptor is a scanner's; sysfs shows it to everyone.
    private static func hasScannerReports(_ sysPath: String) -> Bool {
        // Allowed: a node that went meanwhile is no scanner.
        guard
            let bytes = try? readFile(
                sysPath + "/device/report_descriptor",
                byteCountMax: HIDReportDescriptor.byteCountMax
            )
        else { return false }
        return HIDReportDescriptor(bytes).isPOSScanner
    }

    /// Writes a serial number as udev's ID_SERIAL_SHORT does: `S/N:1A Rev:2` → `S_N:1A_Rev:2`.
    ///
    /// Source: systemd's `udev_replace_chars` and `udev_replace_whitespace`.
    static func udevForm(_ serial: String) -> String {
        let words = serial.split(whereSeparator: \.isWhitespace).joined(separator: "_")
        return String(
            words.map { character in
                let isPlain = character.isASCII && (character.isLetter || character.isNumber)
                return isPlain || "#+-.:=@_".contains(character) ? character : "_"
            }
        )
    }
}
