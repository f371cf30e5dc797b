/// The right QR code of a printed e-invoice: `**` and the rest of the lines.
public struct EInvoiceRight: Equatable, Sendable {
    /// What follows the two asterisks, as it came.
    public let content: [UInt8]

    /// Reads a right QR code.
    ///
    /// Line ends may be among the lines; other control characters are no invoice.
    ///
    /// - Parameter bytes: The scan; nil comes back if it is no right QR code.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count <= Scan.byteCountMax, bytes.hasPrefix("**") else { return nil }
        guard !bytes.contains(where: { $0.isControl && ![0x09, 0x0A, 0x0D].contains($0) }) else {
            return nil
        }
        content = Array(bytes.dropFirst(2))
    }
}

/// The one-dimensional code of a printed e-invoice (Code 39, 19 characters).
///
/// Source: the same specification as `EInvoice`, one-dimensional code.
public struct EInvoice1D: Equatable, Sendable {
    /// How many characters the code has, without Code 39's asterisks.
    public static let characterCount = 19

    /// The two-month period that the number belongs to.
    public let period: InvoicePeriod
    /// Two capitals and eight digits.
    public let number: String
    /// Four digits.
    public let randomCode: String

    /// Reads a one-dimensional code.
    ///
    /// - Parameter bytes: The scan; nil comes back for anything else.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.characterCount, bytes[5..<7].allSatisfy(\.isCapital),
            bytes[7...].isAllDigits, let period = InvoicePeriod(bytes[..<5])
        else { return nil }
        self.period = period
        number = bytes[5..<15].text
        randomCode = bytes[15...].text
    }

    /// The key under which a sale is recorded once, the same as that of the left QR code.
    public var key: String { "eInvoice/\(period)/\(number)" }
}
