import LoyaltyCore

/// The members of one JSON object of a file with one object a line.
struct LineFields {
    private let members: [CanonicalJSON.Member]
    /// What the object is called in a message.
    private let title: String

    /// Reads an object.
    ///
    /// - Parameters:
    ///   - value: What the line holds.
    ///   - title: What it is called in a message, such as `a sale`.
    ///   - names: What it may name.
    /// - Throws: `Mistake` if it is no object or names something else.
    init(_ value: CanonicalJSON, called title: String, names: [String]) throws(Mistake) {
        guard case .object(let members) = value
        else { throw Mistake(at: nil, "\(title) must be an object", fix: "write {…}") }
        for member in members where !names.contains(member.name) {
            let nearest = nearestName(to: member.name, among: names)
            throw Mistake(
                at: nil,
                "\(title) has no '\(member.name)'",
                fix: nearest.map { "write '\($0)'" }
                    ?? "use \(names.joined(separator: ", "))"
            )
        }
        self.members = members
        self.title = title
    }

    /// The value under a name; nil where it is missing or null.
    subscript(name: String) -> CanonicalJSON? {
        for member in members where member.name == name {
            return member.value == .null ? nil : member.value
        }
        return nil
    }

    func text(_ name: String) throws(Mistake) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.stringValue, !text.isEmpty, text.utf8.count <= Self.byteCountMax
        else { throw mistake(name, "write a text of 1 to \(Self.byteCountMax) bytes") }
        return text
    }

    func whole(
        _ name: String,
        _ range: ClosedRange<Int64> = 0...Programme.amountMax
    ) throws(Mistake) -> Int64? {
        guard let value = self[name] else { return nil }
        guard let number = value.integerValue, range.contains(number) else {
            throw mistake(
                name,
                "write a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    func flag(_ name: String) throws(Mistake) -> Bool? {
        guard let value = self[name] else { return nil }
        guard let flag = value.boolValue else { throw mistake(name, "write true or false") }
        return flag
    }

    func date(_ name: String) throws(Mistake) -> BusinessDate? {
        guard let value = self[name] else { return nil }
        guard let date = value.stringValue.flatMap({ BusinessDate($0) })
        else { throw mistake(name, "write a date such as \"2026-11-22\"") }
        return date
    }

    func birthday() throws(Mistake) -> Birthday? {
        guard let value = self["birthday"] else { return nil }
        guard let birthday = value.stringValue.flatMap({ Birthday($0) })
        else { throw mistake("birthday", "write a month and a day such as \"05-20\"") }
        return birthday
    }

    func word<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(Mistake) -> Word? where Word.RawValue == String {
        guard let value = self[name] else { return nil }
        guard let word = value.stringValue.flatMap({ Word(rawValue: $0) }) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw mistake(name, "write one of \(words)")
        }
        return word
    }

    func asset(_ name: String) throws(Mistake) -> Asset? {
        guard let value = self[name] else { return nil }
        guard let asset = value.stringValue.flatMap({ Asset(name: $0) })
        else { throw mistake(name, "write an asset such as points or voucher/latte") }
        return asset
    }

    func list(_ name: String) throws(Mistake) -> [CanonicalJSON] {
        guard let value = self[name] else { return [] }
        guard let list = value.arrayValue else { throw mistake(name, "write a list: […]") }
        return list
    }

    func texts(_ name: String) throws(Mistake) -> [String] {
        var texts: [String] = []
        for value in try list(name) {
            guard let text = value.stringValue, text.utf8.count <= Self.byteCountMax
            else { throw mistake(name, "write a list of texts: [\"…\"]") }
            texts.append(text)
        }
        return texts
    }

    /// What is there, or the mistake that it is missing.
    func required<Value>(_ value: Value?, _ name: String) throws(Mistake) -> Value {
        guard let value
        else { throw Mistake(at: nil, "\(title) needs '\(name)'", fix: "add it") }
        return value
    }

    func mistake(_ name: String, _ fix: String) -> Mistake {
        let written = self[name]?.text ?? "missing"
        let short = written.count > 40 ? written.prefix(40) + "…" : written[...]
        return Mistake(at: nil, "'\(name)' of \(title) is \(short)", fix: fix)
    }

    /// Most bytes of a text.
    ///
    /// Source: our own bound; longer than any identifier, and than a reason that people key.
    static let byteCountMax = 200
}
