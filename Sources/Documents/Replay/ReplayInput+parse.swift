public import LoyaltyCore

extension ReplayInput {
    /// Most bytes of a line.
    ///
    /// Source: a basket of `SaleDetails.lineCountMax` lines of some 300 bytes each.
    public static let lineByteCountMax = 65_536

    /// Reads one line of a file of sales.
    ///
    /// - Parameters:
    ///   - bytes: The line, without its end.
    ///   - line: Its number, from 1, for messages and for inputs without a key.
    ///   - file: The file's name, for the message.
    ///   - calendar: The programme's, for local times.
    /// - Throws: `DocumentError` with the line, what is wrong, and what to write.
    public init(
        _ bytes: some Sequence<UInt8>,
        line: Int,
        file: String,
        in calendar: BusinessCalendar
    ) throws(DocumentError) {
        do throws(Mistake) {
            try self.init(Mistake.json(bytes), line: line, in: calendar)
        } catch {
            throw DocumentError(file: file, line: line, problem: error.problem, fix: error.fix)
        }
    }

    private init(
        _ value: CanonicalJSON,
        line: Int,
        in calendar: BusinessCalendar
    ) throws(Mistake) {
        let type = try Self.type(of: value)
        let fields = try LineFields(value, called: type.title, names: Self.common + type.names)
        self.line = line
        let keyText = try fields.text("key")
        guard let key = SaleKey(keyText ?? "line-\(line)")
        else { throw fields.mistake("key", "write 1 to 80 of A-Z a-z 0-9 . _ : / -") }
        self.key = key
        if type == .time {
            let until = try fields.required(try fields.date("until"), "until")
            (statedDate, date, event) = (nil, until, .time)
            at = WallTime(middleOf: until, in: calendar)
            member = try fields.text("member")
            return
        }
        statedDate = try fields.date("date")
        at = try Self.moment(fields, statedDate, in: calendar)
        date = statedDate ?? BusinessDate(at: at, in: calendar)
        let isAnonymous = type == .sale || type == .refund || type == .cancel
        member = try fields.text("member")
        guard member != nil || isAnonymous
        else { throw Mistake(at: nil, "\(type.title) needs 'member'", fix: "add it") }
        event = try SaleReader(fields, type: type, key: key, date: date, member: member).event()
    }

    private static func type(of value: CanonicalJSON) throws(Mistake) -> InputType {
        guard let word = value["type"] else { return .sale }
        guard let type = word.stringValue.flatMap({ InputType(rawValue: $0) }) else {
            let words = InputType.allCases.map(\.rawValue).joined(separator: ", ")
            throw Mistake(at: nil, "'type' is \(word.text)", fix: "write one of \(words)")
        }
        return type
    }

    private static func moment(
        _ fields: LineFields,
        _ date: BusinessDate?,
        in calendar: BusinessCalendar
    ) throws(Mistake) -> WallTime {
        guard let text = try fields.text("at") else {
            let date = try fields.required(date, "at")
            return WallTime(middleOf: date, in: calendar)
        }
        guard let moment = WallTime(text, in: calendar)
        else { throw fields.mistake("at", "write a time such as \"2026-11-22T12:00:00+08:00\"") }
        return moment
    }

    private static let common = ["type", "key", "member", "at", "date", "store", "till"]
}

extension Mistake {
    /// Reads JSON, or says where it is none.
    static func json(_ bytes: some Sequence<UInt8>) throws(Mistake) -> CanonicalJSON {
        do throws(CanonicalJSONError) {
            return try CanonicalJSON(parsing: bytes)
        } catch {
            switch error {
            case .notWhole:
                throw Mistake(
                    at: nil,
                    "the line has a number with a fraction or beyond 64 bits: \(error)",
                    fix: "write amounts in the currency's smallest unit, as whole numbers"
                )
            default:
                throw Mistake(at: nil, "\(error)", fix: "write one JSON object on each line")
            }
        }
    }
}

/// The types of inputs, as the file writes them.
enum InputType: String, CaseIterable {
    case sale, visit, join, topUp, checkIn, survey, vote, recovery, refund, cancel, time

    /// What an input is called in a message.
    var title: String {
        switch self {
        case .survey: "an answer to a survey"
        default: "a \(rawValue)"
        }
    }

    /// What an input of the type may name beside what all may.
    var names: [String] {
        switch self {
        case .sale: SaleReader.names
        case .topUp: ["amount", "cashier", "evidence", "currency", "codes"]
        case .visit, .checkIn: ["cashier", "codes", "draft"]
        case .join: ["referrer", "birthday", "cashier", "codes"]
        case .survey: ["survey", "answer", "cashier"]
        case .vote: ["vote", "option"]
        case .recovery: ["severity", "reason", "approved", "cashier"]
        case .refund: ["of", "amount", "lines", "cashier"]
        case .cancel: ["of", "cashier"]
        case .time: ["until"]
        }
    }
}
