/// The address of a service: `https://` anywhere, `http://` on this machine.
public enum HQAddress {
    /// Most bytes of an address.
    ///
    /// Source: our own bound; a host name has at most 253 (RFC 1035 section 2.3.4).
    public static let byteCountMax = 512

    /// What should be written instead of a text, or nil if it is an address.
    public static func expected(insteadOf text: String) -> String? {
        let isPlain = text.hasPrefix("http://")
        let rest = text.dropFirst(isPlain ? 7 : 8)
        let authority = rest.prefix { $0 != "/" }
        guard text.hasPrefix("https://") || isPlain, !authority.isEmpty,
            text.utf8.count <= byteCountMax,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !text.contains(where: { "@?#\"<>\\^`{|}".contains($0) })
        else { return "an address such as https://hq.example" }
        let host =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        return !isPlain || ["127.0.0.1", "localhost", "[::1"].contains(host)
            ? nil : "https://, since the line to another machine can be listened to"
    }
}
