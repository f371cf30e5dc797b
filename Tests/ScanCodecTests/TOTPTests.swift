import LoyaltyCore
import ScanCodec
import Testing

/// A manager's one-time codes.
struct TOTPTests {
    private static let key = Array("12345678901234567890".utf8)
    private static let longKey = Array("12345678901234567890123456789012".utf8)

    @Test(arguments: [
        (seconds: Int64(59), code: "94287082"), (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"), (1_234_567_890, "89005924"), (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ])
    func `T01 the codes of SHA-1 are those of RFC 6238`(seconds: Int64, code: String) throws {
        let codes = try #require(TOTP(key: Self.key))
        let moment = WallTime(unixMs: seconds * 1_000)

        #expect(codes.code(at: moment) == code)
        #expect(codes.step(of: code, at: moment) == seconds / 30)
    }

    /// RFC 6238, appendix B.
    @Test(arguments: [
        (seconds: Int64(59), code: "46119246"), (1_111_111_109, "68084774"),
        (1_111_111_111, "67062674"), (1_234_567_890, "91819424"), (2_000_000_000, "90698825"),
        (20_000_000_000, "77737706"),
    ])
    func `the codes of SHA-256 are those of RFC 6238`(seconds: Int64, code: String) throws {
        let codes = try #require(TOTP(key: Self.longKey, algorithm: .sha256))

        #expect(codes.code(at: WallTime(unixMs: seconds * 1_000)) == code)
    }

    /// The code of step 37,037,037 is the current one from 1,111,111,110 s on, for 30 s.
    @Test(arguments: [
        (ms: Int64(1_111_111_079_999), isAccepted: false), (1_111_111_080_000, true),
        (1_111_111_110_000, true), (1_111_111_139_999, true), (1_111_111_169_999, true),
        (1_111_111_170_000, false),
    ])
    func `a code is accepted one step early and one step late`(ms: Int64, isAccepted: Bool) throws {
        let codes = try #require(TOTP(key: Self.key))

        let step = codes.step(of: "14050471", at: WallTime(unixMs: ms))
        #expect(step == (isAccepted ? 37_037_037 : nil))
    }

    @Test(arguments: [
        "", "1405047", "140504711", "14050472", "04050471", "1405047x", "１4050471", " 14050471",
        String(repeating: "14050471", count: 10_000),
    ])
    func `anything but the eight digits is refused`(typed: String) throws {
        let codes = try #require(TOTP(key: Self.key))

        #expect(codes.step(of: typed, at: WallTime(unixMs: 1_111_111_111_000)) == nil)
    }

    @Test func `each digit of a code counts`() throws {
        let codes = try #require(TOTP(key: Self.key))
        let code = Array("14050471".utf8)
        for index in code.indices {
            for digit in UInt8(ascii: "0")...UInt8(ascii: "9") where digit != code[index] {
                var other = code
                other[index] = digit
                let text = String(decoding: other, as: UTF8.self)
                #expect(codes.step(of: text, at: WallTime(unixMs: 1_111_111_111_000)) == nil)
            }
        }
    }

    @Test func `time begins in 1970`() throws {
        let codes = try #require(TOTP(key: Self.key))
        let first = try #require(codes.code(at: WallTime(unixMs: 0)))

        #expect(codes.step(of: first, at: WallTime(unixMs: 0)) == 0)
        #expect(codes.code(at: WallTime(unixMs: -1)) == nil)
        #expect(codes.step(of: first, at: WallTime(unixMs: -1)) == nil)
        #expect(codes.code(at: WallTime(unixMs: .max)) != nil)
    }

    @Test func `a key has at least 128 bits`() {
        #expect(TOTP(key: Array(repeating: 1, count: TOTP.keyByteCountMin)) != nil)
        #expect(TOTP(key: Array(repeating: 1, count: TOTP.keyByteCountMin - 1)) == nil)
    }
}
