import LoyaltyCore
import SyncWire
import Testing

/// What HQ sends down: pages of changes, snapshots and their lines.
struct DownTests {
    let hq: SigningKey
    let member: MemberV1
    let edition: EditionV1

    init() throws {
        hq = try #require(SigningKey(seed: Array(repeating: 7, count: 32)))
        let number = try #require(MemberNumber(value: 42))
        let day = try #require(BusinessDate("2026-12-01"))
        member = try #require(
            MemberV1(
                number: number,
                maskedName: "王○明",
                mobileBarcode: "/ABC1234",
                isBlocked: false
            )
        )
        edition = try #require(
            EditionV1(
                ProgrammeReference(
                    name: "coffee",
                    version: 2,
                    digest: String(repeating: "a", count: 64)
                ),
                from: day
            )
        )
    }

    // MARK: Places

    @Test(arguments: ["1.0", "1.4402", "9223372036854775807.9223372036854775807"])
    func `a place has one spelling`(text: String) {
        #expect(FeedCursor(text)?.text == text)
    }

    @Test(arguments: ["", "1", "1.", ".1", "0.1", "1.-1", "01.2", "1.02", "1.2.3", "+1.2", " 1.2"])
    func `anything else is no place`(text: String) {
        #expect(FeedCursor(text) == nil)
    }

    @Test func `every place of a restored HQ comes after those before the restore`() throws {
        let before = try #require(FeedCursor("1.900"))
        #expect(try before < #require(FeedCursor("2.1")))
        #expect(try before > #require(FeedCursor("1.899")))
    }

    // MARK: Lines and their sum

    @Test func `a member's line is written in one way and read back`() {
        #expect(String(decoding: member.line, as: UTF8.self) == "00000000000042\t王○明\t/ABC1234\t0")
        #expect(MemberV1(line: member.line) == member)
    }

    @Test(arguments: [
        "", "42\t\t\t0", "00000000000042\t\t\t2", "00000000000042\t\t0", "00000000000042\t\t\t",
        "00000000000042\ta\u{7}\t\t0", "00000000000042\t\t/ABC123\t0", "00000000000042\t\t\t00",
        "00000000000042\t\t\t0\t", "00000000000042\t\t/AB\u{e9}123\t1",
        // A profile of which nothing is known has no fields, and each field has one spelling.
        "00000000000042\t\t\t0\t\t0\t", "00000000000042\t\t\t0\t05-20\t0",
        "00000000000042\t\t\t0\t05-20\t0\t\t", "00000000000042\t\t\t0\t5-20\t0\t",
        "00000000000042\t\t\t0\t02-30\t0\t", "00000000000042\t\t\t0\t05-20\t2\t",
        "00000000000042\t\t\t0\t05-20\t\t", "00000000000042\t\t\t0\t05-20\t0\tGold",
        "00000000000042\t\t\t0\t1990-05-20\t0\t",
    ])
    func `a line out of form is no member`(line: String) {
        #expect(MemberV1(line: Array(line.utf8)) == nil)
    }

    @Test(arguments: [
        ("05-20", false, nil, "05-20\t0\t"), ("02-29", true, "gold", "02-29\t1\tgold"),
        (nil, true, nil, "\t1\t"), (nil, false, "gold", "\t0\tgold"),
    ])
    func `a member with a profile has three fields more`(
        birthday: String?,
        isReferred: Bool,
        floor: String?,
        fields: String
    ) throws {
        let known = try member(
            with: Profile(
                birthday: birthday.flatMap { Birthday($0) },
                isReferred: isReferred,
                tierFloor: floor
            )
        )
        #expect(
            String(decoding: known.line, as: UTF8.self)
                == "00000000000042\t王○明\t/ABC1234\t0\t\(fields)"
        )
        #expect(MemberV1(line: known.line) == known)
        #expect(known != member)
    }

    @Test func `a member without a profile is written as ever, byte for byte`() throws {
        #expect(try member(with: Profile()).line == member.line)
        #expect(
            String(decoding: try page([.member(member)]), as: UTF8.self)
                .contains(#""d":{"name":"王○明","barcode":"/ABC1234","barred":false}"#)
        )
    }

    @Test func `a change says of a profile what is known, and is read back`() throws {
        let known = try member(
            with: Profile(birthday: Birthday("02-29"), isReferred: true, tierFloor: "gold")
        )
        let bytes = try page([.member(known)])
        #expect(
            String(decoding: bytes, as: UTF8.self).contains(
                #""barred":false,"birthday":"02-29","referred":true,"tierFloor":"gold"}"#
            )
        )
        let read = try ChangePageV1(parsing: bytes, signedBy: hq.publicKey)
        #expect(read.changes.map(\.content) == [.member(known)])
    }

    @Test func `a day that no year has and a tier that no programme names are no profile`() throws {
        var impossible = Profile()
        impossible.birthday = (2, 30)
        #expect(!impossible.isWellFormed)
        #expect(Birthday(month: 2, day: 29)?.description == "02-29")
        #expect(Birthday("1990-05-20")?.description == "05-20")
        for profile in [impossible, Profile(birthday: nil, tierFloor: "Gold")] {
            #expect(
                MemberV1(
                    number: member.number,
                    maskedName: nil,
                    mobileBarcode: nil,
                    isBlocked: false,
                    profile: profile
                ) == nil
            )
        }
    }

    private func member(with profile: Profile) throws -> MemberV1 {
        try #require(
            MemberV1(
                number: member.number,
                maskedName: member.maskedName,
                mobileBarcode: member.mobileBarcode,
                isBlocked: false,
                profile: profile
            )
        )
    }

    private func page(_ contents: [ChangeV1.Content]) throws -> [UInt8] {
        ChangePageV1(
            feed: .changes,
            since: nil,
            changes: contents.enumerated().map { ChangeV1(revision: Int64($0 + 1), $1) },
            next: try #require(FeedCursor("1.\(contents.count)")),
            hasMore: false,
            isComplete: true,
            digest: nil,
            serverMs: 0
        ).bytes(signedBy: hq)
    }

    @Test func `the longest line is a member's, one byte more is not`() throws {
        let number = try #require(MemberNumber(value: MemberNumber.valueMax))
        let name = String(repeating: "𠮷", count: MemberV1.nameScalarCountMax)
        let longest = try #require(
            MemberV1(
                number: number,
                maskedName: name,
                mobileBarcode: "/ABC1234",
                isBlocked: true,
                profile: Profile(
                    birthday: Birthday("12-31"),
                    isReferred: true,
                    tierFloor: String(repeating: "g", count: 40)
                )
            )
        )
        #expect(longest.line.count == MemberV1.lineByteCountMax)
        #expect(MemberV1(line: longest.line + [0x67]) == nil)
        let plain = try #require(
            MemberV1(number: number, maskedName: name, mobileBarcode: "/ABC1234", isBlocked: true)
        )
        #expect(plain.line.count == MemberV1.plainLineByteCountMax)
        #expect(MemberV1(line: longest.line) == longest)
        #expect(
            MemberV1(
                number: number,
                maskedName: name + "𠮷",
                mobileBarcode: nil,
                isBlocked: false
            ) == nil
        )
        #expect(MemberV1.fitting(name + "𠮷") == name)
        #expect(MemberV1.fitting("a\tb") == "ab")
        #expect(MemberV1.fitting("") == nil)
    }

    @Test func `rows add up to the same in any order, and come and go`() {
        let lines = (0..<50).map { Array("row \($0)".utf8) }
        var forward = StateDigest(.members)
        for line in lines { forward.add(line) }
        var backward = StateDigest(.members)
        for line in lines.reversed() { backward.add(line) }
        #expect(forward == backward)

        backward.remove(lines[7])
        #expect(forward != backward)
        backward.add(lines[7])
        #expect(forward == backward)
        for line in lines { backward.remove(line) }
        #expect(backward == StateDigest(.members))
    }

    /// The sum is a contract: both ends, and whoever writes a third, must get the same.
    @Test func `a row's weight is the begin of a SHA-256`() {
        var digest = StateDigest(.members)
        digest.add(Array("00000000000042\t王○明\t/ABC1234\t0".utf8))
        // printf 'stampd/state/v1\nmembers\n00000000000042\t王○明\t/ABC1234\t0' | sha256sum
        #expect(digest.text == "87352bc4a35501f6")
        #expect(StateDigest(.members, digest.text) == digest)
        #expect(StateDigest(.members, digest.text.uppercased()) == nil)
        #expect(StateDigest(.members, "+" + digest.text.dropFirst()) == nil)
    }

    // MARK: Pages

    private func page(
        _ changes: [ChangeV1],
        since: String? = "1.3",
        next: String = "1.9",
        hasMore: Bool = false,
        isComplete: Bool = true
    ) throws -> ChangePageV1 {
        ChangePageV1(
            feed: .changes,
            since: try since.map { try #require(FeedCursor($0)) },
            changes: changes,
            next: try #require(FeedCursor(next)),
            hasMore: hasMore,
            isComplete: isComplete,
            digest: StateDigest(.members, value: 12),
            serverMs: 1_790_000_000_000
        )
    }

    private func parse(_ page: ChangePageV1) throws -> ChangePageV1 {
        try ChangePageV1(parsing: page.bytes(signedBy: hq), signedBy: hq.publicKey)
    }

    @Test func `a page read back is the one that was signed`() throws {
        let device = DeviceID(at: WallTime(unixMs: 1), random: [])
        let number = member.number
        let page = try page([
            ChangeV1(revision: 4, .member(member)), ChangeV1(revision: 5, .memberGone(number)),
            ChangeV1(revision: 6, .programme(edition)),
            ChangeV1(revision: 7, .revoked(.device(device))),
            ChangeV1(revision: 8, .restored(.member(number))),
        ])
        #expect(try parse(page) == page)
        #expect(try parse(self.page([], since: nil)).since == nil)
    }

    @Test func `a kind of a later version is passed over`() throws {
        let page = try page([ChangeV1(revision: 4, .unknown)])
        #expect(try parse(page).changes == page.changes)
    }

    @Test func `a single changed character is refused`() throws {
        let text = String(
            decoding: try page([ChangeV1(revision: 4, .member(member))]).bytes(signedBy: hq),
            as: UTF8.self
        )
        for (old, new) in [
            ("王○明", "王○名"), (#""rev":4"#, #""rev":5"#), ("complete", "partial"),
            (#""1.9""#, #""1.8""#),
            (#""more":false"#, #""more":true"#), (#""changes","#, #""changes", "#),
        ] {
            let range = try #require(text.firstRange(of: old))
            let forged = text[..<range.lowerBound] + new + text[range.upperBound...]
            #expect(throws: DownError.signatureInvalid) {
                try ChangePageV1(parsing: Array(forged.utf8), signedBy: hq.publicKey)
            }
        }
        #expect(throws: DownError.signatureInvalid) {
            try ChangePageV1(parsing: Array(text.utf8), signedBy: SigningKey().publicKey)
        }
    }

    @Test(arguments: ["", "<html>Please log in</html>", "{}", #"{"kind":"ack","v":1}"#])
    func `a portal's page is no page of changes`(body: String) {
        #expect(throws: DownError.notFromHQ) {
            try ChangePageV1(parsing: Array(body.utf8), signedBy: hq.publicKey)
        }
    }

    @Test func `half a page is none`() throws {
        let bytes = try page([ChangeV1(revision: 4, .member(member))]).bytes(signedBy: hq)
        #expect(throws: DownError.notFromHQ) {
            try ChangePageV1(parsing: Array(bytes.dropLast(1)), signedBy: hq.publicKey)
        }
    }

    @Test func `pages that contradict themselves are refused even if signed`() throws {
        let change = ChangeV1(revision: 4, .member(member))
        let contradictions = [
            (try page([change, change]), "rev"), (try page([change], next: "1.3"), "rev"),
            (try page([], since: "1.10"), "next"), (try page([], since: "2.1"), "next"),
            (try page([change], isComplete: false), "upto"),
            (try page([ChangeV1(revision: 0, .unknown)]), "rev"),
        ]
        for (page, field) in contradictions {
            #expect(throws: DownError.malformed(field: field)) { try parse(page) }
        }
    }

    @Test func `a page holds 2,000 changes and no more`() throws {
        let changes = (1...Int64(ChangePageV1.changeCountMax + 1)).map {
            ChangeV1(revision: $0, .member(member))
        }
        let whole = try page(Array(changes.dropLast()), since: nil, next: "1.2000")
        #expect(try parse(whole).changes.count == ChangePageV1.changeCountMax)
        #expect(throws: DownError.malformed(field: "changes")) {
            try parse(page(changes, since: nil, next: "1.2001"))
        }
    }

    // MARK: Snapshots

    private func snapshot(partCount: Int = 2, editionCount: Int = 1) throws -> SnapshotV1 {
        let part = try #require(SnapshotV1.Part(of: member.line + [0x0A]))
        return SnapshotV1(
            id: String(repeating: "b", count: 64),
            cursor: try #require(FeedCursor("1.9")),
            rowCount: 2,
            digest: StateDigest(.members, value: 5),
            parts: Array(repeating: part, count: partCount),
            editions: Array(repeating: edition, count: editionCount)
        )
    }

    @Test func `a snapshot's list read back is the one that was signed`() throws {
        let snapshot = try snapshot()
        let bytes = snapshot.bytes(signedBy: hq)
        #expect(try SnapshotV1(parsing: bytes, signedBy: hq.publicKey) == snapshot)
        #expect(throws: DownError.signatureInvalid) {
            try SnapshotV1(parsing: bytes, signedBy: SigningKey().publicKey)
        }
        #expect(throws: DownError.notFromHQ) {
            try ChangePageV1(parsing: bytes, signedBy: hq.publicKey)
        }
    }

    @Test func `a snapshot has so many parts and editions, and no more`() throws {
        let largest = try snapshot(
            partCount: SnapshotV1.partCountMax,
            editionCount: SnapshotV1.editionCountMax
        )
        let bytes = largest.bytes(signedBy: hq)
        #expect(bytes.count <= SnapshotV1.byteCountMax)
        #expect(try SnapshotV1(parsing: bytes, signedBy: hq.publicKey) == largest)
        #expect(throws: DownError.malformed(field: "parts")) {
            let over = try snapshot(partCount: SnapshotV1.partCountMax + 1)
            _ = try SnapshotV1(parsing: over.bytes(signedBy: hq), signedBy: hq.publicKey)
        }
        #expect(throws: DownError.malformed(field: "programmes")) {
            let over = try snapshot(editionCount: SnapshotV1.editionCountMax + 1)
            _ = try SnapshotV1(parsing: over.bytes(signedBy: hq), signedBy: hq.publicKey)
        }
    }

    @Test func `a part is known by its size and digest, and has at most 4 MiB`() throws {
        let bytes = member.line + [0x0A]
        let part = try #require(SnapshotV1.Part(of: bytes))
        #expect(part.isSame(as: bytes))
        #expect(!part.isSame(as: bytes + [0x0A]))
        #expect(SnapshotV1.members(of: bytes + bytes) == [member, member])
        #expect(SnapshotV1.members(of: member.line) == nil)
        #expect(SnapshotV1.members(of: bytes + [0x0A]) == nil)

        let digest = String(repeating: "0", count: 64)
        #expect(SnapshotV1.Part(byteCount: SnapshotV1.partByteCountMax, sha256: digest) != nil)
        #expect(SnapshotV1.Part(byteCount: SnapshotV1.partByteCountMax + 1, sha256: digest) == nil)
        #expect(SnapshotV1.Part(byteCount: 0, sha256: digest) == nil)
        #expect(SnapshotV1.Part(byteCount: 1, sha256: "../../etc/passwd") == nil)
    }

    // MARK: Questions

    @Test func `a question is signed with its query and its device`() throws {
        let device = DeviceID(at: WallTime(unixMs: 1), random: [])
        let request = DownRequestV1(
            Feed.changes.path,
            query: "since=1.9",
            from: device,
            extras: [.init("prefer", "wait=55")],
            authority: "HQ.example",
            createdS: 1_790_000_000,
            nonce: "n1",
            signedBy: hq
        )
        let field = { (name: String) in request.fields.first { $0.name == name }?.value ?? "" }
        let signature = try RequestSignature(
            inputValue: field("signature-input"),
            value: field("signature")
        )
        let arrived = { (query: String, device: String) in
            SignableRequest(
                method: "GET",
                authority: "hq.example",
                path: "/v1/changes",
                query: query,
                fields: DownRequestV1.covered(device: device)
            )
        }
        #expect(request.target == "/v1/changes?since=1.9")
        #expect(signature.isValid(for: arrived("since=1.9", device.text), key: hq.publicKey))
        #expect(!signature.isValid(for: arrived("since=1.8", device.text), key: hq.publicKey))
        #expect(!signature.isValid(for: arrived("since=1.9", "other"), key: hq.publicKey))
    }
}
