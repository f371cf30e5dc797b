/// A mobile barcode carrier (手機條碼載具, carrier type 3J0002): `/` and seven characters.
///
/// It may look a member up, with the member's consent. Personal data: not for logs.
public struct MobileBarcode: Hashable, Sendable {
    /// How many characters a mobile barcode has, the slash included.
    public static let characterCount = 8

    /// The eight characters.
    public let text: String

    /// Reads a mobile barcode.
    ///
    /// The last seven are digits, capitals and `.`, `+`, `-`; no comma, which the usual regular
    /// expression `[0-9A-Z+-.]` lets in.
    ///
    /// - Parameter bytes: The scan; nil comes back for anything else.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.characterCount, bytes.hasPrefix("/") else { return nil }
        guard bytes.dropFirst().allSatisfy(Self.isAllowed) else { return nil }
        text = bytes.text
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isCapital || [0x2B, 0x2D, 0x2E].contains(byte)
    }
}
