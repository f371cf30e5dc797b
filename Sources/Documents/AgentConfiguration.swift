public import LoyaltyCore

/// How one store's agent is set up: what its configuration file says.
///
/// Plain values, so that tests and the demo can make one without a file. Absent keys have the
/// defaults of `docs/stampd.example.yaml`.
public struct AgentConfiguration: Equatable, Sendable {
    /// The store's name towards HQ, an identifier.
    public var store: String
    /// What the display calls the store.
    public var storeTitle: LocalText
    /// The directory of the ledger, the device's key and the ballast.
    public var statePath: String
    /// The programme's file.
    public var programmePath: String
    /// The tills, each with its own display and customer.
    public var tills: [String]
    /// Where the agent answers the POS, the display and `stampctl`.
    public var listen: Listen
    /// The headquarters; nil for the one that the device is enrolled at, if it is.
    public var hq: HQ?
    /// Where HQ may pull the log; nil while it may not.
    public var pull: Pull?
    /// The AES keys, 16 bytes each, that check field 8 of an e-invoice.
    public var invoiceKeys: [[UInt8]]
    /// Who may allow a compensation by a one-time code.
    public var managers: [Manager]
    /// Whether scanners are adopted that stampd's hardware database knows.
    public var adoptsKnownScanners: Bool
    /// The scanners that are adopted by name.
    public var scanners: [Scanner]

    /// Most tills of a store.
    ///
    /// Source: our own bound; a large supermarket has some 30.
    public static let tillCountMax = 64
    /// Most scanners adopted by name.
    ///
    /// Source: our own bound, two for each till.
    public static let scannerCountMax = 128
    /// Most keys for e-invoices.
    ///
    /// Source: our own bound; a seller has one key, a mall a few sellers.
    public static let invoiceKeyCountMax = 64
    /// Most managers with a code.
    ///
    /// Source: our own bound; each of them makes a guess likelier, and a large store has some ten.
    public static let managerCountMax = 16

    /// Creates a configuration.
    public init(
        store: String,
        storeTitle: LocalText,
        statePath: String = "/var/lib/stampd",
        programmePath: String = "/etc/stampd/programme.yaml",
        tills: [String] = ["1"],
        listen: Listen = Listen(),
        hq: HQ? = nil,
        pull: Pull? = nil,
        invoiceKeys: [[UInt8]] = [],
        managers: [Manager] = [],
        adoptsKnownScanners: Bool = true,
        scanners: [Scanner] = []
    ) {
        self.store = store
        self.storeTitle = storeTitle
        self.statePath = statePath
        self.programmePath = programmePath
        self.tills = tills
        self.listen = listen
        self.hq = hq
        self.pull = pull
        self.invoiceKeys = invoiceKeys
        self.managers = managers
        self.adoptsKnownScanners = adoptsKnownScanners
        self.scanners = scanners
    }

    /// Where the agent answers: on this machine only.
    public struct Listen: Equatable, Sendable {
        /// `127.0.0.1` or `::1`.
        public var address: String
        /// The TCP port; 0 for any that is free, as tests want it.
        public var port: Int
        /// The path of the Unix socket.
        public var socketPath: String

        /// Most bytes of a socket's path.
        ///
        /// Source: unix(7), `sun_path` has 108 bytes with its closing NUL.
        public static let socketPathByteCountMax = 107

        /// Creates an address.
        public init(
            address: String = "127.0.0.1",
            port: Int = 8737,
            socketPath: String = "/run/stampd/stampd.sock"
        ) {
            self.address = address
            self.port = port
            self.socketPath = socketPath
        }
    }

    /// Where headquarters is, and how the agent knows it.
    public struct HQ: Equatable, Sendable {
        /// Its base address, `https://…`; `http://` only on this machine.
        public var url: String
        /// The file of certificates that vouch for it; nil for the system's.
        public var trustRootsPath: String?
        /// Its Ed25519 public key, 32 bytes: an acknowledgement counts only if this key signed it;
        /// nil for the one that the enrolment told.
        public var publicKey: [UInt8]?

        /// Creates an address.
        public init(url: String, trustRootsPath: String? = nil, publicKey: [UInt8]? = nil) {
            self.url = url
            self.trustRootsPath = trustRootsPath
            self.publicKey = publicKey
        }
    }

    /// Where HQ may pull the log: over HTTPS, and only with requests that HQ's key signed.
    public struct Pull: Equatable, Sendable {
        /// The address to listen on.
        public var address: String
        /// The TCP port; 0 for any that is free, as tests want it.
        public var port: Int
        /// The certificate and those that vouch for it, in PEM.
        public var certificatePath: String
        /// Its private key, in PEM.
        public var keyPath: String

        /// The address unless told otherwise: all of this machine's.
        public static let usualAddress = "0.0.0.0"
        /// The port unless told otherwise.
        public static let usualPort = 8738

        /// Creates an address.
        public init(
            address: String = Self.usualAddress,
            port: Int = Self.usualPort,
            certificatePath: String,
            keyPath: String
        ) {
            self.address = address
            self.port = port
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    /// Somebody whose one-time code allows a compensation.
    public struct Manager: Equatable, Sendable {
        /// The name in entries and reports, an identifier.
        public var id: String
        /// The secret of the codes: a file's path, or the name of one of systemd's credentials.
        public var secret: String

        /// Creates a manager.
        public init(id: String, secret: String) {
            self.id = id
            self.secret = secret
        }
    }

    /// One scanner that is adopted by name.
    public struct Scanner: Equatable, Sendable {
        /// Which one: a path, `vid:pid:serial`, `vid:pid@port`, or a port; the first two numbers
        /// as `lsusb` prints them, the port as udev's `ID_PATH`.
        public var match: String
        /// How it is read; nil lets the device decide.
        public var transport: Transport?
        /// The till that it belongs to.
        public var till: String
        /// What the operator calls it.
        public var label: String?
        /// How its line is set, if it is a serial scanner.
        public var serial: Serial
        /// What a number typed with Alt and the numeric keypad stands for.
        public var altNumpad: AltNumpad

        /// Most characters of a label.
        ///
        /// Source: our own bound; a line of `stampctl status` has room for as many.
        public static let labelCharacterCountMax = 40

        /// Creates a scanner with the settings that most leave the factory with.
        public init(
            match: String,
            transport: Transport? = nil,
            till: String = "1",
            label: String? = nil,
            serial: Serial = Serial(),
            altNumpad: AltNumpad = .byte
        ) {
            self.match = match
            self.transport = transport
            self.till = till
            self.label = label
            self.serial = serial
            self.altNumpad = altNumpad
        }
    }

    /// How a scanner's data reaches the machine.
    public enum Transport: String, CaseIterable, Sendable {
        /// A keyboard that types its scans.
        case keyboard
        /// A serial line.
        case serial
        /// HID point-of-sale reports.
        case hidPOS = "hid-pos"
    }

    /// What a number typed with Alt and the numeric keypad stands for.
    public enum AltNumpad: String, CaseIterable, Sendable {
        /// A byte of the symbol.
        case byte
        /// A Unicode code point.
        case unicode
    }

    /// How a scanner's serial line is set.
    public struct Serial: Equatable, Sendable {
        /// Bits per second, one of `baudRates`.
        public var baud: Int
        /// Bits in a byte, 7 or 8.
        public var dataBits: Int
        /// Bits after a byte, 1 or 2.
        public var stopBits: Int
        /// How damaged bytes are noticed.
        public var parity: Parity
        /// How the scanner is asked to pause.
        public var flowControl: FlowControl

        /// The rates that a line can have.
        ///
        /// Source: termios(3).
        public static let baudRates = [
            1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600,
        ]

        /// Creates settings; the defaults are most scanners' own, 9600 8N1.
        public init(
            baud: Int = 9600,
            dataBits: Int = 8,
            stopBits: Int = 1,
            parity: Parity = .none,
            flowControl: FlowControl = .none
        ) {
            self.baud = baud
            self.dataBits = dataBits
            self.stopBits = stopBits
            self.parity = parity
            self.flowControl = flowControl
        }
    }

    /// How damaged bytes are noticed on a serial line.
    public enum Parity: String, CaseIterable, Sendable {
        /// Not at all.
        case none
        /// An odd count of ones.
        case odd
        /// An even count of ones.
        case even
    }

    /// How a serial scanner is asked to pause.
    public enum FlowControl: String, CaseIterable, Sendable {
        /// It is not.
        case none
        /// By the lines RTS and CTS.
        case hardware
        /// By the bytes XON and XOFF.
        case software
    }
}
