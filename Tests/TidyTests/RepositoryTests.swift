import Foundation
import Testing

/// Rules about the files beside the sources: what people read, and what must never be in them.
struct RepositoryTests {
    @Test func `the README is short enough to be read`() throws {
        let lines = try #require(try packageText("README.md")).components(separatedBy: "\n")

        #expect(lines.count <= 120)
    }

    /// A path of the machine on which something was written works on no other.
    @Test func `no file names a directory of one machine`() throws {
        // Written apart, or this file would find itself.
        let directories = ["ro" + "ot", "wo" + "rk", "ho" + "me", "tm" + "p/h"].map { "/\($0)/" }
        for path in try packageFiles() {
            guard let text = try packageText(path) else { continue }
            for (index, line) in text.components(separatedBy: "\n").enumerated() {
                let words = line.split { " \t'`()=<>,;[]|".contains($0) }.map { word in
                    word.hasPrefix("\"") ? word.dropFirst() : word
                }
                for directory in directories
                where words.contains(where: { $0.hasPrefix(directory) }) {
                    Issue.record("\(path):\(index + 1): names \(directory)")
                }
            }
        }
    }

    @Test func `every link between the documents leads somewhere`() throws {
        var linkCount = 0
        for path in try packageFiles() where path.hasSuffix(".md") {
            let text = try #require(try packageText(path))
            let directory = packageRoot.appendingPathComponent(path).deletingLastPathComponent()
            for match in text.matches(of: /\]\(([^)\s]+)\)/) {
                let target = match.1.prefix { $0 != "#" }
                guard !target.isEmpty, !target.contains("://") else { continue }
                linkCount += 1
                let file = directory.appendingPathComponent(String(target)).path
                #expect(FileManager.default.fileExists(atPath: file), "\(path): \(target)")
            }
        }
        #expect(linkCount > 0)
    }

    @Test func `the page has the same words in both languages`() throws {
        let page = try packageFiles(in: "Sources/CounterAPI/Page")
        let tables = page.filter { $0.contains("/words.") && $0.hasSuffix(".json") }

        let keys = try tables.map { path in
            let data = try Data(contentsOf: packageRoot.appendingPathComponent(path))
            let words = try #require(
                try JSONSerialization.jsonObject(with: data) as? [String: String]
            )
            #expect(words.values.allSatisfy { !$0.isEmpty }, "\(path)")
            return Set(words.keys)
        }
        for (path, own) in zip(tables, keys) {
            #expect(own == keys.first, "\(path)")
        }
    }

    /// The map of the targets is only worth reading while it is the territory.
    @Test func `the architecture page draws the targets and arrows of the manifest`() throws {
        let manifest = Manifest(try #require(try packageText("Package.swift")))
        let page = try #require(try packageText("docs/architecture.md"))
        let rows = page.components(separatedBy: "\n").filter { $0.hasPrefix("| `") }
            .map { $0.components(separatedBy: "|").map { $0.trimmingCharacters(in: .whitespaces) } }

        #expect(manifest.targets.count > 10)
        for target in manifest.targets {
            let row = rows.first { $0[1] == "`\(target.name)`" }
            guard let row, row.count >= 4
            else {
                Issue.record("docs/architecture.md: no row for \(target.name)")
                continue
            }
            #expect(row[2].count > 10, "docs/architecture.md: \(target.name) has no purpose")
            let arrows = Set(row[3].matches(of: /`(\w+)`/).map { String($0.1) })
            #expect(arrows == target.arrows, "docs/architecture.md: arrows of \(target.name)")
        }
        #expect(rows.count == manifest.targets.count, "docs/architecture.md: a row too many")
    }

    @Test func `a commented example is only as wide as a terminal`() throws {
        for path in try packageFiles() where path.hasSuffix(".example.yaml") {
            let text = try #require(try packageText(path))
            for (index, line) in text.components(separatedBy: "\n").enumerated()
            where line.count > 120 {
                Issue.record("\(path):\(index + 1): \(line.count) characters")
            }
        }
    }
}

/// The targets of Package.swift that are shipped, read as text.
struct Manifest {
    struct Target {
        let name: String
        let arrows: Set<String>
    }

    let targets: [Target]

    init(_ text: String) {
        // One piece for each target; its name comes first, then everything in quotation marks
        // that is itself the name of a target is an arrow.
        let pieces = text.matches(of: /\.(target|executableTarget|systemLibrary)\(\s*name: "(\w+)"/)
        let names = Set(pieces.map { String($0.2) })
        targets = pieces.compactMap { piece in
            let end = text[piece.range.upperBound...].firstRange(
                of: /\n {8}\.\w+\(|\n {4}\]/
            )
            let body = text[piece.range.upperBound..<(end?.lowerBound ?? text.endIndex)]
            guard !body.contains("path: \"Tests/") else { return nil }
            let quoted = body.matches(of: /"(\w+)"/).map { String($0.1) }
            return Target(name: String(piece.2), arrows: names.intersection(quoted))
        }
    }
}
