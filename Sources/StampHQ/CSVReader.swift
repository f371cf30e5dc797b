/// Reads comma-separated values as they come in (RFC 4180), row by row.
///
/// Quoted fields may hold commas, line ends and doubled quotation marks. Lines end in LF or CRLF.
struct CSVReader {
    /// One row and the number of the line on which it began, from 1.
    struct Row: Equatable {
        let line: Int
        let fields: [[UInt8]]
    }

    /// Most bytes of one row; a file with an open quotation mark must not be read whole.
    ///
    /// Source: our own bound; a member's row has some 40.
    static let rowByteCountMax = 4_096

    private enum Place {
        case fieldStart, plain, quoted, quoteInQuoted
    }

    private var place = Place.fieldStart
    private var fields: [[UInt8]] = []
    private var field: [UInt8] = []
    private var byteCount = 0
    private var line = 1
    private var rowLine = 1

    /// Takes more of the file.
    ///
    /// - Parameters:
    ///   - chunk: The bytes that follow.
    ///   - emit: Called with each row that is complete.
    /// - Throws: `MemberFileError.rowTooLong`, or what `emit` throws.
    mutating func feed(_ chunk: some Sequence<UInt8>, _ emit: (Row) throws -> Void) throws {
        for byte in chunk {
            byteCount += 1
            guard byteCount <= Self.rowByteCountMax
            else { throw MemberFileError.rowTooLong(line: rowLine) }
            if byte == UInt8(ascii: "\n") { line += 1 }
            if let row = take(byte) { try emit(row) }
        }
    }

    /// Takes the end of the file: its last row may lack a line end.
    mutating func finish(_ emit: (Row) throws -> Void) throws {
        guard place != .quoted else { throw MemberFileError.quoteOpen(line: rowLine) }
        if let row = endRow() { try emit(row) }
    }

    private mutating func take(_ byte: UInt8) -> Row? {
        switch (place, byte) {
        case (.quoted, UInt8(ascii: "\"")): place = .quoteInQuoted
        case (.quoted, _): field.append(byte)
        case (.quoteInQuoted, UInt8(ascii: "\"")):
            field.append(byte)
            place = .quoted
        case (.fieldStart, UInt8(ascii: "\"")): place = .quoted
        case (_, UInt8(ascii: ",")):
            endField()
        case (_, UInt8(ascii: "\n")): return endRow()
        default:
            field.append(byte)
            place = .plain
        }
        return nil
    }

    private mutating func endField() {
        fields.append(field)
        field = []
        place = .fieldStart
    }

    private mutating func endRow() -> Row? {
        if field.last == UInt8(ascii: "\r") { field.removeLast() }
        let isEmpty = fields.isEmpty && field.isEmpty
        endField()
        defer {
            fields = []
            byteCount = 0
            rowLine = line
        }
        return isEmpty ? nil : Row(line: rowLine, fields: fields)
    }
}
