/// The product number in a GS1 Digital Link, such as `https://id.gs1.org/01/12312312312333`.
///
/// Only the number: qualifiers and attributes mean nothing at this till. Source: GS1 Digital Link
/// Standard, URI Syntax; numbers with fewer than 14 digits are refused as there.
enum DigitalLink {
    private static let schemes: [StaticString] = ["https://", "http://", "HTTPS://", "HTTP://"]

    /// What may follow a GTIN in the path, each with its value: variant, batch, serial.
    private static let qualifiers: [StaticString] = ["22", "10", "21"]

    /// Finds the product number; nil if the text is no such link.
    static func gtin(_ bytes: [UInt8]) -> GTIN? {
        guard bytes.allSatisfy(isAllowed),
            let scheme = schemes.first(where: { bytes.hasPrefix($0) })
        else { return nil }
        let path = bytes.dropFirst(scheme.utf8CodeUnitCount)
            .prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let domain = parts.first, !domain.isEmpty,
            let key = parts.dropFirst().lastIndex(where: { $0.elementsEqual("01".utf8) }),
            key + 1 < parts.count, parts[key + 1].count == GTIN.digitCount,
            areQualifiers(parts[(key + 2)...])
        else { return nil }
        return GTIN(parts[key + 1])
    }

    private static func areQualifiers(_ parts: ArraySlice<ArraySlice<UInt8>>) -> Bool {
        guard parts.count % 2 == 0 else { return false }
        return stride(from: parts.startIndex, to: parts.endIndex, by: 2).allSatisfy { index in
            let isKnown = qualifiers.contains { name in
                parts[index].count == name.utf8CodeUnitCount && parts[index].hasPrefix(name)
            }
            return isKnown && !parts[index + 1].isEmpty
        }
    }

    /// Printable ASCII that may stand in a URI.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"<>{}\\^`\"|".utf8.contains(byte)
    }
}
