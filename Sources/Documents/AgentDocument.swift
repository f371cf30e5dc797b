import LoyaltyCore

/// The YAML file in which the operator sets up a store's agent.
///
/// `docs/stampd.example.yaml` shows every key.
public enum AgentDocument {
    /// Reads a configuration.
    ///
    /// - Parameters:
    ///   - yaml: The file's text.
    ///   - file: The file's name, for the error.
    /// - Returns: A configuration whose parts fit together; no file it names was opened.
    /// - Throws: `DocumentError`, naming the first mistake with its line and column.
    public static func configuration(
        from yaml: String,
        file: String
    ) throws(DocumentError) -> AgentConfiguration {
        do throws(Mistake) {
            return try configuration(YAMLValue(document: yaml))
        } catch {
            throw DocumentError(file: file, error)
        }
    }

    private static func configuration(_ root: YAMLValue) throws(Mistake) -> AgentConfiguration {
        let fields = try YAMLFields(root, called: "the configuration", names: names)
        var result = AgentConfiguration(
            store: try fields.required("store", "a name such as yongkang").identifier("store"),
            storeTitle: try storeTitle(fields),
            hq: try hq(fields["hq"]),
            invoiceKeys: try invoiceKeys(fields)
        )
        result.managers = try managers(fields)
        result.pull = try pull(fields["pull"], hasHQ: result.hq != nil)
        if let state = fields["state"] { result.statePath = try state.path("state") }
        if let file = fields["programme"] { result.programmePath = try file.path("programme") }
        if fields["tills"] != nil { result.tills = try tills(fields) }
        if let listen = fields["listen"] { result.listen = try self.listen(listen) }
        if let scanners = fields["scanners"] {
            (result.adoptsKnownScanners, result.scanners) = try ScannerDocument.scanners(
                scanners,
                tills: result.tills
            )
        }
        return result
    }

    private static let names = [
        "store", "storeTitle", "state", "programme", "tills", "listen", "hq", "pull",
        "invoiceKeys", "managers", "scanners",
    ]

    private static func storeTitle(_ fields: YAMLFields) throws(Mistake) -> LocalText {
        let value = try fields.required("storeTitle", "{zh-Hant: …, en: …}")
        let title = try fields.localText("storeTitle")
        let counts = [title.zhHant.count, title.en.count]
        guard counts.allSatisfy((1...LocalText.characterCountMax).contains)
        else {
            throw Mistake(
                at: value.place,
                "'storeTitle' is too long",
                fix: "use 1 to \(LocalText.characterCountMax) characters in each language"
            )
        }
        return title
    }

    private static func tills(_ fields: YAMLFields) throws(Mistake) -> [String] {
        let elements = try fields.list("tills", 1...AgentConfiguration.tillCountMax)
        var tills: [String] = []
        for element in elements {
            let till = try element.identifier("tills")
            guard !tills.contains(till)
            else {
                throw Mistake(at: element.place, "till '\(till)' is named twice", fix: "keep one")
            }
            tills.append(till)
        }
        return tills
    }

    private static func managers(
        _ fields: YAMLFields
    ) throws(Mistake) -> [AgentConfiguration.Manager] {
        var managers: [AgentConfiguration.Manager] = []
        for value in try fields.list("managers", 0...AgentConfiguration.managerCountMax) {
            let manager = try YAMLFields(value, called: "a manager", names: ["id", "secret"])
            let expected = "a file's path, or a credential's name such as manager-anna"
            let id = try manager.required("id", "a name such as anna").identifier("id")
            let secret = try manager.required("secret", expected)
            let name = try secret.text("secret", expected)
            guard !managers.contains(where: { $0.id == id }) else {
                throw Mistake(at: value.place, "manager '\(id)' is named twice", fix: "keep one")
            }
            // A secret that was written here by mistake must not be told in the message.
            let isDigits = name.count >= 32 && name.allSatisfy(\.isHexDigit)
            guard name.hasPrefix("/") || (Programme.isIdentifier(name) && !isDigits)
            else { throw secret.secretMistake("secret", expected) }
            managers.append(.init(id: id, secret: name))
        }
        return managers
    }

    private static func listen(_ value: YAMLValue) throws(Mistake) -> AgentConfiguration.Listen {
        let fields = try YAMLFields(value, called: "listen", names: ["address", "port", "socket"])
        var listen = AgentConfiguration.Listen()
        if let address = fields["address"] {
            listen.address = try address.text("address")
            guard ["127.0.0.1", "::1"].contains(listen.address)
            else {
                throw address.mistake("address", "127.0.0.1 or \"::1\": only this machine may call")
            }
        }
        if let port = fields["port"] { listen.port = Int(try port.integer("port", 0...65_535)) }
        if let socket = fields["socket"] {
            listen.socketPath = try socket.path("socket")
            let byteCountMax = AgentConfiguration.Listen.socketPathByteCountMax
            guard listen.socketPath.utf8.count <= byteCountMax
            else { throw socket.mistake("socket", "a path of at most \(byteCountMax) bytes") }
        }
        return listen
    }

    private static func hq(_ value: YAMLValue?) throws(Mistake) -> AgentConfiguration.HQ? {
        guard let value else { return nil }
        let fields = try YAMLFields(value, called: "hq", names: ["url", "trustRoots", "key"])
        return AgentConfiguration.HQ(
            url: try fields.required("url", "an address such as https://hq.example").url("url"),
            trustRootsPath: try fields["trustRoots"]?.path("trustRoots"),
            publicKey: try fields["key"].map(publicKey)
        )
    }

    private static func pull(
        _ value: YAMLValue?,
        hasHQ: Bool
    ) throws(Mistake) -> AgentConfiguration.Pull? {
        guard let value else { return nil }
        let fields = try YAMLFields(
            value,
            called: "pull",
            names: ["address", "port", "certificate", "key"]
        )
        guard hasHQ else {
            throw Mistake(
                at: value.place,
                "'pull' needs to know HQ's key",
                fix: "add the 'hq' block, or leave 'pull' out"
            )
        }
        var pull = AgentConfiguration.Pull(
            certificatePath: try fields.required("certificate", "its file").path("certificate"),
            keyPath: try fields.required("key", "its file").path("key")
        )
        if let address = fields["address"] {
            pull.address = try address.text("address")
            guard pull.address.utf8.allSatisfy({ "0123456789abcdefABCDEF.:".utf8.contains($0) })
            else { throw address.mistake("address", "an IP address, such as 0.0.0.0 for all") }
        }
        if let port = fields["port"] { pull.port = Int(try port.integer("port", 0...65_535)) }
        return pull
    }

    private static func publicKey(_ key: YAMLValue) throws(Mistake) -> [UInt8] {
        guard let publicKey = Base64.bytes(try key.text("key", keyForm)), publicKey.count == 32
        else { throw key.mistake("key", keyForm) }
        return publicKey
    }

    private static let keyForm = "HQ's public key as 'stamphq init' prints it"

    private static func invoiceKeys(_ fields: YAMLFields) throws(Mistake) -> [[UInt8]] {
        let expected = "32 hexadecimal digits, in quotation marks"
        var keys: [[UInt8]] = []
        for value in try fields.list("invoiceKeys", 0...AgentConfiguration.invoiceKeyCountMax) {
            let digits = try value.scalar("invoiceKeys", expected).map(\.hexDigitValue)
            guard digits.count == 32 else { throw value.secretMistake("invoiceKeys", expected) }
            var key: [UInt8] = []
            for index in stride(from: 0, to: 32, by: 2) {
                guard let high = digits[index], let low = digits[index + 1]
                else { throw value.secretMistake("invoiceKeys", expected) }
                key.append(UInt8(high << 4 | low))
            }
            keys.append(key)
        }
        return keys
    }
}
