/// Why bytes are not the JSON that our contracts allow.
public enum CanonicalJSONError: Error, Equatable {
    /// Something that is not JSON at this byte, or JSON's end too early.
    case malformed(at: Int)
    /// A number with a fraction or an exponent, or one beyond 64 bits.
    case notWhole(at: Int)
    /// Lists inside lists beyond the limit.
    case tooDeep(at: Int)
    /// A name that stands twice in one object.
    case duplicateName(at: Int)
}

extension CanonicalJSONError: CustomStringConvertible {
    /// What is wrong and at which byte.
    public var description: String {
        switch self {
        case .malformed(let index): "not JSON at byte \(index)"
        case .notWhole(let index): "not a whole 64-bit number at byte \(index)"
        case .tooDeep(let index):
            "nested deeper than \(CanonicalJSON.depthMax) levels at byte \(index)"
        case .duplicateName(let index): "a name stands twice in one object at byte \(index)"
        }
    }
}

extension CanonicalJSON {
    /// How deep lists and objects may nest; our own lines use four levels.
    ///
    /// Source: our own bound, so that a hostile line cannot exhaust the stack.
    public static let depthMax = 16

    /// Reads a value from bytes.
    ///
    /// White space is allowed between tokens, as others may send it.
    ///
    /// - Parameter bytes: UTF-8 text of one JSON value. The caller has bounded its length.
    /// - Throws: `CanonicalJSONError` with the byte at which reading failed.
    public init(parsing bytes: some Sequence<UInt8>) throws(CanonicalJSONError) {
        var parser = Parser(bytes: Array(bytes))
        self = try parser.parseWhole()
    }

    /// The names of an object that is being read.
    private struct Names {
        /// Names that are compared one by one; a set is slower for so few, and a longer object
        /// must not take the square of its length.
        private static let comparedCountMax = 16

        private var set: Set<String> = []

        /// Takes a name, or says that a member before has it.
        mutating func insert(_ name: String, beside members: [Member]) -> Bool {
            guard members.count >= Self.comparedCountMax
            else { return !members.contains { $0.name == name } }
            if set.isEmpty { set = Set(members.map(\.name)) }
            return set.insert(name).inserted
        }
    }

    private struct Parser {
        let bytes: [UInt8]
        var index = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        mutating func parseWhole() throws(CanonicalJSONError) -> CanonicalJSON {
            let value = try parseValue(depth: 0)
            skipSpace()
            guard index == bytes.count else { throw .malformed(at: index) }
            return value
        }

        private mutating func parseValue(depth: Int) throws(CanonicalJSONError) -> CanonicalJSON {
            guard depth <= CanonicalJSON.depthMax else { throw .tooDeep(at: index) }
            skipSpace()
            switch peek {
            case UInt8(ascii: "{"): return try parseObject(depth: depth)
            case UInt8(ascii: "["): return try parseArray(depth: depth)
            case UInt8(ascii: "\""): return .string(try parseString())
            case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
            case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
            case UInt8(ascii: "n"): return try parseWord("null", .null)
            default: return .integer(try parseInteger())
            }
        }

        private mutating func parseObject(depth: Int) throws(CanonicalJSONError) -> CanonicalJSON {
            var members: [Member] = []
            var names = Names()
            index += 1
            if accept(UInt8(ascii: "}")) { return .object([]) }
            repeat {
                skipSpace()
                let start = index
                let name = try parseString()
                guard names.insert(name, beside: members) else { throw .duplicateName(at: start) }
                try expect(UInt8(ascii: ":"))
                members.append(Member(name, try parseValue(depth: depth + 1)))
            } while accept(UInt8(ascii: ","))
            try expect(UInt8(ascii: "}"))
            return .object(members)
        }

        private mutating func parseArray(depth: Int) throws(CanonicalJSONError) -> CanonicalJSON {
            var elements: [CanonicalJSON] = []
            index += 1
            if accept(UInt8(ascii: "]")) { return .array([]) }
            repeat {
                elements.append(try parseValue(depth: depth + 1))
            } while accept(UInt8(ascii: ","))
            try expect(UInt8(ascii: "]"))
            return .array(elements)
        }

        private mutating func parseString() throws(CanonicalJSONError) -> String {
            guard peek == UInt8(ascii: "\"") else { throw .malformed(at: index) }
            index += 1
            // Nearly every text has no escape: it is read from where it stands.
            let start = index
            let isASCII = skipPlain()
            let end = index
            var unescaped: [UInt8]?
            while peek == UInt8(ascii: "\\") {
                index += 1
                var text = unescaped ?? Array(bytes[start..<end])
                unescaped = nil
                text += try parseEscape()
                let plain = index
                skipPlain()
                text += bytes[plain..<index]
                unescaped = text
            }
            guard peek == UInt8(ascii: "\"") else { throw .malformed(at: index) }
            index += 1
            let string =
                if let unescaped {
                    String(validating: unescaped, as: UTF8.self)
                } else if isASCII {
                    // Nothing to validate, which is what reading a short text mostly costs.
                    bytes.withUnsafeBufferPointer { whole in
                        String(decoding: whole[start..<end], as: UTF8.self)
                    }
                } else {
                    String(validating: bytes[start..<end], as: UTF8.self)
                }
            guard let string else { throw .malformed(at: index) }
            return string
        }

        /// Passes over what may stand in a text as it is.
        ///
        /// - Returns: Whether all of it is ASCII.
        @discardableResult
        private mutating func skipPlain() -> Bool {
            var bits: UInt8 = 0
            loop: while index < bytes.count {
                let byte = bytes[index]
                switch byte {
                case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): break loop
                default:
                    bits |= byte
                    index += 1
                }
            }
            return bits < 0x80
        }

        private mutating func parseEscape() throws(CanonicalJSONError) -> [UInt8] {
            guard let byte = peek else { throw .malformed(at: index) }
            index += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
            case UInt8(ascii: "b"): return [0x08]
            case UInt8(ascii: "f"): return [0x0C]
            case UInt8(ascii: "n"): return [0x0A]
            case UInt8(ascii: "r"): return [0x0D]
            case UInt8(ascii: "t"): return [0x09]
            case UInt8(ascii: "u"): return try parseUnicodeEscape()
            default: throw .malformed(at: index - 1)
            }
        }

        private mutating func parseUnicodeEscape() throws(CanonicalJSONError) -> [UInt8] {
            var units = [try parseHexUnit()]
            if UTF16.isLeadSurrogate(units[0]) {
                guard peek == UInt8(ascii: "\\"), index + 1 < bytes.count,
                    bytes[index + 1] == UInt8(ascii: "u")
                else { throw .malformed(at: index) }
                index += 2
                units.append(try parseHexUnit())
            }
            guard let text = String(validating: units, as: UTF16.self)
            else { throw .malformed(at: index) }
            return Array(text.utf8)
        }

        private mutating func parseHexUnit() throws(CanonicalJSONError) -> UInt16 {
            guard index + 4 <= bytes.count else { throw .malformed(at: index) }
            var unit: UInt16 = 0
            for byte in bytes[index..<index + 4] {
                guard let digit = Character(UnicodeScalar(byte)).hexDigitValue
                else { throw .malformed(at: index) }
                unit = unit << 4 | UInt16(digit)
            }
            index += 4
            return unit
        }

        private mutating func parseInteger() throws(CanonicalJSONError) -> Int64 {
            let start = index
            let isNegative = peek == UInt8(ascii: "-")
            if isNegative { index += 1 }
            let firstDigit = index
            var value: Int64 = 0
            while let byte = peek, (0x30...0x39).contains(byte) {
                let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
                let digit = Int64(byte - 0x30)
                let (next, carry) =
                    isNegative
                    ? tens.subtractingReportingOverflow(digit)
                    : tens.addingReportingOverflow(digit)
                guard !overflow, !carry else { throw .notWhole(at: start) }
                value = next
                index += 1
            }
            guard index > firstDigit else { throw .malformed(at: start) }
            guard bytes[firstDigit] != 0x30 || index == firstDigit + 1
            else { throw .malformed(at: start) }
            switch peek {
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): throw .notWhole(at: start)
            default: return value
            }
        }

        private mutating func parseWord(
            _ word: String,
            _ value: CanonicalJSON
        ) throws(CanonicalJSONError) -> CanonicalJSON {
            guard bytes[index...].starts(with: word.utf8) else { throw .malformed(at: index) }
            index += word.utf8.count
            return value
        }

        private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

        private mutating func skipSpace() {
            while index < bytes.count {
                switch bytes[index] {
                case 0x20, 0x0A, 0x0D, 0x09: index += 1
                default: return
                }
            }
        }

        private mutating func accept(_ byte: UInt8) -> Bool {
            skipSpace()
            guard peek == byte else { return false }
            index += 1
            return true
        }

        private mutating func expect(_ byte: UInt8) throws(CanonicalJSONError) {
            guard accept(byte) else { throw .malformed(at: index) }
        }
    }
}
