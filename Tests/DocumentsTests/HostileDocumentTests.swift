import Documents
import Testing

/// Files that were made to hurt: each must end in an error or a programme, soon.
struct HostileDocumentTests {
    @Test(
        arguments: [
            ("[", "1:9: more than 8 brackets are open"),
            ("{a: ", "1:33: more than 8 brackets are open"),
            ("[\"]\",", "1:41: more than 8 brackets are open"),
            ("[']',", "1:41: more than 8 brackets are open"),
            ("- ", "1:41: the line is indented by more than 40 columns"),
            ("? ", "1:41: the line is indented by more than 40 columns"),
            ("? - : ", "1:41: the line is indented by more than 40 columns"),
        ]
    )
    func `a file nested without end is refused before it is followed`(
        part: String,
        expected: String
    ) {
        let message = Sample.message(of: String(repeating: part, count: 10_000))

        #expect(message.hasPrefix("p.yaml:" + expected))
    }

    @Test func `a quotation that is no quotation hides no bracket`() {
        // To YAML, `a"` is a text that ends at the bracket; the quotation mark means nothing.
        let message = Sample.message(of: "[a\"" + String(repeating: "[", count: 30_000))

        #expect(message.hasPrefix("p.yaml:1:11: more than 8 brackets are open"))
    }

    @Test func `a file of aliases that doubles with each line is refused`() {
        let lines = (1...60).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]" }

        let message = Sample.message(of: "a0: &a0 [x]\n" + lines.joined(separator: "\n"))
        #expect(message.hasPrefix("p.yaml:1:5: '&' starts an anchor, an alias or a tag"))
    }

    @Test func `a file of 262144 bytes is read, one more is refused`() {
        let comment = "#" + String(repeating: "x", count: 262_144 - Sample.programme.utf8.count - 1)

        #expect(Sample.message(of: Sample.programme + comment) == "no mistake")
        #expect(
            Sample.message(of: Sample.programme + comment + "x")
                == "p.yaml: the file has 262145 bytes: keep it within 262144"
        )
    }

    @Test(
        arguments: [
            ("", "1:1: the file is empty: start from an example"),
            ("\n", "1:1: the file is empty: start from an example"),
            ("# nothing", "1:1: the file is empty: start from an example"),
            ("x", "1:1: 'the programme' is 'x': use the names programme, "),
            ("[]", "1:1: 'the programme' is a list: use the names programme, "),
            ("a\u{0}b", "1:2: there is a control character, U+0: remove it"),
            ("a: b\rc: d", "1:5: there is a control character, U+D: remove it"),
            ("a: b\u{2028}c: d", "1:5: there is a control character, U+2028: remove it"),
            ("a: b\u{85}c: d", "1:5: there is a control character, U+85: remove it"),
            ("? [a]\n: b", "1:3: a name is a list: use a word"),
            ("a: 1\n---\nb: 2", "2:1: this is no YAML, but found another document"),
            ("a: [1", "1:6: this is no YAML, did not find expected ',' or ']'"),
            ("<<: {a: 1}", "1:1: '<<' is not known here"),
            ("a: b: c", "1:5: this is no YAML, mapping values are not allowed in this context"),
            ("%YAML 9.9\n---\na: 1", "1:1: this is no YAML, found incompatible YAML document"),
        ]
    )
    func `a file that is no programme is refused with a reason`(yaml: String, expected: String) {
        #expect(Sample.message(of: yaml).hasPrefix("p.yaml:" + expected))
    }

    /// Changes the sample at random places, the same ones in every run.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a file changed at random is a programme or a mistake with a place`(seed: UInt64) {
        var random = SplitMix64(state: seed)
        for _ in 0..<100 {
            let yaml = mutant(using: &random)

            let message = Sample.message(of: yaml)
            #expect(message == "no mistake" || message.hasPrefix("p.yaml:"), "\(yaml)")
            #expect(message.utf8.count < 600)
        }
    }

    private func mutant(using random: inout SplitMix64) -> String {
        let hostile = Array("[]{}&*!|>%@`\"'#-?:, \n\t\\\u{0}\u{7F}\u{202E}0x1e9_.~𝟛é")
        var characters = Array(Sample.programme)
        for _ in 0...Int.random(in: 0..<4, using: &random) {
            let index = Int.random(in: 0..<characters.count, using: &random)
            let end = min(characters.count, index + Int.random(in: 0..<12, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: characters.removeSubrange(index..<end)
            case 1: characters.insert(contentsOf: characters[index..<end], at: index)
            case 2: characters[index] = hostile.randomElement(using: &random) ?? " "
            default: characters.insert(hostile.randomElement(using: &random) ?? " ", at: index)
            }
            if characters.isEmpty { characters = ["a"] }
        }
        return String(characters)
    }
}

/// A generator with a seed.
///
/// Source: Steele, Lea and Flood, OOPSLA 2014, SplitMix64.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
