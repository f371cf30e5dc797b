/// All nodes of one thing that is plugged in.
///
/// A scanner may show itself as a keyboard and as HID-POS at once, or as a keyboard with a second
/// node for its volume keys. It is still one scanner, and exactly one of its nodes is read.
struct PluggedDevice: Equatable {
    let nodes: [DeviceFacts]
    let identity: ScannerIdentity

    init(nodes: [DeviceFacts]) {
        self.nodes = nodes.sorted { $0.nodePath < $1.nodePath }
        identity = ScannerIdentity(self.nodes)
    }

    /// Groups nodes by the device they belong to, in a stable order.
    static func group(_ nodes: [DeviceFacts]) -> [PluggedDevice] {
        Dictionary(grouping: nodes) { $0.parentPath ?? $0.sysPath }
            .sorted { $0.key < $1.key }
            .map { PluggedDevice(nodes: $0.value) }
    }

    /// The node to read.
    ///
    /// HID-POS comes before a serial line and that before a keyboard: it has no layout, no timing,
    /// and names the symbology.
    func node(for transport: ScannerTransport?) -> DeviceFacts? {
        let order = transport.map { [$0] } ?? [.hidPOS, .serial, .keyboard]
        return order.lazy.compactMap { wanted in nodes.first { $0.transport == wanted } }.first
    }

    /// Whether udev marked the device as a scanner, and may: see `GenericDevice`.
    var isMarked: Bool {
        guard nodes.contains(where: { $0.property != nil }) else { return false }
        return identity.model.map { !GenericDevice.contains($0) } ?? true
    }
}

/// One scanner that should be read now.
struct PlannedScanner: Equatable {
    var info: ScannerInfo
    /// Directory in sysfs; `nil` for a node that udev does not know, such as a pty.
    let sysPath: String?
    /// The device's other keyboards: grabbed, so that nothing types into the till, but not read.
    let silencedPaths: [String]
    /// How it is read; what names it is in `info`.
    let settings: AdoptedScanner
}

/// Which scanners should be read, decided from everything that is plugged in.
///
/// Pure: the monitor makes a new plan whenever something is plugged or unplugged, and opens and
/// closes nodes until they fit it.
struct ScannerPlan: Equatable {
    private(set) var scanners: [PlannedScanner] = []
    private(set) var problems: [ScannerProblem] = []

    /// A plan for an empty machine.
    init() {}

    init(_ devices: [PluggedDevice], under settings: ScannerSettings) {
        let twins = Self.sharedSerialKeys(devices)
        for device in devices {
            let named = settings.adopted.filter { $0.match.names(device) }
            let byNode = named.filter(\.match.isNode)
            guard byNode.isEmpty else {
                scanners += byNode.compactMap { Self.scanner(device, at: $0, among: byNode) }
                continue
            }
            let key = device.identity.serialKey
            let isTwin = key.map(twins.contains) ?? false
            let choice =
                named
                .filter { !(isTwin && $0.match.isSerial) }
                .min { $0.match.rank < $1.match.rank }
            guard choice != nil || settings.adoptsByProperty && device.isMarked else { continue }
            let adopted = choice ?? settings.unnamed
            if let scanner = Self.scanner(device, as: adopted, isTwin: isTwin) {
                scanners.append(scanner)
            }
        }
        problems = twins.sorted().compactMap { key in
            let ports = devices.filter { $0.identity.serialKey == key }
            guard ports.contains(where: { settings.concerns($0) }) else { return nil }
            return .twinsShareSerial(key: key, portKeys: ports.map(\.identity.portKey))
        }
        scanners += settings.adopted.compactMap { adopted in
            guard case .node(let path) = adopted.match,
                !devices.contains(where: { adopted.match.names($0) })
            else { return nil }
            return PlannedScanner(unknownNode: path, adopted: adopted)
        }
    }

    /// Serial numbers that more than one plugged-in device claims.
    private static func sharedSerialKeys(_ devices: [PluggedDevice]) -> Set<String> {
        let counts = Dictionary(grouping: devices.compactMap(\.identity.serialKey), by: \.self)
        return Set(counts.filter { $0.value.count > 1 }.keys)
    }

    private static func scanner(
        _ device: PluggedDevice,
        as adopted: AdoptedScanner,
        isTwin: Bool
    ) -> PlannedScanner? {
        guard let node = device.node(for: adopted.transport), let transport = node.transport else {
            return nil
        }
        let identity = device.identity
        let key = isTwin ? identity.portKey : identity.serialKey ?? identity.portKey
        return PlannedScanner(
            device: device,
            node: node,
            transport: transport,
            key: key,
            read: [node.nodePath],
            adopted: adopted
        )
    }

    /// A scanner that the configuration names by its node: the node is read whatever it claims.
    private static func scanner(
        _ device: PluggedDevice,
        at adopted: AdoptedScanner,
        among all: [AdoptedScanner]
    ) -> PlannedScanner? {
        guard case .node(let path) = adopted.match,
            let node = device.nodes.first(where: { $0.isNode(path) })
        else { return nil }
        let transport =
            adopted.transport ?? node.transport ?? ScannerTransport(nodePath: node.nodePath)
        let read = device.nodes.filter { node in all.contains { $0.match.names(node) } }
        return PlannedScanner(
            device: device,
            node: node,
            transport: transport,
            key: path,
            read: read.map(\.nodePath),
            adopted: adopted
        )
    }
}

extension PlannedScanner {
    fileprivate init(
        device: PluggedDevice,
        node: DeviceFacts,
        transport: ScannerTransport,
        key: String,
        read: [String],
        adopted: AdoptedScanner
    ) {
        info = ScannerInfo(
            key: key,
            transport: transport,
            nodePath: node.nodePath,
            model: device.identity.model,
            port: device.identity.port,
            serial: device.identity.serial,
            name: node.name,
            label: adopted.label,
            till: adopted.till,
            isGrabbed: false
        )
        sysPath = node.sysPath
        silencedPaths =
            device.nodes
            .filter { $0.kind == .input && !read.contains($0.nodePath) }
            .map(\.nodePath)
        settings = adopted
    }

    /// A node that udev does not know: a pty, or any node where no udev runs.
    fileprivate init(unknownNode path: String, adopted: AdoptedScanner) {
        info = ScannerInfo(
            key: path,
            transport: adopted.transport ?? ScannerTransport(nodePath: path),
            nodePath: path,
            model: nil,
            port: nil,
            serial: nil,
            name: "",
            label: adopted.label,
            till: adopted.till,
            isGrabbed: false
        )
        sysPath = nil
        silencedPaths = []
        settings = adopted
    }
}

extension ScannerTransport {
    /// What a node's path says, where nothing else is known.
    fileprivate init(nodePath: String) {
        if nodePath.hasPrefix("/dev/input/") {
            self = .keyboard
        } else if nodePath.hasPrefix("/dev/hidraw") {
            self = .hidPOS
        } else {
            self = .serial
        }
    }
}

extension ScannerMatch {
    /// The order in which names are tried; the first is the most exact.
    fileprivate var rank: Int {
        switch self {
        case .node: 0
        case .serial: 1
        case .modelOnPort: 2
        case .port: 3
        }
    }

    fileprivate var isNode: Bool { rank == 0 }
    fileprivate var isSerial: Bool { rank == 1 }

    fileprivate func names(_ node: DeviceFacts) -> Bool {
        guard case .node(let path) = self else { return false }
        return node.isNode(path)
    }

    fileprivate func names(_ device: PluggedDevice) -> Bool {
        let identity = device.identity
        return switch self {
        case .node: device.nodes.contains { names($0) }
        case .serial(let model, let serial): identity.model == model && identity.serial == serial
        case .modelOnPort(let model, let port):
            identity.model == model && identity.port == DeviceFacts.port(ofIDPath: port)
        case .port(let port): identity.port == DeviceFacts.port(ofIDPath: port)
        }
    }
}

extension ScannerSettings {
    /// What holds for a scanner that is taken by its property.
    fileprivate var unnamed: AdoptedScanner {
        AdoptedScanner(match: .port(""), till: defaultTill)
    }

    /// Whether a device is or would be a scanner of this store.
    fileprivate func concerns(_ device: PluggedDevice) -> Bool {
        adopted.contains { $0.match.names(device) } || adoptsByProperty && device.isMarked
    }
}
