public import LoyaltyCore

/// The left QR code of a printed e-invoice (電子發票證明聯).
///
/// The first 77 characters are ASCII in every encoding and carry all that a till needs; what
/// follows is optional, may be cut off, and may be in Big5. Source: Ministry of Finance,
/// 電子發票證明聯一維及二維條碼規格說明 v1.8 (107-08), left QR code.
public struct EInvoice: Equatable, Sendable {
    /// How many characters the fixed part has.
    public static let headByteCount = 77

    /// The largest amount that an invoice may have, in new Taiwan dollars.
    ///
    /// The field has eight hexadecimal digits, but its writers use signed 32-bit integers: what is
    /// above is a negative amount or a damaged one.
    public static let amountMax: Int64 = 0x7FFF_FFFF

    /// Two capitals and eight digits, such as `AB11223344`.
    public let number: String
    /// The day it was issued.
    public let date: BusinessDate
    /// Four digits; nil on an invoice between companies, which prints spaces.
    public let randomCode: String?
    /// What was sold before tax, in hundredths of a dollar; nil if the seller cannot split tax.
    public let salesHundredths: Int64?
    /// What was paid with tax, in hundredths of a dollar.
    ///
    /// Always whole dollars, except on invoices of foreign sellers (encoding 3).
    public let totalHundredths: Int64
    /// The buyer's number (統一編號); nil for a consumer.
    public let buyerID: String?
    /// The seller's number.
    public let sellerID: String
    /// Field 8: 24 characters of Base64 that only the seller's key can check.
    public let authenticationField: [UInt8]
    /// What follows the fixed part, as it came.
    public let tail: [UInt8]

    /// Reads a left QR code.
    ///
    /// - Parameter bytes: The scan.
    /// - Throws: `CodeRefusal` if a field does not fit, the day is in no calendar, an amount is
    ///   zero, negative or too large, or the lines prove that the total is written in decimal.
    public init(left bytes: [UInt8]) throws(CodeRefusal) {
        guard bytes.count >= Self.headByteCount, Self.hasLayout(bytes) else {
            throw .invoiceDamaged
        }
        guard let date = BusinessDate(roc: bytes[10..<17]) else { throw .invoiceDateImpossible }
        let random = bytes[17..<21]
        tail = Array(bytes[Self.headByteCount...])
        number = bytes[..<10].text
        self.date = date
        randomCode = random.isAllDigits ? random.text : nil
        buyerID = bytes[37..<45].allSatisfy { $0 == 0x30 } ? nil : bytes[37..<45].text
        sellerID = bytes[45..<53].text
        authenticationField = Array(bytes[53..<77])

        let fields = TailHeader(tail)
        let amounts = try Amounts(sales: bytes[21..<29], total: bytes[29..<37], tail: fields)
        salesHundredths = amounts.sales
        totalHundredths = amounts.total
        let lines = items(right: nil)
        guard !isTotalDecimal(by: lines, field: bytes[29..<37]) else {
            throw .invoiceAmountNotHex
        }
    }

    /// Whether a scan starts as only a left QR code does: two capitals and 15 digits or more.
    static func isLeftLike(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 17 && bytes[..<2].allSatisfy(\.isCapital) && bytes[2..<17].isAllDigits
    }

    /// Whether a scan would be a left QR code if CapsLock were off.
    static func isLowercaseLeft(_ bytes: [UInt8]) -> Bool {
        bytes.count >= headByteCount && bytes[2..<17].isAllDigits
            && bytes[..<2].allSatisfy { $0.isLetter && !$0.isCapital }
    }

    private static func hasLayout(_ bytes: [UInt8]) -> Bool {
        let random = bytes[17..<21]
        return isLeftLike(bytes)
            && (random.isAllDigits || random.allSatisfy { $0 == 0x20 })
            && bytes[21..<37].allSatisfy { $0.hexValue != nil }
            && bytes[37..<53].isAllDigits
            && bytes[53..<77].allSatisfy(Base64.isCharacter)
    }
}

extension EInvoice {
    /// What was sold before tax, in whole dollars; nil if the seller cannot split tax.
    public var salesAmount: Int64? { salesHundredths.map { $0 / 100 } }

    /// What was paid with tax, in whole dollars; the cents of a foreign seller are cut off.
    public var totalAmount: Int64 { totalHundredths / 100 }

    /// The two-month period that the number belongs to.
    public var period: InvoicePeriod { date.invoicePeriod }

    /// Whether the buyer is a company.
    public var isB2B: Bool { buyerID != nil || randomCode == nil }

    /// The key under which a sale is recorded once: `eInvoice/<period>/<number>`.
    ///
    /// Letters come back in later periods, so the number alone would refuse a good receipt.
    public var key: String { "eInvoice/\(period)/\(number)" }
}

/// The amounts of a left QR code, in hundredths of a dollar.
private struct Amounts {
    let sales: Int64?
    let total: Int64

    /// Reads fields 4 and 5, or what replaces them on invoices of foreign sellers.
    init(
        sales salesField: ArraySlice<UInt8>,
        total totalField: ArraySlice<UInt8>,
        tail: TailHeader?
    ) throws(CodeRefusal) {
        var sales = hexadecimal(salesField) * 100
        var total = hexadecimal(totalField) * 100
        if total == 0, let foreign = tail?.foreignAmounts {
            sales =
                hexadecimal(foreign.sales.prefix(8)) * 100 + hexadecimal(foreign.sales.suffix(2))
            total =
                hexadecimal(foreign.total.prefix(8)) * 100 + hexadecimal(foreign.total.suffix(2))
        }
        let range = 0...EInvoice.amountMax * 100 + 99
        guard total != 0, range.contains(total), range.contains(sales) else {
            throw .invoiceAmountOutOfRange
        }
        self.sales = sales == 0 ? nil : sales
        self.total = total
    }
}

/// The value of at most eight hexadecimal digits, which the caller has checked.
private func hexadecimal(_ digits: ArraySlice<UInt8>) -> Int64 {
    digits.reduce(0) { $0 * 16 + Int64($1.hexValue ?? 0) }
}
