/// Refuses, before the YAML reader sees it, what no document of ours needs and what could hurt.
///
/// A YAML reader follows every bracket and every alias, so a file of a few kilobytes can exhaust
/// the stack or the memory. The guard counts instead of following: it never takes a document for
/// less nested than the reader would. To know what is quoted it needs each quotation to end on its
/// line, which holds for every text of ours.
struct YAMLGuard {
    /// Most bytes of a document.
    ///
    /// Source: our own bound; a programme with 1,000 rules of some 200 bytes and its lists of
    /// articles. A quarter of what the wire takes (`EditionV1.documentByteCountMax`).
    static let byteCountMax = 262_144

    /// Most columns by which a line may be indented, its dashes included.
    ///
    /// Source: our own bound; our documents nest four deep. Each level of a block takes at least
    /// one column, so it bounds the depth.
    static let indentCountMax = 40

    /// Most brackets open at one time.
    ///
    /// Source: our own bound; our documents need three.
    static let openBracketCountMax = 8

    private var openBracketCount = 0

    /// Checks a whole document.
    static func check(_ text: String) throws(Mistake) {
        guard text.utf8.count <= byteCountMax
        else {
            throw Mistake(
                at: nil,
                "the file has \(text.utf8.count) bytes",
                fix: "keep it within \(byteCountMax)"
            )
        }
        var yamlGuard = YAMLGuard()
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = line.last == "\r" ? line.dropLast() : line
            try yamlGuard.check(Array(content), line: index + 1)
        }
    }

    private mutating func check(_ line: [Unicode.Scalar], line number: Int) throws(Mistake) {
        try Self.checkCharacters(line, line: number)
        try Self.checkIndent(line, line: number)

        var startsToken = true
        var index = 0
        while index < line.count {
            let scalar = line[index]
            let place = Place(line: number, column: index + 1)
            switch scalar {
            case "#" where index == 0 || line[index - 1] == " ": return
            case "\"" where startsToken, "'" where startsToken:
                index = try Self.endOfQuotation(in: line, from: index, at: place)
            case "&" where startsToken, "*" where startsToken, "!" where startsToken:
                throw Mistake(
                    at: place,
                    "'\(scalar)' starts an anchor, an alias or a tag",
                    fix: "write the value itself, text that starts so in quotation marks"
                )
            case "[", "{": try openBracket(at: place)
            case "]", "}": openBracketCount = max(0, openBracketCount - 1)
            default: break
            }
            if scalar != " " { startsToken = ":,-?[{".unicodeScalars.contains(scalar) }
            index += 1
        }
    }

    private mutating func openBracket(at place: Place) throws(Mistake) {
        openBracketCount += 1
        guard openBracketCount <= Self.openBracketCountMax
        else {
            throw Mistake(
                at: place,
                "more than \(Self.openBracketCountMax) brackets are open",
                fix: "close them, and put text with brackets in quotation marks"
            )
        }
    }

    /// Finds the closing quotation mark.
    private static func endOfQuotation(
        in line: [Unicode.Scalar],
        from start: Int,
        at place: Place
    ) throws(Mistake) -> Int {
        let mark = line[start]
        var index = start + 1
        while index < line.count {
            if mark == "\"", line[index] == "\\" {
                index += 1
            } else if line[index] == mark {
                let isDoubled = mark == "'" && index + 1 < line.count && line[index + 1] == mark
                guard isDoubled else { return index }
                index += 1
            }
            index += 1
        }
        throw Mistake(
            at: place,
            "the quotation that starts here does not end on its line",
            fix: "close it on the same line"
        )
    }

    private static func checkIndent(_ line: [Unicode.Scalar], line number: Int) throws(Mistake) {
        let indentCount = line.prefix { " -?:".unicodeScalars.contains($0) }.count
        guard indentCount > indentCountMax else { return }
        throw Mistake(
            at: Place(line: number, column: indentCountMax + 1),
            "the line is indented by more than \(indentCountMax) columns",
            fix: "indent each level by two spaces"
        )
    }

    /// Refuses tabs, control characters, and every line break but LF and CR LF.
    private static func checkCharacters(
        _ line: [Unicode.Scalar],
        line number: Int
    ) throws(Mistake) {
        for (index, scalar) in line.enumerated() where scalar.isUnfit {
            let name = String(scalar.value, radix: 16, uppercase: true)
            throw Mistake(
                at: Place(line: number, column: index + 1),
                scalar == "\t" ? "there is a tab" : "there is a control character, U+\(name)",
                fix: scalar == "\t" ? "use spaces" : "remove it"
            )
        }
    }
}

extension Unicode.Scalar {
    /// Whether no text of ours may hold this: it moves a terminal's cursor, ends a line, or turns
    /// the direction of what follows.
    var isUnfit: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: true
        // The explicit directional marks of UAX #9 section 2; joiners of emoji stay allowed.
        case .format: (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
        default: false
        }
    }
}
