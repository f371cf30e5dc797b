/// The part of the agent's configuration that names scanners.
enum ScannerDocument {
    typealias Scanner = AgentConfiguration.Scanner

    /// Reads it.
    ///
    /// - Parameters:
    ///   - value: The part.
    ///   - tills: The tills that a scanner can belong to.
    /// - Returns: Whether known scanners are adopted, and those adopted by name.
    /// - Throws: `Mistake` at the first value that is wrong.
    static func scanners(
        _ value: YAMLValue,
        tills: [String]
    ) throws(Mistake) -> (adoptsKnown: Bool, adopted: [Scanner]) {
        let fields = try YAMLFields(value, called: "scanners", names: ["adoptKnown", "adopt"])
        var scanners: [Scanner] = []
        for element in try fields.list("adopt", 0...AgentConfiguration.scannerCountMax) {
            let scanner = try scanner(element, tills: tills)
            guard !scanners.contains(where: { $0.match == scanner.match })
            else {
                let name = shown(scanner.match)
                throw Mistake(at: element.place, "\(name) is adopted twice", fix: "keep one")
            }
            scanners.append(scanner)
        }
        return (try fields["adoptKnown"]?.bool("adoptKnown") ?? true, scanners)
    }

    private static func scanner(
        _ value: YAMLValue,
        tills: [String]
    ) throws(Mistake) -> Scanner {
        let fields = try YAMLFields(value, called: "a scanner", names: names)
        let match = try fields.required("match", matchForm)
        var scanner = Scanner(match: try self.match(match), till: tills.first ?? "1")
        scanner.transport = try fields["transport"]?.word("transport")
        if let till = fields["till"] {
            scanner.till = try till.text("till")
            guard tills.contains(scanner.till)
            else { throw till.mistake("till", "one of 'tills': \(tills.joined(separator: ", "))") }
        }
        scanner.label = try fields["label"].map(label)
        scanner.serial = try serial(fields, transport: scanner.transport)
        if let mode = fields["altNumpad"] { scanner.altNumpad = try mode.word("altNumpad") }
        return scanner
    }

    private static let matchForm = "vid:pid:serial, vid:pid@port, a port, or a path"
    private static let serialNames = ["baud", "dataBits", "stopBits", "parity", "flowControl"]
    private static let names =
        ["match", "transport", "till", "label", "altNumpad"] + serialNames

    /// Checks a scanner's name: a path, `vid:pid:serial`, `vid:pid@port` or a port.
    private static func match(_ value: YAMLValue) throws(Mistake) -> String {
        let text = try value.text("match", matchForm)
        guard !text.hasPrefix("/") else { return text }
        let model = text.prefix(9)
        let parts = model.split(separator: ":", omittingEmptySubsequences: false)
        let isModel =
            parts.map(\.count) == [4, 4]
            && parts.joined().allSatisfy { $0.isASCII && $0.isHexDigit }
        let rest = text.dropFirst(9)
        if isModel, rest.isEmpty {
            throw value.mistake("match", "'\(model):SERIAL' or '\(model)@PORT', to name just one")
        }
        let isFull = rest.count > 1 && (rest.hasPrefix(":") || rest.hasPrefix("@"))
        guard isModel ? isFull : !text.contains("@")
        else { throw value.mistake("match", matchForm) }
        return text
    }

    private static func label(_ value: YAMLValue) throws(Mistake) -> String {
        let label = try value.text("label")
        guard label.count <= Scanner.labelCharacterCountMax
        else {
            throw value.mistake("label", "at most \(Scanner.labelCharacterCountMax) characters")
        }
        return label
    }

    private static func serial(
        _ fields: YAMLFields,
        transport: AgentConfiguration.Transport?
    ) throws(Mistake) -> AgentConfiguration.Serial {
        if let transport, transport != .serial,
            let name = serialNames.first(where: { fields[$0] != nil }), let value = fields[name]
        {
            throw Mistake(
                at: value.place,
                "'\(name)' is for serial scanners, and this one is \(transport.rawValue)",
                fix: "remove it"
            )
        }
        var serial = AgentConfiguration.Serial()
        if let baud = fields["baud"] {
            serial.baud = Int(try baud.integer("baud"))
            let rates = AgentConfiguration.Serial.baudRates
            guard rates.contains(serial.baud)
            else { throw baud.mistake("baud", rates.map(String.init).joined(separator: ", ")) }
        }
        if let bits = fields["dataBits"] {
            serial.dataBits = Int(try bits.integer("dataBits", 7...8))
        }
        if let bits = fields["stopBits"] {
            serial.stopBits = Int(try bits.integer("stopBits", 1...2))
        }
        if let parity = fields["parity"] { serial.parity = try parity.word("parity") }
        if let flow = fields["flowControl"] { serial.flowControl = try flow.word("flowControl") }
        return serial
    }
}
