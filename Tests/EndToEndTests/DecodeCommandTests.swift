import Foundation
import Testing

/// `stampctl decode` as a program: one JSON object a scan, whatever the scan holds.
struct DecodeCommandTests {
    private static let e01 =
        "AB112233441020523999900000144000001540000000001234567ydXZt4LAN1UHN/j1juVcRA=="
    private static let lines = ":**********:3:3:0:"
    private static let key = "0123456789ABCDEF0123456789ABCDEF"
    private static let e09 =
        "AB1234565011510031234000000c6000000c60000000004595257YzbKZNZ7gR3bGVGMCxeW6w=="

    private struct Answer {
        let status: Int32
        let lines: [Substring]
        let object: [String: Any]
    }

    private func decode(_ arguments: String..., input: [UInt8] = []) throws -> Answer {
        let root = URL(filePath: #filePath).appending(path: "../../..").standardized
        let process = Process()
        process.executableURL = root.appending(path: ".build/debug/stampctl")
        process.arguments = ["decode", "--json"] + arguments
        let (source, output) = (Pipe(), Pipe())
        process.standardInput = source
        process.standardOutput = output
        try process.run()
        try source.fileHandleForWriting.write(contentsOf: Data(input))
        try source.fileHandleForWriting.close()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return Answer(
            status: process.terminationStatus,
            lines: text.split(separator: "\n"),
            object: try #require(object)
        )
    }

    @Test func `E01 prints every value of the invoice and its three lines`() throws {
        let answer = try decode(
            Self.e01 + Self.lines + "乾電池:1:105:",
            "--right",
            "**口罩:1:210:牛奶:1:25"
        )
        let items = try #require(answer.object["items"] as? [[String: Any]])

        #expect(answer.status == 0)
        #expect(answer.lines.count == 1)
        #expect(answer.object["kind"] as? String == "eInvoiceLeft")
        #expect(answer.object["invoiceNumber"] as? String == "AB11223344")
        #expect(answer.object["date"] as? String == "2013-05-23")
        #expect(answer.object["salesAmount"] as? Int == 324)
        #expect(answer.object["totalAmount"] as? Int == 340)
        #expect(answer.object["buyerID"] is NSNull)
        #expect(answer.object["sellerID"] as? String == "01234567")
        #expect(answer.object["period"] as? String == "10206")
        #expect(answer.object["itemsComplete"] as? Bool == true)
        #expect(answer.object["authenticity"] as? String == "notChecked")
        #expect(items.map { $0["name"] as? String } == ["乾電池", "口罩", "牛奶"])
        #expect(items.map { $0["unitPrice"] as? Int } == [105, 210, 25])
    }

    @Test func `E01 in Big5 bytes prints the same names`() throws {
        let big5: [UInt8] = [0xB0, 0xAE, 0xB9, 0x71, 0xA6, 0xC0]
        let bytes = Array((Self.e01 + Self.lines).utf8) + big5 + Array(":1:105:\n".utf8)
        let answer = try decode("--file", "-", input: bytes)
        let items = try #require(answer.object["items"] as? [[String: Any]])

        #expect(items.map { $0["name"] as? String } == ["乾電池"])
    }

    @Test(arguments: [(key, "valid"), (String(key.reversed()), "invalid")])
    func `E09 is checked with the seller's key`(key: String, authenticity: String) throws {
        let answer = try decode(Self.e09, "--invoice-key", key)

        #expect(answer.object["authenticity"] as? String == authenticity)
        #expect(answer.status == 0)
    }

    @Test func `weighed goods keep their exact numbers`() throws {
        let answer = try decode(Self.e09 + ":**ceepos**:1:1:1:pork:47.301:28.6:")

        #expect(answer.lines.first?.contains("\"quantity\":47.301,\"unitPrice\":28.6}") == true)
    }

    @Test func `an identifier in front is reported`() throws {
        let answer = try decode("]Q140000000000012363")

        #expect(answer.object["aim"] as? String == "]Q1")
        #expect(answer.object["memberNumber"] as? String == "00000000000123")
    }

    @Test(arguments: [
        ("", "empty"), ("40000000000012364", "check-digits-wrong"),
        ("4111111111111111", "payment-code"),
        ("51234567890123456789061", "not-yet-enabled"), ("-àààààààààà&çé", "layout-mismatch"),
        ("<img src=x onerror=alert(1)>", "unknown-code"), ("' OR 1=1; --", "unknown-code"),
        ("%s%n%n%n%n", "unknown-code"), ("$(reboot)", "unknown-code"), ("-x", "unknown-code"),
        ("\u{1B}[2J", "control-characters"), ("\u{202E}1", "unknown-code"),
    ])
    func `what the till refuses is unknown, with a reason, and exits with 1`(
        text: String,
        reason: String
    ) throws {
        let answer = try decode(text)

        #expect(answer.status == 1)
        #expect(answer.lines.count == 1)
        #expect(answer.object["kind"] as? String == "unknown")
        #expect(answer.object["reason"] as? String == reason)
        #expect(text.isEmpty || answer.lines.first?.contains(text) == false)
    }

    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 7_168), "too-long"),
            ([UInt8](repeating: 0x34, count: 7_168), "too-long"), ([0], "control-characters"),
            ([0xFF, 0xFE], "not-utf8"), ([0x0D, 0x0A], "empty"),
            ([0x34, 0, 0x34], "control-characters"),
        ] as [([UInt8], String)]
    )
    func `hostile bytes from a file are refused with a reason`(
        bytes: [UInt8],
        reason: String
    ) throws {
        let answer = try decode("--file", "-", input: bytes)

        #expect(answer.status == 1)
        #expect(answer.object["reason"] as? String == reason)
    }

    @Test(arguments: [
        ("123456789012345678", "walletPayment"), ("AB12345678901234", "citizenCertificate"),
        ("/AAA33AA", "mobileBarcode"),
    ])
    func `what belongs to a person is named and not repeated`(text: String, kind: String) throws {
        let answer = try decode(text)

        #expect(answer.status == 0)
        #expect(answer.object["kind"] as? String == kind)
        #expect(answer.lines.first?.contains(text) == false)
    }

    @Test func `names that would move a terminal's cursor are escaped`() throws {
        let answer = try decode(Self.e09 + ":**:1:1:1:\u{1B}[2J\u{202E}\"\\:1:1:")

        #expect(answer.lines.first?.contains("\\u001b[2J\\u202e\\\"\\\\") == true)
    }

    @Test func `a right code that is none is refused`() throws {
        let answer = try decode(Self.e09, "--right", "乾電池")

        #expect(answer.status == 1)
        #expect(answer.object["reason"] as? String == "right-code-expected")
    }

    @Test func `lines that prove a decimal amount refuse it`() throws {
        let head = Self.e09.replacing("000000c6000000c6", with: "0000000000000340")
        let answer = try decode(head + ":**:2:2:1:A:1:105:", "--right", "**B:1:235")

        #expect(answer.status == 1)
        #expect(answer.object["reason"] as? String == "invoice-amount-not-hex")
    }
}
