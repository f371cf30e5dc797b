import Crypto
import Foundation
import LoyaltyCore
import Testing

@testable import SyncWire

/// Draws that anybody can check: announcement, ticket list, proof.
struct DrawTests {
    private static let seed = (0..<32).map { UInt8($0) }
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fixtures/draw").standardized

    static func file(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }

    static func announcement(
        id: String = "spring",
        commitment: String = DrawAnnouncementV1.commitment(to: seed),
        prizes: [DrawAnnouncementV1.Prize] = [.init(name: "latte", winnerCount: 20)],
        closesAtMs: Int64 = 1_798_711_200_000,
        winsOnce: Bool = true,
        publicSource: String? = nil
    ) throws -> DrawAnnouncementV1 {
        try DrawAnnouncementV1(
            id: id,
            commitment: commitment,
            prizes: prizes,
            closesAt: WallTime(unixMs: closesAtMs),
            date: BusinessDate(dayNumber: 20_818),
            winsOnce: winsOnce,
            publicSource: publicSource
        )
    }

    /// A list of lines with such counts, by rising names.
    static func list(_ counts: [Int64]) throws -> TicketListV1 {
        try TicketListV1(
            counts.enumerated().map { .init(.init(high: 0, low: UInt64($0)), $1) }
        )
    }

    /// The fixtures were made by a script in another language.
    @Test(arguments: [
        ("once.json", "tickets.txt", 6), ("all.json", "tickets.txt", 40),
        ("again.json", "few.txt", 35),
    ])
    func `a draw gives the winners that others compute`(
        proofFile: String,
        ticketFile: String,
        winnerCount: Int
    ) throws {
        let bytes = try Self.file(proofFile)
        let tickets = try Self.file(ticketFile)
        let proof = try DrawProofV1(parsing: bytes)
        try proof.verify(tickets: tickets)

        let again = try DrawProofV1(
            drawing: proof.announcement,
            seed: Self.seed,
            publicValue: proof.publicValue,
            from: TicketListV1(parsing: tickets)
        )
        #expect(again.bytes == bytes)
        #expect(again.winners.count == winnerCount)
        let names = Set(again.winners.map(\.name))
        #expect(names.count == (proof.announcement.winsOnce ? winnerCount : 12))
        #expect(Set(again.winners.map(\.ticket)).count == winnerCount)
    }

    @Test func `a proof tells the first thing that does not fit`() throws {
        let text = String(decoding: try Self.file("once.json"), as: UTF8.self)
        let tickets = try Self.file("tickets.txt")
        let fewSHA256 = TicketListV1.sha256(of: try Self.file("few.txt"))
        let sha256 = TicketListV1.sha256(of: tickets)
        let changes: [(String, String, DrawError)] = [
            ("\"seed\":\"00", "\"seed\":\"01", .otherSeed),
            ("\"seed\":\"00", "\"seed\":\"", .malformed(field: "seed")),
            ("\"commitment\":\"6", "\"commitment\":\"7", .otherSeed),
            ("\"publicValue\":\"12345678\"", "\"publicValue\":null", .publicValue(isWanted: true)),
            ("\"publicValue\":\"12345678\"", "\"publicValue\":\"12345679\"", .winner(1)),
            ("\"publicSource\":\"統一", "\"publicSource\":\"统一", .winner(1)),
            ("\"name\":\"latte\",\"winners\":5", "\"name\":\"latte\",\"winners\":4", .winner(1)),
            ("\"closesAtMs\":17", "\"closesAtMs\":18", .winner(1)),
            ("\"date\":\"2026-12-31\"", "\"date\":\"2026-12-30\"", .winner(1)),
            (sha256, fewSHA256, .otherTickets(sha256: sha256, drawn: fewSHA256)),
            ("\"lines\":40", "\"lines\":41", .ticketCount(field: "lines", found: 40, told: 41)),
            (
                "\"tickets\":2000005200", "\"tickets\":2000005201",
                .ticketCount(field: "tickets", found: 2_000_005_200, told: 2_000_005_201)
            ),
            ("\"ticket\":493190403", "\"ticket\":493190404", .winner(2)),
            (
                "\"prize\":\"latte\",\"ticket\":493190403",
                "\"prize\":\"mocha\",\"ticket\":493190403",
                .winner(2)
            ),
            ("4c3ba24c68582ebcd565c8f802ee5ec0", "5c3ba24c68582ebcd565c8f802ee5ec0", .winner(2)),
        ]
        for (old, new, error) in changes {
            let changed = text.replacing(old, with: new, maxReplacements: 1)
            #expect(changed != text, "\(old)")
            #expect(throws: error, "\(new)") {
                try DrawProofV1(parsing: Array(changed.utf8)).verify(tickets: tickets)
            }
        }
        let start = try #require(text.range(of: ",{\"prize\"", options: .backwards))
        let shorter = text[..<start.lowerBound] + "]}"
        #expect(throws: DrawError.winnerCount(found: 6, told: 5)) {
            try DrawProofV1(parsing: Array(shorter.utf8)).verify(tickets: tickets)
        }
        #expect(throws: DrawError.otherTickets(sha256: fewSHA256, drawn: sha256)) {
            try DrawProofV1(parsing: Array(text.utf8)).verify(tickets: Self.file("few.txt"))
        }
    }

    @Test func `an announcement that was kept is compared`() throws {
        let proof = try DrawProofV1(parsing: Self.file("once.json"))
        let tickets = try Self.file("tickets.txt")
        let published = try DrawAnnouncementV1(parsing: proof.announcement.bytes)

        try proof.verify(tickets: tickets, published: published)
        #expect(throws: DrawError.otherAnnouncement) {
            try proof.verify(tickets: tickets, published: Self.announcement())
        }
    }

    @Test func `there is one way to write each file, but for the end of the line`() throws {
        let bytes = try Self.file("once.json")
        let announcement = try DrawProofV1(parsing: bytes).announcement.bytes
        for end in ["", "\n", "\r\n", "\n\n"] {
            _ = try DrawProofV1(parsing: Array(bytes.dropLast()) + Array(end.utf8))
            _ = try DrawAnnouncementV1(
                parsing: Array(announcement.dropLast()) + Array(end.utf8)
            )
        }
        let spaced = Array(" ".utf8) + bytes
        let more = Array(bytes.dropLast(2)) + Array(",\"more\":1}\n".utf8)
        for wrong in [spaced, more] {
            #expect(throws: DrawError.notCanonical) { try DrawProofV1(parsing: wrong) }
        }
        #expect(throws: DrawError.notCanonical) {
            try DrawAnnouncementV1(parsing: Array(" ".utf8) + announcement)
        }
        #expect(throws: DrawError.notJSON(.malformed(at: 0))) { try DrawProofV1(parsing: []) }
        #expect(throws: DrawError.malformed(field: "kind")) {
            try DrawProofV1(parsing: announcement)
        }
        #expect(throws: DrawError.unknownVersion(2)) {
            try DrawProofV1(parsing: Array(#"{"v":2,"kind":"draw-proof"}"#.utf8))
        }
    }

    @Test func `files of a draw have a greatest size`() throws {
        let space = { (count: Int) in Array(repeating: UInt8(ascii: " "), count: count) }
        let proofMax = DrawProofV1.byteCountMax
        let announcementMax = DrawAnnouncementV1.byteCountMax

        #expect(throws: DrawError.notJSON(.malformed(at: proofMax))) {
            try DrawProofV1(parsing: space(proofMax))
        }
        #expect(throws: DrawError.tooLarge(byteCountMax: proofMax)) {
            try DrawProofV1(parsing: space(proofMax + 1))
        }
        #expect(throws: DrawError.notJSON(.malformed(at: announcementMax))) {
            try DrawAnnouncementV1(parsing: space(announcementMax))
        }
        #expect(throws: DrawError.tooLarge(byteCountMax: announcementMax)) {
            try DrawAnnouncementV1(parsing: space(announcementMax + 1))
        }
        #expect(throws: DrawError.ticketLine(1)) {
            try TicketListV1(parsing: space(TicketListV1.byteCountMax))
        }
        #expect(throws: DrawError.tooLarge(byteCountMax: TicketListV1.byteCountMax)) {
            try TicketListV1(parsing: space(TicketListV1.byteCountMax + 1))
        }
    }

    @Test func `an announcement keeps to its limits`() throws {
        let text = String(repeating: "x", count: DrawAnnouncementV1.textByteCountMax)
        let many = [DrawAnnouncementV1.Prize](
            repeating: .init(name: text, winnerCount: 500),
            count: DrawAnnouncementV1.prizeCountMax
        )
        let full = try Self.announcement(
            id: String(repeating: "a", count: 40),
            prizes: many,
            closesAtMs: DrawAnnouncementV1.closesAtMsMax,
            publicSource: text
        )
        #expect(full.winnerCount == DrawAnnouncementV1.winnerCountMax)
        #expect(try DrawAnnouncementV1(parsing: full.bytes) == full)

        let prizes: [[DrawAnnouncementV1.Prize]] = [
            [], many + many, many.dropLast() + [.init(name: text, winnerCount: 501)],
            [.init(name: "", winnerCount: 1)], [.init(name: text + "x", winnerCount: 1)],
            [.init(name: "a\nb", winnerCount: 1)], [.init(name: "a\u{7F}", winnerCount: 1)],
            [.init(name: "a", winnerCount: 0)], [.init(name: "a", winnerCount: -1)],
            [.init(name: "a", winnerCount: .max), .init(name: "b", winnerCount: .max)],
        ]
        for prizes in prizes {
            #expect(throws: DrawError.malformed(field: "prizes")) {
                try Self.announcement(prizes: prizes)
            }
        }
        for id in ["", "Spring", "a/b", String(repeating: "a", count: 41)] {
            #expect(throws: DrawError.malformed(field: "id")) { try Self.announcement(id: id) }
        }
        for commitment in [
            "", String(repeating: "A", count: 64), String(repeating: "a", count: 63),
        ] {
            #expect(throws: DrawError.malformed(field: "commitment")) {
                try Self.announcement(commitment: commitment)
            }
        }
        for closesAtMs in [-1, DrawAnnouncementV1.closesAtMsMax + 1] {
            #expect(throws: DrawError.malformed(field: "closesAtMs")) {
                try Self.announcement(closesAtMs: closesAtMs)
            }
        }
        for source in ["", text + "x", "a\u{0}"] {
            #expect(throws: DrawError.malformed(field: "publicSource")) {
                try Self.announcement(publicSource: source)
            }
        }
    }

    @Test(arguments: [
        "", "0", "00", "01", "-1", "+1", "\t1", "1 ", "1x", "1000000001", "10000000000000000000000",
    ])
    func `a count of tickets is a plain number from 1 to its limit`(count: String) {
        let name = String(repeating: "a", count: 32)
        for text in ["\(name) \(count)\n", "\(name)\(count)\n", "\(name) \(count)"] {
            #expect(throws: DrawError.ticketLine(1)) {
                try TicketListV1(parsing: Array(text.utf8))
            }
        }
    }

    @Test func `a ticket list has one order and no line twice`() throws {
        let (a, b) = (String(repeating: "a", count: 32), String(repeating: "a", count: 31) + "b")
        let max = TicketListV1.ticketCountMax
        let list = try TicketListV1(parsing: Array("\(a) \(max)\n\(b) 1\n".utf8))

        #expect((list.lineCount, list.ticketCount) == (2, max + 1))
        #expect(list.sha256 == TicketListV1.sha256(of: list.bytes))
        #expect([0, max - 1, max].map(list.line) == [0, 0, 1])
        #expect(list.index(of: try #require(DrawEntry.Name(a))) == 0)
        #expect(list.index(of: try #require(DrawEntry.Name(b))) == 1)
        for stranger in [String(repeating: "0", count: 32), String(repeating: "f", count: 32)] {
            #expect(list.index(of: try #require(DrawEntry.Name(stranger))) == nil)
        }
        for (text, error) in [
            ("\(b) 1\n\(a) 1\n", DrawError.ticketOrder(2)), ("\(a) 1\n\(a) 1\n", .ticketOrder(2)),
            ("\(a) 1\n\(b) 1\n\n", .ticketLine(3)), ("\(a.uppercased()) 1\n", .ticketLine(1)),
            ("\(a) 1\r\n", .ticketLine(1)), ("\(a) 1\n\(b)", .ticketLine(2)), (a, .ticketLine(1)),
        ] {
            #expect(throws: error, "\(text)") { try TicketListV1(parsing: Array(text.utf8)) }
        }
        #expect(try TicketListV1(parsing: []).lineCount == 0)
    }

    /// The numbers that decide are given, so that the ticket is known.
    @Test func `a number that would favour low tickets is passed over`() throws {
        let tickets = try Self.list([1, 1, 1])
        var numbers: [UInt64] = [.max, 2]
        let winners = DrawProofV1.winners(
            try Self.announcement(prizes: [.init(name: "a", winnerCount: 1)]),
            tickets
        ) { numbers.removeFirst() }

        #expect(winners.map(\.ticket) == [2])
        #expect(numbers.isEmpty)
    }

    @Test func `who has won leaves the draw, with the winning ticket or with all of them`() throws {
        let tickets = try Self.list([2, 3, 1])
        let prizes = [DrawAnnouncementV1.Prize(name: "a", winnerCount: 6)]
        // Always the ticket in the second place among those that are left.
        let second: () -> UInt64 = { 1 }

        let once = DrawProofV1.winners(
            try Self.announcement(prizes: prizes),
            tickets,
            random: second
        )
        #expect(once.map(\.ticket) == [1, 3, 5])
        let again = DrawProofV1.winners(
            try Self.announcement(prizes: prizes, winsOnce: false),
            tickets,
            random: second
        )
        // With one ticket left, 1 modulo 1 is the first place.
        #expect(again.map(\.ticket) == [1, 2, 3, 4, 5, 0])
    }

    @Test func `each ticket is as likely as any other`() throws {
        let tickets = try Self.list([1, 2, 3])
        let announcement = try Self.announcement(prizes: [.init(name: "a", winnerCount: 2)])
        var counts: [[Int64]: Int] = [:]
        // All numbers of a fair generator: 6 tickets, and then 3 to 5 that are left.
        for first in 0..<UInt64(6) {
            for second in 0..<UInt64(60) {
                var numbers = [first, second]
                let winners = DrawProofV1.winners(announcement, tickets) { numbers.removeFirst() }
                counts[winners.map { Int64($0.name.low) }, default: 0] += 1
            }
        }
        // In 360: 1/6 of 2/5, 1/6 of 3/5, 2/6 of 1/4, 2/6 of 3/4, 3/6 of 1/3, 3/6 of 2/3.
        #expect(
            counts == [
                [0, 1]: 24, [0, 2]: 36, [1, 0]: 30, [1, 2]: 90, [2, 0]: 60, [2, 1]: 120,
            ]
        )
    }

    @Test func `a draw without tickets has no winners`() throws {
        let proof = try DrawProofV1(
            drawing: Self.announcement(),
            seed: Self.seed,
            publicValue: nil,
            from: TicketListV1(parsing: [])
        )

        #expect(proof.winners.isEmpty)
        try DrawProofV1(parsing: proof.bytes).verify(tickets: [])
    }

    @Test func `a public value comes with a public source, and only then`() throws {
        let tickets = try Self.list([1])
        for (source, value, error) in [
            (String?.none, String?("1"), DrawError.publicValue(isWanted: false)),
            ("lottery", nil, .publicValue(isWanted: true)),
            ("lottery", "", .malformed(field: "publicValue")),
            ("lottery", "1\n2", .malformed(field: "publicValue")),
        ] {
            let announcement = try Self.announcement(publicSource: source)
            #expect(throws: error) {
                try DrawProofV1(
                    drawing: announcement,
                    seed: Self.seed,
                    publicValue: value,
                    from: tickets
                )
            }
        }
    }

    @Test func `a member finds the own line by number and secret, and nobody without it`() throws {
        let member = try #require(MemberNumber(value: 7))
        let secret = "f29d0da9953f48f1a09f76b5a170b338"  // as the fixtures' script chose it
        let entry = try #require(DrawEntry(of: member, in: "spring", secret: secret))
        let list = try TicketListV1(parsing: Self.file("tickets.txt"))
        let line = try #require(list.index(of: entry.name))

        #expect(list.ticketCount(ofLine: line) == TicketListV1.ticketCountMax)
        #expect(DrawEntry(of: member, in: "autumn", secret: secret)?.name != entry.name)
        for wrong in ["", secret.uppercased(), secret + "0", String(secret.dropLast())] {
            #expect(DrawEntry(of: member, in: "spring", secret: wrong) == nil)
        }
    }

    @Test func `HQ makes the names that members make from their secrets`() throws {
        var maker = DrawEntry.Maker(draw: "spring", key: Self.seed)
        var other = DrawEntry.Maker(draw: "spring", key: Self.seed.reversed())
        var names: Set<DrawEntry.Name> = []
        for value in [0, 1, 10_000_000_000_000, MemberNumber.valueMax] {
            let member = try #require(MemberNumber(value: value))
            let entry = maker.entry(of: member)

            #expect(DrawEntry(of: member, in: "spring", secret: entry.secret) == entry)
            #expect(maker.name(of: member) == entry.name)
            #expect(DrawEntry.Name(entry.name.text) == entry.name)
            names.formUnion([entry.name, other.name(of: member)])
            let hash = SHA256.hash(data: Self.seed + Array(member.description.utf8))
            #expect(entry.secret == Hex.text(hash.prefix(16)))
        }
        #expect(names.count == 8)
    }

    /// The whole of what HQ and a checker compute, but for the database and the files.
    @Test func `twenty winners are drawn from a million lines, and checked`() throws {
        let tickets = try Self.list(Array(repeating: 1, count: 1_000_000))
        let proof = try DrawProofV1(
            drawing: Self.announcement(),
            seed: Self.seed,
            publicValue: nil,
            from: tickets
        )

        #expect(proof.winners.count == 20)
        #expect(proof.ticketCount == 1_000_000)
        try DrawProofV1(parsing: proof.bytes).verify(tickets: tickets.bytes)
    }

    @Test func `as many winners as a draw can have are chosen from as many lines`() throws {
        let tickets = try Self.list(Array(repeating: 2, count: DrawAnnouncementV1.winnerCountMax))
        let name = String(repeating: "\"", count: DrawAnnouncementV1.textByteCountMax)
        let proof = try DrawProofV1(
            drawing: Self.announcement(
                prizes: [.init(name: name, winnerCount: DrawAnnouncementV1.winnerCountMax)]
            ),
            seed: Self.seed,
            publicValue: nil,
            from: tickets
        )

        #expect(Set(proof.winners.map(\.name)).count == DrawAnnouncementV1.winnerCountMax)
        #expect(proof.bytes.count <= DrawProofV1.byteCountMax)
        #expect(try DrawProofV1(parsing: proof.bytes) == proof)
    }

    @Test func `the script for everybody finds what we drew, and what was changed`() throws {
        let directory = try scratch()
        defer { remove(directory) }
        var maker = DrawEntry.Maker(draw: "spring", key: Self.seed)
        let members = try (0..<5_000).map { try #require(MemberNumber(value: $0)) }
        let lines = members.map { TicketListV1.Line(maker.name(of: $0), 1 + $0.value % 7) }
        let tickets = try TicketListV1(lines.sorted { $0.name < $1.name })
        let proof = try DrawProofV1(
            drawing: Self.announcement(publicSource: "lottery"),
            seed: Self.seed,
            publicValue: "01 02 03",
            from: tickets
        )
        let entry = maker.entry(of: members[42])
        try Data(proof.bytes).write(to: directory.appending(path: "proof"))
        try Data(proof.announcement.bytes).write(to: directory.appending(path: "announcement"))
        try Data(tickets.bytes).write(to: directory.appending(path: "tickets"))
        let changed = String(decoding: proof.bytes, as: UTF8.self).replacing("03", with: "04")
        try Data(changed.utf8).write(to: directory.appending(path: "changed"))

        guard let whole = try script(in: directory, "proof", "tickets", "announcement") else {
            return
        }
        #expect(whole.status == 0 && whole.text.contains("20 winners of"))
        let mine = try script(
            in: directory,
            "proof",
            "tickets",
            "--member",
            "\(members[42])",
            entry.secret
        )
        #expect(
            mine?.status == 0 && mine?.text.contains("\(entry.name.text) has 1 tickets") == true
        )
        let stranger = try script(
            in: directory,
            "proof",
            "tickets",
            "--member",
            "\(members[43])",
            entry.secret
        )
        #expect(stranger?.status == 1)
        #expect(try script(in: directory, "changed", "tickets")?.status == 1)
        #expect(try script(in: directory, "proof", "announcement")?.status == 1)
    }

    /// Runs docs/verify-draw.py; nil where there is no Python.
    private func script(
        in directory: URL,
        _ arguments: String...
    ) throws -> (status: Int32, text: String)? {
        let python = URL(filePath: "/usr/bin/python3")
        guard FileManager.default.isExecutableFile(atPath: python.path()) else { return nil }
        let root = URL(filePath: #filePath).appending(path: "../../..").standardized
        let process = Process()
        process.executableURL = python
        process.arguments = [root.appending(path: "docs/verify-draw.py").path()] + arguments
        process.currentDirectoryURL = directory
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private func scratch() throws -> URL {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "draw-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    private func remove(_ directory: URL) {
        do {
            try FileManager.default.removeItem(at: directory)
        } catch {
            Issue.record("\(directory.path()) stays behind: \(error)")
        }
    }
}
