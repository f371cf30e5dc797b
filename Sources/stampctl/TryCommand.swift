import ArgumentParser
import Documents
import Foundation
import LoyaltyCore

extension ProgrammeCommand {
    /// `stampctl programme try`: what a programme would have done.
    struct Try: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "try",
            abstract: "Play a programme over a file of sales, and see who would earn what.",
            discussion: """
                Prints one JSON object for each input, and a summary: what was earned, spent and \
                what expired, the liability, and the cost. docs/programmes.md tells the keys of \
                both files. Touches no ledger and needs no agent.

                A file is read twice: first to find mistakes and the sales that are refunded, then \
                to play it; memory is that of the members. A pipe, or - for standard input, is \
                read once, and all sales are kept. Ctrl-C stops and prints the summary so far.

                Exits with 1 on a mistake, and with 130 after Ctrl-C.
                """
        )

        @Argument(help: "The programme file.")
        var file: String

        @Option(help: "The file of sales, one JSON object a line; - for standard input.")
        var sales: String

        @Option(help: "A file of members with something to begin with, one JSON object a line.")
        var members: String?

        @Option(help: "The programme to compare with, such as the active version.")
        var against: String?

        @Flag(help: "Print the summary as a JSON object too.")
        var json = false

        @Flag(help: "Print each answer as a short line for people instead of a JSON object.")
        var brief = false

        @Flag(name: .customLong("summary"), help: "Print the summary only.")
        var isSummaryOnly = false

        @Option(help: "In which languages to explain: both, zh-Hant, en or none.")
        var lang = Speech.both

        func run() throws {
            var trial = try Trial(
                file: file,
                salesPath: sales,
                membersPath: members,
                against: against,
                speech: lang
            )
            Interruption.listen()
            let form: Trial.Form = isSummaryOnly ? .none : brief ? .brief : .json
            let isWhole = try trial.play(form)
            for line in trial.summary(json: json) { print(line) }
            guard isWhole else { throw ExitCode(130) }
        }
    }
}

/// A file of sales, played through one programme or two.
struct Trial {
    /// How answers are printed.
    enum Form {
        /// One JSON object a line.
        case json
        /// Short lines for people.
        case brief
        /// Not at all.
        case none
    }

    /// Most mistakes that are told.
    ///
    /// Source: our own bound; a file with more has one mistake many times.
    static let mistakeCountMax = 20

    private let salesPath: String
    /// The sales, where they can be read only once.
    private let pipe: LineFile?
    private let calendar: BusinessCalendar
    private var replay: ProgrammeReplay
    private var other: ProgrammeReplay?
    private var difference = ReplayDifference()
    private let explanation: ReplayAnswer.Explanation

    init(
        file: String,
        salesPath: String,
        membersPath: String?,
        against: String?,
        speech: Speech
    ) throws {
        self.salesPath = salesPath
        let programme = try Self.programme(file)
        calendar = programme.calendar
        let members = try membersPath.map(Self.members) ?? []
        let sales = try LineFile(salesPath, lineByteCountMax: ReplayInput.lineByteCountMax)
        // A pipe is opened once: whoever feeds it hears of a reader that goes.
        pipe = sales.size == nil || salesPath == "-" ? sales : nil
        let memory = try Self.memory(sales, salesPath, in: programme.calendar)
        replay = ProgrammeReplay(programme, members: members, remembering: memory)
        other = try against.map {
            ProgrammeReplay(try Self.programme($0), members: members, remembering: memory)
        }
        explanation = ReplayAnswer.Explanation(
            try speech.languages.map {
                Explanation(try Words.table($0), ProgrammeTitles(programme))
            }
        )
    }

    private static func programme(_ file: String) throws -> Programme {
        try ProgrammeDocument.programme(from: DocumentFile.text(at: file), file: file)
    }

    private static func members(_ path: String) throws -> [ReplayMember] {
        let file = try LineFile(path, lineByteCountMax: ReplayInput.lineByteCountMax)
        var members: [ReplayMember] = []
        var names: Set<String> = []
        while let bytes = try file.next() {
            if bytes.isEmpty { continue }
            let member = try ReplayMember(bytes, line: file.line, file: path)
            guard names.insert(member.name).inserted else {
                throw DocumentError(
                    file: path,
                    line: file.line,
                    problem: "'\(member.name)' stands in the file already",
                    fix: "write each member once"
                )
            }
            members.append(member)
        }
        return members
    }

    /// Reads the file a first time, where that is possible: every mistake is told before anything
    /// is played, and which sales must be kept is known.
    private static func memory(
        _ file: LineFile,
        _ path: String,
        in calendar: BusinessCalendar
    ) throws -> ReplayMemory {
        guard file.size != nil, path != "-" else { return .all }
        var keys = ReplayKeys()
        try read(file, path, in: calendar, noting: &keys)
        while keys.finishReading(), !Interruption.isWanted {
            let again = try LineFile(path, lineByteCountMax: ReplayInput.lineByteCountMax)
            try read(again, path, in: calendar, noting: &keys)
        }
        return .only(keys)
    }

    private static func read(
        _ file: LineFile,
        _ path: String,
        in calendar: BusinessCalendar,
        noting keys: inout ReplayKeys
    ) throws {
        var mistakeCount = 0
        var bar = ProgressBar("reading", goal: file.size)
        while !Interruption.isWanted, let bytes = try file.next() {
            if bytes.isEmpty { continue }
            do throws(DocumentError) {
                keys.note(try ReplayInput(bytes, line: file.line, file: path, in: calendar))
            } catch {
                mistakeCount += 1
                bar.clear()
                tell("\(error)")
                if mistakeCount == mistakeCountMax { break }
            }
            bar.tell(byteCount: file.byteCount, line: file.line)
        }
        bar.clear()
        guard mistakeCount == 0 else {
            let count =
                mistakeCount == mistakeCountMax ? "\(mistakeCount) or more" : "\(mistakeCount)"
            throw TrialError("\(path): mistakes: \(count); nothing was played.")
        }
    }

    private static func tell(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Plays the file.
    ///
    /// - Parameter form: How the answers are printed.
    /// - Returns: Whether it was played to its end.
    /// - Throws: `DocumentError` if a line cannot be read, `TrialError` if none can be written.
    mutating func play(_ form: Form) throws -> Bool {
        let file =
            try pipe ?? LineFile(salesPath, lineByteCountMax: ReplayInput.lineByteCountMax)
        var output = LineOutput()
        var bar = ProgressBar("playing", goal: file.size)
        while let bytes = try file.next() {
            if Interruption.isWanted { break }
            if bytes.isEmpty { continue }
            let input = try ReplayInput(bytes, line: file.line, file: salesPath, in: calendar)
            let answer = replay.answer(input)
            let isDifferent = try compare(bytes, input, answer)
            switch form {
            case .json: try output.write(line(answer, isDifferent: isDifferent))
            case .brief: for line in answer.brief { try output.write(line.utf8) }
            case .none: break
            }
            // Whoever feeds a pipe may wait for the answer before the next line.
            if file.size == nil { try output.flush() }
            bar.tell(byteCount: file.byteCount, line: file.line)
        }
        try output.flush()
        bar.clear()
        let isStopped = Interruption.isWanted
        if isStopped { Self.tell("stopped near line \(file.line); so far:") }
        replay.finish()
        other?.finish()
        return !isStopped
    }

    private mutating func compare(
        _ bytes: [UInt8],
        _ input: ReplayInput,
        _ answer: ReplayAnswer
    ) throws -> Bool {
        guard let calendar = other?.programme.calendar else { return false }
        // Its day may turn at another hour.
        let input =
            calendar == self.calendar
            ? input
            : try ReplayInput(bytes, line: input.line, file: salesPath, in: calendar)
        guard let reply = other?.answer(input) else { return false }
        return difference.note(line: input.line, answer, against: reply)
    }

    private func line(_ answer: ReplayAnswer, isDifferent: Bool) -> [UInt8] {
        guard case .object(var members) = answer.json(explain: explanation) else { return [] }
        if isDifferent { members.append(.init("differs", .bool(true))) }
        return CanonicalJSON.object(members).bytes
    }

    /// The summary, as one line of JSON or as lines for people.
    func summary(json: Bool) -> [String] {
        guard json else {
            let lines = ["", "\(replay.programme.name) version \(replay.programme.version)"]
            guard let other else { return lines + replay.summary.lines }
            let title = "against \(other.programme.name) version \(other.programme.version)"
            return lines + replay.summary.lines + ["", title]
                + difference.lines(replay.summary, against: other.summary)
        }
        var members: [CanonicalJSON.Member] = [.init("summary", replay.summary.json)]
        if let other {
            members.append(.init("other", other.summary.json))
            members.append(
                .init("difference", difference.json(replay.summary, against: other.summary))
            )
        }
        return [CanonicalJSON.object(members).text]
    }
}

/// Why nothing was played.
struct TrialError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
