import LoyaltyCore
import Testing

struct CanonicalJSONTests {
    @Test func `a value is written in one way and reads back the same`() throws {
        let value: CanonicalJSON = [
            "text": "拿鐵 \"x\" \\ \u{0}\u{1F}/", "number": -9_223_372_036_854_775_808,
            "list": [1, .null, .bool(true)], "empty": .object([]),
        ]

        #expect(
            value.text == """
                {"text":"拿鐵 \\"x\\" \\\\ \\u0000\\u001f/","number":-9223372036854775808,\
                "list":[1,null,true],"empty":{}}
                """
        )
        #expect(try CanonicalJSON(parsing: value.bytes) == value)
    }

    @Test(arguments: [
        (#" { "a" : [ 1 , 2 ] } "#, ["a": [1, 2]] as CanonicalJSON),
        (#""\u62ff\uD83D\uDE00\b\f\n\r\t\/""#, "拿😀\u{8}\u{C}\n\r\t/"),
        ("-0", 0), ("9223372036854775807", 9_223_372_036_854_775_807),
        ("-9223372036854775808", -9_223_372_036_854_775_808),
    ])
    func `JSON as others write it is read`(text: String, expected: CanonicalJSON) throws {
        #expect(try CanonicalJSON(parsing: text.utf8) == expected)
    }

    @Test(arguments: [
        ("", CanonicalJSONError.malformed(at: 0)), ("{", .malformed(at: 1)),
        ("[1,]", .malformed(at: 3)), (#"{"a":1,}"#, .malformed(at: 7)),
        ("01", .malformed(at: 0)), ("-", .malformed(at: 0)), ("+1", .malformed(at: 0)),
        ("1 2", .malformed(at: 2)), ("tru", .malformed(at: 0)), ("\"a", .malformed(at: 2)),
        ("\"\n\"", .malformed(at: 1)), (#""\x""#, .malformed(at: 2)),
        (#""\ud800""#, .malformed(at: 7)), ("1.0", .notWhole(at: 0)), ("1e3", .notWhole(at: 0)),
        ("9223372036854775808", .notWhole(at: 0)), ("-9223372036854775809", .notWhole(at: 0)),
        (#"{"a":1,"a":2}"#, .duplicateName(at: 7)),
    ])
    func `anything else is refused with the byte at which reading failed`(
        text: String,
        expected: CanonicalJSONError
    ) {
        #expect(throws: expected) { try CanonicalJSON(parsing: text.utf8) }
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22],  // alone
        [0x22, 0x61, 0xE6, 0x8B, 0x22],  // a character cut short behind ASCII
        [0x22, 0x5C, 0x6E, 0xFF, 0x22],  // behind an escape
        [0x22, 0xFF, 0x5C, 0x6E, 0x22],  // before an escape
    ])
    func `bytes that are no UTF-8 are refused`(bytes: [UInt8]) {
        #expect(throws: CanonicalJSONError.malformed(at: bytes.count)) {
            try CanonicalJSON(parsing: bytes)
        }
    }

    @Test(arguments: [
        (#""""#, ""), (#""plain""#, "plain"), (#""拿鐵""#, "拿鐵"), (#""\n""#, "\n"),
        (#""拿\n鐵\\x\"""#, "拿\n鐵\\x\""), (#""a\u62ffb""#, "a拿b"), (#""\\\\""#, "\\\\"),
    ])
    func `a text reads the same wherever its escapes stand`(text: String, expected: String) throws {
        #expect(try CanonicalJSON(parsing: text.utf8) == .string(expected))
    }

    /// Names are compared one by one up to 16, and looked up in a set from there on.
    @Test(arguments: [2, 15, 16, 17, 18, 40])
    func `a name that stands twice is found in an object of any length`(count: Int) throws {
        let members = (0..<count).map { "\"n\($0)\":0" }.joined(separator: ",")

        let whole = try CanonicalJSON(parsing: "{\(members)}".utf8)

        #expect(whole["n\(count - 1)"] == 0)
        for repeated in [0, count - 1] {
            #expect(throws: CanonicalJSONError.duplicateName(at: members.utf8.count + 2)) {
                try CanonicalJSON(parsing: "{\(members),\"n\(repeated)\":0}".utf8)
            }
        }
    }

    @Test func `nesting is read to the limit and refused beyond it`() throws {
        let deepest = String(repeating: "[", count: 17) + String(repeating: "]", count: 17)
        let tooDeep = String(repeating: "[", count: 18) + String(repeating: "]", count: 18)

        #expect(throws: Never.self) { try CanonicalJSON(parsing: deepest.utf8) }
        #expect(throws: CanonicalJSONError.tooDeep(at: 17)) {
            try CanonicalJSON(parsing: tooDeep.utf8)
        }
        #expect(throws: CanonicalJSONError.tooDeep(at: 17)) {
            try CanonicalJSON(parsing: String(repeating: "[", count: 1_000_000).utf8)
        }
    }
}
