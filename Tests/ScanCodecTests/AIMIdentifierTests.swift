import ScanCodec
import Testing

struct AIMIdentifierTests {
    @Test(arguments: [
        "]A0", "]C1", "]E0", "]E4", "]F1", "]I0", "]L2", "]Q1", "]Q3", "]d2", "]e0",
        "]z3", "]Z6", "]X0", "]J1", "]h1",
    ])
    func `an identifier of ISO 15424 is known and prints as it came`(text: String) {
        #expect(AIMIdentifier(text).map { "\($0)" } == text)
    }

    @Test(arguments: ["", "]", "]Q", "]Q7", "]Y0", "]EA", "[Q1", "]11", "]Q11", "]é"])
    func `anything else is none`(text: String) {
        #expect(AIMIdentifier(text) == nil)
    }

    @Test(
        arguments: [
            (.known, "]Q140", "]Q1", "40"), (.known, "]Q1", "]Q1", ""),
            (.known, "]Y040", nil, "]Y040"), (.known, "40", nil, "40"),
            (.known, "]]C1", nil, "]]C1"),
            (.always, "]Y040", "]Y0", "40"), (.always, "40]Q1", nil, "40]Q1"),
            (.never, "]Q140", nil, "]Q140"),
        ] as [(AIMIdentifier.PrefixMode, String, String?, String)]
    )
    func `the prefix comes off as the mode says`(
        mode: AIMIdentifier.PrefixMode,
        text: String,
        aim: String?,
        content: String
    ) {
        let split = AIMIdentifier.split(Array(text.utf8), mode: mode)

        #expect(split.aim.map { "\($0)" } == aim)
        #expect(split.content == Array(content.utf8))
    }
}
