/// What one physical device is called, however many nodes it has.
struct ScannerIdentity: Hashable {
    let model: ModelID?
    /// The serial number, if it is one.
    let serial: String?
    let port: String

    /// Joins what a device's nodes know of it.
    init(_ nodes: [DeviceFacts]) {
        model = nodes.lazy.compactMap(\.model).first
        serial = nodes.lazy.compactMap(\.serial).first { Self.isReal($0) }
        port =
            nodes.lazy.compactMap(\.port).first
            ?? nodes.first.map { $0.parentPath ?? $0.sysPath } ?? ""
    }

    /// `vid:pid:serial`, if the device has both.
    var serialKey: String? {
        guard let model, let serial else { return nil }
        return "\(model):\(serial)"
    }

    /// `vid:pid@port`, or the port alone for a device without USB numbers.
    var portKey: String {
        guard let model else { return port }
        return "\(model)@\(port)"
    }

    /// Whether a serial number tells two scanners of one model apart.
    ///
    /// Some makers burn the same number into every unit: WCM `00000000011C`, Newtologic `XXXXXX`.
    /// A number of one repeated character, or a count with at least eight leading zeros, is taken
    /// for such a constant; the port is then a better name.
    static func isReal(_ serial: String) -> Bool {
        let digits = serial.filter { $0 != "_" && $0 != " " && $0 != "-" }
        guard digits.count >= serialCountMin, Set(digits).count > 1 else { return false }
        guard !digits.hasPrefix("00000000") else { return false }
        return !knownConstants.contains(digits.uppercased())
    }

    /// Fewest characters of a serial number that is one.
    static let serialCountMin = 3

    /// Numbers seen in every unit of some product, or in a maker's example.
    static let knownConstants: Set<String> = [
        "0123456789", "123456789", "1234567890", "0123456789ABCDEF", "123456", "12345678",
        "NONE", "NULL", "SERIAL", "SERIALNUMBER", "DEFAULT", "DEMO",
    ]
}
