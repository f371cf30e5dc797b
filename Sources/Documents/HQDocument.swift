/// The YAML file in which the operator sets up headquarters.
///
/// `docs/stamphq.example.yaml` shows every key.
public enum HQDocument {
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
    ) throws(DocumentError) -> HQConfiguration {
        do throws(Mistake) {
            return try configuration(YAMLValue(document: yaml))
        } catch {
            throw DocumentError(file: file, error)
        }
    }

    private static func configuration(_ root: YAMLValue) throws(Mistake) -> HQConfiguration {
        let fields = try YAMLFields(
            root,
            called: "the configuration",
            names: ["data", "listen", "tls"]
        )
        var result = HQConfiguration()
        if let data = fields["data"] { result.dataPath = try data.path("data") }
        if let tls = fields["tls"] { result.tls = try self.tls(tls) }
        guard let value = fields["listen"] else { return result }

        let listen = try YAMLFields(value, called: "listen", names: ["address", "port"])
        if let port = listen["port"] { result.port = Int(try port.integer("port", 0...65_535)) }
        if let address = listen["address"] {
            result.address = try address.text("address")
            guard result.tls != nil || ["127.0.0.1", "::1"].contains(result.address)
            else { throw address.mistake("address", "127.0.0.1, or add 'tls' for other machines") }
        }
        return result
    }

    private static func tls(_ value: YAMLValue) throws(Mistake) -> HQConfiguration.TLS {
        let fields = try YAMLFields(value, called: "tls", names: ["certificate", "key"])
        return HQConfiguration.TLS(
            certificatePath: try fields.required("certificate", "its file").path("certificate"),
            keyPath: try fields.required("key", "its file").path("key")
        )
    }
}
