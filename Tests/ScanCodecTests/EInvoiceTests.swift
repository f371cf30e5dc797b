import ScanCodec
import Testing

/// Rows of invoices that other systems publish, by their ids.
enum Receipt {
    static let e01Left =
        "AB112233441020523999900000144000001540000000001234567ydXZt4LAN1UHN/j1juVcRA=="
        + ":**********:3:3:0:乾電池:1:105:"
    static let e01Right = "**口罩:1:210:牛奶:1:25"
    static let e04Left =
        "QQ000815241000801396600000014000000141234567828433892qk90D8qgCwuEvOngCZaEdaw="
    static let e06Left =
        "AC1236770511406096121000000ee000000fa5588071012345678Kl5uSAlhCfQMd3WjsCxKiQ=="
        + ":**********:1:2:0:"
    static let e09Left = built(total: "000000c6")
    static let key = "0123456789ABCDEF0123456789ABCDEF"

    /// E09 with some fields replaced.
    static func built(
        date: String = "1151003",
        random: String = "1234",
        sales: String = "000000c6",
        total: String = "000000c6",
        buyer: String = "00000000",
        field8: String = "YzbKZNZ7gR3bGVGMCxeW6w==",
        tail: String = ""
    ) -> String {
        "AB12345650" + date + random + sales + total + buyer + "04595257" + field8 + tail
    }

    static func left(_ text: String) throws -> EInvoice {
        guard case .eInvoiceLeft(let invoice) = try ScannedCode(Array(text.utf8)) else {
            throw CodeRefusal.unknownCode
        }
        return invoice
    }
}

struct EInvoiceTests {
    @Test func `E01 the ministry's sample, with the lines of both codes`() throws {
        let invoice = try Receipt.left(Receipt.e01Left)
        let right = try #require(EInvoiceRight(Array(Receipt.e01Right.utf8)))
        let lines = invoice.items(right: right)

        #expect(invoice.number == "AB11223344")
        #expect("\(invoice.date)" == "2013-05-23")
        #expect(invoice.randomCode == "9999")
        #expect(invoice.salesAmount == 324)
        #expect(invoice.totalAmount == 340)
        #expect(invoice.buyerID == nil)
        #expect(invoice.sellerID == "01234567")
        #expect(!invoice.isB2B)
        #expect("\(invoice.period)" == "10206")
        #expect(invoice.key == "eInvoice/10206/AB11223344")
        #expect(lines.encoding == .big5)
        #expect(lines.isComplete)
        #expect(lines.items.map(\.name) == ["乾電池", "口罩", "牛奶"])
        #expect(lines.items.map { "\($0.quantity)x\($0.unitPrice)" } == ["1x105", "1x210", "1x25"])
    }

    @Test func `E01 in Big5 bytes keeps the lines for who can decode them`() throws {
        let big5: [UInt8] = [0xB0, 0xAE, 0xB9, 0x71, 0xA6, 0xC0]
        let head = Receipt.e01Left.prefix(77) + ":**********:3:3:0:"
        let bytes = Array(head.utf8) + big5 + Array(":1:105:".utf8)
        let lines = try EInvoice(left: bytes).items(right: nil)

        #expect(lines.items.map(\.nameBytes) == [big5])
        #expect(lines.items.map(\.name) == [nil])
        #expect(!lines.isComplete)
    }

    @Test func `E01 with the left code alone has one of three lines`() throws {
        let lines = try Receipt.left(Receipt.e01Left).items(right: nil)

        #expect(lines.items.map(\.name) == ["乾電池"])
        #expect(!lines.isComplete)
    }

    @Test func `E02 the same in UTF-8`() throws {
        let text = Receipt.e01Left.replacing(":3:3:0:", with: ":3:3:1:")
        let lines = try Receipt.left(text).items(right: EInvoiceRight(Array(Receipt.e01Right.utf8)))

        #expect(lines.encoding == .utf8)
        #expect(lines.items.map(\.name) == ["乾電池", "口罩", "牛奶"])
        #expect(lines.isComplete)
    }

    /// `乾電池:1:105:口罩:1:210:牛奶:1:25`, split between the two codes.
    @Test(arguments: [
        ("5Lm+6Zu75rGg", "OjE6MTA1OuWPo+e9qToxOjIxMDrniZvlpbY6MToyNQ=="),
        ("5Lm+6Zu75rGgOg==", "MToxMDU65Y+j572pOjE6MjEwOueJm+WltjoxOjI1"),
        ("5Lm+6Zu75rGgOjE6MTA1OuWPo+e9qToxOjIxMDrniZvlpbY6MToyNQ", ""),
    ])
    func `Base64 covers the whole stream across both codes`(left: String, right: String) throws {
        let invoice = try Receipt.left(Receipt.e01Left.prefix(77) + ":**********:3:3:2:" + left)
        let lines = invoice.items(right: EInvoiceRight(Array("**\(right)".utf8)))

        #expect(lines.encoding == .base64)
        #expect(lines.items.map(\.name) == ["乾電池", "口罩", "牛奶"])
        #expect(lines.isComplete)
    }

    @Test func `Base64 that is damaged leaves no lines and the sale stands`() throws {
        let invoice = try Receipt.left(Receipt.e01Left.prefix(77) + ":**********:3:3:2:5L!+")

        #expect(invoice.items(right: nil).items == [])
        #expect(invoice.totalAmount == 340)
    }

    @Test func `a foreign seller's amounts have hundredths`() throws {
        let zero = Receipt.built(
            sales: "00000000",
            total: "00000000",
            tail: ":**********:1:1:3:0000016B63:0000016B63:subscription:1:363.99"
        )
        let invoice = try Receipt.left(zero)

        #expect(invoice.totalHundredths == 36_399)
        #expect(invoice.salesHundredths == 36_399)
        #expect(invoice.totalAmount == 363)
        #expect(invoice.encoding == .foreign)
        #expect(invoice.items(right: nil).items.map(\.name) == ["subscription"])
    }

    @Test func `E04 an invoice without tail, whose field 8 is no AES block`() throws {
        let invoice = try Receipt.left(Receipt.e04Left)

        #expect(invoice.number == "QQ00081524")
        #expect("\(invoice.date)" == "2011-08-01")
        #expect(invoice.randomCode == "3966")
        #expect(invoice.salesAmount == 20)
        #expect(invoice.totalAmount == 20)
        #expect(invoice.buyerID == "12345678")
        #expect(invoice.sellerID == "28433892")
        #expect(invoice.isB2B)
        #expect(invoice.authenticity(with: EInvoiceKey(hex: Receipt.key)) == .invalid)
        #expect(invoice.items(right: nil).encoding == nil)
    }

    @Test func `E06 small hexadecimal letters, and one of two lines in the right code`() throws {
        let invoice = try Receipt.left(Receipt.e06Left)
        let lines = invoice.items(right: EInvoiceRight(Array("**口香糖:10:10".utf8)))

        #expect("\(invoice.date)" == "2025-06-09")
        #expect(invoice.salesAmount == 238)
        #expect(invoice.totalAmount == 250)
        #expect(invoice.buyerID == "55880710")
        #expect(invoice.sellerID == "12345678")
        #expect(lines.items.map(\.name) == ["口香糖"])
        #expect(!lines.isComplete)
    }

    @Test func `E06 and E09 the one-dimensional codes have the same keys`() throws {
        let amego = try #require(EInvoice1D(Array("11406AC123677056121".utf8)))
        let built = try #require(EInvoice1D(Array("11510AB123456501234".utf8)))

        #expect(amego.key == (try Receipt.left(Receipt.e06Left)).key)
        #expect(built.key == (try Receipt.left(Receipt.e09Left)).key)
        #expect(built.randomCode == "1234")
    }

    @Test func `E09 field 8 fits the seller's key and no other`() throws {
        let invoice = try Receipt.left(Receipt.e09Left)

        #expect(invoice.totalAmount == 198)
        #expect(invoice.authenticity(with: nil) == .notChecked)
        #expect(invoice.authenticity(with: EInvoiceKey(hex: Receipt.key)) == .valid)
        #expect(invoice.authenticity(with: EInvoiceKey(hex: Receipt.key.lowercased())) == .valid)
        let other = EInvoiceKey(hex: String(Receipt.key.reversed()))
        #expect(invoice.authenticity(with: other) == .invalid)
    }

    @Test func `E11 field 8 does not cover the amount`() throws {
        let invoice = try Receipt.left(Receipt.built(total: "000003e7"))

        #expect(invoice.totalAmount == 999)
        #expect(invoice.authenticity(with: EInvoiceKey(hex: Receipt.key)) == .valid)
    }

    @Test(arguments: [
        "", "0", String(repeating: "0", count: 31), String(repeating: "g", count: 32),
    ])
    func `a key has 32 hexadecimal digits`(hex: String) {
        #expect(EInvoiceKey(hex: hex) == nil)
    }

    @Test(arguments: [
        Receipt.e01Left, Receipt.e04Left, Receipt.e06Left, Receipt.e09Left,
    ])
    func `E12 a left code cut to any length below 77 is refused`(text: String) {
        let bytes = Array(text.utf8)
        for count in 17..<77 {
            #expect(throws: CodeRefusal.invoiceDamaged) { try ScannedCode(Array(bytes[..<count])) }
        }
        #expect(throws: Never.self) { try ScannedCode(Array(bytes[..<77])) }
    }

    @Test(arguments: [
        "YzbKZNZ7gR3bGVGMCxeW6w=!", "YzbKZNZ7gR3bGVGMCxeW6w-_", "YzbKZNZ7gR3b VGMCxeW6w==",
    ])
    func `E12 field 8 that is no Base64 is refused`(field8: String) {
        #expect(throws: CodeRefusal.invoiceDamaged) {
            try Receipt.left(Receipt.built(field8: field8))
        }
    }

    @Test func `E14 the merchant area and weighed goods leave the total alone`() throws {
        let text = Receipt.built(
            sales: "00000000",
            total: "00000549",
            tail: ":**ceepos**:1:1:1:豬肉:47.301:28.6:"
        )
        let invoice = try Receipt.left(text)
        let lines = invoice.items(right: nil)

        #expect(invoice.totalAmount == 1_353)
        #expect(invoice.salesAmount == nil)
        #expect(lines.items.map { "\($0.quantity) \($0.unitPrice)" } == ["47.301 28.6"])
        #expect(lines.isComplete)
    }

    @Test(arguments: [
        ("1080917", "10810"), ("1100316", "11004"), ("1140609", "11406"), ("1151003", "11510"),
        ("1000801", "10008"), ("1141231", "11412"), ("1150101", "11502"), ("0990228", "09902"),
    ])
    func `E16 the period is the even month of two`(date: String, period: String) throws {
        #expect("\(try Receipt.left(Receipt.built(date: date)).period)" == period)
    }

    @Test(arguments: [("11412", "11502"), ("11402", "11404"), ("11410", "11412")])
    func `E16 periods follow each other across the year`(period: String, next: String) throws {
        #expect("\(try #require(InvoicePeriod(Array(period.utf8))).next)" == next)
    }

    @Test(arguments: ["11401", "11400", "11414", "1140", "114060", "1140x", "00002"])
    func `E16 an odd or impossible month is no period`(period: String) {
        #expect(InvoicePeriod(Array(period.utf8)) == nil)
    }

    @Test func `spaces instead of the random code are an invoice between companies`() throws {
        let invoice = try Receipt.left(Receipt.built(random: "    "))

        #expect(invoice.randomCode == nil)
        #expect(invoice.isB2B)
        #expect(invoice.authenticity(with: EInvoiceKey(hex: Receipt.key)) == .invalid)
    }

    @Test(arguments: ["1151301", "1150001", "1150230", "1150431", "1151000", "0001003", "1150229"])
    func `a day that no calendar has is refused`(date: String) {
        #expect(throws: CodeRefusal.invoiceDateImpossible) {
            try Receipt.left(Receipt.built(date: date))
        }
    }

    @Test func `the 29th of February is a day in leap years`() throws {
        #expect("\(try Receipt.left(Receipt.built(date: "1130229")).date)" == "2024-02-29")
    }
}

struct EInvoiceAmountTests {
    @Test(arguments: ["00000000", "80000000", "ffffff9c", "FFFFFFFF"])
    func `a total that is zero, negative or too large is refused`(total: String) {
        #expect(throws: CodeRefusal.invoiceAmountOutOfRange) {
            try Receipt.left(Receipt.built(sales: "00000000", total: total))
        }
    }

    @Test func `the largest amount passes`() throws {
        let invoice = try Receipt.left(Receipt.built(sales: "7fffffff", total: "7FFFFFFF"))

        #expect(invoice.totalAmount == EInvoice.amountMax)
    }

    @Test func `negative sales before tax are refused`() {
        #expect(throws: CodeRefusal.invoiceAmountOutOfRange) {
            try Receipt.left(Receipt.built(sales: "ffffff9c"))
        }
    }

    @Test(arguments: ["-0000340", "000003.4", "+0000340", "0x000340", "     340"])
    func `an amount that is no hexadecimal number is refused`(total: String) {
        #expect(throws: CodeRefusal.invoiceDamaged) {
            try Receipt.left(Receipt.built(total: total))
        }
    }

    @Test func `a total that its own lines prove to be decimal is refused`() {
        let text = Receipt.built(
            sales: "00000000",
            total: "00000340",
            tail: ":**********:2:2:1:A:1:105:B:2:117.5:"
        )

        #expect(throws: CodeRefusal.invoiceAmountNotHex) { try Receipt.left(text) }
    }

    @Test func `the right code's lines may prove it later`() throws {
        let text = Receipt.built(
            sales: "00000000",
            total: "00000340",
            tail: ":**********:2:2:1:A:1:105:"
        )
        let invoice = try Receipt.left(text)
        let lines = invoice.items(right: EInvoiceRight(Array("**B:1:235".utf8)))

        #expect(invoice.totalAmount == 0x340)
        #expect(invoice.isTotalDecimal(by: lines))
    }

    @Test(arguments: [
        ":**********:1:2:1:A:1:340:",  // a line is missing
        ":**********:1:1:1:A:1:832:",  // the lines fit the hexadecimal reading
        ":**********:1:1:1:A:1:339:",  // they fit neither
        ":**********:1:1:1:A:999999999999999:999999999999999:",  // they fit no integer
        "",
    ])
    func `without a proof the amount stands`(tail: String) throws {
        let text = Receipt.built(sales: "00000000", total: "00000340", tail: tail)

        #expect(try Receipt.left(text).totalAmount == 0x340)
    }

    @Test(arguments: [
        ":", "::::", ":**:1:1:", ":**:1:1:9:", ":**:x:1:1:A:1:1", ":**:2:1:1:A:1:1:B:1:1",
        ":**:99999999999999999999:99999999999999999999:1:A:1:1", ":**:1:1:3:A:1:1",
        "**:1:1:1:A:1:1",
        ":**:1:1:1:A:1", ":**:1:1:1:A:x:1", ":**:1:1:1::1:1", ":**:1:1:1:A:1e9:1",
        ":**:1:1:1:A:--1:1", ":**:1:1:1:A:1.2.3:1", ":**:1:1:1:A:.:1",
    ])
    func `a damaged tail costs lines and nothing else`(tail: String) throws {
        let invoice = try Receipt.left(Receipt.built(tail: tail))
        let lines = invoice.items(right: nil)

        #expect(invoice.totalAmount == 198)
        #expect(lines.items.isEmpty || !lines.isComplete)
    }

    @Test func `line ends and control characters in the tail do not cost the sale`() throws {
        let invoice = try Receipt.left(Receipt.built(tail: ":**\r\n:1:1:1:A\u{0}:1:1:"))

        #expect(invoice.totalAmount == 198)
    }
}

struct ExactDecimalTests {
    @Test(arguments: [
        ("0", "0"), ("007", "7"), ("1.0", "1"), ("28.60", "28.6"), ("47.301", "47.301"),
        ("0.05", "0.05"), ("-0.05", "-0.05"), ("-3", "-3"), ("-0", "0"),
        ("999999999999999", "999999999999999"),
    ])
    func `a printed number keeps its exact value`(text: String, printed: String) {
        #expect(ExactDecimal(Array(text.utf8)[...]).map { "\($0)" } == printed)
    }

    @Test(arguments: ["", "-", ".", "1.", ".5", "1,5", "1e3", "+1", " 1", "1000000000000000", "٣"])
    func `anything else is none`(text: String) {
        #expect(ExactDecimal(Array(text.utf8)[...]) == nil)
    }
}

struct TaxIDTests {
    @Test(arguments: ["12345676", "12345670", "12345671", "12345675", "04595257"])
    func `E20 numbers that pass since 2023`(digits: String) {
        #expect(TaxID.isValid(digits))
    }

    @Test(arguments: ["12345678", "12345672", "04595253", "", "1234567", "123456789", "1234567x"])
    func `E20 numbers that do not`(digits: String) {
        #expect(!TaxID.isValid(digits))
    }

    @Test(arguments: [("12345670", false), ("12345671", false), ("12345676", true)])
    func `E20 the old rule is a sum of ten`(digits: String, isValid: Bool) {
        #expect(TaxID.isValid(digits, rule: .before2023) == isValid)
    }

    @Test func `E20 the check is a help: the ministry's sample seller fails it and is taken`()
        throws
    {
        let invoice = try Receipt.left(Receipt.e01Left)

        #expect(!TaxID.isValid(invoice.sellerID))
    }
}
