public import ScanCodec

/// Which scanners the monitor takes, and how it reads them.
public struct ScannerSettings: Equatable, Sendable {
    /// The scanners named in the configuration; where several fit a device, the most exact wins.
    public var adopted: [AdoptedScanner]
    /// Whether a device with the udev property `STAMPD_SCANNER` is taken without being named.
    ///
    /// A chip that many products share (`GenericDevice`) is never taken so.
    public var adoptsByProperty: Bool
    /// The till of a scanner that was taken by its property.
    public var defaultTill: String

    /// Creates settings; none of the arguments reads the configuration by itself.
    public init(
        adopted: [AdoptedScanner] = [],
        adoptsByProperty: Bool = true,
        defaultTill: String = "1"
    ) {
        self.adopted = adopted
        self.adoptsByProperty = adoptsByProperty
        self.defaultTill = defaultTill
    }
}

/// One scanner of the configuration.
public struct AdoptedScanner: Equatable, Sendable {
    /// Which device it is.
    public var match: ScannerMatch
    /// How it is read; `nil` lets the device decide.
    public var transport: ScannerTransport?
    /// The till whose scans these are.
    public var till: String
    /// The operator's name for it, for `stampctl status`.
    public var label: String?
    /// How its line is set, if it is a serial scanner.
    public var serial: SerialSettings
    /// How its keys are read, if it is a keyboard scanner.
    public var keyboard: KeySettings

    /// Creates an adopted scanner with a scanner's usual settings.
    public init(
        match: ScannerMatch,
        transport: ScannerTransport? = nil,
        till: String = "1",
        label: String? = nil,
        serial: SerialSettings = SerialSettings(),
        keyboard: KeySettings = KeySettings()
    ) {
        self.match = match
        self.transport = transport
        self.till = till
        self.label = label
        self.serial = serial
        self.keyboard = keyboard
    }
}

/// How a scanner's data reaches the machine.
public enum ScannerTransport: String, CaseIterable, Sendable {
    /// A keyboard that types its scans (`/dev/input/event*`).
    case keyboard
    /// A serial line: USB CDC, an FTDI-like bridge, or a pty (`/dev/tty*`).
    case serial
    /// HID point-of-sale reports, usage page 8C (`/dev/hidraw*`).
    case hidPOS = "hid-pos"
}

/// How an adopted scanner's configuration names its device.
///
/// From the most exact to the least: a node's path, a serial number, a model on a port, a port.
public enum ScannerMatch: Hashable, Sendable {
    /// A node's path or one of its links, as `/dev/pts/3` or `/dev/serial/by-id/…`.
    case node(String)
    /// A model and a serial number: `05e0:1200:S_N:1A8E37`.
    case serial(ModelID, String)
    /// A model on a port: `1eab:1303@pci-0000:00:14.0-usb-0:2`.
    case modelOnPort(ModelID, String)
    /// Whatever scanner is on a port: `pci-0000:00:14.0-usb-0:2`.
    case port(String)

    /// Reads the configuration's form; the identity keys of `ScannerInfo` are such forms.
    ///
    /// - Parameter text: A path that starts with `/`, `vid:pid:serial`, `vid:pid@port`, or a port.
    /// - Throws: `ScannerMatchError`, naming what is wrong.
    public init(_ text: String) throws(ScannerMatchError) {
        guard !text.isEmpty else { throw .empty }
        if text.hasPrefix("/") {
            self = .node(text)
        } else if let at = text.firstIndex(of: "@") {
            guard let model = ModelID(String(text[..<at])) else { throw .malformedModel(text) }
            let port = text[text.index(after: at)...]
            guard !port.isEmpty else { throw .missingPort(text) }
            self = .modelOnPort(model, String(port))
        } else if let model = ModelID(String(text.prefix(ModelID.textCount))) {
            let rest = text.dropFirst(ModelID.textCount)
            guard rest.hasPrefix(":"), rest.count > 1 else { throw .missingSerial(text) }
            self = .serial(model, String(rest.dropFirst()))
        } else {
            self = .port(text)
        }
    }
}

/// Why a configured scanner's name cannot be read.
public enum ScannerMatchError: Error, Equatable {
    /// There is no text.
    case empty
    /// What stands before `@` is not four hex digits, a colon, four hex digits.
    case malformedModel(String)
    /// Nothing stands after `@`.
    case missingPort(String)
    /// A model alone would take every scanner of that kind.
    case missingSerial(String)
}

extension ScannerMatchError: CustomStringConvertible {
    /// What is wrong and what to write instead.
    public var description: String {
        switch self {
        case .empty:
            "a scanner needs a name: copy one from 'stampctl status'"
        case .malformedModel(let text):
            "'\(text)': write the model before '@' as vid:pid, for example 05e0:1200"
        case .missingPort(let text):
            "'\(text)': write the port after '@', as 'udevadm info' shows it in ID_PATH"
        case .missingSerial(let text):
            "'\(text)' names a kind of scanner, not one: add ':serial' or '@port'"
        }
    }
}

/// A USB vendor and product number: `05e0:1200`.
public struct ModelID: Hashable, Sendable {
    /// The vendor, four lower-case hex digits.
    public let vendorID: String
    /// The product, four lower-case hex digits.
    public let productID: String

    /// How many characters the text form has.
    static let textCount = 9

    /// Reads `vid:pid`, four hex digits each, of either case.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(vendorID: String(parts[0]), productID: String(parts[1]))
    }

    /// Makes a model of two numbers, four hex digits each, of either case.
    public init?(vendorID: String, productID: String) {
        guard Self.isNumber(vendorID), Self.isNumber(productID) else { return nil }
        self.vendorID = vendorID.lowercased()
        self.productID = productID.lowercased()
    }

    private static func isNumber(_ text: String) -> Bool {
        text.utf8.count == 4 && text.allSatisfy { $0.isASCII && $0.isHexDigit }
    }
}

extension ModelID: CustomStringConvertible {
    /// The text form, as `lsusb` prints it.
    public var description: String { "\(vendorID):\(productID)" }
}
