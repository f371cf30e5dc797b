/// The fields between the fixed part of a left QR code and its lines.
///
/// `:` merchant area `:` lines carried `:` lines in all `:` encoding `:`, and with encoding 3 two
/// amounts. The lines follow.
struct TailHeader {
    /// How many lines the two QR codes carry together.
    let carriedCount: Int
    /// How many lines the invoice has.
    let invoiceCount: Int
    /// How the lines are written.
    let encoding: EInvoiceItems.Encoding
    /// With encoding 3: sales and total, eight hexadecimal digits of dollars and two of hundredths.
    let foreignAmounts: (sales: ArraySlice<UInt8>, total: ArraySlice<UInt8>)?
    /// The left code's share of the lines.
    let content: ArraySlice<UInt8>

    /// Most lines that an invoice may say it has: four digits, far more than two codes can carry.
    static let itemCountMax = 9_999

    /// Reads the fields; nil if the tail is missing, cut off or of some other form.
    init?(_ tail: [UInt8]) {
        var rest = tail[...]
        guard rest.popFirst() == Self.colon else { return nil }
        let fields = (0..<4).compactMap { _ in Self.popField(&rest) }
        guard fields.count == 4, let carried = fields[1].decimalValue,
            let whole = fields[2].decimalValue, let code = fields[3].first, fields[3].count == 1,
            let encoding = EInvoiceItems.Encoding(rawValue: code),
            carried <= whole, whole <= Self.itemCountMax
        else { return nil }

        carriedCount = Int(carried)
        invoiceCount = Int(whole)
        self.encoding = encoding
        guard encoding == .foreign else {
            foreignAmounts = nil
            content = rest
            return
        }
        guard let sales = Self.popField(&rest), let total = Self.popField(&rest),
            Self.isForeignAmount(sales), Self.isForeignAmount(total)
        else { return nil }
        foreignAmounts = (sales, total)
        content = rest
    }

    static let colon = UInt8(ascii: ":")

    /// Takes the bytes up to the next colon, or to the end; nil if nothing is left.
    static func popField(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let field = rest.prefix { $0 != colon }
        rest = rest.dropFirst(field.count + 1)
        return field
    }

    private static func isForeignAmount(_ field: ArraySlice<UInt8>) -> Bool {
        field.count == 10 && field.allSatisfy { $0.hexValue != nil }
    }
}
