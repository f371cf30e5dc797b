import Documents
import Foundation
import Testing

/// The examples of docs/programmes.md are true: each is played, and prints what the page says.
///
/// With `STAMPD_WRITE_GOLDEN=1` the page gets what they print now; look at the difference before it
/// is kept.
struct PageExampleTests {
    private static let path = "docs/programmes.md"

    /// One example of the page.
    private struct Example {
        let title: String
        var yaml = ""
        var members = ""
        var sales = ""
        var expected: String?
        /// Where `expected` stands in the page.
        var range: Range<String.Index>?
    }

    @Test func `every example prints what the page says`() throws {
        var page = try Repository.text(Self.path)
        let examples = try examples(in: page)
        var printed: [(Range<String.Index>, String)] = []
        for example in examples {
            let text = try play(example)
            if let range = example.range { printed.append((range, text)) }
            guard ProcessInfo.processInfo.environment["STAMPD_WRITE_GOLDEN"] != "1"
            else { continue }
            #expect(text == example.expected, "\(example.title)")
        }
        #expect(examples.count >= 20)
        guard ProcessInfo.processInfo.environment["STAMPD_WRITE_GOLDEN"] == "1" else { return }
        for (range, text) in printed.reversed() { page.replaceSubrange(range, with: text) }
        let url = Repository.root.appendingPathComponent(Self.path)
        try page.write(to: url, atomically: true, encoding: .utf8)
    }

    private func play(_ example: Example) throws -> String {
        do {
            let played = try Played(example.yaml, members: example.members, example.sales)
            return played.facts + "\n"
        } catch {
            Issue.record("\(example.title): \(error)")
            return ""
        }
    }

    /// The examples of the page: below each `####` a programme, files and what is printed.
    private func examples(in page: String) throws -> [Example] {
        let start = try #require(page.range(of: "\n### Examples\n")).upperBound
        var examples: [Example] = []
        var head = ""
        for match in page[start...].matches(of: /#### (.+)\n|```(\w+)(?: (\w+))?\n((?:.|\n)*?)```/)
        {
            if let title = match.1 {
                examples.append(Example(title: String(title)))
                continue
            }
            guard let content = match.4, let kind = match.2 else { continue }
            let text = String(content)
            guard let last = examples.indices.last else {
                head = text
                continue
            }
            switch (kind, match.3) {
            case ("yaml", _): examples[last].yaml = head + text
            case ("ndjson", "members"): examples[last].members = text
            case ("ndjson", _): examples[last].sales = text
            default:
                examples[last].expected = text
                examples[last].range = content.startIndex..<content.endIndex
            }
        }
        return examples
    }
}
