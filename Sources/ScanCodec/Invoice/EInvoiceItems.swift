/// The lines of an e-invoice, as far as its two QR codes carry them.
///
/// Best effort: lines may be cut off, left out, or in an encoding that the scanner has damaged.
/// They need not sum to the total, so nothing may be computed from them but a doubt.
public struct EInvoiceItems: Equatable, Sendable {
    /// How the lines are written (field 12).
    public enum Encoding: UInt8, Equatable, Sendable {
        /// Big5, two bytes a character.
        case big5 = 0x30
        /// UTF-8.
        case utf8 = 0x31
        /// Base64 of the whole stream, colons included, across both QR codes.
        case base64 = 0x32
        /// UTF-8, by a foreign seller.
        case foreign = 0x33

        /// The name for JSON.
        public var name: String {
            switch self {
            case .big5: "Big5"
            case .utf8: "UTF-8"
            case .base64: "Base64"
            case .foreign: "foreign"
            }
        }
    }

    /// How the lines are written; nil if the code has no lines at all.
    public let encoding: Encoding?
    /// The lines that could be read, in order.
    public let items: [EInvoiceItem]
    /// Whether these are all lines of the invoice.
    public let isComplete: Bool
}

/// One line of an e-invoice.
public struct EInvoiceItem: Equatable, Sendable {
    /// The name (品名) as it came.
    public let nameBytes: [UInt8]
    /// The name as text; nil if it is in Big5, which the caller must decode.
    public let name: String?
    /// How many, or how much.
    public let quantity: ExactDecimal
    /// What one costs; negative for a discount.
    public let unitPrice: ExactDecimal

    init(
        nameBytes: [UInt8],
        quantity: ExactDecimal,
        unitPrice: ExactDecimal,
        encoding: EInvoiceItems.Encoding
    ) {
        self.nameBytes = nameBytes
        self.quantity = quantity
        self.unitPrice = unitPrice
        let text = String(validating: nameBytes, as: UTF8.self)
        let isDoubtful = encoding == .big5 && text.map(Self.couldBeBig5) ?? true
        name = isDoubtful ? nil : text
    }

    /// Whether text that is valid UTF-8 may be Big5 all the same.
    ///
    /// Two bytes of a Big5 character may look like one character of two bytes in UTF-8, such as
    /// `ķ`, but Chinese in UTF-8 has three bytes a character. Many writers say Big5 and print
    /// UTF-8.
    private static func couldBeBig5(_ text: String) -> Bool {
        let isASCII = text.utf8.allSatisfy { $0 < 0x80 }
        let hasLongCharacter = text.unicodeScalars.contains { $0.value >= 0x800 }
        return !isASCII && !hasLongCharacter
    }
}

extension EInvoice {
    /// How the lines are written; nil if the code has no lines.
    public var encoding: EInvoiceItems.Encoding? { TailHeader(tail)?.encoding }

    /// Reads the invoice's lines.
    ///
    /// - Parameter right: The right QR code, if it was scanned too.
    /// - Returns: The lines that can be read.
    public func items(right: EInvoiceRight?) -> EInvoiceItems {
        guard let header = TailHeader(tail) else {
            return EInvoiceItems(encoding: nil, items: [], isComplete: false)
        }
        let joined = Array(header.content) + (right?.content ?? [])
        let stream = header.encoding == .base64 ? Base64.decode(joined) ?? [] : joined
        var rest = stream[...]
        var items: [EInvoiceItem] = []
        while items.count < header.carriedCount,
            let item = EInvoiceItem(&rest, encoding: header.encoding)
        {
            items.append(item)
        }
        return EInvoiceItems(
            encoding: header.encoding,
            items: items,
            isComplete: items.count == header.invoiceCount
        )
    }

    /// Whether the lines prove that field 5 was written in decimal, not hexadecimal.
    ///
    /// The proof: all lines are there, the field has decimal digits only, the lines sum to what
    /// they read in decimal, and that differs from what they read in hexadecimal. Without all
    /// lines there is no proof, and the amount stands.
    ///
    /// - Parameter lines: The lines of both QR codes.
    /// - Returns: Whether there is a proof.
    public func isTotalDecimal(by lines: EInvoiceItems) -> Bool {
        let digits = String(totalAmount, radix: 16)
        return isTotalDecimal(by: lines, field: Array(digits.utf8)[...])
    }

    func isTotalDecimal(by lines: EInvoiceItems, field: ArraySlice<UInt8>) -> Bool {
        guard lines.isComplete, !lines.items.isEmpty, lines.encoding != .foreign,
            let decimal = field.decimalValue, decimal != totalAmount,
            let sum = lines.items.exactSum
        else { return false }
        return sum == ExactDecimal(decimal)
    }
}

extension EInvoiceItem {
    /// Takes name, quantity and price off the front of the stream; nil if they are not there.
    fileprivate init?(_ rest: inout ArraySlice<UInt8>, encoding: EInvoiceItems.Encoding) {
        guard let name = TailHeader.popField(&rest), !name.isEmpty,
            let quantity = TailHeader.popField(&rest).flatMap(ExactDecimal.init),
            let price = TailHeader.popField(&rest).flatMap(ExactDecimal.init)
        else { return nil }
        self.init(
            nameBytes: Array(name),
            quantity: quantity,
            unitPrice: price,
            encoding: encoding
        )
    }
}

extension [EInvoiceItem] {
    /// The sum of quantity times price; nil beyond what `ExactDecimal` holds.
    fileprivate var exactSum: ExactDecimal? {
        reduce(ExactDecimal(0)) { sum, item in
            guard let sum, let line = item.quantity.multiplied(by: item.unitPrice) else {
                return nil
            }
            return sum.adding(line)
        }
    }
}
