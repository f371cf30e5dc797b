import Foundation
import LoyaltyCore

extension YAMLFields {
    /// The elements of a list with a bounded count; none if it is absent.
    func list(_ name: String, _ allowed: ClosedRange<Int>) throws(Mistake) -> [YAMLValue] {
        let elements = try list(name)
        guard let value = self[name], !allowed.contains(elements.count) else { return elements }
        throw Mistake(
            at: value.place,
            "'\(name)' has \(elements.count) elements",
            fix: "use \(allowed.lowerBound) to \(allowed.upperBound)"
        )
    }

    /// The texts of a list, none of them twice; none if it is absent.
    func texts(_ name: String) throws(Mistake) -> Set<String> {
        try self[name]?.texts(name) ?? []
    }

    /// One of some values that exclude each other.
    ///
    /// - Parameters:
    ///   - names: The values' names.
    ///   - part: What the part is called, for messages.
    /// - Returns: The one that is written.
    /// - Throws: `Mistake` if it is none or more than one.
    func one(of names: [String], in part: String) throws(Mistake) -> String {
        let written = names.filter { self[$0] != nil }
        guard let first = written.first else {
            throw Mistake(
                at: place,
                "\(part) says nothing of what it gives",
                fix: "add one of \(names.joined(separator: ", "))"
            )
        }
        if written.count > 1 { try refuse([written[1]], besides: first) }
        return first
    }

    /// Refuses names that have no meaning beside another one.
    func refuse(_ names: [String], besides other: String) throws(Mistake) {
        for name in names {
            guard let value = self[name] else { continue }
            throw Mistake(
                at: value.place,
                "'\(name)' does not go with '\(other)'",
                fix: "remove one of them"
            )
        }
    }

    /// The name of an asset, or points where none is written.
    func asset(_ name: String) throws(Mistake) -> Asset {
        try self[name]?.asset(name) ?? .points
    }
}

extension YAMLValue {
    /// A name of the programme's form for identifiers.
    func identifier(_ name: String) throws(Mistake) -> String {
        let text = try text(name)
        guard Programme.isIdentifier(text)
        else {
            let countMax = Programme.identifierCharacterCountMax
            throw mistake(name, "1 to \(countMax) of a-z, 0-9 and -")
        }
        return text
    }

    /// The elements of a list that has some.
    private func elements(_ name: String, such expected: String) throws(Mistake) -> [YAMLValue] {
        guard case .list(let elements) = content else { throw mistake(name, expected) }
        guard !elements.isEmpty
        else {
            throw Mistake(at: place, "'\(name)' is an empty list", fix: "remove it, or add to it")
        }
        return elements
    }

    /// The texts of a list, none of them twice.
    func texts(_ name: String) throws(Mistake) -> Set<String> {
        let elements = try elements(name, such: "a list of texts, such as [A, B]")
        var texts: Set<String> = []
        for element in elements {
            let text = try element.text(name)
            guard texts.insert(text).inserted
            else {
                throw Mistake(
                    at: element.place,
                    "\(shown(text)) is in '\(name)' twice",
                    fix: "keep one"
                )
            }
        }
        return texts
    }

    /// The words of a list.
    func words<Word: RawRepresentable & CaseIterable & Hashable>(
        _ name: String
    ) throws(Mistake) -> Set<Word> where Word.RawValue == String {
        let example = Word.allCases.first?.rawValue ?? ""
        let elements = try elements(name, such: "a list such as [\(example)]")
        var words: Set<Word> = []
        for element in elements { words.insert(try element.word(name)) }
        return words
    }

    /// A fraction: `2`, `2.3` or `23/10`.
    func rate(_ name: String) throws(Mistake) -> Rate {
        let expected = "a number such as 2, 2.3 or 23/10"
        guard let rate = Rate(try scalar(name, expected)) else { throw mistake(name, expected) }
        return rate
    }

    /// The name of something that members hold.
    func asset(_ name: String) throws(Mistake) -> Asset {
        let expected =
            "points, value/paid, value/bonus, or one of stamps/, voucher/, pass/ and ticket/ with"
            + " a name of a-z, 0-9 and -"
        guard let asset = Asset(name: try scalar(name, expected))
        else { throw mistake(name, expected) }
        return asset
    }

    /// `true`, where leaving it out is the other choice.
    func flag(_ name: String) throws(Mistake) {
        guard try bool(name)
        else { throw Mistake(at: place, "'\(name)' is false", fix: "use true, or remove it") }
    }

    /// A file's path from the root.
    func path(_ name: String) throws(Mistake) -> String {
        let text = try text(name)
        guard text.hasPrefix("/"), text.utf8.count <= Self.pathByteCountMax
        else { throw mistake(name, "a path that starts with /") }
        return text
    }

    /// Most bytes of a path.
    ///
    /// Source: `PATH_MAX` of linux/limits.h, its closing NUL left out.
    static let pathByteCountMax = 4_095

    /// The address of a service, without a slash at its end.
    func url(_ name: String) throws(Mistake) -> String {
        let text = try text(name)
        if let expected = HQAddress.expected(insteadOf: text) { throw mistake(name, expected) }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// Says what is expected without repeating what stands here, for keys.
    func secretMistake(_ name: String, _ expected: String) -> Mistake {
        Mistake(at: place, "'\(name)' has a key of another form", fix: "use \(expected)")
    }
}

/// Bytes as base64 (RFC 4648 section 4).
enum Base64 {
    /// Reads base64 with its padding, or gives nil.
    static func bytes(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text).map(Array.init)
    }
}
