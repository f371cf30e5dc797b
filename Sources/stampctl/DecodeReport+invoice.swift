import ScanCodec

extension DecodeReport {
    /// The values of an invoice's left code.
    ///
    /// - Throws: `CodeRefusal.invoiceAmountNotHex` if the lines of both codes prove it.
    static func members(
        of invoice: EInvoice,
        right: EInvoiceRight?,
        key: EInvoiceKey?
    ) throws(CodeRefusal) -> [(key: String, value: JSONValue)] {
        let lines = invoice.items(right: right)
        guard !invoice.isTotalDecimal(by: lines) else { throw .invoiceAmountNotHex }
        return [
            ("kind", .string("eInvoiceLeft")),
            ("invoiceNumber", .string(invoice.number)),
            ("date", .string("\(invoice.date)")),
            ("randomCode", .optional(invoice.randomCode)),
            ("salesAmount", invoice.salesHundredths.map(amount) ?? .null),
            ("totalAmount", amount(invoice.totalHundredths)),
            ("buyerID", .optional(invoice.buyerID)),
            ("sellerID", .string(invoice.sellerID)),
            ("period", .string("\(invoice.period)")),
            ("isB2B", .boolean(invoice.isB2B)),
            ("encoding", .optional(lines.encoding?.name)),
            ("items", .array(lines.items.map(item))),
            ("itemsComplete", .boolean(lines.isComplete)),
            ("authenticity", .string(invoice.authenticity(with: key).rawValue)),
        ]
    }

    /// Whole dollars, or dollars with their hundredths.
    private static func amount(_ hundredths: Int64) -> JSONValue {
        .number("\(ExactDecimal(hundredths: hundredths))")
    }

    private static func item(_ item: EInvoiceItem) -> JSONValue {
        // A name that is neither UTF-8 nor Big5 is shown as far as it can be.
        let name =
            item.name ?? Big5.text(item.nameBytes)
            ?? String(decoding: item.nameBytes, as: UTF8.self)
        return .object([
            ("name", .string(name)),
            ("quantity", .number("\(item.quantity)")),
            ("unitPrice", .number("\(item.unitPrice)")),
        ])
    }
}
