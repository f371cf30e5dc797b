import Documents
import Foundation
import LoyaltyCore
import Testing

/// A member who plays through a programme that we ship, at one till, input by input.
///
/// A row is `2026-03-01 12:00 buy TEA:60:drink redeem cake | what moves`: a purchase of an amount
/// or of lines (article, price, category or label), with `redeem` (`=` chooses how much),
/// `value` (stored value), `luck` and `at` (the store); `visit`; or another occasion with what it
/// is about. `on` names a day of trade that the clock's date is not.
struct Month: Sendable, CustomTestStringConvertible {
    let name: String
    let rows: [Row]
    let balance: String
    let isReferred: Bool

    struct Row: Sendable {
        let input: String
        let moves: String
    }

    init(_ name: String, _ table: String, holds balance: String, isReferred: Bool = false) {
        self.name = name
        self.balance = balance
        self.isReferred = isReferred
        rows = table.split(separator: "\n").map { line in
            // A row may go on in the next line of the source, indented.
            let words = line.split(separator: " ")
            let bar = words.firstIndex(of: "|") ?? words.endIndex
            return Row(
                input: words[..<bar].joined(separator: " "),
                moves: words[bar...].dropFirst().joined(separator: " ")
            )
        }
    }

    var testDescription: String { name }

    /// Where the programmes are that we ship.
    static let directory = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("programmes").path

    /// Plays all rows.
    ///
    /// - Returns: What each moved, and what the member holds at last.
    func played() throws -> (moves: [String], balance: String) {
        let programme = try ProgrammeDocument.programme(
            from: DocumentFile.text(at: "\(Self.directory)/\(name).yaml"),
            file: name + ".yaml"
        )
        var profile = Profile()
        profile.isReferred = isReferred
        var member = Member(programme: programme, standing: Standing(profile: profile))
        let moves = try rows.enumerated().map { try member.play($1.input, number: $0) }
        return (moves, member.balance)
    }
}

/// A row that cannot be played.
struct UnplayableRow: Error {
    let input: String
}

/// The member while the month goes by.
private struct Member {
    let programme: Programme
    var standing: Standing

    /// Plays one input: first the time that passed until it, then what the member did.
    ///
    /// - Returns: What moved, `+3 points 2027-03-31`, and what is left to pay where that is not the
    ///   amount; or why nothing did.
    mutating func play(_ input: String, number: Int) throws -> String {
        var words = input.split(separator: " ").map(String.init)
        guard words.count > 2, let date = BusinessDate(words[0]), let key = SaleKey("m/\(number)"),
            let minute = Self.minute(words[1])
        else { throw UnplayableRow(input: input) }
        words.removeFirst(2)
        let deed = try Deed(words, input)
        let passed = try pass(to: date)
        let sale = Sale(
            key: key,
            evidence: deed.evidence,
            amount: deed.amount,
            businessDate: deed.date ?? date,
            opensVisit: true,
            till: "1",
            details: deed.details
        )
        let moment = moment(date, minute: minute)
        switch programme.decide(standing, sale, at: moment) {
        case .refusal(let refusal): return passed + refusal.code
        case .award(let award):
            let visit = Visit(at: moment, businessDate: sale.businessDate)
            guard let next = standing.after(award, visit: visit)
            else { throw UnplayableRow(input: input) }
            standing = next
            let due = award.due == deed.amount ? "" : award.due.map { ", due \($0)" } ?? ""
            return passed + Self.text(award) + due
        }
    }

    /// Lets time pass.
    private mutating func pass(to date: BusinessDate) throws -> String {
        guard let award = programme.expire(standing, on: date) else { return "" }
        guard let next = standing.after(award.postings)
        else { throw UnplayableRow(input: "\(date)") }
        standing = next
        return Self.text(award) + "; "
    }

    /// What the member holds.
    var balance: String {
        let assets = Set(standing.holdings.map(\.asset)).sorted()
        return assets.map { "\($0.name) \(standing.balance(of: $0))" }.joined(separator: ", ")
    }

    private static func text(_ award: Award) -> String {
        let moved = award.postings.map { posting in
            let end = posting.bucket == .never ? "" : " \(posting.bucket)"
            return "\(posting.amount > 0 ? "+" : "")\(posting.amount) \(posting.asset.name)\(end)"
        }
        return moved.isEmpty ? "nothing" : moved.joined(separator: ", ")
    }

    private static func minute(_ time: String) -> Int64? {
        let parts = time.split(separator: ":").compactMap { Int64($0) }
        return parts.count == 2 ? parts[0] * 60 + parts[1] : nil
    }

    private func moment(_ date: BusinessDate, minute: Int64) -> Moment {
        let localMs = Int64(date.dayNumber) * 86_400_000 + minute * 60_000
        let unixMs = localMs - Int64(programme.calendar.utcOffsetMinutes) * 60_000
        return Moment(
            wall: WallTime(unixMs: unixMs),
            quality: .ntp,
            boot: 1,
            sinceBootMs: unixMs - 1_700_000_000_000
        )
    }
}

/// What a member does, as a row says it.
private struct Deed {
    var amount: Int64?
    var evidence = Evidence.pos
    var date: BusinessDate?
    var details = SaleDetails()

    init(_ words: [String], _ input: String) throws {
        details.cashier = "amy"
        var words = words[...]
        let verb = words.removeFirst()
        switch verb {
        case "visit": evidence = .visit
        case "buy", "topUp":
            if verb == "topUp" { details.occasion = .topUp }
            while let word = words.first, !Self.options.contains(word) {
                words.removeFirst()
                if let number = Int64(word) {
                    amount = number
                } else {
                    try details.lines.append(Self.line(word, input))
                }
            }
            if !details.lines.isEmpty { amount = details.lines.reduce(0) { $0 + $1.net } }
        default: details.occasion = try Self.occasion(verb, &words, input)
        }
        while let option = words.popFirst() { try read(option, &words, input) }
    }

    private static let options: Set = ["redeem", "value", "luck", "at", "on", "approved"]

    private mutating func read(
        _ option: String,
        _ words: inout ArraySlice<String>,
        _ input: String
    ) throws {
        if option == "approved" {
            details.isApproved = true
            return
        }
        guard let value = words.popFirst() else { throw UnplayableRow(input: input) }
        switch option {
        case "at": details.store = value
        case "on": date = BusinessDate(value)
        case "value": details.storedValue = Int64(value)
        case "luck": details.luck = UInt64(value)
        case "redeem":
            let parts = value.split(separator: "=").map(String.init)
            let isAll = parts.last == "all"
            details.redemptions.append(
                Redemption(
                    parts[0],
                    count: isAll ? nil : 1,
                    amount: parts.count > 1 ? Int64(parts[1]) : nil
                )
            )
        default: throw UnplayableRow(input: input)
        }
    }

    /// Reads `TEA:60:drink`; what stands last is both a category and a label.
    private static func line(_ text: String, _ input: String) throws -> SaleLine {
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count > 1, let price = Int64(parts[1]) else {
            throw UnplayableRow(input: input)
        }
        let kinds = Array(parts.dropFirst(2))
        return SaleLine(sku: parts[0], categories: kinds, labels: kinds, gross: price)
    }

    private static func occasion(
        _ verb: String,
        _ words: inout ArraySlice<String>,
        _ input: String
    ) throws -> Occasion {
        switch verb {
        case "join": return .join
        case "checkIn": return .checkIn
        case "birthday": return .birthday
        default: break
        }
        guard let subject = words.popFirst() else { throw UnplayableRow(input: input) }
        switch verb {
        case "referral":
            guard let step = Referral.Step(rawValue: subject) else { break }
            return .referral(step)
        case "recovery": return .recovery(severity: subject, reason: "cold soup")
        case "survey":
            guard let answer = words.popFirst().flatMap({ Int64($0) }) else { break }
            return .survey(subject, answer: answer)
        case "vote":
            guard let option = words.popFirst() else { break }
            return .vote(subject, option: option)
        default: break
        }
        throw UnplayableRow(input: input)
    }
}
