/// A JSON value whose objects keep the order they are written in, and whose numbers stay exact.
enum JSONValue {
    case null
    case boolean(Bool)
    /// A number, already in JSON's form.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// A string, or null.
    static func optional(_ text: String?) -> JSONValue {
        text.map { .string($0) } ?? .null
    }

    /// A whole number, or null.
    static func optional(_ number: Int64?) -> JSONValue {
        number.map { .number(String($0)) } ?? .null
    }

    /// The value on one line (RFC 8259).
    var line: String {
        switch self {
        case .null: "null"
        case .boolean(let isTrue): isTrue ? "true" : "false"
        case .number(let text): text
        case .string(let text): Self.quoted(text)
        case .array(let values): "[\(values.map(\.line).joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { Self.quoted($0.key) + ":" + $0.value.line }.joined(separator: ","))}"
        }
    }

    /// Escapes what JSON must, and what a terminal or a log would act on.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.isUnprintable: quoted += escaped(scalar)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }.joined()
    }
}

extension Unicode.Scalar {
    /// Whether printing it could do more than show a character: controls, and what turns the
    /// direction of text or ends a line.
    var isUnprintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
