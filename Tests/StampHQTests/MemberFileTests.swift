import LoyaltyCore
import Testing

@testable import StampHQ

/// Members from CSV files as people's spreadsheets save them.
struct MemberFileTests {
    @Test func `rows become members, and full names are masked`() throws {
        let rows = try read(
            "number,name,mobileBarcode,blocked\n"
                + "00000000000001,王小明,/ABC+123,0\n"
                + "00000000000002,李四,,1\r\n"
                + "00000000000003,\"Smith, \"\"Jo\"\"\",,\n"
                + "00000000000004,歐陽小明,,no"
        )

        #expect(
            rows == [
                .member(try member(1, "王○明", "/ABC+123"), line: 2),
                .member(try member(2, "李○", isBlocked: true), line: 3),
                .member(try member(3, "S○○○○○○○○○\""), line: 4),
                .member(try member(4, "歐○○明"), line: 5),
            ]
        )
    }

    @Test func `the chunks in which a file is read make no difference`() throws {
        let text = "number,name\n00000000000001,\"王\n小明\"\n\n00000000000002,李四\n"
        let whole = try read(text)

        for size in 1...7 { #expect(try read(text, chunk: size) == whole) }
        #expect(whole.count == 2)
        #expect(whole.last == .member(try member(2, "李○"), line: 5))
    }

    @Test func `a byte order mark and columns in another order are fine`() throws {
        let rows = try read("\u{FEFF}blocked,maskedName,number\n1,王○明,00000000000001\n")

        #expect(rows == [.member(try member(1, "王○明", isBlocked: true), line: 2)])
    }

    @Test(
        arguments: [
            ("1234,王小明", MemberFileError.malformed(line: 2, field: "number", hint: "14 digits")),
            ("00000000000001", .fieldCount(line: 2, found: 1, wanted: 2)),
            ("00000000000001,a,b", .fieldCount(line: 2, found: 3, wanted: 2)),
            (
                "00000000000001,",
                .malformed(
                    line: 2,
                    field: "name",
                    hint: "1 to 50 characters, none of them control characters"
                )
            ),
            (
                "00000000000001,\(String(repeating: "x", count: 51))",
                .malformed(
                    line: 2,
                    field: "name",
                    hint: "1 to 50 characters, none of them control characters"
                )
            ),
        ]
    )
    func `a row out of form is refused with its line, and the next one is read`(
        row: String,
        error: MemberFileError
    ) throws {
        let rows = try read("number,name\n\(row)\n00000000000009,王明\n")

        #expect(rows == [.refused(error), .member(try member(9, "王○"), line: 3)])
    }

    @Test(arguments: ["ABC+1234", "/ABC+12", "/abc+123", "/ABC,123", "/ABC+1234"])
    func `a barcode out of form is refused`(barcode: String) throws {
        let rows = try read("number,name,mobileBarcode\n00000000000001,王明,\"\(barcode)\"\n")

        #expect(
            rows == [
                .refused(
                    .malformed(line: 2, field: "mobileBarcode", hint: "a slash and 7 characters")
                )
            ]
        )
    }

    @Test func `birthdays, invitations and tiers are optional columns, and years are dropped`()
        throws
    {
        let rows = try read(
            "number,name,birthday,referred,tierFloor\n"
                + "00000000000001,王小明,05-20,1,gold\n"
                + "00000000000002,李四,1992-02-29,0,\n"
                + "00000000000003,張三,,,\n"
        )

        let whole = Profile(birthday: Birthday("05-20"), isReferred: true, tierFloor: "gold")
        #expect(
            rows == [
                .member(try member(1, "王○明", profile: whole), line: 2),
                .member(
                    try member(2, "李○", profile: Profile(birthday: Birthday("02-29"))),
                    line: 3
                ),
                .member(try member(3, "張○"), line: 4),
            ]
        )
    }

    @Test(arguments: [
        ("birthday", "5-20", "a month and a day such as 05-20"),
        ("birthday", "02-30", "a month and a day such as 05-20"),
        ("birthday", "1991-02-29", "a month and a day such as 05-20"),
        ("referred", "maybe", "1 or 0"),
        ("tierFloor", "Gold", "a tier's id such as gold: 1 to 40 of a-z, 0-9 and -"),
        (
            "tierFloor", String(repeating: "g", count: 41),
            "a tier's id such as gold: 1 to 40 of a-z, 0-9 and -"
        ),
    ])
    func `a profile out of form is refused with its line and what to write`(
        column: String,
        text: String,
        hint: String
    ) throws {
        let rows = try read("number,name,\(column)\n00000000000001,王明,\(text)\n")

        #expect(rows == [.refused(.malformed(line: 2, field: column, hint: hint))])
    }

    @Test func `a name that would break the display's line is refused`() throws {
        let rows = try read("number,maskedName\n00000000000001,\"a\u{202E}b\"\n")

        guard case .refused = try #require(rows.first) else {
            Issue.record("taken: \(rows)")
            return
        }
    }

    @Test func `a file saved as Big5 says so`() throws {
        var file = MemberFile()
        let big5: [UInt8] = [0xA4, 0xFD]  // 王
        let rows = try file.feed(Array("number,name\n00000000000001,".utf8) + big5 + [10])

        #expect(rows == [.refused(.notUTF8(line: 2))])
    }

    @Test(
        arguments: [
            ("", "the file is empty"), ("number\n", "give either 'name' or 'maskedName'"),
            ("name\n", "'number' is missing"), ("number,phone\n", "'phone' is not known"),
            ("number,name,name\n", "'name' stands twice"),
        ]
    )
    func `a header that names other columns is refused`(text: String, reason: String) {
        #expect(throws: MemberFileError.columns(reason)) { try read(text) }
    }

    @Test func `an open quotation mark does not swallow the file`() {
        #expect(throws: MemberFileError.quoteOpen(line: 2)) {
            try read("number,name\n00000000000001,\"王\n00000000000002,李四\n")
        }
        let long = String(repeating: "x", count: CSVReader.rowByteCountMax)
        #expect(throws: MemberFileError.rowTooLong(line: 2)) {
            try read("number,name\n00000000000001,\"\(long)")
        }
    }

    @Test func `an import may be repeated, and a barcode has one member`() async throws {
        let directory = try TemporaryDirectory()
        let store = try HQStore(path: "\(directory.path)/hq.sqlite") { 0 }
        let members = [
            try member(1, "王○明", "/ABC+123"), try member(2, "李○", "/ABC+123"),
            try member(3, "張○"),
        ]

        #expect(try await store.putMembers(members) == [1])
        #expect(try await store.putMembers(members) == [1])
        #expect(try await store.memberCount() == 2)
        let changed = try member(1, "王○大", isBlocked: true)
        #expect(try await store.putMembers([changed, members[1]]).isEmpty)
        #expect(try await store.member(changed.number) == changed)
    }

    @Test func `members survive the way to HQ`() throws {
        let whole = Profile(birthday: Birthday("02-29"), isReferred: true, tierFloor: "gold")
        let members = [
            try member(1, "王○明", "/ABC+123"), try member(2, "李○", isBlocked: true),
            try member(3, "張○", profile: whole),
        ]
        #expect(MemberTable.members(from: MemberTable.bytes(of: members)) == members)
        let rest = "\t\t0\t"
        for text in [
            "x", "1\ta\t\t0\(rest)", "00000000000001\ta\t0\(rest)", "00000000000001\ta\t\t2\(rest)",
            "00000000000001\ta\t\t0", "00000000000001\ta\t\t0\t\t2\t",
            "00000000000001\ta\t\t0\t02-30\t0\t", "00000000000001\ta\t\t0\t\t0\tGold",
        ] {
            #expect(MemberTable.members(from: Array(text.utf8)) == nil)
        }
    }

    private func read(_ text: String, chunk: Int = .max) throws -> [MemberFile.Row] {
        var file = MemberFile()
        var rows: [MemberFile.Row] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            rows += try file.feed(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
        }
        return rows + (try file.finish())
    }

    private func member(
        _ value: Int64,
        _ name: String,
        _ barcode: String? = nil,
        isBlocked: Bool = false,
        profile: Profile = Profile()
    ) throws -> Member {
        Member(
            number: try #require(MemberNumber(value: value)),
            maskedName: name,
            mobileBarcode: barcode,
            isBlocked: isBlocked,
            profile: profile
        )
    }
}
