import Yams

/// A YAML document as a tree of values, each with its place.
///
/// The only file that knows the YAML library. Numbers, dates and truth values stay the text that
/// was written: what a value means is for its reader to say, not for YAML's many rules.
struct YAMLValue: Equatable {
    /// What stands there.
    enum Content: Equatable {
        /// A text; `isPlain` if it was written without quotation marks.
        case text(String, isPlain: Bool)
        /// A list.
        case list([YAMLValue])
        /// Named values, each name once.
        case fields([Field])
    }

    /// One named value.
    struct Field: Equatable {
        let name: String
        let place: Place
        let value: YAMLValue
    }

    let place: Place
    let content: Content

    /// Reads a document.
    init(document text: String) throws(Mistake) {
        var text = text
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        try YAMLGuard.check(text)
        guard let root = try Self.compose(text)
        else { throw Mistake(at: .start, "the file is empty", fix: "start from an example") }
        self = try Self(root)
    }

    private static func compose(_ text: String) throws(Mistake) -> Node? {
        // The library keeps a pointer to the text, which must not be so short that Swift stores it
        // in the variable itself.
        let isShort = text.utf8.count < 16
        let padded = isShort ? text + String(repeating: "\n", count: 16) : text
        do {
            return try Parser(yaml: padded, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw Mistake(error, end: Place(endOf: text))
        } catch {
            throw Mistake(at: .start, "\(error)")
        }
    }

    private init(_ node: Node) throws(Mistake) {
        place = Place(node.mark)
        switch node {
        case .scalar(let scalar):
            content = .text(scalar.string, isPlain: scalar.style == .plain)
        case .sequence(let sequence):
            var list: [YAMLValue] = []
            for element in sequence { list.append(try Self(element)) }
            content = .list(list)
        case .mapping(let mapping):
            var fields: [Field] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key
                else { throw Mistake(at: Place(key.mark), "a name is a list", fix: "use a word") }
                fields.append(
                    Field(name: name.string, place: Place(key.mark), value: try Self(value))
                )
            }
            content = .fields(fields)
        case .alias:
            throw Mistake(at: Place(node.mark), "there is an alias", fix: "write the value itself")
        }
    }
}

extension Place {
    fileprivate init(_ mark: Mark?) {
        self = mark.map { Place(line: $0.line, column: $0.column) } ?? .start
    }

    /// The place after a text's last character.
    fileprivate init(endOf text: String) {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        self.init(line: lines.count, column: (lines.last?.count ?? 0) + 1)
    }
}

extension Mistake {
    /// Words for an error of the YAML library, which knows only what it expected.
    ///
    /// - Parameters:
    ///   - error: The library's error.
    ///   - end: The end of the text: the library names a place behind it if something is missing.
    fileprivate init(_ error: YamlError, end: Place) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(
                at: mark.line > end.line ? end : Place(mark),
                "this is no YAML, \(problem)",
                fix: "check the indentation, the brackets and the quotation marks"
            )
        case .duplicatedKeysInMapping(let names, let context):
            self.init(
                at: Place(context.mark),
                "\(shown(names.first ?? "")) is written twice",
                fix: "keep one"
            )
        default:
            self.init(at: .start, "the text cannot be read", fix: "save the file as UTF-8")
        }
    }
}

/// A text of the document as a message quotes it: short, and unable to disturb a terminal.
func shown(_ text: String) -> String {
    let short = text.count > 40 ? text.prefix(40) + "…" : text[...]
    let safe = short.unicodeScalars.map { $0.isUnfit ? "\u{FFFD}" : Character($0) }
    return "'\(String(safe))'"
}
