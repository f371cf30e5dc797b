import LoyaltyCore

/// The named values of one part of a document, of which every name is known.
struct YAMLFields {
    let place: Place
    private let values: [String: YAMLValue]

    /// Takes a part apart.
    ///
    /// - Parameters:
    ///   - value: The part.
    ///   - name: What the part is called, for messages.
    ///   - names: Every name it may have.
    /// - Throws: `Mistake` at the first name that is not known.
    init(_ value: YAMLValue, called name: String, names: [String]) throws(Mistake) {
        guard case .fields(let fields) = value.content
        else { throw value.mistake(name, "the names \(names.joined(separator: ", "))") }
        for field in fields where !names.contains(field.name) {
            let fix = nearestName(to: field.name, among: names).map { "write '\($0)'" }
            throw Mistake(
                at: field.place,
                "\(shown(field.name)) is not known here",
                fix: fix ?? "use one of \(names.joined(separator: ", "))"
            )
        }
        place = value.place
        values = Dictionary(fields.map { ($0.name, $0.value) }) { first, _ in first }
    }

    /// Takes a part of a programme apart.
    init(_ value: YAMLValue, _ part: ProgrammePart, called name: String) throws(Mistake) {
        if case .fields(let fields) = value.content {
            for field in fields {
                guard let fix = part.moved[field.name] else { continue }
                throw Mistake(at: field.place, "\(shown(field.name)) is not known here", fix: fix)
            }
        }
        try self.init(value, called: name, names: part.names)
    }

    /// A value that may be absent.
    subscript(name: String) -> YAMLValue? { values[name] }

    /// A value that must be there.
    func required(_ name: String, _ expected: String) throws(Mistake) -> YAMLValue {
        guard let value = values[name]
        else { throw Mistake(at: place, "'\(name)' is missing", fix: "add \(expected)") }
        return value
    }

    /// A text that must be there.
    func text(_ name: String, _ expected: String = "a text") throws(Mistake) -> String {
        try required(name, expected).text(name, expected)
    }

    /// A whole number that must be there.
    func integer(_ name: String) throws(Mistake) -> Int64 {
        try required(name, "a whole number").integer(name)
    }

    /// A whole number, or what holds where none is written.
    func integer(_ name: String, default standard: Int64) throws(Mistake) -> Int64 {
        try self[name]?.integer(name) ?? standard
    }

    /// A date that must be there.
    func date(_ name: String) throws(Mistake) -> BusinessDate {
        try required(name, YAMLValue.dateForm).date(name)
    }

    /// A text in both languages that must be there.
    func localText(_ name: String) throws(Mistake) -> LocalText {
        let value = try required(name, "{zh-Hant: …, en: …}")
        let fields = try YAMLFields(value, .localText, called: name)
        return LocalText(zhHant: try fields.text("zh-Hant"), en: try fields.text("en"))
    }

    /// The elements of a list; none if it is absent.
    func list(_ name: String) throws(Mistake) -> [YAMLValue] {
        guard let value = self[name] else { return [] }
        guard case .list(let elements) = value.content
        else { throw value.mistake(name, "a list") }
        return elements
    }
}

extension YAMLValue {
    /// How a date is written, for messages.
    static let dateForm = "a date such as 2026-01-31"

    /// A text that every YAML reader takes for one.
    ///
    /// `no`, `0123` and `1_000` are texts to us and something else to other readers, so they need
    /// quotation marks.
    func text(_ name: String, _ expected: String = "a text") throws(Mistake) -> String {
        let text = try scalar(name, expected)
        guard !text.isEmpty else {
            throw Mistake(at: place, "'\(name)' is empty", fix: "write \(expected)")
        }
        guard isPlain, text.looksLikeOther else { return text }
        throw Mistake(
            at: place,
            "'\(name)' is \(text), which is not a text to every reader",
            fix: "put it in quotation marks, \"\(text)\""
        )
    }

    /// A whole number in plain digits.
    func integer(_ name: String) throws(Mistake) -> Int64 {
        let expected = "a whole number in plain digits"
        let text = try scalar(name, expected)
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let isCanonical =
            !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
            && (digits.count == 1 || !digits.hasPrefix("0"))
        guard isCanonical, let number = Int64(text) else { throw mistake(name, expected) }
        guard isPlain
        else {
            throw Mistake(
                at: place,
                "'\(name)' is in quotation marks",
                fix: "write \(number) without them"
            )
        }
        return number
    }

    /// A whole number in a range.
    func integer(_ name: String, _ allowed: ClosedRange<Int64>) throws(Mistake) -> Int64 {
        let number = try integer(name)
        guard allowed.contains(number)
        else { throw mistake(name, "\(allowed.lowerBound) to \(allowed.upperBound)") }
        return number
    }

    /// `true` or `false`.
    func bool(_ name: String) throws(Mistake) -> Bool {
        switch try scalar(name, "true or false") {
        case "true" where isPlain: true
        case "false" where isPlain: false
        default: throw mistake(name, "true or false")
        }
    }

    /// A date.
    func date(_ name: String) throws(Mistake) -> BusinessDate {
        guard let date = BusinessDate(try scalar(name, Self.dateForm))
        else { throw mistake(name, Self.dateForm) }
        return date
    }

    /// One of the words of an enum.
    func word<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(Mistake) -> Word where Word.RawValue == String {
        let words = Word.allCases.map(\.rawValue)
        let expected = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
        guard let word = Word(rawValue: try scalar(name, expected))
        else { throw mistake(name, expected) }
        return word
    }

    /// The text as written, whatever it means.
    func scalar(_ name: String, _ expected: String) throws(Mistake) -> String {
        guard case .text(let text, _) = content else { throw mistake(name, expected) }
        guard !text.unicodeScalars.contains(where: \.isUnfit)
        else {
            throw Mistake(at: place, "'\(name)' has a control character", fix: "remove it")
        }
        return text
    }

    /// Says that something else is expected than what stands here.
    func mistake(_ name: String, _ expected: String) -> Mistake {
        let found =
            switch content {
            case .text(let text, _): text.isEmpty ? "empty" : shown(text)
            case .list: "a list"
            case .fields: "a group of names"
            }
        return Mistake(at: place, "'\(name)' is \(found)", fix: "use \(expected)")
    }

    private var isPlain: Bool {
        if case .text(_, isPlain: true) = content { true } else { false }
    }
}

extension String {
    /// Whether some YAML reader takes this for a number, a truth value or nothing.
    ///
    /// Source: YAML 1.1, the types bool, int, float and null; 1.2 section 10.3.2.
    fileprivate var looksLikeOther: Bool {
        let words: Set = [
            "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", "-.inf",
            ".nan",
        ]
        let digits = filter { $0 != "_" }
        let isNumber = Double(digits) != nil || ["0o", "0b"].contains { digits.hasPrefix($0) }
        let isSexagesimal = digits.allSatisfy { $0.isASCII && $0.isNumber || $0 == ":" }
        return words.contains(lowercased()) || isNumber || isSexagesimal
    }
}
