import ScanCodec
import Testing

/// Vectors of GS1's own syntax engine (`lint_csum.c`, `scandata.c`).
struct GTINTests {
    @Test(arguments: [
        ("02345673", "00000002345673"), ("416000336108", "00416000336108"),
        ("1234567890128", "01234567890128"), ("12345678901231", "12345678901231"),
        ("2112345678900", "02112345678900"), ("2112233789657", "02112233789657"),
        ("02345680", "00000002345680"), ("24012345678905", "24012345678905"),
    ])
    func `a number with a right check digit is kept as 14 digits`(text: String, gtin: String) {
        #expect(GTIN(Array(text.utf8))?.digits == gtin)
    }

    /// Vectors of GS1's own syntax engine (`dl.c`, `scandata.c`).
    @Test(arguments: [
        "https://example.com/01/12312312312333?99=TEST", "HTTPS://example.com/01/12312312312333",
        "http://a/stem/01/12312312312333", "https://a:8080/01/12312312312333#x",
        "https://192.0.2.33/01/12312312312333/22/TEST/10/ABC/21/XYZ",
        "https://id.gs1.org/01/12312312312333/10/ABC%2B123",
    ])
    func `a GS1 Digital Link is its product`(text: String) throws {
        let gtin = try #require(GTIN(Array("12312312312333".utf8)))

        #expect(try ScannedCode(Array(text.utf8)) == .product(gtin))
    }

    @Test(arguments: [
        "HtTps://example.com/01/12312312312333", "https://01/12312312312333",
        "https://a/NOPRIMARYAI", "https://a/01//10/ABC", "https://a/01/2112345678900",
        "https://a/01/416000336108", "https://a/01/02345673", "https://a/01/12312312312334",
        "https://a/01/12312312312333/99/X", "https://a/01/12312312312333/10/",
        "https://a/01/12312312312333/10", "https://a/gtin/12312312312333", "https://a/01",
        "https:///01/12312312312333", "https://a/01/12312312312333/10/<b>", "https://a/01/",
    ])
    func `any other address is no code of this till`(text: String) {
        #expect(throws: CodeRefusal.unknownCode) { try ScannedCode(Array(text.utf8)) }
    }

    @Test(arguments: [
        "", "0", "12345673", "416000336109", "1234567890129", "12345678901232", "2112345678901",
        "A2345673", "0234A673", "0234567A", "123456789012345675", "0000000",
    ])
    func `any other number is none`(text: String) {
        #expect(GTIN(Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        ("00123457", "00001234000057"), ("01234133", "00012300000413"),
        ("01234505", "00012000003455"), ("01234543", "00012340000053"),
    ])
    func `UPC-E gets its zeros back`(text: String, gtin: String) {
        #expect(GTIN(upcE: Array(text.utf8))?.digits.prefix(13) == gtin.prefix(13))
    }

    @Test(arguments: ["20123457", "0012345", "001234578", "00123458", "0012345x"])
    func `no UPC-E without its first digit, length and check`(text: String) {
        #expect(GTIN(upcE: Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        ("]E0", "2112345678900", "02112345678900"), ("]E4", "02345673", "00000002345673"),
        // GS1 wants 13 digits here; scanners that drop UPC-A's zero send 12.
        ("]E0", "123456789012", "00123456789012"),
        ("]E0", "416000336108", "00416000336108"), ("]E0", "71012107018", "00071012107018"),
        ("]E0", "00123457", "00001234000057"), ("]E3", "211234567890012", "02112345678900"),
        ("]Q3", "011231231231233310ABC123\u{1D}99TESTING", "12312312312333"),
        ("]C1", "011231231231233310ABC123\u{1D}99TESTING", "12312312312333"),
        ("]C1", "0112312312312333235XYZ", "12312312312333"),
        ("]d2", "011231231231233310ABC123", "12312312312333"),
        ("]e0", "011231231231233310ABC123\u{1D}98XYZ", "12312312312333"),
    ])
    func `a symbol of the retail family or with FNC1 is its product`(
        aim: String,
        text: String,
        gtin: String
    ) throws {
        let code = try ScannedCode(Array(text.utf8), aim: AIMIdentifier(aim))

        #expect(code == .product(try #require(GTIN(Array(gtin.utf8)))))
    }

    @Test(arguments: [
        ("]E0", "0123456789013", CodeRefusal.checkDigitsWrong(kind: nil)),
        ("]E0", "02112345678901", .unknownCode), ("]E4", "02345674", .checkDigitsWrong(kind: nil)),
        ("]E0", "ABC", .unknownCode), ("]E0", "40000000000012363", .unknownCode),
        ("]Q3", "10ABC", .unknownCode), ("]C1", "01123123123123", .unknownCode),
        ("]e0", "0112312312312334", .unknownCode), ("]Q3", "01\u{0}", .controlCharacters),
    ])
    func `such a symbol is nothing but a product`(
        aim: String,
        text: String,
        refusal: CodeRefusal
    ) {
        #expect(throws: refusal) {
            try ScannedCode(Array(text.utf8), aim: AIMIdentifier(aim))
        }
    }
}
