/// What udev and sysfs say about one node that may belong to a scanner.
///
/// A value, so that the rules of adoption can be tested without a device.
struct DeviceFacts: Equatable {
    /// The kernel's kind of node.
    enum Kind: String, CaseIterable {
        case input
        case tty
        case hidraw
    }

    var kind: Kind
    /// The node's directory in sysfs: its identity while it is plugged in.
    var sysPath: String
    /// The node itself, as `/dev/input/event4`.
    var nodePath: String
    /// Links to the node, as in `/dev/serial/by-id`.
    var links: [String] = []
    /// The sysfs directory that all nodes of one physical device share: the `usb_device`, or the
    /// HID device if there is no USB.
    var parentPath: String?
    var model: ModelID?
    /// `ID_SERIAL_SHORT`; absent if the device has none.
    var serial: String?
    /// `ID_PATH`, without the interface at its end: the port.
    var port: String?
    /// What the device calls itself, for people.
    var name = ""
    /// `ID_INPUT_KEYBOARD`, on an input node.
    var isKeyboard = false
    /// Whether the node's report descriptor has the usage page of scanners, on a hidraw node.
    var isPOSScanner = false
    /// `STAMPD_SCANNER`, which our rules or the operator's set.
    var property: ScannerTransport?

    /// How the node is read, if a scanner can be read from it at all.
    var transport: ScannerTransport? {
        switch kind {
        case .input: isKeyboard ? .keyboard : nil
        case .tty: .serial
        case .hidraw: isPOSScanner ? .hidPOS : nil
        }
    }

    /// Whether the configuration may have meant this node by a path.
    func isNode(_ path: String) -> Bool {
        nodePath == path || links.contains(path)
    }
}

extension DeviceFacts {
    /// Cuts the USB configuration and interface off an `ID_PATH`: `…-usb-0:2:1.0` → `…-usb-0:2`.
    ///
    /// A scanner's port stays the same when it changes mode, its interface does not.
    static func port(ofIDPath path: String) -> String {
        guard let usb = path.firstRange(of: "-usb"), let colon = path.lastIndex(of: ":"),
            usb.upperBound < colon
        else { return path }
        let interface = path[path.index(after: colon)...].split(
            separator: ".",
            omittingEmptySubsequences: false
        )
        let isInterface =
            interface.count == 2
            && interface.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
        // `usb-0:2.1` is hub port 2.1 with no interface: there must be a port before the colon.
        let isAfterPort = path[usb.upperBound..<colon].contains(":")
        return isInterface && isAfterPort ? String(path[..<colon]) : path
    }
}
