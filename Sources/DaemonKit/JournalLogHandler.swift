import Glibc
public import Logging

/// Writes each log event as one line to standard error, in the form that journald reads.
///
/// A line is `<6>scan recorded entry_id=01J… till="counter left"`: the priority, the constant
/// message, then the data in order of its keys. Nothing in a value can end the line, so what comes
/// from outside cannot forge another one.
///
/// Source: sd-daemon(3) for the priorities.
public struct JournalLogHandler: LogHandler {
    /// The least severe level that is written.
    public var logLevel: Logger.Level
    /// Data added to each line.
    public var metadata: Logger.Metadata = [:]
    /// Where data that follows a task comes from.
    public var metadataProvider: Logger.MetadataProvider?

    private let descriptor: Int32
    private let hasPriority: Bool

    /// A handler that writes to an open file.
    ///
    /// - Parameters:
    ///   - level: The least severe level that is written.
    ///   - descriptor: An open file, 2 (standard error) unless told otherwise; never closed.
    ///   - hasPriority: Whether a line starts with `<N>`; a person at a terminal has no use for it.
    public init(
        level: Logger.Level,
        descriptor: Int32 = 2,
        hasPriority: Bool = true
    ) {
        self.logLevel = level
        self.descriptor = descriptor
        self.hasPriority = hasPriority
    }

    /// Whether standard error goes to the journal.
    ///
    /// Source: systemd.exec(5), `$JOURNAL_STREAM`.
    public static var isUnderJournal: Bool { environmentValue("JOURNAL_STREAM") != nil }

    /// The value for a key in this handler's own data.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one event as one line.
    public func log(event: LogEvent) {
        var values = metadataProvider?.get() ?? [:]
        values.merge(metadata) { _, newer in newer }
        values.merge(event.metadata ?? [:]) { _, newer in newer }
        if let error = event.error { values["error"] = "\(error)" }
        var line = hasPriority ? "<\(event.level.journalPriority)>" : ""
        line += LogText.message(event.message.description)
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            line += " \(LogText.key(key))=\(LogText.value(value.description))"
        }
        write(Array((line + "\n").utf8))
    }

    /// One system call per line keeps lines of several threads apart; a log that fails is let go.
    private func write(_ bytes: [UInt8]) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(
                    descriptor,
                    buffer.baseAddress?.advanced(by: written),
                    bytes.count - written
                )
            }
            if count < 0, errno != EINTR { return }
            written += max(0, count)
        }
    }
}

/// The three kinds of text in a log line.
enum LogText {
    /// Most characters (Unicode scalars) of one message or value.
    ///
    /// The rest is cut and marked with `…`:
    /// journald splits lines longer than 48 KiB (journald.conf(5), `LineMax=`); a value this long
    /// helps nobody.
    static let characterCountMax = 1_000

    /// Characters that put a value in quotes.
    private static let quoted = " \"=\\".unicodeScalars
    private static let otherKeyCharacters = "0123456789_-.".unicodeScalars

    static func message(_ text: String) -> String {
        limited(text).unicodeScalars.map { isForging($0) ? escaped($0) : String($0) }.joined()
    }

    /// A key is letters, digits, `_`, `-` and `.`; anything else becomes `_`.
    static func key(_ text: String) -> String {
        String(limited(text).unicodeScalars.map { isKeyCharacter($0) ? Character($0) : "_" })
    }

    /// A value stands in quotes when a space, a quote or an equals sign would blur where it ends.
    static func value(_ text: String) -> String {
        let scalars = limited(text).unicodeScalars
        let plain =
            !scalars.isEmpty && scalars.allSatisfy { !isForging($0) && !quoted.contains($0) }
        guard !plain else { return String(scalars) }
        return "\"" + scalars.map { needsEscape($0) ? escaped($0) : String($0) }.joined() + "\""
    }

    private static func limited(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > characterCountMax else { return text }
        return String(scalars.prefix(characterCountMax)) + "…"
    }

    private static func isKeyCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || otherKeyCharacters.contains(scalar))
    }

    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        isForging(scalar) || scalar == "\"" || scalar == "\\"
    }

    /// Characters that end a line, drive a terminal, or turn the reading direction.
    private static func isForging(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
}

extension Logger.Level {
    /// The syslog priority, 2 (critical) to 7 (debug).
    ///
    /// Source: RFC 5424, table 2; sd-daemon(3).
    var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
