import Foundation
import LoyaltyCore
import Testing

@testable import Documents

/// docs/programme.schema.json, by which editors check a programme, against the reader.
struct SchemaTests {
    @Test(arguments: ProgrammePart.allCases)
    func `the schema has just the names that the reader knows`(part: ProgrammePart) throws {
        let definition = try #require(try schema().definitions[part.rawValue])
        let properties = try #require(definition["properties"] as? [String: Any])

        #expect(Set(properties.keys) == Set(part.names))
        #expect(Set(part.names).count == part.names.count)
        #expect(definition["additionalProperties"] as? Bool == false)
        for (name, property) in properties {
            let description = (property as? [String: Any])?["description"] as? String
            #expect(description?.isEmpty == false, "\(part.rawValue).\(name) says nothing")
        }
    }

    @Test func `the schema has no part that the reader does not know`() throws {
        #expect(try Set(schema().definitions.keys) == Set(ProgrammePart.allCases.map(\.rawValue)))
    }

    /// The words of each list of words, from the types that the engine decides by.
    @Test(arguments: [
        ("policies", "earningBase", Policies.EarningBase.allCases.map(\.rawValue)),
        ("policies", "orderDiscounts", Policies.OrderDiscounts.allCases.map(\.rawValue)),
        ("policies", "partialRefund", Policies.PartialRefund.allCases.map(\.rawValue)),
        ("policies", "tierGate", Policies.TierGate.allCases.map(\.rawValue)),
        ("policies", "multipliers", Policies.Multipliers.allCases.map(\.rawValue)),
        ("policies", "storedValue", Policies.StoredValue.allCases.map(\.rawValue)),
        ("conditions", "on", Occasion.Kind.allCases.map(\.rawValue)),
        ("conditions", "birthday", BirthdayWindow.allCases.map(\.rawValue)),
        ("conditions", "first", FirstSale.allCases.map(\.rawValue)),
        ("conditions", "amountOf", Conditions.AmountKind.allCases.map(\.rawValue)),
        ("referral", "role", Referral.Role.allCases.map(\.rawValue)),
        ("referral", "at", Referral.Step.allCases.map(\.rawValue)),
        ("cap", "per", CapScope.allCases.map(\.rawValue)),
        ("cap", "each", LimitPeriod.allCases.map(\.rawValue)),
        ("conditions", "weekdays", Weekday.allCases.map(\.rawValue)),
        ("conditions", "evidence", Evidence.allCases.map(\.rawValue)),
        ("tiers", "counter", TierLadder.Counter.allCases.map(\.rawValue)),
        ("tiers", "downgrade", TierLadder.Downgrade.allCases.map(\.rawValue)),
    ])
    func `the schema has the words that the engine knows`(
        part: String,
        name: String,
        words: [String]
    ) throws {
        let properties = try schema().definitions[part]?["properties"] as? [String: Any]
        let property = try #require(properties?[name] as? [String: Any])

        let elements = property["items"] as? [String: Any]
        #expect((property["enum"] ?? elements?["enum"]) as? [String] == words)
    }

    @Test func `every programme that we ship is one by the schema`() throws {
        let files = try Self.programmes()

        #expect(files.count > 2)
        for (name, yaml) in files {
            #expect(try schema().problems(yaml) == [], "\(name)")
        }
    }

    @Test(arguments: [
        ("stamps: 10", "stamps: 51", "/cards/0/stamps: above 50"),
        ("stamps: 10", "stamps: 0", "/cards/0/stamps: below 1"),
        ("stamps: 10", "stamp: 10", "/cards/0: stamps is missing"),
        ("stamps: 10", "stamps: \"10\"", "/cards/0/stamps: not of type integer"),
        ("version: 3", "vresion: 3", "/: vresion is unknown"),
        ("guard: {hours: 3}", "guard: daily", "/cards/0/guard: none of 2 forms"),
        ("per: 35, give: 1", "per: 35", "/rules/0: 0 of 7 forms"),
        ("per: 35, give: 1", "per: 35, give: 1, bonus: 2", "/rules/0: 2 of 7 forms"),
        ("from: 2026-01-01\nthrough", "from: soon\nthrough", "/from: another pattern"),
        ("stampsEach: sale", "stampsEach: both", "/cards/0/stampsEach: not one of the words"),
    ])
    func `the schema refuses what the reader refuses`(
        original: String,
        edited: String,
        problem: String
    ) throws {
        let yaml = Sample.programme.replacing(original, with: edited)

        #expect(Sample.message(of: yaml) != "no mistake")
        #expect(try schema().problems(yaml).contains(problem))
        #expect(try schema().problems(Sample.programme) == [])
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func programmes() throws -> [(name: String, yaml: String)] {
        let directory = root.appendingPathComponent("programmes")
        return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().map {
            ($0, try DocumentFile.text(at: directory.appendingPathComponent($0).path))
        }
    }

    private func schema() throws -> Schema {
        let file = Self.root.appendingPathComponent("docs/programme.schema.json")
        return try Schema(Data(contentsOf: file))
    }
}

/// As much of JSON Schema (draft 2020-12) as the programme's needs; more is refused.
private struct Schema {
    let root: [String: Any]
    let definitions: [String: [String: Any]]

    init(_ data: Data) throws {
        root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        definitions = try #require(root["$defs"] as? [String: [String: Any]])
    }

    /// What a document breaks, each with its place.
    func problems(_ yaml: String) throws -> [String] {
        var found: [String] = []
        try check(YAMLValue(document: yaml), root, "", &found)
        return found
    }

    private func isValid(_ value: YAMLValue, _ schema: [String: Any]) throws -> Bool {
        var found: [String] = []
        try check(value, schema, "", &found)
        return found.isEmpty
    }

    private func check(
        _ value: YAMLValue,
        _ schema: [String: Any],
        _ place: String,
        _ found: inout [String]
    ) throws {
        let at = place.isEmpty ? "/" : place
        for (keyword, rule) in schema {
            switch keyword {
            case "$schema", "title", "description", "$defs", "properties": break
            case "$ref":
                let name = try #require((rule as? String)?.split(separator: "/").last)
                try check(value, #require(definitions[String(name)]), place, &found)
            case "anyOf", "oneOf":
                let forms = try #require(rule as? [[String: Any]])
                let count = try forms.count { try isValid(value, $0) }
                if keyword == "anyOf", count == 0 {
                    found.append("\(at): none of \(forms.count) forms")
                }
                if keyword == "oneOf", count != 1 {
                    found.append("\(at): \(count) of \(forms.count) forms")
                }
            case "required":
                let names = try #require(rule as? [String])
                for name in names where !value.names.contains(name) {
                    found.append("\(at): \(name) is missing")
                }
            case "additionalProperties", "propertyNames":
                try checkNames(value, schema, place, &found)
            case "items":
                for (index, element) in value.list.enumerated() {
                    try check(
                        element,
                        #require(rule as? [String: Any]),
                        "\(place)/\(index)",
                        &found
                    )
                }
            default: try checkScalar(value, keyword, rule, at, &found)
            }
        }
    }

    private func checkNames(
        _ value: YAMLValue,
        _ schema: [String: Any],
        _ place: String,
        _ found: inout [String]
    ) throws {
        guard case .fields(let fields) = value.content else { return }
        let known = schema["properties"] as? [String: [String: Any]] ?? [:]
        let others = schema["additionalProperties"] as? [String: Any]
        let pattern = (schema["propertyNames"] as? [String: Any])?["pattern"] as? String
        for field in fields {
            if let pattern, field.name.range(of: pattern, options: .regularExpression) == nil {
                found.append("\(place): \(field.name) is no name")
            }
            if let schema = known[field.name] ?? others {
                try check(field.value, schema, "\(place)/\(field.name)", &found)
            } else {
                found.append("\(place.isEmpty ? "/" : place): \(field.name) is unknown")
            }
        }
    }

    private func checkScalar(
        _ value: YAMLValue,
        _ keyword: String,
        _ rule: Any,
        _ at: String,
        _ found: inout [String]
    ) throws {
        let number = value.number
        let limit = (rule as? NSNumber)?.doubleValue ?? .nan
        switch keyword {
        case "type":
            let type = try #require(rule as? String)
            if !value.types.contains(type) { found.append("\(at): not of type \(type)") }
        case "const":
            let isEqual = rule as? String == value.string || rule as? Bool == value.bool
            if !isEqual { found.append("\(at): not the word") }
        case "enum":
            let words = try #require(rule as? [String])
            if !words.contains(value.string ?? "") { found.append("\(at): not one of the words") }
        case "pattern":
            let pattern = try #require(rule as? String)
            if let text = value.string, text.range(of: pattern, options: .regularExpression) == nil
            {
                found.append("\(at): another pattern")
            }
        case "minLength": if value.count < limit { found.append("\(at): too short") }
        case "maxLength": if value.count > limit { found.append("\(at): too long") }
        case "minItems", "minProperties": if value.count < limit { found.append("\(at): too few") }
        case "maxItems": if value.count > limit { found.append("\(at): too many") }
        case "minimum": if let number, number < limit { found.append("\(at): below \(rule)") }
        case "maximum": if let number, number > limit { found.append("\(at): above \(rule)") }
        case "exclusiveMinimum":
            if let number, number <= limit { found.append("\(at): at \(rule)") }
        default: Issue.record("the schema uses \(keyword), which is not checked here")
        }
    }
}

extension YAMLValue {
    fileprivate var list: [YAMLValue] { if case .list(let list) = content { list } else { [] } }

    fileprivate var names: [String] {
        if case .fields(let fields) = content { fields.map(\.name) } else { [] }
    }

    /// A number in plain digits, with a point or without.
    fileprivate var number: Double? {
        guard case .text(let text, isPlain: true) = content,
            text.wholeMatch(of: /-?[0-9]+(\.[0-9]+)?/) != nil
        else { return nil }
        return Double(text)
    }

    fileprivate var bool: Bool? {
        if case .text(let text, isPlain: true) = content { Bool(text) } else { nil }
    }

    fileprivate var string: String? {
        guard case .text(let text, _) = content, number == nil, bool == nil else { return nil }
        return text
    }

    fileprivate var types: [String] {
        switch content {
        case .list: ["array"]
        case .fields: ["object"]
        case .text:
            if let number {
                number == number.rounded() ? ["integer", "number"] : ["number"]
            } else {
                bool == nil ? ["string"] : ["boolean"]
            }
        }
    }

    /// Elements, names, or characters.
    fileprivate var count: Double {
        switch content {
        case .list(let list): Double(list.count)
        case .fields(let fields): Double(fields.count)
        case .text(let text, _): Double(text.count)
        }
    }
}
