import LoyaltyCore
import Testing

@testable import SyncWire

/// Rights that HQ places on a device, on the wire and in the log.
struct GrantTests {
    private let key = SigningKey()
    private let device = DeviceID(at: WallTime(unixMs: 1), random: [1])

    @Test func `a list comes through as it was, and only by HQ's key`() throws {
        let list = GrantListV1(
            device: device,
            grants: [try grant(1), try grant(2)],
            serverMs: 5
        )
        let bytes = list.bytes(signedBy: key)

        #expect(try GrantListV1(parsing: bytes, signedBy: key.publicKey) == list)
        #expect(throws: DownError.signatureInvalid) {
            try GrantListV1(parsing: bytes, signedBy: SigningKey().publicKey)
        }
        #expect(throws: DownError.notFromHQ) {
            try GrantListV1(parsing: Array("<html>".utf8), signedBy: key.publicKey)
        }
    }

    @Test func `a grant that HQ did not sign itself is refused, whoever signed the list`() throws {
        let other = SigningKey()
        let forged = GrantListV1(
            device: device,
            grants: [try grant(1, signedBy: other)],
            serverMs: 5
        )
        #expect(throws: DownError.signatureInvalid) {
            try GrantListV1(parsing: forged.bytes(signedBy: key), signedBy: key.publicKey)
        }
    }

    @Test func `a grant for another device, or out of order, is refused`() throws {
        let other = DeviceID(at: WallTime(unixMs: 2), random: [2])
        let foreign = GrantListV1(device: device, grants: [try grant(1, on: other)], serverMs: 5)
        #expect(throws: DownError.malformed(field: "dev")) {
            try GrantListV1(parsing: foreign.bytes(signedBy: key), signedBy: key.publicKey)
        }
        let turned = GrantListV1(
            device: device,
            grants: [try grant(2), try grant(1)],
            serverMs: 5
        )
        #expect(throws: DownError.malformed(field: "gid")) {
            try GrantListV1(parsing: turned.bytes(signedBy: key), signedBy: key.publicKey)
        }
    }

    @Test func `a grant of a later version is passed over, and those around it are read`() throws {
        let later = SignedBody.bytes(
            [
                .init("v", 1), .init("kind", "grant"), .init("dev", .string(device.text)),
                .init("gid", [1, 2]), .init("member", "00000000000007"),
                .init("post", [["coin/gold", "never", 5]]), .init("reason", "later"),
            ],
            signedBy: key
        )
        let newest = SignedBody.bytes(
            [.init("v", 2), .init("kind", "grant"), .init("gid", [1, 9])],
            signedBy: key
        )
        let bytes = SignedBody.bytes(
            [
                .init("v", 1), .init("kind", "grants"), .init("dev", .string(device.text)),
                .init(
                    "grants",
                    [
                        try grant(1).fact.signed, try CanonicalJSON(parsing: later),
                        try grant(3).fact.signed, try CanonicalJSON(parsing: newest),
                    ]
                ),
                .init("serverMs", 5),
            ],
            signedBy: key
        )

        let list = try GrantListV1(parsing: bytes, signedBy: key.publicKey)
        #expect(list.grants.map(\.fact.id.number) == [1, 3])
        #expect(list.unreadCount == 2)
        #expect(list.last == GrantID(hqEpoch: 1, number: 9))
    }

    @Test func `an entry has the grant as HQ signed it, with what a later HQ adds`() throws {
        let bytes = SignedBody.bytes(
            [
                .init("v", 1), .init("kind", "grant"), .init("dev", .string(device.text)),
                .init("gid", [3, 1_790_000_000_000]), .init("member", "00000000000007"),
                .init("post", [["voucher/birthday", "2026-12-31", 1]]),
                .init("reason", "生日禮"), .init("campaign", ["spring", .bool(true)]),
            ],
            signedBy: key
        )
        let signed = try CanonicalJSON(parsing: bytes)
        let grant = try GrantV1(signed, signedBy: key.publicKey)
        let line = EntryLineV1.bytes(of: entry(grant.fact))
        let read = try EntryLineV1.entry(from: line)

        #expect(read == entry(grant.fact))
        guard case .grant(let fact) = read.fact else { return #expect(Bool(false)) }
        #expect(fact.id.text == "3.1790000000000")
        #expect(fact.postings == grant.fact.postings && fact.reason == "生日禮")
        #expect(try GrantV1(fact.signed, signedBy: key.publicKey) == grant)
        #expect(fact.signed["campaign"] == ["spring", .bool(true)])
        #expect(read.fact.movement?.postings == fact.postings)
    }

    @Test(
        arguments: [
            ("gid", [1]), ("gid", [0, 1]), ("member", "7"), ("post", []), ("reason", ""),
            ("post", [["points", "never", 0]]), ("post", [["points", "never", -1]]),
            ("post", [["points", "never", 1], ["points", "never", 2]]),
        ] as [(String, CanonicalJSON)]
    )
    func `an entry whose grant is malformed is not read`(name: String, value: CanonicalJSON) throws
    {
        let whole = try grant(1).fact.signed
        guard case .object(let members) = whole else { return #expect(Bool(false)) }
        let changed = CanonicalJSON.object(
            members.map { $0.name == name ? .init(name, value) : $0 }
        )
        #expect(throws: EntryLineError.malformed(field: name)) {
            try GrantFact(signed: changed)
        }
    }

    @Test func `the longest list and the longest entry are within their limits`() throws {
        let postings = (0..<Int32(GrantFact.postingCountMax)).map { day in
            Posting(
                .voucher(String(repeating: "a", count: 40)),
                .pending(
                    from: BusinessDate(dayNumber: 20_000 + day),
                    through: BusinessDate(dayNumber: 21_000)
                ),
                GrantFact.amountMax
            )
        }
        let reason = String(repeating: "\"\u{1F382}", count: GrantFact.reasonCharacterCountMax / 2)
        let grants = try (1...GrantListV1.grantCountMax).map { index in
            GrantV1(
                try #require(GrantID(hqEpoch: .max, number: .max - 100 + Int64(index))),
                on: device,
                of: try #require(MemberNumber(value: 7)),
                postings,
                reason: reason,
                signedBy: key
            )
        }
        let list = GrantListV1(device: device, grants: grants, serverMs: .max)
        let bytes = list.bytes(signedBy: key)

        #expect(bytes.count <= GrantListV1.byteCountMax, "\(bytes.count)")
        #expect(try GrantListV1(parsing: bytes, signedBy: key.publicKey) == list)
        let line = EntryLineV1.bytes(of: entry(grants[0].fact))
        #expect(line.count <= EntryLineV1.byteCountMax, "\(line.count)")
    }

    private func grant(
        _ number: Int64,
        on other: DeviceID? = nil,
        signedBy otherKey: SigningKey? = nil
    ) throws -> GrantV1 {
        GrantV1(
            try #require(GrantID(hqEpoch: 1, number: number)),
            on: other ?? device,
            of: try #require(MemberNumber(value: 7)),
            [Posting(.voucher("birthday"), .never, 1)],
            reason: "birthday",
            signedBy: otherKey ?? key
        )
    }

    private func entry(_ fact: GrantFact) -> Entry {
        let now = WallTime(unixMs: 1_790_000_000_000)
        return Entry(
            sequence: 7,
            at: Moment(wall: now, quality: .ntp, boot: 1, sinceBootMs: 5),
            hybridTime: HybridTime(wallMs: now.unixMs, count: 0),
            fact: .grant(fact)
        )
    }
}
