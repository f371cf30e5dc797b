/// The parts of an HTTP request that its signature covers (RFC 9421 section 2).
///
/// The scheme is not among them: a proxy that ends TLS hides it from HQ (SYNC.md 2.9).
public struct SignableRequest: Hashable, Sendable {
    /// One covered part and its value.
    public struct Component: Hashable, Sendable {
        /// A field's name in lower case, or a derived name such as `@path`.
        public let name: String
        /// Its value.
        public let value: String

        /// Creates a part.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The parts, in the order in which they are signed.
    public let components: [Component]

    /// Names the parts of a request.
    ///
    /// - Parameters:
    ///   - method: Such as `POST`.
    ///   - authority: Host, and port unless it is the scheme's own, as in the `Host` field.
    ///   - path: The path, percent-encoded as sent.
    ///   - query: What follows the `?`, or nil.
    ///   - fields: Fields to cover, in order: names in any case, values as sent.
    public init(
        method: String,
        authority: String,
        path: String,
        query: String?,
        fields: [Component]
    ) {
        components =
            [
                Component("@method", method),
                Component("@authority", authority.lowercased()),
                Component("@path", path.isEmpty ? "/" : path),
                Component("@query", "?\(query ?? "")"),
            ]
            + fields.map { Component($0.name.lowercased(), Self.trimmed($0.value)) }
    }

    /// Creates a request from parts that are in their final form.
    init(components: [Component]) {
        self.components = components
    }

    /// The text that is signed (RFC 9421 section 2.5).
    ///
    /// - Parameter parameters: The value of `@signature-params`: the inner list and its parameters.
    /// - Returns: One line a part, without a line feed at the end.
    func signatureBase(_ parameters: String) -> String {
        components.map { "\"\($0.name)\": \($0.value)\n" }.joined()
            + "\"@signature-params\": \(parameters)"
    }

    /// The covered parts' names as an inner list (RFC 8941 section 3.1.1).
    var nameList: String {
        "(\(components.map { "\"\($0.name)\"" }.joined(separator: " ")))"
    }

    /// Without the white space around a field's value, which is no part of it (RFC 9110 5.5).
    private static func trimmed(_ value: String) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let tail = value.drop(while: isSpace)
        return String(String(tail.reversed().drop(while: isSpace)).reversed())
    }
}
