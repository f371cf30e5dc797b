import Foundation

/// The package's root directory, found from this file.
let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Every file below a directory of the package, as paths from its root; build products left out.
func packageFiles(in directory: String = "") throws -> [String] {
    let start = packageRoot.appendingPathComponent(directory)
    guard let walk = FileManager.default.enumerator(atPath: start.path) else { return [] }
    var files: [String] = []
    for case let path as String in walk {
        let name = path.split(separator: "/").last ?? ""
        let isProduct = name == ".git" || name.hasPrefix(".build") || name == ".swiftpm"
        switch walk.fileAttributes?[.type] as? FileAttributeType {
        case .typeDirectory?: if isProduct { walk.skipDescendants() }
        case .typeRegular?:
            if !isProduct { files.append(directory.isEmpty ? path : "\(directory)/\(path)") }
        default: break  // a link leads to a file that is listed itself
        }
    }
    return files.sorted()
}

/// The text of a file of the package; nil if it is not text.
func packageText(_ path: String) throws -> String? {
    String(
        data: try Data(contentsOf: packageRoot.appendingPathComponent(path)),
        encoding: .utf8
    )
}

/// One Swift file or C header.
struct SourceFile {
    /// A function or initialiser, from its first line to its closing brace.
    struct Function: Equatable {
        let line: Int
        let lineCount: Int
    }

    let path: String
    let lines: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.components(separatedBy: "\n")
    }

    static func all(in directory: String) throws -> [SourceFile] {
        try packageFiles(in: directory).filter { $0.hasSuffix(".swift") || $0.hasSuffix(".h") }
            .compactMap { path in
                try packageText(path).map { SourceFile(path: path, text: $0) }
            }
    }

    /// The lines that are not comments, with their numbers from 1.
    var code: [(number: Int, line: String)] {
        lines.enumerated().compactMap { index, line in
            let text = line.drop { $0 == " " }
            return text.hasPrefix("//") ? nil : (index + 1, line)
        }
    }

    /// The modules that the file imports, in order.
    var imports: [String] {
        let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        return code.compactMap { _, line in
            var words = line.split(separator: " ")[...]
            guard let keyword = words.firstIndex(of: "import"), keyword <= 2 else { return nil }
            words = words[(keyword + 1)...]
            if let kind = words.first, kinds.contains(String(kind)) { words.removeFirst() }
            return words.first?.split(separator: ".").first.map(String.init)
        }
    }

    /// Functions and initialisers; swift-format puts the closing brace under the first line.
    var functions: [Function] {
        code.compactMap { number, line in
            let indent = line.prefix { $0 == " " }
            let words = line.split { " (<?".contains($0) }
            guard words.contains("func") || words.contains("init"), line.contains("(")
            else { return nil }
            let end = lines[number...].firstIndex { $0 == indent + "}" || $0 == indent }
            guard let end, lines[end].hasSuffix("}") else { return nil }
            return Function(line: number, lineCount: end + 1 - number + 1)
        }
    }

    /// Whether the line above, or the line above its documentation, says why.
    func isAllowed(at number: Int) -> Bool {
        lines[..<(number - 1)].reversed()
            .prefix { line in
                let text = line.drop { $0 == " " }
                return text.hasPrefix("//") || text.hasPrefix("@") || text == "guard"
            }
            .contains { $0.contains("// Allowed:") }
    }
}

extension String {
    /// Whether words occur here that do not end longer ones: `addTask {` has no `Task {`.
    func hasWords(_ words: String) -> Bool {
        ranges(of: words).contains { range in
            guard range.lowerBound > startIndex else { return true }
            let before = self[index(before: range.lowerBound)]
            return !(before.isLetter || before.isNumber || before == "_")
        }
    }
}
