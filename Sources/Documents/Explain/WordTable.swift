public import LoyaltyCore

/// The words of one language, as the counter's pages and `stampctl` share them.
///
/// The files are `Sources/CounterAPI/Page/words.*.json`; the page fills the same texts in the same
/// way (`common.js`).
public struct WordTable: Sendable {
    /// The languages that there are tables for.
    public enum Language: String, CaseIterable, Sendable {
        /// Traditional Chinese.
        case zhHant = "zh-Hant"
        /// English.
        case en
    }

    /// The table's language.
    public let language: Language
    private let texts: [String: String]

    /// Reads a table.
    ///
    /// - Parameters:
    ///   - bytes: A JSON object of texts.
    ///   - language: Their language.
    /// - Throws: `CanonicalJSONError` if the bytes are no JSON.
    public init(
        _ bytes: some Sequence<UInt8>,
        language: Language
    ) throws(CanonicalJSONError) {
        self.language = language
        guard case .object(let members) = try CanonicalJSON(parsing: bytes)
        else { throw .malformed(at: 0) }
        texts = Dictionary(members.map { ($0.name, $0.value.stringValue ?? "") }) { $1 }
    }

    /// Whether there is a text under a key.
    public func has(_ key: String) -> Bool { texts[key] != nil }

    /// The text under a key with its places, such as `{amount}`, filled.
    ///
    /// A place without a value stays as it is; a key without a text gives the empty text.
    public func say(_ key: String, _ values: [String: String] = [:]) -> String {
        // A page breaks its lines at these; a terminal does not.
        let text = (texts[key] ?? "").filter { $0 != "\u{200B}" }
        var said = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "{"), let end = rest[start...].firstIndex(of: "}") {
            said += rest[..<start]
            let name = String(rest[rest.index(after: start)..<end])
            said += values[name] ?? String(rest[start...end])
            rest = rest[rest.index(after: end)...]
        }
        return said + rest
    }
}
