import LoyaltyCore

/// Reads a CSV file of members as it comes in.
///
/// Its first line names the columns: `number` and `name` or `maskedName`, and, if wanted,
/// `mobileBarcode`, `blocked`, `birthday`, `referred` and `tierFloor`. Full names are masked here,
/// years of birth are dropped, and neither goes further.
public struct MemberFile {
    /// A row of the file.
    public enum Row: Equatable, Sendable {
        /// A member.
        case member(Member, line: Int)
        /// A row that is no member, and why.
        case refused(MemberFileError)
    }

    /// Most characters of a name.
    ///
    /// Source: our own bound; names on identity documents have up to 50.
    public static let nameCharacterCountMax = 50

    private static let known: Set = [
        "number", "name", "maskedName", "mobileBarcode", "blocked", "birthday", "referred",
        "tierFloor",
    ]

    private var reader = CSVReader()
    private var columns: [String: Int]?

    /// Creates a reader at the file's begin.
    public init() {}

    /// Takes more of the file.
    ///
    /// - Parameter chunk: The bytes that follow.
    /// - Returns: The rows that are complete.
    /// - Throws: `MemberFileError` if the rest of the file cannot be read.
    public mutating func feed(_ chunk: some Sequence<UInt8>) throws -> [Row] {
        var raw: [CSVReader.Row] = []
        try reader.feed(chunk) { raw.append($0) }
        return try rows(raw)
    }

    /// Takes the end of the file.
    ///
    /// - Returns: The last row, if it lacked a line end.
    /// - Throws: `MemberFileError`, also if the file has no header.
    public mutating func finish() throws -> [Row] {
        var raw: [CSVReader.Row] = []
        try reader.finish { raw.append($0) }
        let last = try rows(raw)
        guard columns != nil else { throw MemberFileError.columns("the file is empty") }
        return last
    }

    private mutating func rows(_ raw: [CSVReader.Row]) throws -> [Row] {
        var raw = raw[...]
        if columns == nil, let header = raw.popFirst() { columns = try Self.columns(header) }
        guard let columns else { return [] }
        return raw.map { row in
            do throws(MemberFileError) {
                return .member(try Self.member(row, columns), line: row.line)
            } catch {
                return .refused(error)
            }
        }
    }

    private static func columns(_ header: CSVReader.Row) throws(MemberFileError) -> [String: Int] {
        var columns: [String: Int] = [:]
        for (index, field) in header.fields.enumerated() {
            // The byte order mark that spreadsheets put before UTF-8.
            let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
            let bytes = index == 0 && field.starts(with: mark) ? Array(field.dropFirst(3)) : field
            let name = String(decoding: bytes, as: UTF8.self)
            guard known.contains(name) else { throw .columns("'\(name.prefix(40))' is not known") }
            guard columns.updateValue(index, forKey: name) == nil
            else { throw .columns("'\(name)' stands twice") }
        }
        guard columns["number"] != nil else { throw .columns("'number' is missing") }
        guard (columns["name"] == nil) != (columns["maskedName"] == nil)
        else { throw .columns("give either 'name' or 'maskedName'") }
        return columns
    }

    private static func member(
        _ row: CSVReader.Row,
        _ columns: [String: Int]
    ) throws(MemberFileError) -> Member {
        guard row.fields.count == columns.count
        else { throw .fieldCount(line: row.line, found: row.fields.count, wanted: columns.count) }
        var texts: [String: String] = [:]
        for (name, index) in columns {
            guard let text = String(validating: row.fields[index], as: UTF8.self)
            else { throw .notUTF8(line: row.line) }
            texts[name] = text
        }
        guard let number = texts["number"].flatMap({ MemberNumber($0) })
        else { throw .malformed(line: row.line, field: "number", hint: "14 digits") }
        return Member(
            number: number,
            maskedName: try maskedName(texts, row.line),
            mobileBarcode: try mobileBarcode(texts["mobileBarcode"] ?? "", row.line),
            isBlocked: try flag("blocked", texts, row.line),
            profile: try profile(texts, row.line)
        )
    }

    private static func maskedName(
        _ texts: [String: String],
        _ line: Int
    ) throws(MemberFileError) -> String {
        let name = texts["name"].map(masked) ?? texts["maskedName"] ?? ""
        guard (1...nameCharacterCountMax).contains(name.count),
            name.unicodeScalars.allSatisfy({ !$0.properties.isControl })
        else {
            throw .malformed(
                line: line,
                field: "name",
                hint: "1 to \(nameCharacterCountMax) characters, none of them control characters"
            )
        }
        return name
    }

    /// Hides a name's middle: 王小明 becomes 王○明, 王明 becomes 王○.
    static func masked(_ name: String) -> String {
        guard let first = name.first, let last = name.last else { return "" }
        switch name.count {
        case 1: return "○"
        case 2: return "\(first)○"
        default: return "\(first)\(String(repeating: "○", count: name.count - 2))\(last)"
        }
    }

    /// Checks a mobile barcode: a slash and seven of `0-9 A-Z . - +` (財政部, 電子發票手機條碼).
    private static func mobileBarcode(
        _ text: String,
        _ line: Int
    ) throws(MemberFileError) -> String? {
        if text.isEmpty { return nil }
        let isAllowed = text.utf8.dropFirst().allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"):
                true
            default: false
            }
        }
        guard text.utf8.count == 8, text.hasPrefix("/"), isAllowed else {
            throw .malformed(line: line, field: "mobileBarcode", hint: "a slash and 7 characters")
        }
        return text
    }

    private static func profile(
        _ texts: [String: String],
        _ line: Int
    ) throws(MemberFileError) -> Profile {
        let (day, floor) = (texts["birthday"] ?? "", texts["tierFloor"] ?? "")
        let birthday = Birthday(day)
        guard day.isEmpty || birthday != nil else {
            throw .malformed(line: line, field: "birthday", hint: "a month and a day such as 05-20")
        }
        guard floor.isEmpty || Programme.isIdentifier(floor) else {
            throw .malformed(
                line: line,
                field: "tierFloor",
                hint: "a tier's id such as gold: 1 to 40 of a-z, 0-9 and -"
            )
        }
        return Profile(
            birthday: birthday,
            isReferred: try flag("referred", texts, line),
            tierFloor: floor.isEmpty ? nil : floor
        )
    }

    private static func flag(
        _ field: String,
        _ texts: [String: String],
        _ line: Int
    ) throws(MemberFileError) -> Bool {
        switch texts[field] ?? "" {
        case "", "0", "no", "false": return false
        case "1", "yes", "true": return true
        default: throw .malformed(line: line, field: field, hint: "1 or 0")
        }
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isControl: Bool { generalCategory == .control || generalCategory == .format }
}

/// Why a file of members, or one row of it, cannot be taken.
public enum MemberFileError: Error, Equatable {
    /// The first line does not name the columns.
    case columns(String)
    /// A row has another number of fields than the first line.
    case fieldCount(line: Int, found: Int, wanted: Int)
    /// A field is out of form.
    case malformed(line: Int, field: String, hint: String)
    /// A row is not UTF-8, as when a spreadsheet saved it as Big5.
    case notUTF8(line: Int)
    /// A row has more bytes than any member's; a quotation mark may be open.
    case rowTooLong(line: Int)
    /// A quotation mark is never closed.
    case quoteOpen(line: Int)
}

extension MemberFileError: CustomStringConvertible {
    /// Which line is wrong, and how to mend it.
    public var description: String {
        switch self {
        case .columns(let reason):
            "line 1: \(reason); name the columns number, name or maskedName, mobileBarcode,"
                + " blocked, birthday, referred, tierFloor"
        case .fieldCount(let line, let found, let wanted):
            "line \(line): \(found) fields where \(wanted) are named in line 1"
        case .malformed(let line, let field, let hint): "line \(line): '\(field)' must be \(hint)"
        case .notUTF8(let line): "line \(line): not UTF-8; save the file as \"CSV UTF-8\""
        case .rowTooLong(let line):
            "line \(line): longer than \(CSVReader.rowByteCountMax) bytes; look for an open"
                + " quotation mark"
        case .quoteOpen(let line): "line \(line): the quotation mark is never closed"
        }
    }
}
