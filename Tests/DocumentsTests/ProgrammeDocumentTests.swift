import Documents
import LoyaltyCore
import Testing

/// What the file of a programme may say, and what its writer is told.
struct ProgrammeDocumentTests {
    @Test func `a programme file says what the programme is`() throws {
        let programme = try ProgrammeDocument.programme(from: Sample.programme, file: "p.yaml")

        let expected = try Programme(
            name: "qingtian-coffee",
            version: 3,
            title: LocalText(zhHant: "青田咖啡集點", en: "Qingtian Coffee rewards"),
            currency: "TWD",
            calendar: BusinessCalendar(utcOffsetMinutes: 480, dayTurnsAtHour: 4),
            firstDate: #require(BusinessDate("2026-01-01")),
            lastDate: #require(BusinessDate("2027-12-31")),
            saleAmountMax: 100_000,
            receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: ["01234567"]),
            cards: [
                StampCard(
                    id: "latte",
                    title: LocalText(zhHant: "拿鐵集點卡", en: "Latte card"),
                    reward: LocalText(zhHant: "一杯拿鐵", en: "one latte"),
                    size: 10,
                    stampsPerVisit: 2,
                    needsSale: true,
                    doubleGrantGuard: .hours(3)
                )
            ],
            rules: [
                Rule(
                    id: "base",
                    per: 35,
                    give: 1,
                    firstDate: BusinessDate("2026-01-01"),
                    lastDate: BusinessDate("2026-12-31")
                )
            ]
        )
        #expect(programme == expected)
    }

    @Test func `what a file leaves out has its default`() throws {
        let yaml = """
            programme: p
            version: 1
            title: {zh-Hant: 集點, en: Rewards}
            currency: TWD
            utcOffset: -03:30
            from: 2026-01-01
            through: 2026-01-01
            amountMax: 1
            cards:
            - {id: c, title: {zh-Hant: 卡, en: Card}, reward: {zh-Hant: 禮, en: Gift}, stamps: 1}
            """
        let programme = try ProgrammeDocument.programme(from: yaml, file: "p.yaml")

        #expect(programme.calendar == BusinessCalendar(utcOffsetMinutes: -210, dayTurnsAtHour: 0))
        #expect(programme.receipts == ReceiptPolicy(ageDaysMax: 3, sellerIDs: []))
        #expect(programme.rules.isEmpty)
        #expect(programme.cards.map(\.stampsPerVisit) == [1])
        #expect(programme.cards.map(\.needsSale) == [false])
        #expect(programme.cards.map(\.doubleGrantGuard) == [.businessDay])
    }

    @Test(arguments: ["\u{FEFF}", "---\n", "# a comment with [ { & * ' \"\n"])
    func `a file may begin as editors make it begin`(start: String) throws {
        let programme = try ProgrammeDocument.programme(
            from: start + Sample.programme,
            file: "p.yaml"
        )

        #expect(programme.version == 3)
    }

    @Test func `a file with the line ends of Windows is read`() throws {
        let yaml = Sample.programme.split(separator: "\n").joined(separator: "\r\n")

        #expect(try ProgrammeDocument.programme(from: yaml, file: "p.yaml").version == 3)
    }

    @Test(
        arguments: [
            // The form of the file.
            Mistaken(
                "version: 3",
                "vresion: 3",
                "2:1: 'vresion' is not known here: write 'version'"
            ),
            Mistaken(
                "currency: TWD",
                "colour: red",
                "4:1: 'colour' is not known here: use one of \(Sample.names)"
            ),
            Mistaken("version: 3", "", "1:1: 'version' is missing: add a whole number"),
            Mistaken("    stamps: 10", "", "12:5: 'stamps' is missing: add a whole number"),
            Mistaken(
                "version: 3",
                "programme: twice",
                "1:1: 'programme' is written twice: keep one"
            ),
            Mistaken("  - id: latte", "\t- id: latte", "12:1: there is a tab: use spaces"),
            Mistaken(
                "title: {zh-Hant: 青",
                "title: {zh-Hant: \u{202E}",
                "3:18: there is a control character, U+202E: remove it"
            ),
            Mistaken(
                "reward: {zh-Hant: 一杯拿鐵",
                "reward: {zh-Hant: \"\\e[31m\"",
                "14:23: 'zh-Hant' has a control character: remove it"
            ),
            Mistaken(
                "title: {zh-Hant: 青田咖啡集點",
                "title: {zh-Hant: \"青田咖啡集點",
                "3:18: the quotation that starts here does not end on its line:"
                    + " close it on the same line"
            ),
            Mistaken(
                "guard: {hours: 3}",
                "guard: &g none",
                "18:12: '&' starts an anchor, an alias or a tag:"
                    + " write the value itself, text that starts so in quotation marks"
            ),
            Mistaken(
                "version: 3",
                "version: !!int 3",
                "2:10: '!' starts an anchor, an alias or a tag:"
                    + " write the value itself, text that starts so in quotation marks"
            ),
            Mistaken(
                "version: 3",
                "version: 3: 4",
                "2:11: this is no YAML, mapping values are not allowed in this context:"
                    + " check the indentation, the brackets and the quotation marks"
            ),
            // Numbers.
            Mistaken(
                "version: 3",
                "version: 3.0",
                "2:10: 'version' is '3.0': use a whole number in plain digits"
            ),
            Mistaken(
                "version: 3",
                "version: 03",
                "2:10: 'version' is '03': use a whole number in plain digits"
            ),
            Mistaken(
                "version: 3",
                "version: 0x3",
                "2:10: 'version' is '0x3': use a whole number in plain digits"
            ),
            Mistaken(
                "amountMax: 100000",
                "amountMax: 100_000",
                "9:12: 'amountMax' is '100_000': use a whole number in plain digits"
            ),
            Mistaken(
                "amountMax: 100000",
                "amountMax: 99999999999999999999",
                "9:12: 'amountMax' is '99999999999999999999': use a whole number in plain digits"
            ),
            Mistaken(
                "amountMax: 100000",
                "amountMax: ٣",
                "9:12: 'amountMax' is '٣': use a whole number in plain digits"
            ),
            Mistaken(
                "version: 3",
                "version: \"3\"",
                "2:10: 'version' is in quotation marks: write 3 without them"
            ),
            Mistaken(
                "version: 3",
                "version: [3]",
                "2:10: 'version' is a list: use a whole number in plain digits"
            ),
            Mistaken(
                "version: 3",
                "version:",
                "2:9: 'version' is empty: use a whole number in plain digits"
            ),
            // Texts that other readers would take for something else.
            Mistaken(
                "sellers: [\"01234567\"]",
                "sellers: [01234567]",
                "10:37: 'sellers' is 01234567, which is not a text to every reader:"
                    + " put it in quotation marks, \"01234567\""
            ),
            Mistaken(
                "en: one latte",
                "en: no",
                "14:33: 'en' is no, which is not a text to every reader:"
                    + " put it in quotation marks, \"no\""
            ),
            Mistaken("en: one latte", "en: ''", "14:33: 'en' is empty: write a text"),
            // Words, dates, offsets.
            Mistaken(
                "guard: {hours: 3}",
                "guard: daily",
                "18:12: 'guard' is 'daily': use businessDay, none or {hours: N}"
            ),
            Mistaken(
                "guard: {hours: 3}",
                "guard: {days: 3}",
                "18:13: 'days' is not known here: use one of hours"
            ),
            Mistaken(
                "stampsEach: sale",
                "stampsEach: always",
                "17:17: 'stampsEach' is 'always': use visit or sale"
            ),
            Mistaken(
                "from: 2026-01-01\nthrough",
                "from: 2026-02-30\nthrough",
                "7:7: 'from' is '2026-02-30': use a date such as 2026-01-31"
            ),
            Mistaken(
                "utcOffset: \"+08:00\"",
                "utcOffset: 8",
                "5:12: 'utcOffset' is '8': use an offset from -12:00 to +14:00, such as \"+08:00\""
            ),
            Mistaken(
                "utcOffset: \"+08:00\"",
                "utcOffset: +14:01",
                "5:12: 'utcOffset' is '+14:01':"
                    + " use an offset from -12:00 to +14:00, such as \"+08:00\""
            ),
            Mistaken(
                "cards:",
                "cards: {}\nnone:",
                "12:1: 'none' is not known here: use one of \(Sample.names)"
            ),
        ]
    )
    func `a mistake is told with its line, its column and what to write`(mistake: Mistaken) {
        #expect(mistake.message == "p.yaml:" + mistake.expected)
    }

    /// What only the whole programme can judge, told at the value that must change.
    @Test(
        arguments: [
            Mistaken(
                "programme: qingtian-coffee",
                "programme: Qingtian",
                "1:12: 'Qingtian' is no identifier: use 1 to 40 of a-z, 0-9 and -"
            ),
            Mistaken("version: 3", "version: 0", "2:10: version is 0: use 1 to 2147483647"),
            Mistaken(
                "currency: TWD",
                "currency: NT$",
                "4:11: 'NT$' is no currency: use its three capital letters, such as TWD"
            ),
            Mistaken(
                "dayTurnsAtHour: 4",
                "dayTurnsAtHour: 24",
                "6:17: dayTurnsAtHour is 24: use 0 to 23"
            ),
            Mistaken(
                "through: 2027-12-31",
                "through: 2025-12-31",
                "8:10: the programme ends before it begins: swap the dates"
            ),
            Mistaken(
                "amountMax: 100000",
                "amountMax: 0",
                "9:12: amountMax is 0: use 1 to 8589934592"
            ),
            Mistaken(
                "ageDaysMax: 3",
                "ageDaysMax: 367",
                "10:24: receipts.ageDaysMax is 367: use 0 to 366"
            ),
            Mistaken(
                "\"01234567\"]",
                "\"01234567\", \"123\"]",
                "10:49: '123' is no tax number: use its eight digits, in quotation marks"
            ),
            Mistaken(
                "- id: latte",
                "- id: Latte",
                "12:9: 'Latte' is no identifier: use 1 to 40 of a-z, 0-9 and -"
            ),
            Mistaken("stamps: 10", "stamps: 51", "15:13: card latte: stamps is 51: use 1 to 50"),
            Mistaken(
                "perVisit: 2",
                "perVisit: 11",
                "16:15: card latte: perVisit is 11: use 0 to 10"
            ),
            Mistaken(
                "{hours: 3}",
                "{hours: 169}",
                "18:20: card latte: guard hours is 169: use 1 to 168"
            ),
            Mistaken(
                "en: Latte card",
                "en: \(String(repeating: "x", count: 121))",
                "13:33: card latte: title.en must have 1 to 120 characters,"
                    + " none of them control characters"
            ),
            Mistaken("per: 35", "per: 0", "20:21: rule base: per is 0: use 1 to 8589934592"),
            Mistaken(
                "through: 2026-12-31}}",
                "through: 2025-12-31}}",
                "20:68: rule base ends before it begins: swap the dates"
            ),
            Mistaken(
                "rules:\n",
                "rules:\n  - {id: base, per: 1, give: 1}\n",
                "21:10: 'base' is used twice: give each its own id"
            ),
        ]
    )
    func `what the programme itself refuses is told at its line`(mistake: Mistaken) {
        #expect(mistake.message == "p.yaml:" + mistake.expected)
    }

    @Test func `a programme that gives nothing is refused`() throws {
        let cards = try #require(Sample.programme.firstRange(of: "cards:"))
        let yaml = Sample.programme[..<cards.lowerBound] + "cards: []\n"

        #expect(
            Sample.message(of: yaml)
                == "p.yaml:11:8: there is no card and no rule: add one"
        )
    }
}

/// One edit of the sample and what its writer is told.
struct Mistaken: CustomTestStringConvertible {
    let original: String
    let edited: String
    let expected: String

    init(_ original: String, _ edited: String, _ expected: String) {
        self.original = original
        self.edited = edited
        self.expected = expected
    }

    var testDescription: String { "\(original) → \(edited)" }

    /// What is said to the edited sample; `not in the sample` if the edit does not apply.
    var message: String {
        guard let range = Sample.programme.firstRange(of: original)
        else { return "not in the sample" }
        return Sample.message(
            of: Sample.programme[..<range.lowerBound] + edited
                + Sample.programme[range.upperBound...]
        )
    }
}
