import LoyaltyCore
import ScanCodec
import Testing

struct ScannedCodeTests {
    @Test func `the shared vectors are there`() {
        #expect(CodeFixture.all.count > 60)
    }

    @Test(arguments: CodeFixture.all)
    func `a shared vector is what its line says`(fixture: CodeFixture) {
        do throws(CodeRefusal) {
            let code = try ScannedCode(fixture.bytes)
            #expect(code.kindName == fixture.kind)
            #expect(fixture.reason == "-")
        } catch {
            #expect(fixture.kind == "unknown")
            #expect(error.code == fixture.reason)
        }
    }

    @Test(arguments: CodeFixture.all)
    func `what a refusal says never holds what was scanned`(fixture: CodeFixture) {
        guard fixture.bytes.count > 3 else { return }
        do throws(CodeRefusal) {
            _ = try ScannedCode(fixture.bytes)
        } catch {
            let text = String(decoding: fixture.bytes, as: UTF8.self)
            #expect(!"\(error)".contains(text))
            #expect(!String(reflecting: error).contains(text))
        }
    }

    @Test(
        arguments: [
            ("40000000000012363", 123), ("42026112200000116", 20_261_122_000_001),
        ] as [(String, Int64)]
    )
    func `a printed card names its member`(text: String, number: Int64) throws {
        let member = try #require(MemberNumber(value: number))

        #expect(try ScannedCode(Array(text.utf8)) == .member(.card(member)))
    }

    @Test(
        arguments: [
            ("60000000192", .cancel), ("60000000386", .redeem), ("61000000158", .reward(1)),
            ("61099999980", .reward(999_999)), ("61000000061", .unknown(10_000_000)),
            ("61100000077", .unknown(11_000_000)), ("69999999949", .unknown(99_999_999)),
        ] as [(String, ControlCommand)]
    )
    func `a control sheet names its command`(text: String, command: ControlCommand) throws {
        #expect(try ScannedCode(Array(text.utf8)) == .control(command))
    }

    @Test(arguments: [1, 9, 101, 4_711, 999_999] as [Int64])
    func `a reward's sheet is read as that reward`(code: Int64) throws {
        let text = ControlCommand.sheet(ofReward: code)

        #expect(text.utf8.count == 11)
        #expect(try ScannedCode(Array(text.utf8)) == .control(.reward(code)))
    }

    @Test(arguments: ["/+.-++..", "/AAA33AA", "/P4SV.-I", "/O0O01I1"])
    func `E17 mobile barcodes`(text: String) throws {
        let barcode = try #require(MobileBarcode(Array(text.utf8)))

        #expect(barcode.text == text)
        #expect(try ScannedCode(Array(text.utf8)) == .mobileBarcode(barcode))
    }

    @Test(arguments: ["/ABCD1234", "/ABCD12", "/ABCD12;", "/ABCD$12", "/ab12345", "/ABC,123"])
    func `E17 what looks like a mobile barcode and is none`(text: String) {
        #expect(throws: CodeRefusal.unknownCode) { try ScannedCode(Array(text.utf8)) }
    }

    @Test(arguments: ["001", "10001", "2134567"])
    func `E18 donation codes`(text: String) throws {
        #expect(try ScannedCode(Array(text.utf8)) == .donationCode)
    }

    @Test(arguments: ["00", "12345678", "ab3456"])
    func `E18 what is no donation code`(text: String) {
        #expect(throws: CodeRefusal.self) { try ScannedCode(Array(text.utf8)) }
    }

    @Test(arguments: ["AB12345678901234", "RP47809425348791"])
    func `E19 citizen certificates`(text: String) throws {
        #expect(try ScannedCode(Array(text.utf8)) == .citizenCertificate)
    }

    @Test(arguments: [
        "ab12345678901234", "A112345678901234", "AA123456789012J4", "AB1234567890123",
        "AB123456789012345",
    ])
    func `E19 what is no citizen certificate`(text: String) {
        #expect(throws: CodeRefusal.self) { try ScannedCode(Array(text.utf8)) }
    }

    @Test func `number 2 takes the last award back`() {
        #expect(ControlCommand(number: 2) == .undoLastAward)
    }

    @Test(arguments: [
        (1, String(repeating: "0", count: 46)), (2, String(repeating: "9", count: 188)),
        (3, String(repeating: "5", count: 28)), (5, "1234567890123456789061"),
    ])
    func `the other kinds are named and not yet enabled`(kind: Int, rest: String) {
        #expect(throws: CodeRefusal.notYetEnabled(kind: kind)) {
            try ScannedCode(Array("\(kind)\(rest)".utf8))
        }
    }

    @Test(arguments: [
        "40000000000012363", "42026112200000116", "60000000192", "69999999949",
        "51234567890123456789061",
    ])
    func `any one digit changed or two neighbours swapped is refused`(text: String) {
        let digits = Array(text.utf8)
        for index in digits.indices {
            for digit in UInt8(0x30)...0x39 where digit != digits[index] {
                var changed = digits
                changed[index] = digit
                #expect(throws: CodeRefusal.self) { try ScannedCode(changed) }
            }
        }
        for index in digits.indices.dropLast() where digits[index] != digits[index + 1] {
            var swapped = digits
            swapped.swapAt(index, index + 1)
            #expect(throws: CodeRefusal.self) { try ScannedCode(swapped) }
        }
    }

    @Test func `our own length with a wrong check says so and is nothing else`() {
        // A card number of 17 digits that starts with 4 and passes the card check.
        #expect(throws: CodeRefusal.checkDigitsWrong(kind: 4)) {
            try ScannedCode(Array("40000000000000002".utf8))
        }
        // A control sheet of which UPC-A's check would make a product.
        #expect(throws: CodeRefusal.checkDigitsWrong(kind: 6)) {
            try ScannedCode(Array("60000000002".utf8))
        }
    }

    @Test(arguments: [
        (7_089, CodeRefusal.unknownCode), (7_090, .tooLong), (7_168, .tooLong), (1 << 20, .tooLong),
    ])
    func `a code may be as long as the largest symbol and no longer`(
        count: Int,
        refusal: CodeRefusal
    ) {
        #expect(throws: refusal) { try ScannedCode([UInt8](repeating: 0x37, count: count)) }
    }

    @Test func `an invoice's tail may fill the symbol and no more`() throws {
        let head = Array(Receipt.e09Left.utf8)
        let full = head + [UInt8](repeating: 0x3A, count: Scan.byteCountMax - head.count)

        #expect(try ScannedCode(full).kindName == "eInvoiceLeft")
        #expect(throws: CodeRefusal.tooLong) { try ScannedCode(full + [0x3A]) }
    }

    @Test(arguments: ["]Q1", "]C0", "]A0", "]X0"])
    func `other symbols are read by their content`(aim: String) throws {
        let code = try ScannedCode(Array("60000000192".utf8), aim: AIMIdentifier(aim))

        #expect(code == .control(.cancel))
    }

    @Test func `each refusal has its own name, and words that say what to do`() {
        let all: [CodeRefusal] = [
            .empty, .tooLong, .controlCharacters, .notUTF8, .checkDigitsWrong(kind: 4),
            .notYetEnabled(kind: 1), .layoutMismatch(.azerty), .paymentCode, .invoiceDamaged,
            .invoiceDateImpossible, .invoiceAmountOutOfRange, .invoiceAmountNotHex, .unknownCode,
        ]

        #expect(Set(all.map(\.code)).count == all.count)
        #expect(all.allSatisfy { "\($0)".contains(":") })
        #expect(all.allSatisfy { $0.code.allSatisfy { $0.isLetter || $0 == "-" || $0 == "8" } })
    }
}

struct KeyboardLayoutTests {
    @Test(
        arguments: [
            ("'àààààààààààé\"-\"", .azerty), ("áříč+řžěýééáý", .czech),
            ("$))))))))))!@#^#", .shiftedDigits),
        ] as [(String, KeyboardLayout)]
    )
    func `a number through the wrong layout is named with its layout`(
        text: String,
        layout: KeyboardLayout
    ) {
        #expect(throws: CodeRefusal.layoutMismatch(layout)) { try ScannedCode(Array(text.utf8)) }
    }

    @Test(arguments: ["--------", "àààààààà", "àà&", "+++---***", "àéèçà-abc", "!!!!!!!!!!!!!!!!!"])
    func `a few signs are no number through the wrong layout`(text: String) {
        #expect(throws: CodeRefusal.unknownCode) { try ScannedCode(Array(text.utf8)) }
    }
}

struct ScanTests {
    @Test func `a decoder's bytes lose their AIM identifier`() {
        let raw = Array("]Q140".utf8)
        let known = Scan(raw: raw, scanner: "x", completedAt: .zero)
        let never = Scan(raw: raw, aimPrefix: .never, scanner: "x", completedAt: .zero)

        #expect(known.aim == AIMIdentifier("]Q1"))
        #expect(known.bytes == Array("40".utf8))
        #expect(never.aim == nil)
        #expect(never.bytes == raw)
    }

    @Test func `a scan's words hold its size and not its text`() {
        let scan = Scan(
            bytes: Array("40000000000012363".utf8),
            aim: nil,
            scanner: "x",
            completedAt: .zero
        )
        var dumped = ""
        dump(scan, to: &dumped)

        #expect("\(scan)" == "scan of 17 bytes")
        #expect(String(reflecting: scan) == "scan of 17 bytes")
        #expect(!dumped.contains("52"))
    }
}
