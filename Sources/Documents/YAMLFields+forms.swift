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
