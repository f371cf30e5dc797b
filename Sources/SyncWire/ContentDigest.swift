import Crypto

/// The digest of a message's content as it travels (RFC 9530).
public enum ContentDigest {
    /// The field's name.
    public static let fieldName = "content-digest"

    /// The field's value: `sha-256=:…:` over the content as sent, compressed if it is compressed.
    public static func value(of content: [UInt8]) -> String {
        "sha-256=:\(Base64.text(SHA256.hash(data: content))):"
    }

    /// Whether content has this digest; any other algorithm or spelling is refused.
    public static func isValid(_ value: String, for content: [UInt8]) -> Bool {
        value == self.value(of: content)
    }
}
