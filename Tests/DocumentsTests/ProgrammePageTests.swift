import Documents
import Foundation
import Testing

/// docs/programmes.md, by which marketing writes programmes.
struct ProgrammePageTests {
    @Test(arguments: ProgrammePart.allCases)
    func `the page has a table of each part's names, in their order`(part: ProgrammePart) throws {
        #expect(try Self.tables().contains(part.names), "\(part.rawValue): \(part.names)")
    }

    @Test func `every recipe of the page is a programme`() throws {
        let recipes = try Self.recipes()

        #expect(recipes.count > 20)
        for recipe in recipes {
            let hasRules = recipe.contains("rules:") || recipe.contains("cards:")
            let rules = hasRules ? "" : "rules: [{id: base, per: 1, give: 1}]\n"
            #expect(Sample.message(of: Self.head + recipe + rules) == "no mistake", "\(recipe)")
        }
    }

    @Test func `the page names every programme that we ship`() throws {
        let text = try Self.text()
        for file in try FileManager.default.contentsOfDirectory(atPath: Month.directory) {
            #expect(text.contains("](../programmes/\(file))"), "\(file)")
        }
    }

    private static let head = """
        programme: p
        version: 1
        title: {zh-Hant: 集點, en: Rewards}
        currency: TWD
        utcOffset: "+08:00"
        from: 2026-01-01
        through: 2026-12-31
        amountMax: 1000000

        """

    private static func text() throws -> String {
        try String(
            contentsOf: URL(fileURLWithPath: Month.directory)
                .deletingLastPathComponent().appendingPathComponent("docs/programmes.md"),
            encoding: .utf8
        )
    }

    /// The names in the first column of each table of keys; `from`, `through` in one row are two.
    private static func tables() throws -> [[String]] {
        let blocks = try text().components(separatedBy: "\n\n")
        return blocks.map { block in
            block.split(separator: "\n").compactMap { line in
                line.wholeMatch(of: /\| `([A-Za-z-]+)` \|.*/).map { String($0.1) }
            }
        }
    }

    private static func recipes() throws -> [String] {
        let chapters = try text().components(separatedBy: "\n## ")
        let chapter = try #require(chapters.first { $0.hasPrefix("Recipes\n") })
        return chapter.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
    }
}
